package localcluster

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
)

// workloads is a directory of binaries in which the image flashcrowd/stub is the
// workload of these tests.
func workloads(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(binaries(), "controlplane"), filepath.Join(dir, "controlplane")); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "stub"), "./testdata/workload")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the workload: %v\n%s", err, out)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// pods makes and watches pods of one cluster.
type pods struct {
	client kubernetes.Interface
}

const namespace = "default"

// pod is one with a single container that runs the workload with these words.
func pod(name string, words ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, Labels: map[string]string{"tier": "test"}},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64(5)),
			Containers: []corev1.Container{{
				Name: "main", Image: "flashcrowd/stub:any", Args: words,
				Env: []corev1.EnvVar{fieldVariable("POD_IP", "status.podIP")},
			}},
		},
	}
}

func fieldVariable(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

func resourceVariable(name, field, divisor string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{
		ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: field, Divisor: resource.MustParse(divisor)},
	}}
}

func (p pods) create(t *testing.T, want *corev1.Pod) {
	t.Helper()
	if _, err := p.client.CoreV1().Pods(namespace).Create(t.Context(), want, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (p pods) get(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	got, err := p.client.CoreV1().Pods(namespace).Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// await is the pod once it is as it should be.
func (p pods) await(t *testing.T, name, what string, holds func(*corev1.Pod) bool) *corev1.Pod {
	t.Helper()
	var got *corev1.Pod
	deadline, tick := time.After(3*time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		if got = p.get(t, name); holds(got) {
			return got
		}
		select {
		case <-deadline:
			t.Fatalf("pod %s was never %s: %+v", name, what, got.Status)
		case <-tick.C:
		}
	}
}

func isReady(p *corev1.Pod) bool { return condition(p, corev1.PodReady) == corev1.ConditionTrue }

func condition(p *corev1.Pod, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range p.Status.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return corev1.ConditionUnknown
}

func stateOf(p *corev1.Pod) corev1.ContainerState {
	if len(p.Status.ContainerStatuses) == 0 {
		return corev1.ContainerState{}
	}
	return p.Status.ContainerStatuses[0].State
}

func restarts(p *corev1.Pod) int32 {
	if len(p.Status.ContainerStatuses) == 0 {
		return 0
	}
	return p.Status.ContainerStatuses[0].RestartCount
}

// ask gets a page of the workload from this machine.
func ask(t *testing.T, p *corev1.Pod, path string) string {
	t.Helper()
	answer, err := http.Get("http://" + p.Status.PodIP + ":8080" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func (p pods) logs(t *testing.T, name string, o corev1.PodLogOptions) string {
	t.Helper()
	out, err := p.client.CoreV1().Pods(namespace).GetLogs(name, &o).DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func (p pods) remove(t *testing.T, name string) {
	t.Helper()
	if err := p.client.CoreV1().Pods(namespace).Delete(t.Context(), name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (p pods) awaitGone(t *testing.T, name string) {
	t.Helper()
	eventually(t, name+" is gone", func() bool {
		_, err := p.client.CoreV1().Pods(namespace).Get(context.WithoutCancel(t.Context()), name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
}

// TestTheNodeRunsPodsAsAKubeletDoes shares one cluster among its parts.
func TestTheNodeRunsPodsAsAKubeletDoes(t *testing.T) {
	c := upWith(t, workloads(t))
	p := pods{client: clientOf(t, c)}
	eventually(t, "pods may be created", func() bool {
		_, err := p.client.CoreV1().ServiceAccounts(namespace).Get(t.Context(), "default", metav1.GetOptions{})
		return err == nil
	})
	t.Run("parts", func(t *testing.T) {
		for name, part := range map[string]func(*testing.T, pods){
			"what a container is told":              toldOfItsPod,
			"an image that is no binary is refused": imageRefused,
			"a container that crashes":              crashes,
			"a pod that ends":                       ends,
			"init containers":                       initializes,
			"readiness probes":                      readiness,
			"a liveness probe that fails":           liveness,
			"hooks":                                 hooks,
			"a postStart hook that fails":           postStartFails,
			"a container that does not want to end": deaf,
			"resources in use":                      func(t *testing.T, p pods) { resources(t, c, p) },
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				part(t, p)
			})
		}
	})
	t.Run("killed and started again", func(t *testing.T) { restarted(t, c, p) })
}

func toldOfItsPod(t *testing.T, p pods) {
	want := pod("told", "serve")
	main := &want.Spec.Containers[0]
	main.Resources.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("64Mi")}
	main.Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("150m"), corev1.ResourceMemory: resource.MustParse("32Mi")}
	main.Env = append(main.Env,
		fieldVariable("NAME", "metadata.name"), fieldVariable("NODE", "spec.nodeName"), fieldVariable("TIER", "metadata.labels['tier']"),
		resourceVariable("MEMORY", "limits.memory", "1Mi"), resourceVariable("CPU", "requests.cpu", "1m"),
		corev1.EnvVar{Name: "GREETING", Value: "$(NAME) on $(NODE), $(NOBODY), $$(NAME)"},
	)
	main.VolumeMounts = []corev1.VolumeMount{{Name: "facts", MountPath: "/facts"}}
	want.Spec.Volumes = []corev1.Volume{{Name: "facts", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
		{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Audience: "somebody", Path: "token"}},
		{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{{Path: "labels", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.labels"}}}}},
	}}}}}
	p.create(t, want)
	got := p.await(t, "told", "ready", isReady)
	eventually(t, "it serves", func() bool { return strings.Contains(p.logs(t, "told", corev1.PodLogOptions{}), "serving") })
	for path, want := range map[string]string{
		"/env/NAME": "told", "/env/NODE": NodeName, "/env/TIER": "test", "/env/POD_IP": got.Status.PodIP, "/env/MEMORY": "64", "/env/CPU": "150",
		"/env/GREETING": "told on local, $(NOBODY), $(NAME)", "/file/facts/labels": "tier=\"test\"\n",
	} {
		if said := ask(t, got, path); said != want {
			t.Errorf("%s is %q, want %q", path, said, want)
		}
	}
	if token := ask(t, got, "/file/facts/token"); strings.Count(token, ".") != 2 {
		t.Errorf("the token is %q, want a signed one", token)
	}
	if got.Status.Phase != corev1.PodRunning || stateOf(got).Running == nil || got.Status.StartTime == nil || got.Status.HostIP != loopback {
		t.Errorf("status %+v, want a running pod", got.Status)
	}
	for _, kind := range []corev1.PodConditionType{corev1.PodScheduled, corev1.PodInitialized, corev1.ContainersReady, corev1.PodReadyToStartContainers} {
		if condition(got, kind) != corev1.ConditionTrue {
			t.Errorf("condition %s is %s", kind, condition(got, kind))
		}
	}
	if tail := p.logs(t, "told", corev1.PodLogOptions{TailLines: new(int64(0))}); tail != "" {
		t.Errorf("no line was asked for, %q came", tail)
	}
}

func imageRefused(t *testing.T, p pods) {
	want := pod("foreign")
	want.Spec.Containers[0].Image = "nginx:1.29"
	p.create(t, want)
	got := p.await(t, "foreign", "refused", func(p *corev1.Pod) bool {
		return stateOf(p).Waiting != nil && stateOf(p).Waiting.Reason == "ErrImagePull"
	})
	if message := stateOf(got).Waiting.Message; !strings.Contains(message, "nginx:1.29") || !strings.Contains(message, "flashcrowd/stub") {
		t.Errorf("message %q, want the image and those that can run", message)
	}
	if got.Status.Phase != corev1.PodPending || isReady(got) {
		t.Errorf("phase %s, ready %v, want a pending pod", got.Status.Phase, isReady(got))
	}
}

func crashes(t *testing.T, p pods) {
	p.create(t, pod("crashing", "exit", "3", "boom"))
	got := p.await(t, "crashing", "backing off", func(p *corev1.Pod) bool {
		return stateOf(p).Waiting != nil && stateOf(p).Waiting.Reason == "CrashLoopBackOff"
	})
	if message := stateOf(got).Waiting.Message; !strings.HasPrefix(message, "back-off 10s restarting failed container=main pod=crashing_default(") {
		t.Errorf("message %q, want the kubelet's", message)
	}
	last := got.Status.ContainerStatuses[0].LastTerminationState.Terminated
	if last == nil || last.ExitCode != 3 || last.Reason != "Error" || restarts(got) < 1 {
		t.Errorf("status %+v, want one that ended with 3", got.Status.ContainerStatuses[0])
	}
	if said := p.logs(t, "crashing", corev1.PodLogOptions{Previous: true}); said != "boom\n" {
		t.Errorf("the log of the one before is %q", said)
	}
}

func ends(t *testing.T, p pods) {
	for code, phase := range map[string]corev1.PodPhase{"0": corev1.PodSucceeded, "2": corev1.PodFailed} {
		want := pod("ends-with-"+code, "exit", code, "done")
		want.Spec.RestartPolicy = corev1.RestartPolicyNever
		p.create(t, want)
		got := p.await(t, want.Name, "over", func(p *corev1.Pod) bool { return p.Status.Phase == phase })
		if ended := stateOf(got).Terminated; ended == nil || strconv.Itoa(int(ended.ExitCode)) != code || restarts(got) != 0 {
			t.Errorf("state %+v after %d restarts, want one end with %s", stateOf(got), restarts(got), code)
		}
		if said := p.logs(t, want.Name, corev1.PodLogOptions{}); said != "done\n" {
			t.Errorf("the log is %q", said)
		}
	}
	want := pod("ends-at-last", "exit", "0", "done")
	want.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
	p.create(t, want)
	p.await(t, want.Name, "over", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodSucceeded })
}

func initializes(t *testing.T, p pods) {
	want := pod("initialized", "serve")
	shared := corev1.VolumeMount{Name: "shared", MountPath: "/shared"}
	want.Spec.Volumes = []corev1.Volume{{Name: "shared", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
	want.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{shared}
	want.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: command("exists", "/shared/first")}}
	want.Spec.InitContainers = []corev1.Container{{Name: "first", Image: "flashcrowd/stub", Args: []string{"touch", "/shared/first"}, VolumeMounts: []corev1.VolumeMount{shared}}}
	p.create(t, want)
	got := p.await(t, "initialized", "ready", isReady)
	if len(got.Status.InitContainerStatuses) != 1 || got.Status.InitContainerStatuses[0].State.Terminated == nil {
		t.Errorf("init containers %+v, want one that ended", got.Status.InitContainerStatuses)
	}
}

// command runs the workload inside a container.
func command(words ...string) *corev1.ExecAction {
	return &corev1.ExecAction{Command: append([]string{"stub"}, words...)}
}

func readiness(t *testing.T, p pods) {
	up, down := "up", "down"
	for name, test := range map[string]struct {
		good, bad corev1.ProbeHandler
	}{
		"http": {
			corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("web")}},
			corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/nothing", Port: intstr.FromInt32(8080)}},
		},
		"tcp": {
			corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}},
			corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8081)}},
		},
		"grpc": {
			corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9000, Service: &up}},
			corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: 9000, Service: &down}},
		},
		"exec": {
			corev1.ProbeHandler{Exec: command("exists", "/etc/resolv.conf")},
			corev1.ProbeHandler{Exec: command("exists", "/etc/shadow")}, // of the host, not of the container
		},
	} {
		good, bad := pod("good-"+name, "serve"), pod("bad-"+name, "serve")
		for want, handler := range map[*corev1.Pod]corev1.ProbeHandler{good: test.good, bad: test.bad} {
			want.Spec.Containers[0].Ports = []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}}
			want.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: handler, PeriodSeconds: 1}
			p.create(t, want)
		}
		p.await(t, good.Name, "ready", isReady)
		p.await(t, bad.Name, "running", func(p *corev1.Pod) bool { return stateOf(p).Running != nil })
		eventually(t, bad.Name+" serves", func() bool { return strings.Contains(p.logs(t, bad.Name, corev1.PodLogOptions{}), "serving") })
		if got := p.get(t, bad.Name); isReady(got) || !*got.Status.ContainerStatuses[0].Started {
			t.Errorf("%s: status %+v, want a pod that runs and is not ready", bad.Name, got.Status.ContainerStatuses[0])
		}
	}
}

