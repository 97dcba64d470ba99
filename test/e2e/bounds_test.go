package e2e

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// The bounds that are promised, from a write to its effect in real processes.
const (
	changeBound = time.Second
	stopBound   = 2 * time.Second
)

const boundsGraph = `
metadata: {name: bounds, namespace: default}
spec:
  components: [{name: api, type: APIServer, replicas: 2}, {name: db, type: Database}]
  connections: [{from: api, to: db}]
`

const boundsRun = `
metadata: {name: bounds, namespace: default}
spec:
  graphRef: {name: bounds}
  durationSeconds: 600
  traffic: {requestsPerSecond: 100, arrival: Uniform}
  autoScaling: {enabled: false}
`

func TestChangesTakeEffectInTime(t *testing.T) {
	up(t)
	c, k := clients(t)
	cg, sim := &v1alpha1.ComponentGraph{}, &v1alpha1.Simulation{}
	for text, o := range map[string]client.Object{boundsGraph: cg, boundsRun: sim} {
		if err := yaml.UnmarshalStrict([]byte(text), o); err != nil {
			t.Fatal(err)
		}
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.IgnoreNotFound(c.Delete(context.WithoutCancel(t.Context()), o)) })
	}
	eventually(t, "traffic flows", func(ctx context.Context) bool {
		return c.Get(ctx, client.ObjectKeyFromObject(sim), sim) == nil && sim.Status.ElapsedSeconds >= 2
	})
	generators, stubs := addresses(t, k, wire.LabelSimulation), addresses(t, k, wire.LabelComponent)
	if len(generators) != 1 || len(stubs) != 3 {
		t.Fatalf("%d generators and %d stubs, want 1 and 3", len(generators), len(stubs))
	}

	within(t, changeBound, "a change of the rate reaches the generator", func() {
		patch(t, c, sim, `{"spec":{"traffic":{"requestsPerSecond":300}}}`)
	}, func() bool { return value(t, generators[0], wire.LoadgenTargetRate) == 300 })

	within(t, changeBound, "a change of the topology reaches every stub", func() {
		patch(t, c, cg, `{"spec":{"components":[`+
			`{"name":"api","type":"APIServer","replicas":2,"capacity":{"cores":7}},{"name":"db","type":"Database","capacity":{"cores":7}}]}}`)
	}, func() bool {
		for _, stub := range stubs {
			if value(t, stub, wire.ComponentCores) != 7 {
				return false
			}
		}
		return true
	})

	began := time.Now()
	if err := c.Delete(t.Context(), sim, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	if last := lastRise(t, stubs, wire.ComponentArrivals, 2*stopBound).Sub(began); last > stopBound {
		t.Errorf("requests arrived until %v after their run was deleted, want %v at most", last, stopBound)
	}
}

func patch(t *testing.T, c client.Client, o client.Object, merge string) {
	t.Helper()
	if err := c.Patch(t.Context(), o, client.RawPatch("application/merge-patch+json", []byte(merge))); err != nil {
		t.Fatal(err)
	}
}

// within wants an effect in time after its cause. What counts is how often it was
// looked for, not what a clock shows: on a busy machine everybody comes to their
// work late, the test too.
func within(t *testing.T, bound time.Duration, what string, cause func(), effect func() bool) {
	t.Helper()
	const every = 10 * time.Millisecond
	cause()
	tick := time.NewTicker(every)
	defer tick.Stop()
	took := time.Duration(0)
	for ; !effect(); took += every {
		if took > 10*bound {
			t.Fatalf("never: %s", what)
		}
		<-tick.C
	}
	t.Logf("%s after %v", what, took)
	if took > bound {
		t.Errorf("%s after %v, want %v at most", what, took, bound)
	}
}

// addresses are the metrics of the graph's pods that have a label.
func addresses(t *testing.T, k kubernetes.Interface, label string) []string {
	t.Helper()
	pods, err := k.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{LabelSelector: wire.LabelGraph + "=bounds," + label})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning {
			found = append(found, "http://"+net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(wire.MetricsPort))+"/metrics")
		}
	}
	return found
}

// value is the sum of a metric's series, 0 if nobody answers.
func value(t *testing.T, address, name string) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	sum := 0.0
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		series, number, found := strings.Cut(lines.Text(), " ")
		if family, _, _ := strings.Cut(series, "{"); !found || family != name {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += v
	}
	return sum
}

// lastRise is when a counter of any of the processes was last seen to rise,
// watched for a time.
func lastRise(t *testing.T, addresses []string, name string, watched time.Duration) time.Time {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	seen, last := map[string]float64{}, time.Time{}
	for began := time.Now(); time.Since(began) < watched; <-tick.C {
		for _, address := range addresses {
			if now := value(t, address, name); now > seen[address] {
				seen[address], last = now, time.Now()
			}
		}
	}
	if last.IsZero() {
		t.Fatal("no requests were seen at all")
	}
	return last
}
