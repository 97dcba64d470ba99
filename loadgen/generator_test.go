package loadgen

import (
	"context"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// entry answers every request a millisecond of logical time later, and fails
// those whose number its fault function names.
type entry struct {
	address  string
	answered atomic.Int64
}

func newEntry(t *testing.T, fault func(number uint64) wire.Reason) *entry {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &entry{address: l.Addr().String()}
	s := transport.Listen(l, func(*transport.Conn) {}, func(b transport.Batch) {
		for _, f := range b.Frames {
			if f.Op != wire.OpRequest {
				continue
			}
			answer := wire.Frame{Op: wire.OpAnswer, ID: f.ID, Time: f.Time + int64(time.Millisecond), Reason: fault(f.Request)}
			if answer.Reason != wire.ReasonNone {
				answer.Outcome = wire.Failed
			}
			b.Conn.Send(answer)
			e.answered.Add(1)
		}
		_ = b.Conn.Flush()
	})
	t.Cleanup(func() { _ = s.Close() })
	return e
}

func topologyFor(plan wire.Plan, entries ...*entry) wire.Topology {
	t := wire.Topology{Graph: "default/shop", Seed: 1, Entry: "api", Plan: &plan}
	for i, e := range entries {
		t.Instances = append(t.Instances, wire.Instance{ID: "api-" + string(rune('1'+i)), Component: "api", Address: e.address, State: wire.Ready})
	}
	return t
}

func planOf(rate float64, duration time.Duration) wire.Plan {
	return wire.Plan{
		Simulation: "default/run", UID: "1", Start: time.Now().Add(200 * time.Millisecond), Duration: duration, Generators: 1,
		Traffic: traffic.Traffic{
			Profile: traffic.Constant(rate, duration), Arrival: traffic.Uniform, Mix: traffic.Mix{ReadPercent: 100},
			Keys: traffic.Keys{Count: 10}, Timeout: 20 * time.Second,
		},
	}
}

// play runs a generator until the plan is finished and its numbers were read.
func play(t *testing.T, g *Generator, first wire.Topology) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	g.Apply(first)
	await(t, "the plan is played", func() bool { return value(t, g, wire.LoadgenFinished) == 1 })
	read := *first.Plan
	read.Finished = true
	first.Plan = &read
	g.Apply(first)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// value sums the series of a metric whose labels hold all the given values.
func value(t *testing.T, g *Generator, name string, labels ...string) float64 {
	t.Helper()
	families, err := g.meters.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if has(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return sum
}

func has(m *dto.Metric, labels []string) bool {
	for _, want := range labels {
		found := false
		for _, pair := range m.GetLabel() {
			found = found || pair.GetValue() == want
		}
		if !found {
			return false
		}
	}
	return true
}

func newGenerator() *Generator {
	return New(Options{Simulation: "default/run", Log: slog.New(slog.DiscardHandler), Now: time.Now, Alive: AskAlive})
}

func never(uint64) wire.Reason { return wire.ReasonNone }

func TestEveryRequestOfThePlanIsOfferedAndCountedOnce(t *testing.T) {
	e := newEntry(t, func(number uint64) wire.Reason {
		if number%10 == 3 {
			return wire.ReasonError
		}
		return wire.ReasonNone
	})
	g := newGenerator()
	play(t, g, topologyFor(planOf(1000, time.Second), e))
	offered, answered := value(t, g, wire.LoadgenOffered), value(t, g, wire.LoadgenRequests, wire.OutcomeAnswered)
	failed, dropped := value(t, g, wire.LoadgenRequests, "error"), value(t, g, wire.LoadgenRequests, wire.OutcomeDropped)
	if offered != 1000 || answered+failed+dropped != offered {
		t.Errorf("offered %v = answered %v + failed %v + dropped %v does not hold", offered, answered, failed, dropped)
	}
	if dropped == 0 && failed != 100 {
		t.Errorf("%v failed, want one in ten", failed)
	}
	if got := value(t, g, wire.LoadgenDuration); got != answered {
		t.Errorf("%v latencies of %v answers", got, answered)
	}
}

func TestOverHTTPEveryRequestIsOfferedAndCountedOnce(t *testing.T) {
	var plain atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plain.Add(1)
		at, err := strconv.ParseInt(r.Header.Get(wire.HeaderTime), 10, 64)
		if err != nil {
			t.Errorf("a request without its time: %v", err)
		}
		w.Header().Set(wire.HeaderFinish, strconv.FormatInt(at+int64(time.Millisecond), 10))
		if number := r.Header.Get(wire.HeaderRequest); strings.HasSuffix(number, "3") {
			w.Header().Set(wire.HeaderReason, wire.ReasonError.String())
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	defer server.Close()
	topology := topologyFor(planOf(500, time.Second), &entry{address: server.Listener.Addr().String()})
	topology.Architecture.Transport = graph.TransportHTTP
	g := newGenerator()
	play(t, g, topology)
	offered, answered := value(t, g, wire.LoadgenOffered), value(t, g, wire.LoadgenRequests, wire.OutcomeAnswered)
	failed, dropped := value(t, g, wire.LoadgenRequests, "error"), value(t, g, wire.LoadgenRequests, wire.OutcomeDropped)
	if offered != 500 || answered+failed+dropped != offered || float64(plain.Load()) != answered+failed {
		t.Errorf("offered %v, %d came over HTTP, answered %v, failed %v, dropped %v", offered, plain.Load(), answered, failed, dropped)
	}
	if dropped == 0 && failed != 50 {
		t.Errorf("%v failed, want one in ten", failed)
	}
	if got := value(t, g, wire.LoadgenDuration); got != answered {
		t.Errorf("%v latencies of %v answers", got, answered)
	}
}

func TestAChangeOfTransportLosesNothing(t *testing.T) {
	e := newEntry(t, never)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { e.answered.Add(1) }))
	defer server.Close()
	g := newGenerator()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	plan := planOf(500, time.Hour)
	g.Apply(topologyFor(plan, e))
	await(t, "traffic flows in frames", func() bool { return e.answered.Load() > 50 })
	over := topologyFor(plan, &entry{address: server.Listener.Addr().String()})
	over.Architecture.Transport = graph.TransportHTTP
	g.Apply(over)
	before := e.answered.Load()
	await(t, "traffic flows over HTTP", func() bool { return e.answered.Load() > before+200 })
	g.Apply(wire.Topology{Graph: "default/shop"})
	if err := <-done; err != nil {
		t.Error(err)
	}
	cancel()
	if offered, answered := value(t, g, wire.LoadgenOffered), value(t, g, wire.LoadgenRequests, wire.OutcomeAnswered); offered != answered {
		t.Errorf("%v of %v requests answered", answered, offered)
	}
}

func TestRequestsAreBalancedOverTheEntry(t *testing.T) {
	a, b := newEntry(t, never), newEntry(t, never)
	g := newGenerator()
	play(t, g, topologyFor(planOf(2000, 2*time.Second), a, b))
	if a.answered.Load() == 0 || b.answered.Load() == 0 {
		t.Errorf("%d and %d requests, want both to have some", a.answered.Load(), b.answered.Load())
	}
}

func TestAStoppedPlanOffersNoMore(t *testing.T) {
	e := newEntry(t, never)
	g := newGenerator()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	plan := planOf(500, time.Hour)
	g.Apply(topologyFor(plan, e))
	await(t, "traffic flows", func() bool { return value(t, g, wire.LoadgenOffered) > 50 })
	g.Apply(wire.Topology{Graph: "default/shop"}) // the simulation was deleted
	if err := <-done; err != nil {
		t.Error(err)
	}
	cancel()
	if offered, ended := value(t, g, wire.LoadgenOffered), value(t, g, wire.LoadgenRequests); offered != ended {
		t.Errorf("%v offered and %v ended after the stop", offered, ended)
	}
}

// TestRegionsAreAsFarAsTheyAre offers traffic of two regions, one of them with an
// edge at the entry.
func TestRegionsAreAsFarAsTheyAre(t *testing.T) {
	e := newEntry(t, never)
	g := newGenerator()
	plan := planOf(500, time.Second)
	plan.Traffic.Regions = []traffic.Region{{Name: "eu", Weight: 1, RoundTrip: 100 * time.Millisecond}, {Name: "asia", Weight: 1, RoundTrip: 300 * time.Millisecond}}
	topology := topologyFor(plan, e)
	topology.Architecture.Components = []graph.Component{{Name: "api", Type: graph.CDN, CDN: &graph.Edge{Regions: []string{"asia"}}}}
	play(t, g, topology)
	for region, want := range map[string]float64{"eu": 0.1, "asia": 0.005} {
		sum, n := histogramOf(t, g, wire.LoadgenNetwork, region)
		if mean := sum / float64(n); n < 200 || math.Abs(mean-want) > 1e-9 {
			t.Errorf("%s: %d requests spent %v s on their way on average, want about 250 and %v", region, n, mean, want)
		}
	}
	sum, n := histogramOf(t, g, wire.LoadgenDuration, "Read")
	if mean, want := sum/float64(n), (0.101+0.006)/2; math.Abs(mean-want) > 0.005 {
		t.Errorf("requests took %v s on average, want about %v with their ways", mean, want)
	}
}

func histogramOf(t *testing.T, g *Generator, name, label string) (sum float64, n uint64) {
	t.Helper()
	families, err := g.meters.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && has(m, []string{label}) {
				sum, n = sum+m.GetHistogram().GetSampleSum(), n+m.GetHistogram().GetSampleCount()
			}
		}
	}
	return sum, n
}

