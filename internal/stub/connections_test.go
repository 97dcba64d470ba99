package stub

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// pooledBy is an API server that calls a database over so many connections, and
// then a log.
func pooledBy(size int32, wait, timeout time.Duration) graph.Architecture {
	arch := patient(timeout, graph.Retries{})
	arch.Connections[0].PoolSize, arch.Connections[0].PoolTimeout = size, wait
	return arch
}

func TestACallWaitsForAConnection(t *testing.T) {
	none, gone, exhausted := wire.ReasonNone, wire.ReasonTimeout, wire.ReasonPoolExhausted
	type ending struct {
		at     time.Duration
		reason wire.Reason
	}
	for name, tt := range map[string]struct {
		size          int32
		wait, timeout time.Duration
		took          []time.Duration
		want          []ending // of the calls that come at 0, 1, 2, ... ms
	}{
		"as many as calls":      {3, 20 * ms, 0, []time.Duration{50 * ms, 50 * ms, 50 * ms}, []ending{{50 * ms, none}, {51 * ms, none}, {52 * ms, none}}},
		"one after the other":   {1, time.Second, 0, []time.Duration{50 * ms, 10 * ms, 5 * ms}, []ending{{50 * ms, none}, {60 * ms, none}, {65 * ms, none}}},
		"whichever is free":     {2, time.Second, 0, []time.Duration{50 * ms, 10 * ms, 5 * ms, 3 * ms}, []ending{{50 * ms, none}, {11 * ms, none}, {16 * ms, none}, {19 * ms, none}}},
		"free when it comes":    {1, time.Second, 0, []time.Duration{ms, ms}, []ending{{ms, none}, {2 * ms, none}}},
		"too long a wait":       {1, 20 * ms, 0, []time.Duration{30 * ms, 5 * ms}, []ending{{30 * ms, none}, {21 * ms, exhausted}}},
		"at the last moment":    {1, 20 * ms, 0, []time.Duration{21 * ms, 5 * ms}, []ending{{21 * ms, none}, {26 * ms, none}}},
		"a place given up":      {1, 40 * ms, 20 * ms, []time.Duration{90 * ms, 5 * ms, 30 * ms}, []ending{{20 * ms, gone}, {25 * ms, none}, {45 * ms, gone}}},
		"behind one that fails": {1, 20 * ms, 0, []time.Duration{25 * ms, 5 * ms}, []ending{{25 * ms, none}, {21 * ms, exhausted}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newClockwork(pooledBy(tt.size, tt.wait, tt.timeout))
			tried := 0
			w.callee("db", ms, func(wire.Frame) scriptedOutcome { tried++; return scriptedOutcome{took: tt.took[tried-1]} })
			w.callee("log", ms, func(wire.Frame) scriptedOutcome { return scriptedOutcome{took: ms} })
			var after []time.Duration
			for k := range tt.took {
				after = append(after, time.Duration(100+k)*ms)
			}
			requests := w.come(after...)
			for k, a := range w.run(t, requests) {
				at := time.Duration(a.finish-requests[0].at) - ms // of the API server
				if a.reason == none {
					at -= ms // of the log
				}
				if got := (ending{at, a.reason}); got != tt.want[k] {
					t.Errorf("call %d ends %+v, want %+v", k, got, tt.want[k])
				}
			}
		})
	}
}

