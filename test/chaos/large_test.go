package chaos

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/controllers"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/topology"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// tree is the spec of a graph of so many services, each of so many replicas,
// behind a load balancer: every service calls up to three others.
func tree(services, replicas int) v1alpha1.ComponentGraphSpec {
	var spec v1alpha1.ComponentGraphSpec
	for i := range services {
		n, kind := int32(replicas), v1alpha1.APIServer
		if i == 0 {
			kind = v1alpha1.LoadBalancer
		}
		spec.Components = append(spec.Components, v1alpha1.Component{Name: serviceName(i), Type: kind, Replicas: &n})
		if i > 0 {
			spec.Connections = append(spec.Connections, v1alpha1.Connection{From: serviceName((i - 1) / 3), To: serviceName(i)})
		}
	}
	return spec
}

func serviceName(i int) string { return fmt.Sprintf("service-%d", i) }

// lines takes topologies as the stream's server does, and keeps the length of
// each graph's newest line.
type lines struct {
	server *topology.Server
	bytes  int
}

// Publish takes a topology.
func (l *lines) Publish(t wire.Topology) error {
	data, err := json.Marshal(t)
	if err != nil {
		return err
	}
	l.bytes = len(data)
	return l.server.Publish(t)
}

// Forget drops a graph.
func (l *lines) Forget(graph string) { l.server.Forget(graph) }

// large is a run on a tree whose measurements come from a Prometheus over HTTP.
type large struct {
	*world
	prometheus *prometheus
	lines      *lines
}

// newLarge begins a run on a tree and takes it to where its traffic flows.
func newLarge(t testing.TB, services, replicas int) *large {
	t.Helper()
	l := &large{
		world: newWorld(t, func(time.Duration) float64 { return 0 }, 0, nil),
		lines: &lines{server: topology.NewServer("", nil, nil, topology.ServerOptions{})},
	}
	l.prometheus = newPrometheus(t, services, replicas)
	meter, err := metrics.NewClient(l.prometheus.server.URL, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	l.meter = meter
	l.boot()
	l.source = controllers.NewTopologySource(l.client, admin, l.lines)
	cg := &v1alpha1.ComponentGraph{Spec: tree(services, replicas)}
	cg.Namespace, cg.Name = l.namespace, "shop"
	if err := admin.Create(t.Context(), cg); err != nil {
		t.Fatal(err)
	}
	create(t, &v1alpha1.Simulation{}, l.namespace, "run", rehearsal(3600, ", maxReplicasTotal: 400, rules: [{name: load-balancer, disabled: true}]"))
	eventually(t, time.Minute, "the run and its graph are seen", func() bool {
		at := client.ObjectKey{Namespace: l.namespace}
		at.Name = "run"
		seen := l.client.Get(t.Context(), at, &v1alpha1.Simulation{}) == nil
		at.Name = "shop"
		return seen && l.client.Get(t.Context(), at, &v1alpha1.ComponentGraph{}) == nil
	})
	began := time.Now()
	for range 20 {
		l.tick(time.Second)
		if sim := readSimulation(t, l.namespace, "run"); sim.Status.ElapsedSeconds >= 2 {
			t.Logf("%d components of %d replicas stand, and their run, after %v", services, replicas, time.Since(began).Round(time.Millisecond))
			return l
		}
	}
	t.Fatalf("no traffic flows: %s", condition(readSimulation(t, l.namespace, "run").Status.Conditions, v1alpha1.ConditionSucceeded))
	return nil
}

// bill is what one tick took and asked for.
type bill struct {
	run, graph, topology   time.Duration
	spent                  time.Duration // of CPU, by the rules
	queries, answer, wrote int
}

func (b bill) whole() time.Duration { return b.run + b.graph + b.topology }

// measure takes every reconciler once through one moment.
func (l *large) measure() bill {
	l.t.Helper()
	var b bill
	wrote := len(l.ledger.writes)
	l.prometheus.queries.Store(0)
	l.prometheus.answered.Store(0)
	once := func(took *time.Duration, step func() bool) {
		began := time.Now()
		if step() {
			l.t.Fatal("a reconciler died")
		}
		*took = time.Since(began)
	}
	spent := cpuTime(l.t)
	once(&b.run, func() bool { return l.reconcile(l.runs, "run") })
	b.spent = cpuTime(l.t) - spent
	once(&b.graph, func() bool { return l.reconcile(l.graphs, "shop") })
	once(&b.topology, func() bool { return l.reconcile(l.source, "shop") })
	b.queries, b.answer = int(l.prometheus.queries.Load()), int(l.prometheus.answered.Load())
	b.wrote = len(l.ledger.writes) - wrote
	l.now = l.now.Add(time.Second)
	return b
}

// cpuTime is what this process has spent, which a busy machine does not stretch.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &at); err != nil {
		t.Fatal(err)
	}
	return time.Duration(at.Nano())
}