func liveness(t *testing.T, p pods) {
	want := pod("sick", "serve")
	handler := corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}
	want.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: handler, PeriodSeconds: 1}
	want.Spec.Containers[0].LivenessProbe = &corev1.Probe{ProbeHandler: handler, PeriodSeconds: 1, FailureThreshold: 2}
	p.create(t, want)
	ask(t, p.await(t, "sick", "ready", isReady), "/sick")
	got := p.await(t, "sick", "restarted", func(p *corev1.Pod) bool { return restarts(p) == 1 && isReady(p) })
	if last := got.Status.ContainerStatuses[0].LastTerminationState.Terminated; last == nil || last.ExitCode != 0 {
		t.Errorf("the one before ended as %+v, want at its own will when asked", last)
	}
	if said := p.logs(t, "sick", corev1.PodLogOptions{Previous: true}); !strings.Contains(said, "asked to end") {
		t.Errorf("the log of the one before is %q", said)
	}
}

func hooks(t *testing.T, p pods) {
	want := pod("hooked", "serve")
	want.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{
		PostStart: &corev1.LifecycleHandler{Exec: command("touch", "/tmp/started")},
		PreStop:   &corev1.LifecycleHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/hook/goodbye", Port: intstr.FromInt32(8080)}},
	}
	want.Spec.Containers[0].ReadinessProbe = &corev1.Probe{ProbeHandler: corev1.ProbeHandler{Exec: command("exists", "/tmp/started")}, PeriodSeconds: 1}
	p.create(t, want)
	p.await(t, "hooked", "ready", isReady)
	stream, err := p.client.CoreV1().Pods(namespace).GetLogs("hooked", &corev1.PodLogOptions{Follow: true}).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	p.remove(t, "hooked")
	var said []string
	for lines := bufio.NewScanner(stream); lines.Scan(); {
		said = append(said, lines.Text())
	}
	if got := strings.Join(said, ", "); got != "serving, hook goodbye, asked to end" {
		t.Errorf("the log that was followed to its end is %q", got)
	}
	p.awaitGone(t, "hooked")
}

