package fidelity

import (
	"bufio"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// TestAWorkerThatIsKilledLosesNoMessage kills the process of one of two workers
// with SIGKILL while both hold messages.
func TestAWorkerThatIsKilledLosesNoMessage(t *testing.T) {
	needsLive(t)
	t.Parallel()
	const messages = 60
	file := filepath.Join(t.TempDir(), "topology.json")
	topology := queueWithWorkers()
	publish(t, file, topology)
	processes := make([]*process, len(topology.Instances))
	for k := range topology.Instances {
		i := &topology.Instances[k]
		processes[k] = startProcess(t, "stub", file, wire.EnvComponent+"="+i.Component, wire.EnvInstance+"="+i.Pod)
		i.Address = processes[k].requests
	}
	topology.Revision = "2"
	publish(t, file, topology)
	for _, p := range processes {
		p.awaitReady(t)
	}
	queue, victim := processes[0], processes[1]

	at := make([]station.Time, messages)
	begin := now().Add(500 * time.Millisecond)
	for k := range at {
		at[k] = begin.Add(time.Duration(k) * 10 * time.Millisecond)
	}
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		await(t, queue, "four messages in work", func(m map[string]float64) bool { return m[wire.ComponentUnacknowledged] == 4 })
		victim.kill()
	}()
	for k, a := range overFrames(t, queue.requests, at) {
		if a.lost || a.failed != wire.ReasonNone {
			t.Errorf("message %d was not published: %+v", k, a)
		}
	}
	<-killed
	m := await(t, queue, "the end of every message", func(m map[string]float64) bool {
		return m[wire.ComponentAcknowledged]+m[wire.ComponentDeadLettered] >= messages
	})
	for name, want := range map[string]float64{
		wire.ComponentAcknowledged: messages, wire.ComponentDeadLettered: 0, wire.ComponentQueueDepth: 0, wire.ComponentUnacknowledged: 0,
	} {
		if m[name] != want {
			t.Errorf("%s is %v, want %v", name, m[name], want)
		}
	}
	if put := m[wire.ComponentRedelivered]; put < 1 || put > 2 {
		t.Errorf("%v messages were put back, want the one or two that the killed worker held", put)
	}
}

// queueWithWorkers has one queue and two workers of two messages at once.
func queueWithWorkers() wire.Topology {
	work := func(mean time.Duration, cores int32) graph.Capacity {
		return graph.Capacity{Cores: cores, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: mean}}
	}
	instance := func(component, id string) wire.Instance {
		return wire.Instance{ID: id, Component: component, Pod: "pod-" + id, State: wire.Ready}
	}
	return wire.Topology{
		Graph: "test/fidelity", UID: "1", Revision: "1", Seed: seed, Entry: "queue",
		Architecture: graph.Architecture{
			Components: []graph.Component{
				{Name: "queue", Type: graph.MessageQueue, Replicas: 1, Capacity: work(time.Microsecond, 8), Queue: &graph.Queueing{}},
				{Name: "worker", Type: graph.Worker, Replicas: 2, Capacity: work(150*time.Millisecond, 2), Worker: &graph.Working{Concurrency: 2}},
			},
			Connections: []graph.Connection{{From: "queue", To: "worker", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}},
		},
		Instances: []wire.Instance{instance("queue", "queue-1"), instance("worker", "worker-1"), instance("worker", "worker-2")},
	}
}

// await scrapes a stub until its metrics without labels are as wanted.
func await(t *testing.T, p *process, what string, wanted func(map[string]float64) bool) map[string]float64 {
	t.Helper()
	deadline, poll := time.After(2*time.Minute), time.NewTicker(10*time.Millisecond)
	defer poll.Stop()
	for {
		if answer, err := http.Get("http://" + p.metrics + "/metrics"); err == nil {
			m := map[string]float64{}
			for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
				name, value, _ := strings.Cut(lines.Text(), " ")
				if x, err := strconv.ParseFloat(value, 64); err == nil {
					m[name] = x
				}
			}
			_ = answer.Body.Close()
			if wanted(m) {
				return m
			}
		}
		select {
		case <-deadline:
			t.Errorf("waiting for %s", what)
			return nil
		case <-poll.C:
		}
	}
}
