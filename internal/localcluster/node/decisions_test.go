package node

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

func TestBackOffDoublesAfterTheFirstCrash(t *testing.T) {
	for crashes, want := range map[int]time.Duration{
		0: 0, 1: 0, 2: 10 * time.Second, 3: 20 * time.Second, 4: 40 * time.Second, 7: 5 * time.Minute, 1000: 5 * time.Minute,
	} {
		if got := backOff(10*time.Second, crashes); got != want {
			t.Errorf("after %d crashes the pause is %v, want %v", crashes, got, want)
		}
	}
}

func TestExpandKnowsWhatTheKubeletKnows(t *testing.T) {
	known := map[string]string{"NAME": "api", "EMPTY": ""}
	for text, want := range map[string]string{
		"$(NAME)-1": "api-1", "$$(NAME)": "$(NAME)", "$(NOBODY)": "$(NOBODY)", "[$(EMPTY)]": "[]", "$": "$", "$(": "$(", "5$ each": "5$ each", "$NAME": "$NAME",
	} {
		if got := expand(text, known); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestResourceFieldsAreRoundedUpAndFallBackToTheNode(t *testing.T) {
	f := facts{
		pod: &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Resources: corev1.ResourceRequirements{
			Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("1500m")}, Requests: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("33Mi")},
		}}}}},
		allocatable: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("2Gi")},
	}
	for _, test := range []struct{ field, divisor, want string }{
		{"limits.cpu", "0", "2"}, {"limits.cpu", "1m", "1500"}, {"requests.memory", "10Mi", "4"}, {"limits.memory", "1Gi", "2"}, {"requests.cpu", "1", "0"},
	} {
		got, err := f.resource(&corev1.ResourceFieldSelector{Resource: test.field, Divisor: resource.MustParse(test.divisor)}, "main")
		if err != nil || got != test.want {
			t.Errorf("%s by %s is %q, %v, want %q", test.field, test.divisor, got, err, test.want)
		}
	}
	for _, wrong := range []corev1.ResourceFieldSelector{{Resource: "cpu"}, {Resource: "limits.cpu", ContainerName: "nobody"}} {
		if _, err := f.resource(&wrong, "main"); err == nil {
			t.Errorf("%+v has a value", wrong)
		}
	}
}

func TestAddressesAreUsedAgainAsLateAsPossible(t *testing.T) {
	p := newPool(netip.MustParsePrefix("127.70.0.0/29"))
	take := func(wanted string) string {
		t.Helper()
		a, err := p.take(wanted)
		if err != nil {
			t.Fatal(err)
		}
		return a.String()
	}
	first := take("")
	if first != "127.70.0.2" {
		t.Errorf("the first address is %s, the name and the DNS server come before 127.70.0.2", first)
	}
	p.release(netip.MustParseAddr(first))
	if next := take(""); next != "127.70.0.3" {
		t.Errorf("%s follows, want one that was not used yet", next)
	}
	if again := take("127.70.0.2"); again != "127.70.0.2" {
		t.Errorf("a pod that had 127.70.0.2 gets %s", again)
	}
	for range 4 {
		take("127.70.0.1") // is the DNS server's, so any other is given
	}
	if a, err := p.take(""); err == nil {
		t.Errorf("%v was given twice", a)
	}
}

func TestProbesDecideByTheirThresholds(t *testing.T) {
	p := &prober{spec: &corev1.Probe{FailureThreshold: 2, SuccessThreshold: 2}}
	for i, step := range []struct {
		good bool
		want outcome
	}{{true, unknownYet}, {true, passes}, {false, passes}, {true, passes}, {false, passes}, {false, fails}, {true, fails}, {true, passes}} {
		p.answer(step.good)
		if p.state() != step.want {
			t.Errorf("after answer %d the verdict is %v, want %v", i+1, p.state(), step.want)
		}
	}
}