func TestAChangeOfTrafficTakesEffect(t *testing.T) {
	e := newEntry(t, never)
	g := newGenerator()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	plan := planOf(10, time.Hour)
	g.Apply(topologyFor(plan, e))
	await(t, "traffic flows", func() bool { return value(t, g, wire.LoadgenOffered) > 2 })
	plan.Traffic.Profile = traffic.Constant(5000, time.Hour)
	g.Apply(topologyFor(plan, e))
	began := time.Now()
	await(t, "the new rate flows", func() bool { return value(t, g, wire.LoadgenOffered) > 1000 })
	t.Logf("a thousand requests at the new rate after %v", time.Since(began))
	if got := value(t, g, wire.LoadgenTargetRate); got != 5000 {
		t.Errorf("target rate %v, want 5000", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestUnreadyUntilThePlanAndTheEntryAreThere(t *testing.T) {
	g := newGenerator()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	server := httptest.NewServer(g.Metrics(time.Now))
	if why := g.unready(ctx); !strings.Contains(why, "plan") {
		t.Errorf("unready because %q, want no plan", why)
	}
	plan := planOf(10, time.Hour)
	plan.Start = time.Time{}
	g.Apply(topologyFor(plan))
	await(t, "the entry is missing", func() bool { return strings.Contains(g.unready(ctx), "entry") })
	g.Apply(topologyFor(plan, newEntry(t, never)))
	await(t, "it is ready", func() bool { return g.unready(ctx) == "" })
	server.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSharesOfTheDeadAreTakenOver(t *testing.T) {
	s := newShares(0)
	now := time.Now()
	peers := []wire.Instance{{ID: "run-0", Address: "a:1", State: wire.Ready}, {ID: "run-1", Address: "b:1", State: wire.Ready}, {ID: "run-2", Address: "c:1", State: wire.Starting}}
	s.know(peers, now)
	owned := func() int {
		n := 0
		for k := range uint64(10_000) {
			if s.owns(k) {
				n++
			}
		}
		return n
	}
	if n := owned(); n < 4_700 || n > 5_300 {
		t.Errorf("owns %d of 10,000 beside one other", n)
	}
	s.heard(1, "b:1", now.Add(2*time.Second))
	if got := s.size(now.Add(4 * time.Second)); got != 2 {
		t.Errorf("%d live two seconds after the last sign", got)
	}
	if got := s.size(now.Add(6 * time.Second)); got != 1 || owned() != 10_000 {
		t.Errorf("%d live after four seconds of silence, want the share taken over", got)
	}
}