func postStartFails(t *testing.T, p pods) {
	want := pod("unhooked", "serve")
	want.Spec.Containers[0].Lifecycle = &corev1.Lifecycle{PostStart: &corev1.LifecycleHandler{Exec: command("exists", "/nowhere")}}
	p.create(t, want)
	got := p.await(t, "unhooked", "restarted", func(p *corev1.Pod) bool { return restarts(p) > 0 })
	if isReady(got) {
		t.Error("it is ready though its hook fails")
	}
}

func deaf(t *testing.T, p pods) {
	want := pod("deaf", "serve")
	want.Spec.TerminationGracePeriodSeconds = new(int64(1))
	want.Spec.Containers[0].Env = append(want.Spec.Containers[0].Env, corev1.EnvVar{Name: "DEAF", Value: "yes"})
	p.create(t, want)
	got := p.await(t, "deaf", "ready", isReady)
	eventually(t, "it serves", func() bool { return strings.Contains(p.logs(t, "deaf", corev1.PodLogOptions{}), "serving") })
	began := time.Now()
	p.remove(t, "deaf")
	p.awaitGone(t, "deaf")
	if took := time.Since(began); took < time.Second {
		t.Errorf("killed after %v, its grace period is a second", took)
	}
	if _, err := http.Get("http://" + got.Status.PodIP + ":8080/"); err == nil {
		t.Error("it still answers")
	}
}

