package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// worker runs one pod from its binding to its end.
type worker struct {
	agent   *Agent
	dir     string
	changed chan struct{}
	gone    chan struct{}
	once    sync.Once

	mu  sync.Mutex
	pod *corev1.Pod

	address netip.Addr
	volumes volumes
	slots   []*slot
	inits   []*slot
	started metav1.Time
	problem *corev1.ContainerStateWaiting
	written *corev1.PodStatus
	// tasks are goroutines that the worker waits for at its end.
	tasks sync.WaitGroup
}

// slot is the place of one container of the spec: what runs in it, how often it
// was started, and what its probes say.
type slot struct {
	spec    *corev1.Container
	current *container
	last    *container
	// restarts counts for ever, crashes those since it last ran for long.
	restarts, crashes int
	// attempts number its logs, refusals are starts in a row that failed.
	attempts, refusals int
	startAt            time.Time
	waiting            *corev1.ContainerStateWaiting
	probes             *probes
}

func newWorker(a *Agent, pod *corev1.Pod) *worker {
	w := &worker{
		agent: a, dir: filepath.Join(a.o.Dir, "pods", string(pod.UID)), pod: pod,
		changed: make(chan struct{}, 1), gone: make(chan struct{}), started: metav1.Now(),
	}
	for i := range pod.Spec.InitContainers {
		w.inits = append(w.inits, &slot{spec: &pod.Spec.InitContainers[i]})
	}
	for i := range pod.Spec.Containers {
		w.slots = append(w.slots, &slot{spec: &pod.Spec.Containers[i], probes: newProbes(&pod.Spec.Containers[i])})
	}
	w.remember(pod.Status, time.Now())
	return w
}

// remember takes over what an earlier life of the node reported: its containers
// have ended, and the restart policy says whether they start again. Those that
// initialize start anew, since the pod's files are new.
func (w *worker) remember(status corev1.PodStatus, now time.Time) {
	if status.StartTime != nil {
		w.started = *status.StartTime
	}
	for _, s := range w.slots {
		at := slices.IndexFunc(status.ContainerStatuses, func(c corev1.ContainerStatus) bool { return c.Name == s.spec.Name })
		if at < 0 {
			continue
		}
		known := status.ContainerStatuses[at]
		s.restarts, s.current = int(known.RestartCount), remembered(known, now)
		if s.current == nil && known.LastTerminationState.Terminated != nil {
			s.last = remembered(corev1.ContainerStatus{State: known.LastTerminationState}, now)
		}
		s.attempts = s.restarts + 1
	}
}

func (w *worker) current() *corev1.Pod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pod
}

func (w *worker) update(pod *corev1.Pod) {
	w.mu.Lock()
	w.pod = pod
	w.mu.Unlock()
	w.wake()
}

func (w *worker) wake() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// forget ends a worker whose pod is no longer in the API.
func (w *worker) forget() { w.once.Do(func() { close(w.gone) }) }

func (w *worker) facts() facts {
	return facts{pod: w.current(), podIP: w.address.String(), hostIP: "127.0.0.1", allocatable: allocatable()}
}

func (w *worker) logDir() string {
	p := w.current()
	return filepath.Join(w.agent.o.Dir, "logs", p.Namespace+"_"+p.Name+"_"+string(p.UID))
}