// TestAPoolIsAQueueOfManyServers holds a pool to the queue that it is: calls take the
// connection that is free first, in the order in which they came.
func TestAPoolIsAQueueOfManyServers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 5).Draw(t, "size")
		wait := time.Duration(rapid.SampledFrom([]int{10, 50, 30_000}).Draw(t, "wait")) * ms
		timeout := time.Duration(rapid.SampledFrom([]int{0, 20, 60}).Draw(t, "timeout")) * ms
		lag, slowest := time.Duration(rapid.IntRange(0, 3).Draw(t, "lag"))*ms, rapid.Float64Range(1, 100).Draw(t, "slowest")
		draws := station.NewStream(rapid.Uint64().Draw(t, "seed"), "db", station.ForService)
		took := func(number uint64) time.Duration { // no less than the service time
			return ms + time.Duration(draws.Uniform(number)*slowest*float64(ms))
		}
		arch, follows := pooledBy(int32(size), wait, timeout), int64(ms)
		if rapid.Bool().Draw(t, "balancer") { // which counts what is open, and calls nothing after it
			arch.Components[0].Type, arch.Components[0].LoadBalancer = graph.LoadBalancer, &graph.Balancing{Algorithm: graph.LeastRequests}
			arch.Connections, follows = arch.Connections[:1], 0
		}
		w := newClockwork(arch)
		db := w.callee("db", lag, func(f wire.Frame) scriptedOutcome { return scriptedOutcome{took: took(f.Request)} })
		log := w.callee("log", lag, func(wire.Frame) scriptedOutcome { return scriptedOutcome{took: ms} })
		var after []time.Duration
		at := 5 * ms
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 20_000), 1, 60).Draw(t, "gaps") {
			at += time.Duration(gap) * time.Microsecond
			after = append(after, at)
		}
		requests := w.come(after...)
		free, waited := make([]int64, size), int64(0)
		for k, a := range w.run(t, requests) {
			at := requests[k].at + int64(ms)
			slices.Sort(free)
			leaves, reason := max(at, free[0]), wire.ReasonNone
			ends := leaves + int64(took(uint64(k)))
			switch {
			case leaves > at+int64(wait):
				leaves, ends, reason = at+int64(wait), at+int64(wait), wire.ReasonPoolExhausted
			case timeout > 0 && ends > leaves+int64(timeout):
				ends, reason = leaves+int64(timeout), wire.ReasonTimeout
				free[0] = ends
			default:
				free[0] = ends
				ends += follows
			}
			waited += leaves - at
			if a.finish != ends || a.reason != reason {
				t.Fatalf("call %d: %q at %d, want %q at %d", k, a.reason, a.finish, reason, ends)
			}
		}
		if got := w.node.held[0].waited; got != waited {
			t.Fatalf("calls waited for %d, want %d", got, waited)
		}
		if broken := slices.Concat(db.broken, log.broken); len(broken) > 0 || w.node.counts.late > 0 {
			t.Fatalf("broken promises %v, %d late", broken, w.node.counts.late)
		}
		if h := w.node.held[0]; h.open > 0 || len(h.waiting.items) > 0 || w.node.visits.used > 0 {
			t.Fatalf("left over: %+v, %d visits", h, w.node.visits.used)
		}
	})
}

func TestOverHTTPNoCallWaitsForAConnection(t *testing.T) {
	arch := pooledBy(1, time.Second, 0)
	arch.Transport = graph.TransportHTTP
	if w := newClockwork(arch); len(w.node.held) > 0 {
		t.Errorf("%d pools are kept over HTTP", len(w.node.held))
	}
}

func TestAPoolMayGrowAndShrink(t *testing.T) {
	c := &connections{target: "db", size: 2}
	c.take()
	c.take()
	c.waiting.add(waiter{at: 5})
	if c.first() != forever {
		t.Fatal("all are taken")
	}
	if c.resize(3, 70); c.first() != 70 {
		t.Errorf("a new one is free from %d on, want 70", c.first())
	}
	c.resize(1, 80)
	if c.give(90, 1); c.first() != forever {
		t.Error("one was given back, but there is only one, which is taken")
	}
	if c.give(95, 2); c.first() != 95 {
		t.Errorf("the only one is free from %d on, want 95", c.first())
	}
	c.waiting.take()
	if c.resize(2, 99); c.first() != 0 {
		t.Errorf("one that no call had is free from %d on, want 0", c.first())
	}
}
