package stub

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	// quietAfter is how long replicas may go on after the last request: each level
	// is awake for a second after it has last heard a caller.
	quietAfter = 5 * time.Second
	// prompt is the most time between the logical time of an answer and its coming:
	// ticks and ways of the few hops of these architectures. inTurn is that where
	// something waits for a promise that its replica says in its next turn at rest.
	prompt, inTurn = 20 * ms, prompt + time.Duration(holdBack/2)
)

// called makes connections, each of one call after the other.
func called(pairs ...[2]string) []graph.Connection {
	var all []graph.Connection
	for _, p := range pairs {
		all = append(all, graph.Connection{From: p[0], To: p[1], Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100})
	}
	return all
}

// members makes components of three replicas each.
func members(kind graph.ComponentType, service time.Duration, names ...string) []graph.Component {
	capacity := constant(service)
	capacity.Cores = 64
	var all []graph.Component
	for _, name := range names {
		all = append(all, graph.Component{Name: name, Type: kind, Replicas: 3, Capacity: capacity})
	}
	return all
}

// tree is a service that calls two others, of which the first calls the second
// too, and one more.
func tree(last time.Duration) graph.Architecture {
	return graph.Architecture{
		Components:  append(members(graph.APIServer, ms, "front", "orders", "stock"), members(graph.Database, last, "db")...),
		Connections: called([2]string{"front", "orders"}, [2]string{"front", "stock"}, [2]string{"orders", "stock"}, [2]string{"orders", "db"}),
	}
}

// patientTree has timeouts, retries and few connections.
func patientTree() graph.Architecture {
	arch := tree(ms)
	for i := range arch.Connections {
		c := &arch.Connections[i]
		c.Timeout, c.Retries = 100*ms, graph.Retries{Count: 2, Backoff: 20 * ms, MaxBackoff: 20 * ms}
		c.PoolSize, c.PoolTimeout = 1, 50*ms
	}
	return arch
}

// store is a balancer before services with a cache aside, a primary and a replica.
func store() graph.Architecture {
	arch := graph.Architecture{
		Components: append(members(graph.LoadBalancer, ms, "lb"), members(graph.APIServer, ms, "api")...),
		Connections: called([2]string{"lb", "api"}, [2]string{"api", "cache"}, [2]string{"api", "db"},
			[2]string{"api", "replica"}),
	}
	primary := graph.Component{Name: "db", Type: graph.Database, Replicas: 1, Capacity: constant(ms), Database: &graph.DatabaseRole{ConnectionLimit: 100}}
	replica := graph.ReadReplicaOf(primary, "replica")
	replica.Replicas, replica.Database.ReplicationLag = 2, 50*ms
	cache := graph.Component{Name: "cache", Type: graph.Cache, Replicas: 2, Capacity: constant(ms), Cache: &graph.Caching{Entries: 100}}
	arch.Components = append(arch.Components, primary, replica, cache)
	arch.Connections[3].Classes = []graph.Class{graph.Read}
	return arch
}

// ofSeconds is the one of which calls follow on such that take longer than a callee
// may be silent.
const ofSeconds = "calls after some of several seconds"

// idlers are architectures whose replicas promise in all ways that there are.
func idlers() map[string]graph.Architecture {
	return map[string]graph.Architecture{
		"services":                           tree(ms),
		ofSeconds:                            tree(4 * time.Second),
		"one call of several seconds":        {Components: append(members(graph.APIServer, ms, "api"), members(graph.Database, 4*time.Second, "db")...), Connections: called([2]string{"api", "db"})},
		"timeouts, retries, few connections": patientTree(),
		"a cache aside and a replica":        store(),
		"a queue and workers":                withDatabase(office(graph.Distribution{Kind: graph.Constant, Mean: 5 * ms}, 4), ms, 2),
	}
}

// mixed are reads and some writes, far enough apart to keep out of each other's way.
func mixed(n int) []wire.Frame {
	return requests(n, 25, func(k int, f *wire.Frame) {
		f.Key = uint64(k % 7)
		if k%4 == 3 {
			f.Class = wire.ClassWrite
		}
	})
}

// silent wants that nothing happens, and that a turn for a scrape or a topology is
// no reason to speak.
func (w *network) silent(t *testing.T) {
	t.Helper()
	frames, turns := w.frames, w.turns
	for k := range 120 {
		w.pass(time.Duration(k+1) * 100 * ms)
		for _, m := range w.nodes {
			m.next = w.now
			turns++
		}
		w.pass(ms)
		if w.frames != frames || w.turns != turns {
			t.Fatalf("%d frames and %d turns without requests, want none", w.frames-frames, w.turns-turns)
		}
	}
}

