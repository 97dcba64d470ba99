package fidelity

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// sample is what counters showed at a time.
type sample struct {
	at       time.Time
	survived []float64 // requests offered by each generator that lives on
	arrived  float64   // requests at the entry
}

// offered is the sum over the survivors.
func (s sample) offered() float64 {
	sum := 0.0
	for _, n := range s.survived {
		sum += n
	}
	return sum
}

// TestTheShareOfAKilledGeneratorIsTakenOver kills one of three generator
// processes with SIGKILL and holds the others, and the entry, to the whole rate
// five seconds later.
func TestTheShareOfAKilledGeneratorIsTakenOver(t *testing.T) {
	needsLive(t)
	const rate, within = 600.0, 5 * time.Second
	path := filepath.Join(t.TempDir(), "topology.json")
	topology := wire.Topology{Graph: "test/crowd", UID: "1", Revision: "1", Seed: seed, Entry: component, Architecture: graph.Architecture{
		Components: []graph.Component{{Name: component, Type: graph.APIServer, Replicas: 1, Capacity: graph.Capacity{
			Cores: 8, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: time.Millisecond},
		}}},
	}}
	publish(t, path, topology)
	entry := startProcess(t, "stub", path, wire.EnvComponent+"="+component, wire.EnvInstance+"=pod-1")
	topology.Instances = []wire.Instance{{ID: component + "-1", Component: component, Pod: "pod-1", Address: entry.requests, State: wire.Ready}}
	var generators []*process
	for index := range 3 {
		g := startProcess(t, "loadgen", path, fmt.Sprintf("%s=%d", wire.EnvIndex, index))
		generators = append(generators, g)
		topology.Generators = append(topology.Generators, wire.Instance{ID: fmt.Sprintf("run-%d", index), Address: g.metrics, State: wire.Ready})
	}
	topology.Revision = "2"
	topology.Plan = &wire.Plan{
		Simulation: "test/run", UID: "1", Start: time.Now().Add(2 * time.Second), Duration: time.Hour, Generators: 3,
		Traffic: traffic.Traffic{
			Profile: traffic.Constant(rate, time.Hour), Arrival: traffic.Uniform, Mix: traffic.Mix{ReadPercent: 100},
			Keys: traffic.Keys{Count: 10}, Timeout: time.Second,
		},
	}
	publish(t, path, topology)
	victim, survivors := generators[1], []*process{generators[0], generators[2]}
	look := func() sample {
		s := sample{arrived: entry.value(t, wire.ComponentArrivals)}
		for _, g := range survivors {
			s.survived = append(s.survived, g.value(t, wire.LoadgenOffered))
		}
		s.at = time.Now()
		return s
	}
	between := func(a, b sample) (survivors, arrivals float64) {
		seconds := b.at.Sub(a.at).Seconds()
		return (b.offered() - a.offered()) / seconds, (b.arrived - a.arrived) / seconds
	}
	wait := func(d time.Duration) sample {
		<-time.After(d) // rates are measured over time
		return look()
	}
	eventually(t, "traffic flows", func() bool { return entry.value(t, wire.ComponentArrivals) > rate })

	before := look()
	later := wait(2 * time.Second)
	share, whole := between(before, later)
	t.Logf("of three: the survivors offer %.0f/s, %.0f/s arrive", share, whole)
	if near(share, rate*2/3, 0.1) != nil || near(whole, rate, 0.05) != nil {
		t.Errorf("three generators: two offer %.0f/s and %.0f/s arrive, want %.0f/s and %.0f/s", share, whole, rate*2/3, rate)
	}

	victim.kill()
	killed := look()
	after := wait(within)
	end := wait(3 * time.Second)
	share, whole = between(after, end)
	t.Logf("%v after the kill: the survivors offer %.0f/s, %.0f/s arrive", after.at.Sub(killed.at).Round(time.Millisecond), share, whole)
	for what, got := range map[string]float64{"the survivors offer": share, "at the entry arrive": whole} {
		if err := near(got, rate, 0.05); err != nil {
			t.Errorf("%v after the kill %s %v", within, what, err)
		}
	}
	missed := rate*after.at.Sub(killed.at).Seconds() - (after.arrived - killed.arrived)
	t.Logf("%.0f requests were not sent while nobody played the share", missed)
	if most := rate / 3 * within.Seconds(); missed > most {
		t.Errorf("%.0f requests are missing, at most the share of %v, %.0f, may be", missed, within, most)
	}
	for i, g := range survivors {
		if got := g.value(t, wire.LoadgenShares); got != 0.5 {
			t.Errorf("survivor %d plays %v of the plan, want half", i, got)
		}
		if each := (end.survived[i] - after.survived[i]) / end.at.Sub(after.at).Seconds(); near(each, rate/2, 0.15) != nil {
			t.Errorf("survivor %d offers %.0f/s, want half of %v/s", i, each, rate)
		}
	}
}

// near reports whether got is within a part of want.
func near(got, want, part float64) error {
	if got < want*(1-part) || got > want*(1+part) {
		return fmt.Errorf("%.1f, want %.1f within %.0f %%", got, want, 100*part)
	}
	return nil
}