func TestUsageIsSummedByPIDNamespace(t *testing.T) {
	proc := t.TempDir()
	process := func(pid, namespace, stat string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(proc, pid, "ns"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(namespace, filepath.Join(proc, pid, "ns", "pid")); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(proc, pid, "stat"), []byte(stat), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// utime, stime, cutime and cstime are 100, 20, 3 and 2 ticks; 7 resident pages.
	const line = " (a b) c) S 1 1 1 0 -1 0 0 0 0 0 100 20 3 2 20 0 1 0 5 1000 7 0\n"
	process("10", "pid:[1]", "10"+line)
	process("11", "pid:[2]", "11"+line)
	process("12", "pid:[2]", "12"+line)
	sums, err := usageByNamespace(proc)
	if err != nil {
		t.Fatal(err)
	}
	page := float64(os.Getpagesize())
	for namespace, want := range map[string]usage{"pid:[1]": {1.25, 7 * page}, "pid:[2]": {2.5, 14 * page}} {
		if sums[namespace] != want {
			t.Errorf("%s uses %+v, want %+v", namespace, sums[namespace], want)
		}
	}
}

func TestTokensAreRenewedWhenTheyHaveLivedFourFifths(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	asked := 0
	client := fake.NewClientset()
	client.PrependReactor("create", "serviceaccounts", func(clienttesting.Action) (bool, runtime.Object, error) {
		asked++
		return true, &authenticationv1.TokenRequest{Status: authenticationv1.TokenRequestStatus{
			Token: string(rune('a' + asked)), ExpirationTimestamp: metav1.NewTime(now.Add(1000 * time.Second)),
		}}, nil
	})
	a := &Agent{client: client}
	f := facts{pod: &corev1.Pod{Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: "token", VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token"}}}},
	}}}}}}
	dir := t.TempDir()
	for _, want := range []string{"b", "c"} {
		v, err := a.makeVolumes(t.Context(), f, dir, now)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(filepath.Join(v.dirs["token"], "token")); err != nil || string(content) != want {
			t.Errorf("the token is %q, %v, want %q", content, err, want)
		}
		if got := v.refreshAt.Sub(now); got != 800*time.Second {
			t.Errorf("it is renewed after %v of 1000 s", got)
		}
	}
}

func TestLinesOfALogAsTheyWereAskedFor(t *testing.T) {
	const line = "2026-01-02T03:04:05.6Z stderr F hello world\n"
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, test := range []struct {
		q      logQuery
		want   string
		wanted bool
	}{
		{logQuery{}, "hello world\n", true},
		{logQuery{timestamps: true}, "2026-01-02T03:04:05.6Z hello world\n", true},
		{logQuery{since: at}, "hello world\n", true},
		{logQuery{since: at.Add(time.Second)}, "", false},
	} {
		if got, wanted := formatLine(line, test.q); got != test.want || wanted != test.wanted {
			t.Errorf("%+v brings %q, %v", test.q, got, wanted)
		}
	}
	if _, wanted := formatLine("2026-01-02T03:04:05.6Z stderr F half", logQuery{}); wanted {
		t.Error("a line that is not whole yet was told")
	}
}

func TestWhatAnEarlierLifeReportedHasEnded(t *testing.T) {
	now, ago := time.Now(), metav1.NewTime(time.Now().Add(-time.Hour))
	ran := remembered(corev1.ContainerStatus{ContainerID: "x", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: ago}}}, now)
	if ran == nil || !ran.done() || ran.exitCode != 137 || !ran.ended.Equal(now) {
		t.Errorf("what ran is %+v, want killed now", ran)
	}
	ended := remembered(corev1.ContainerStatus{State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 3, FinishedAt: ago}}}, now)
	if ended == nil || ended.exitCode != 3 || !ended.ended.Equal(ago.Time) {
		t.Errorf("what had ended is %+v, want as it was told", ended)
	}
	if got := remembered(corev1.ContainerStatus{}, now); got != nil {
		t.Errorf("what never ran is %+v", got)
	}
}
