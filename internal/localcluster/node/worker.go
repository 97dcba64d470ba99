package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
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
}

// slot is the place of one container of the spec: what runs in it, how often it
// was started, and what its probes say.
type slot struct {
	spec     *corev1.Container
	current  *container
	last     *container
	restarts int
	attempts int
	startAt  time.Time
	waiting  *corev1.ContainerStateWaiting
	probes   *probes
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
	return w
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
	return facts{pod: w.current(), podIP: w.address.String(), hostIP: "127.0.0.1"}
}

func (w *worker) logDir() string {
	p := w.current()
	return filepath.Join(w.agent.o.Dir, "logs", p.Namespace+"_"+p.Name+"_"+string(p.UID))
}

// run takes the pod through its life until it is deleted or the node ends.
func (w *worker) run(ctx context.Context) {
	defer w.agent.done(w.current().UID)
	defer w.clean()
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
	verdict, wait := s.probes.step(ctx, w.address.String(), s.current.started, now, w.wake)
	if verdict == kill {
		w.agent.o.Log.Info("container failed its probe", "pod", w.current().Name, "container", s.spec.Name)
		go s.current.stop(w.grace())
	}
	return wait
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

// restart clears the slot; the pause before the next start doubles from the
// back-off to five minutes, and begins anew for a container that ran ten minutes.
func (w *worker) restart(s *slot, now time.Time) {
	if s.current.ended.Sub(s.current.started) > 10*time.Minute {
		s.restarts = 0
	}
	pause := min(w.agent.o.BackOff<<min(s.restarts, 10), 5*time.Minute)
	s.last, s.current = s.current, nil
	s.restarts++
	s.startAt = now.Add(pause)
	s.waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: fmt.Sprintf("back-off %s restarting failed container %s", pause, s.spec.Name)}
	if s.restarts == 1 {
		s.startAt, s.waiting = now, &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}
	}
	s.probes = newProbes(s.spec)
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
		s.waiting = &corev1.ContainerStateWaiting{Reason: "CreateContainerError", Message: err.Error()}
		if _, ok := errors.AsType[imageError](err); ok {
			s.waiting.Reason = "ErrImagePull"
			if s.attempts > 0 {
				s.waiting.Reason = "ImagePullBackOff"
			}
		}
		s.attempts++
		pause := min(w.agent.o.BackOff<<min(s.attempts, 5), 5*time.Minute)
		s.startAt = now.Add(pause)
		return pause
	}
	s.attempts++
	s.current, s.waiting = c, nil
	go func() { <-c.exited; w.wake() }()
	return 0
}

func (w *worker) grace() time.Duration {
	pod := w.current()
	if pod.DeletionGracePeriodSeconds != nil {
		return time.Duration(*pod.DeletionGracePeriodSeconds) * time.Second
	}
	if pod.Spec.TerminationGracePeriodSeconds != nil {
		return time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second
	}
	return 30 * time.Second
}

// kill ends every container.
func (w *worker) kill(grace time.Duration) {
	var stopping sync.WaitGroup
	for _, s := range append(append([]*slot{}, w.slots...), w.inits...) {
		if s.current != nil {
			stopping.Go(func() {
				if grace > 0 {
					preStop(s, w.address.String(), grace)
				}
				s.current.stop(grace)
			})
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
	if err != nil && !strings.Contains(err.Error(), "not found") {
		w.agent.o.Log.Info("pod not removed", "pod", pod.Name, "reason", err.Error())
	}
}

func (w *worker) clean() {
	if err := os.RemoveAll(w.dir); err != nil {
		w.agent.o.Log.Info("pod's files not removed", "error", err)
	}
}
