package process

import (
	"runtime"
	"testing"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestOnlyWhatHasMoreThanALoopNeedsCores(t *testing.T) {
	components := []graph.Component{{Name: "api"}, {Name: "hot", BurnCPU: true}}
	for name, c := range map[string]struct {
		component string
		transport graph.Transport
		want      bool
	}{
		"a component":              {"api", graph.TransportFrames, false},
		"one that burns":           {"hot", graph.TransportFrames, true},
		"one over HTTP":            {"api", graph.TransportHTTP, true},
		"a generator":              {"", graph.TransportFrames, false},
		"a generator over HTTP":    {"", graph.TransportHTTP, true},
		"a component that is gone": {"gone", graph.TransportFrames, false},
	} {
		top := wire.Topology{Architecture: graph.Architecture{Transport: c.transport, Components: components}}
		if got := (Identity{Component: c.component}).needsCores(top); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestCoresAreLeftToTheEnvironment(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	applied := 0
	apply := func(wire.Topology) { applied++ }
	Identity{}.OneCore(func(string) string { return "3" }, apply)(wire.Topology{})
	if now := runtime.GOMAXPROCS(0); now != before {
		t.Errorf("GOMAXPROCS %d, want %d as it was", now, before)
	}
	follow := Identity{}.OneCore(func(string) string { return "" }, apply)
	if now := runtime.GOMAXPROCS(0); now != 1 {
		t.Errorf("GOMAXPROCS %d, want 1", now)
	}
	follow(wire.Topology{Architecture: graph.Architecture{Transport: graph.TransportHTTP}})
	if now := runtime.GOMAXPROCS(0); runtime.NumCPU() > 1 && now == 1 {
		t.Errorf("GOMAXPROCS 1 over HTTP, want the default")
	}
	if applied != 2 {
		t.Errorf("%d topologies applied, want 2", applied)
	}
}
