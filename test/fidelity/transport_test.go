package fidelity

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// shopOf is a load balancer before two API servers before a database, each a
// queue of some length at 300 requests a second.
func shopOf(t graph.Transport) graph.Architecture {
	law := func(mean time.Duration) graph.Capacity {
		return graph.Capacity{Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Exponential, Mean: mean}}
	}
	edge := func(from, to string) graph.Connection {
		return graph.Connection{From: from, To: to, Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}
	}
	return graph.Architecture{
		Transport: t,
		Components: []graph.Component{
			{Name: "lb", Type: graph.LoadBalancer, Replicas: 1, Capacity: law(time.Millisecond)},
			{Name: "api", Type: graph.APIServer, Replicas: 2, Capacity: law(4 * time.Millisecond)},
			{Name: "db", Type: graph.Database, Replicas: 1, Capacity: law(2 * time.Millisecond), ErrorRatePPM: 10_000, Database: &graph.DatabaseRole{}},
		},
		Connections: []graph.Connection{edge("lb", "api"), edge("api", "db")},
	}
}

// outcome is what a generator counted of one run.
type outcome struct {
	offered, answered, failed, late float64
	mean                            time.Duration
	wall                            time.Duration
}

// launch starts a process for each replica of an architecture, whose first
// component is the entry, and waits until all are ready.
func launch(t *testing.T, arch graph.Architecture) (string, wire.Topology, map[string]*process) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "topology.json")
	topology := wire.Topology{Graph: "test/shop", UID: "1", Revision: "1", Seed: seed, Entry: arch.Components[0].Name, Architecture: arch}
	publish(t, path, topology)
	stubs := map[string]*process{}
	for _, c := range arch.Components {
		for k := range c.Replicas {
			id := fmt.Sprintf("%s-%d", c.Name, k+1)
			p := startProcess(t, "stub", path, wire.EnvComponent+"="+c.Name, wire.EnvInstance+"="+id)
			stubs[id] = p
			topology.Instances = append(topology.Instances, wire.Instance{ID: id, Component: c.Name, Pod: id, Address: p.requests, State: wire.Ready})
		}
	}
	topology.Revision = "2"
	publish(t, path, topology)
	for _, p := range stubs {
		p.awaitReady(t)
	}
	return path, topology, stubs
}

// rehearse plays ten seconds of 300 requests a second through real processes.
func rehearse(t *testing.T, over graph.Transport) outcome {
	t.Helper()
	path, topology, _ := launch(t, shopOf(over))
	generator := startProcess(t, "loadgen", path)
	topology.Revision, topology.Plan = "3", &wire.Plan{
		Simulation: "test/run", UID: "1", Start: time.Now().Add(time.Second), Duration: *duration, Generators: 1,
		Traffic: traffic.Traffic{
			Profile: traffic.Constant(300, *duration), Arrival: traffic.Poisson, Mix: traffic.Mix{ReadPercent: 80, WritePercent: 20},
			Keys: traffic.Keys{Count: 100}, Timeout: 10 * time.Second,
		},
	}
	publish(t, path, topology)
	eventually(t, "the plan is played", func() bool { return generator.value(t, wire.LoadgenFinished) == 1 })
	o := outcome{offered: generator.value(t, wire.LoadgenOffered), late: generator.value(t, wire.LoadgenLateAnswers)}
	o.answered = generator.value(t, wire.LoadgenDuration)
	for _, m := range generator.scrape(t)[wire.LoadgenRequests].GetMetric() {
		for _, pair := range m.GetLabel() {
			if pair.GetValue() == "error" {
				o.failed += m.GetCounter().GetValue()
			}
		}
	}
	o.mean = meanOf(t, generator, wire.LoadgenDuration)
	o.wall = meanOf(t, generator, wire.LoadgenWallDuration)
	return o
}

func meanOf(t *testing.T, p *process, name string) time.Duration {
	t.Helper()
	sum, count := 0.0, 0.0
	for _, m := range p.scrape(t)[name].GetMetric() {
		sum += m.GetHistogram().GetSampleSum()
		count += float64(m.GetHistogram().GetSampleCount())
	}
	return time.Duration(math.Round(sum / count * 1e9))
}

// TestOverHTTPARunIsTheSameAsInFrames plays one plan over both transports: with
// the same arrivals and draws every request must take the same logical time.
func TestOverHTTPARunIsTheSameAsInFrames(t *testing.T) {
	needsLive(t)
	var frames, http outcome
	for range attempts {
		frames, http = rehearse(t, graph.TransportFrames), rehearse(t, graph.TransportHTTP)
		t.Logf("frames %+v", frames)
		t.Logf("HTTP   %+v", http)
		if frames.late+http.late == 0 {
			break
		}
	}
	if frames.late+http.late > 0 {
		t.Skipf("no valid pair of runs in %d attempts: the host is too busy", attempts)
	}
	if http.offered != frames.offered || http.answered != frames.answered || http.failed != frames.failed || http.offered != http.answered+http.failed {
		t.Errorf("over HTTP %+v, in frames %+v: the same requests must be answered and fail", http, frames)
	}
	if off := (http.mean - frames.mean).Abs(); off > frames.mean/1000 {
		t.Errorf("mean latency %v over HTTP and %v in frames, want the same", http.mean, frames.mean)
	}
	if http.wall < 300*time.Millisecond {
		t.Errorf("a request was answered after %v of wall time on average: three replicas that hold back for 100 ms each were not passed over HTTP", http.wall)
	}
}