// run takes the pod through its life until it is deleted or the node ends.
func (w *worker) run(ctx context.Context) {
	defer w.agent.done(w.current().UID)
	defer w.clean()
	defer w.tasks.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	if w.address, err = w.agent.addresses.take(w.current().Status.PodIP); err != nil {
		w.agent.o.Log.Error("pod without address", "pod", w.current().Name, "error", err)
		return
	}
	defer w.agent.addresses.release(w.address)
	for {
		wait := w.step(ctx)
		w.report(ctx)
		if w.current().DeletionTimestamp != nil {
			w.end(ctx)
			return
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			w.kill(0)
			return
		case <-w.gone:
			timer.Stop()
			w.kill(0)
			return
		case <-w.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// idle is how long a worker waits when nothing is due.
const idle = time.Hour

// step does what is due for the pod's containers and tells when to look again.
func (w *worker) step(ctx context.Context) time.Duration {
	if w.current().DeletionTimestamp != nil || over(w.current()) {
		return idle
	}
	now := time.Now()
	if w.volumes.dirs == nil || (!w.volumes.refreshAt.IsZero() && now.After(w.volumes.refreshAt)) {
		if err := w.prepare(ctx, now); err != nil {
			w.problem = &corev1.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: err.Error()}
			return time.Second
		}
		w.problem = nil
	}
	wait := idle
	if !w.volumes.refreshAt.IsZero() {
		wait = min(wait, time.Until(w.volumes.refreshAt))
	}
	if w.spent() {
		return idle
	}
	for _, s := range w.inits {
		done, again := w.runInit(ctx, s, now)
		if !done {
			return min(wait, again)
		}
	}
	for _, s := range w.slots {
		wait = min(wait, w.runSlot(ctx, s, now))
	}
	return max(wait, 10*time.Millisecond)
}

// prepare writes what the containers find in their file systems.
func (w *worker) prepare(ctx context.Context, now time.Time) error {
	if err := os.MkdirAll(w.dir, 0o755); err != nil {
		return fmt.Errorf("making the pod's directory: %w", err)
	}
	pod := w.current()
	dns := fmt.Sprintf("nameserver %s\nsearch %s.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5\n", w.agent.addresses.dns(), pod.Namespace)
	hosts := fmt.Sprintf("127.0.0.1 localhost\n%s %s\n", w.address, pod.Name)
	for name, content := range map[string]string{"resolv.conf": dns, "hosts": hosts} {
		if err := os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o644); err != nil { //nolint:gosec // read by the container's user
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	v, err := w.agent.makeVolumes(ctx, w.facts(), w.dir, now)
	if err != nil {
		return err
	}
	w.volumes = v
	return nil
}

// runInit runs an init container to its success.
func (w *worker) runInit(ctx context.Context, s *slot, now time.Time) (done bool, wait time.Duration) {
	if s.current != nil && s.current.done() {
		if s.current.exitCode == 0 {
			return true, 0
		}
		w.restart(s, now)
	}
	return false, w.begin(ctx, s, now)
}

// runSlot keeps a container as its restart policy says, and probes it.
func (w *worker) runSlot(ctx context.Context, s *slot, now time.Time) time.Duration {
	if s.current != nil && s.current.done() {
		if !w.again(s) {
			return idle
		}
		w.restart(s, now)
	}
	if s.current == nil {
		if wait := w.begin(ctx, s, now); wait > 0 {
			return wait
		}
	}
	if c := s.current; c.serves() && !c.stopping {
		failed, wait := s.probes.step(ctx, w.subject(s.spec, c), c.started, now)
		if failed != nil {
			w.agent.o.Log.Info("container failed its probe", "pod", w.current().Name, "container", s.spec.Name)
			w.replace(s.spec, c, orSeconds(failed.spec.TerminationGracePeriodSeconds, w.grace()))
		}
		return wait
	}
	return idle
}

// replace stops a container that shall not go on; its end wakes the worker.
func (w *worker) replace(spec *corev1.Container, c *container, grace time.Duration) {
	c.stopping = true
	w.tasks.Go(func() { w.stop(spec, c, grace) })
}

// subject is a container as its probes and hooks reach it.
func (w *worker) subject(spec *corev1.Container, c *container) subject {
	return subject{
		address: w.address.String(), ports: spec.Ports, background: w.tasks.Go, wake: w.wake,
		exec: func(ctx context.Context, command []string) error { return c.exec(ctx, w.agent, command) },
	}
}

// leastGrace is what a container gets after its preStop hook, however long that took.
const leastGrace = 2 * time.Second

// stop runs the preStop hook and then asks the container to end; both share the
// grace period.
func (w *worker) stop(spec *corev1.Container, c *container, grace time.Duration) {
	if hooks := spec.Lifecycle; grace > 0 && hooks != nil && hooks.PreStop != nil && c.serves() {
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		w.tasks.Go(func() {
			select {
			case <-c.exited:
				cancel()
			case <-ctx.Done():
			}
		})
		if err := w.subject(spec, c).hook(ctx, hooks.PreStop); err != nil && !c.done() {
			w.agent.o.Log.Info("preStop hook failed", "pod", w.current().Name, "container", spec.Name, "reason", err.Error())
		}
		grace = max(grace-time.Since(began), leastGrace)
	}
	c.stop(grace)
}

// postStart runs the hook of a container that has just started; a hook that
// fails ends it.
func (w *worker) postStart(ctx context.Context, spec *corev1.Container, c *container) {
	if spec.Lifecycle == nil || spec.Lifecycle.PostStart == nil {
		close(c.hooked)
		return
	}
	w.tasks.Go(func() {
		if err := w.subject(spec, c).hook(ctx, spec.Lifecycle.PostStart); err != nil {
			w.agent.o.Log.Info("postStart hook failed", "pod", w.current().Name, "container", spec.Name, "reason", err.Error())
			c.stop(w.grace())
			return
		}
		close(c.hooked)
		w.wake()
	})
}

// spent reports whether containers of an earlier life of the node have ended for
// good, so that nothing of the pod starts again.
func (w *worker) spent() bool {
	for _, s := range w.slots {
		if s.current == nil || !s.current.done() || w.again(s) {
			return false
		}
	}
	return true
}

// again reports whether the policy starts an ended container again.
func (w *worker) again(s *slot) bool {
	switch w.current().Spec.RestartPolicy {
	case corev1.RestartPolicyNever:
		return false
	case corev1.RestartPolicyOnFailure:
		return s.current.exitCode != 0
	default:
		return true
	}
}

const (
	// longestPause bounds the pause before a container starts again.
	longestPause = 5 * time.Minute
	// longRun is how long a container must run for its crashes to be forgotten.
	longRun = 10 * time.Minute
)

// backOff is the pause before the start after so many crashes, or refusals, in a
// row: none after the first crash, then as long as base, and twice as long each time.
func backOff(base time.Duration, crashes int) time.Duration {
	if crashes <= 1 {
		return 0
	}
	return min(base<<min(crashes-2, 10), longestPause)
}

// restart clears the slot for the next start, after a pause.
func (w *worker) restart(s *slot, now time.Time) {
	if s.current.ended.Sub(s.current.started) > longRun {
		s.crashes = 0
	}
	s.restarts++
	s.crashes++
	s.last, s.current = s.current, nil
	s.probes = newProbes(s.spec)
	pause := backOff(w.agent.o.BackOff, s.crashes)
	s.startAt, s.waiting = now.Add(pause), &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	if pause > 0 {
		pod := w.current()
		s.waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: fmt.Sprintf(
			"back-off %s restarting failed container=%s pod=%s_%s(%s)", pause, s.spec.Name, pod.Name, pod.Namespace, pod.UID)}
	}
}

// begin starts the slot's container if it is time; zero when it runs.
func (w *worker) begin(ctx context.Context, s *slot, now time.Time) time.Duration {
	if s.current != nil {
		return idle
	}
	if now.Before(s.startAt) {
		return s.startAt.Sub(now)
	}
	c, err := w.start(ctx, s.spec, s.attempts)
	if err != nil {
		s.refusals++
		s.waiting = refused(err, s.refusals)
		pause := backOff(w.agent.o.BackOff, s.refusals+1)
		s.startAt = now.Add(pause)
		return pause
	}
	s.attempts++
	s.refusals = 0
	s.current, s.waiting = c, nil
	w.tasks.Go(func() { <-c.exited; w.wake() })
	w.postStart(ctx, s.spec, c)
	return 0
}

// refused says why a container did not start, for the so manieth time.
func refused(err error, times int) *corev1.ContainerStateWaiting {
	if _, ok := errors.AsType[imageError](err); !ok {
		return &corev1.ContainerStateWaiting{Reason: "CreateContainerError", Message: err.Error()}
	}
	if times > 1 {
		return &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image: " + err.Error()}
	}
	return &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: err.Error()}
}

func (w *worker) grace() time.Duration {
	pod := w.current()
	return orSeconds(pod.DeletionGracePeriodSeconds, orSeconds(pod.Spec.TerminationGracePeriodSeconds, 30*time.Second))
}

// orSeconds is a number of seconds, or otherwise if it is not set.
func orSeconds(seconds *int64, otherwise time.Duration) time.Duration {
	if seconds == nil {
		return otherwise
	}
	return time.Duration(*seconds) * time.Second
}

// kill ends every container.
func (w *worker) kill(grace time.Duration) {
	var stopping sync.WaitGroup
	for _, s := range append(append([]*slot{}, w.slots...), w.inits...) {
		if s.current != nil {
			stopping.Go(func() { w.stop(s.spec, s.current, grace) })
		}
	}
	stopping.Wait()
}

// end stops the containers of a deleted pod, tells how they ended and removes it.
func (w *worker) end(ctx context.Context) {
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.kill(w.grace()) }()
	select {
	case <-stopped:
	case <-w.gone: // removed with force
		w.kill(0)
		<-stopped
		return
	case <-ctx.Done():
		w.kill(0)
		<-stopped
		return
	}
	w.report(ctx)
	pod := w.current()
	zero := int64(0)
	err := w.agent.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &zero, Preconditions: &metav1.Preconditions{UID: &pod.UID},
	})
	if err != nil && !apierrors.IsNotFound(err) {
		w.agent.o.Log.Info("pod not removed", "pod", pod.Name, "reason", err.Error())
	}
}

func (w *worker) clean() {
	if err := os.RemoveAll(w.dir); err != nil {
		w.agent.o.Log.Info("pod's files not removed", "error", err)
	}
}