// sizes are the bytes of the two objects' status as JSON.
func (l *large) sizes() (run, graph int) {
	l.t.Helper()
	length := func(status any) int {
		data, err := json.Marshal(status)
		if err != nil {
			l.t.Fatal(err)
		}
		return len(data)
	}
	return length(readSimulation(l.t, l.namespace, "run").Status), length(readGraph(l.t, l.namespace, "shop").Status)
}

// quantileOf is the nearest rank of a measure of bills.
func quantileOf(bills []bill, q float64, of func(bill) time.Duration) time.Duration {
	sorted := make([]time.Duration, 0, len(bills))
	for _, b := range bills {
		sorted = append(sorted, of(b))
	}
	slices.Sort(sorted)
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Bounds of a large run. etcd refuses objects above 1.5 MiB; every stub reads
// every topology.
const (
	mostQueries     = 3
	mostStatusBytes = 384 << 10
	mostLineBytes   = 128 << 10
)

// A graph of a hundred components and three hundred replicas is evaluated within
// its second, by as many questions as a small one, and stays small itself.
func TestAHundredComponentsAreEvaluatedEachSecond(t *testing.T) {
	small, whole := newLarge(t, 4, 1), newLarge(t, 100, 3)
	asked := small.measure().queries
	if asked == 0 {
		t.Fatal("a tick of a small graph asks nothing")
	}
	for _, phase := range []struct {
		load       int64
		mostWrites int
	}{{30, 1}, {95, 250}} { // the status alone; that, and what a hundred further replicas take
		whole.prometheus.cpu.Store(phase.load)
		bills := make([]bill, 0, 15)
		for range cap(bills) {
			bills = append(bills, whole.measure())
		}
		whole.tell(fmt.Sprintf("at %d %% CPU", phase.load), bills)
		for _, b := range bills {
			if b.queries != asked || b.queries > mostQueries {
				t.Errorf("a tick asks %d questions, that of a small graph %d", b.queries, asked)
			}
			if b.wrote > phase.mostWrites {
				t.Errorf("a tick at %d %% CPU writes %d times, want at most %d", phase.load, b.wrote, phase.mostWrites)
			}
		}
		if took := quantileOf(bills, 0.5, func(b bill) time.Duration { return b.spent }); took > time.Second {
			t.Errorf("the rules take %v of CPU time, more than their second", took)
		}
		if run, graph := whole.sizes(); max(run, graph) > mostStatusBytes {
			t.Errorf("status of %d and %d bytes, at most %d are due", run, graph, mostStatusBytes)
		}
		if whole.lines.bytes > mostLineBytes {
			t.Errorf("a topology of %d bytes, at most %d are due", whole.lines.bytes, mostLineBytes)
		}
	}
	if sim := readSimulation(t, whole.namespace, "run"); sim.Status.DecisionCount == 0 {
		t.Errorf("nothing was decided at 95 %% CPU: %+v", sim.Status.Evaluations[:min(5, len(sim.Status.Evaluations))])
	}
}

// tell logs what ticks took.
func (l *large) tell(when string, bills []bill) {
	l.t.Helper()
	run, graph := l.sizes()
	most := slices.MaxFunc(bills, func(a, b bill) int { return cmp.Compare(a.wrote, b.wrote) })
	l.t.Logf("%s: a tick takes %v, p99 %v (rules %v, %v of CPU time, workloads %v, topology %v); %d questions, %d bytes of answers, at most %d writes; status of %d and %d bytes, topology of %d",
		when, quantileOf(bills, 0.5, bill.whole), quantileOf(bills, 0.99, bill.whole),
		quantileOf(bills, 0.5, func(b bill) time.Duration { return b.run }), quantileOf(bills, 0.5, func(b bill) time.Duration { return b.spent }),
		quantileOf(bills, 0.5, func(b bill) time.Duration { return b.graph }), quantileOf(bills, 0.5, func(b bill) time.Duration { return b.topology }), most.queries, most.answer, most.wrote, run, graph, l.lines.bytes)
}

// BenchmarkTick is a tick of a hundred components and three hundred replicas
// that has nothing to decide: gather, fold, step, apply and report against a
// real API server.
func BenchmarkTick(b *testing.B) {
	l := newLarge(b, 100, 3)
	var bills []bill
	b.ResetTimer()
	for b.Loop() {
		bills = append(bills, l.measure())
	}
	run, graph := l.sizes()
	parts := map[string]func(bill) time.Duration{
		"tick": bill.whole, "rules": func(b bill) time.Duration { return b.run },
		"workloads": func(b bill) time.Duration { return b.graph }, "topology": func(b bill) time.Duration { return b.topology },
	}
	for name, of := range parts {
		b.ReportMetric(quantileOf(bills, 0.5, of).Seconds()*1000, name+"-p50-ms")
		b.ReportMetric(quantileOf(bills, 0.99, of).Seconds()*1000, name+"-p99-ms")
	}
	b.ReportMetric(float64(bills[0].queries), "questions/tick")
	b.ReportMetric(float64(bills[0].answer), "answer-bytes/tick")
	b.ReportMetric(float64(run), "run-status-bytes")
	b.ReportMetric(float64(graph), "graph-status-bytes")
	b.ReportMetric(float64(l.lines.bytes), "topology-bytes")
}