// good wants answers in their logical time and soon after it.
func good(t rapid.TB, begin int64, requests []wire.Frame, answers []heard, most time.Duration) (took []time.Duration) {
	t.Helper()
	for k, a := range answers {
		took = append(took, time.Duration(a.Time-begin-requests[k].Time))
		if wall := time.Duration(a.at - a.Time); a.Reason != wire.ReasonNone || a.Late || wall > most {
			t.Errorf("request %d: reason %q, late %v, there %v after its time, want an answer in time and within %v", k, a.Reason, a.Late, wall, most)
		}
	}
	return took
}

func TestIdleReplicasFallSilentAndWakeInTime(t *testing.T) {
	for name, arch := range idlers() {
		t.Run(name, func(t *testing.T) {
			w, asked, most := newNetwork(arch), mixed(40), prompt
			if name == ofSeconds {
				most = inTurn
			}
			w.pass(quietAfter)
			w.silent(t)
			var usual []time.Duration
			for round := range 3 {
				begin, answers := w.client.ask(t, asked, quietAfter)
				took := good(t, begin, asked, answers, most)
				w.pass(quietAfter)
				w.silent(t)
				if round == 0 {
					continue // which fills the caches
				}
				if usual == nil {
					usual = took
				}
				if fmt.Sprint(took) != fmt.Sprint(usual) {
					t.Errorf("after a pause requests take %v, want what they took before it, %v", took, usual)
				}
			}
			for _, m := range w.nodes {
				if late := m.node.counts.late; late > 0 {
					t.Errorf("%s counts %d late", m.instance.ID, late)
				}
			}
		})
	}
}

// TestReplicasThatAreSentNothingDelayNobody has reads only, so that the way of
// writes has nothing but promises.
func TestReplicasThatAreSentNothingDelayNobody(t *testing.T) {
	arch := tree(ms)
	arch.Connections[0].Classes = []graph.Class{graph.Write} // front calls orders, which calls stock
	w, asked := newNetwork(arch), requests(500, 100, nil)
	begin, answers := w.client.ask(t, asked, time.Second)
	for k, took := range good(t, begin, asked, answers, prompt) {
		if took != 2*ms {
			t.Errorf("request %d took %v, want 2 ms", k, took)
		}
	}
}

// TestACallerThatSleepsIsWokenForTheOthers asks one replica of the entry while the
// others know of no reason to wake. Those with a silent client of their own cannot
// say what it will send: for it the hold-back passes, as each replica on the way
// says in its next turn.
func TestACallerThatSleepsIsWokenForTheOthers(t *testing.T) {
	for name, tt := range map[string]struct {
		silentClient bool
		most         time.Duration
	}{"that has no callers": {false, prompt}, "that has a silent caller": {true, time.Duration(holdBack) + inTurn}} {
		t.Run(name, func(t *testing.T) {
			w, asked := newNetwork(tree(ms)), requests(20, 5, nil)
			for k, l := range w.client.links[1:] {
				if !tt.silentClient {
					w.nodes[k+1].node.lose(l.other)
				}
			}
			w.client.links = w.client.links[:1]
			w.pass(quietAfter)
			begin, answers := w.client.ask(t, asked, time.Second)
			for k, a := range answers {
				took, wall := time.Duration(a.Time-begin-asked[k].Time), time.Duration(a.at-a.Time)
				if a.Reason != wire.ReasonNone || a.Late || took != 5*ms || wall > tt.most {
					t.Errorf("request %d: reason %q, late %v, %v after its time, there %v later, want 5 ms and at most %v", k, a.Reason, a.Late, took, wall, tt.most)
				}
			}
		})
	}
}

func TestNoPauseLosesOrDelaysARequest(t *testing.T) {
	all := idlers()
	delete(all, ofSeconds)
	delete(all, "one call of several seconds")
	rapid.Check(t, func(rt *rapid.T) {
		arch := all[rapid.SampledFrom(slices.Sorted(maps.Keys(all))).Draw(rt, "architecture")]
		w := newNetwork(arch)
		for range rapid.IntRange(1, 5).Draw(rt, "bursts") {
			w.pass(time.Duration(rapid.IntRange(0, 5000).Draw(rt, "pause")) * ms)
			asked := mixed(rapid.IntRange(1, 10).Draw(rt, "requests"))
			begin, answers := w.client.ask(rt, asked, time.Duration(rapid.IntRange(300, 2000).Draw(rt, "rest"))*ms)
			good(rt, begin, asked, answers, prompt)
		}
	})
}