func resources(t *testing.T, c Cluster, p pods) {
	st, err := c.l.readState()
	if err != nil {
		t.Fatal(err)
	}
	client, err := c.l.healthClient()
	if err != nil {
		t.Fatal(err)
	}
	p.create(t, pod("burning", "burn"))
	p.await(t, "burning", "ready", isReady)
	cpu := func() float64 {
		answer, err := client.Get(secure(st.Ports.Node, "/metrics/resource"))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		out, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			var value float64
			var stamp int64
			if rest, ok := strings.CutPrefix(line, `container_cpu_usage_seconds_total{container="main",namespace="default",pod="burning"} `); ok {
				if _, err := fmt.Sscan(rest, &value, &stamp); err != nil {
					t.Fatal(err)
				}
				return value
			}
		}
		return 0
	}
	eventually(t, "half a second of CPU time is burnt", func() bool { return cpu() > 0.5 })
	p.remove(t, "burning")
	p.awaitGone(t, "burning")
	if left := cpu(); left != 0 {
		t.Errorf("%v s of a container that has ended", left)
	}
}

// restarted kills the node with all that belongs to it and starts it again.
func restarted(t *testing.T, c Cluster, p pods) {
	always, never := pod("lives-on", "serve"), pod("ends-with-the-node", "serve")
	never.Spec.RestartPolicy = corev1.RestartPolicyNever
	for _, want := range []*corev1.Pod{always, never} {
		p.create(t, want)
	}
	before := p.await(t, always.Name, "ready", isReady)
	p.await(t, never.Name, "ready", isReady)
	eventually(t, "it serves", func() bool { return strings.Contains(p.logs(t, always.Name, corev1.PodLogOptions{}), "serving") })
	st, err := c.l.readState()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(st.Supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no process of the control plane is left", func() bool { return len(processesOf(t, c.l.dir)) == 0 })
	eventually(t, "no container is left", func() bool {
		_, err := http.Get("http://" + before.Status.PodIP + ":8080/")
		return err != nil
	})
	bringUp(t, c)
	got := p.await(t, always.Name, "running again", func(p *corev1.Pod) bool { return restarts(p) == 1 && isReady(p) })
	if got.UID != before.UID || got.Status.PodIP != before.Status.PodIP {
		t.Errorf("pod %s at %s, want %s at %s again", got.UID, got.Status.PodIP, before.UID, before.Status.PodIP)
	}
	if last := got.Status.ContainerStatuses[0].LastTerminationState.Terminated; last == nil || last.ExitCode != 137 {
		t.Errorf("the one before ended as %+v, want killed", last)
	}
	if said := p.logs(t, always.Name, corev1.PodLogOptions{Previous: true}); !strings.Contains(said, "serving") {
		t.Errorf("the log of the one before is %q", said)
	}
	p.await(t, never.Name, "failed", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed && restarts(p) == 0 })
}
