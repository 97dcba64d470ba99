package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"flashcrowd.io/flashcrowd/internal/report"
)

// sizes are the components of the final architecture and their replicas.
func sizes(r report.Report) map[string]int32 {
	all := map[string]int32{}
	for _, c := range r.Components {
		all[c.Name] = c.Replicas
	}
	return all
}

// measured tells a value that may not have been measured.
func measured(v *float64) string {
	if v == nil {
		return "not measured"
	}
	return fmt.Sprintf("%.2f", *v)
}

// wantGraph wants exactly these components and connections at the end.
func wantGraph(t *testing.T, r report.Report, components map[string]int32, connections ...string) {
	t.Helper()
	got := sizes(r)
	for name, n := range components {
		if got[name] != n {
			t.Errorf("%d replicas of %s, want %d", got[name], name, n)
		}
	}
	if len(got) != len(components) {
		t.Errorf("components %v, want %v", got, components)
	}
	var edges []string
	for _, c := range r.Connections {
		edges = append(edges, c.From+" -> "+c.To)
	}
	slices.Sort(edges)
	slices.Sort(connections)
	if !slices.Equal(edges, connections) {
		t.Errorf("connections %v, want %v", edges, connections)
	}
}

func aReplicaTakesReads(t *testing.T) {
	r := valid(t, "scenario-2.yaml")
	wantGraph(t, r, map[string]int32{"load-balancer": 1, "api-server": 1, "database": 1, "database-replica": 1},
		"load-balancer -> api-server", "api-server -> database", "api-server -> database-replica")
	primary, replica := component(t, r, "database"), component(t, r, "database-replica")
	if primary.Utilization == nil || replica.Utilization == nil || *primary.Utilization > 65 || *replica.Utilization < 25 {
		t.Errorf("primary %+v, replica %+v: want reads that both share", primary, replica)
	}
	if replica.Origin != "database" {
		t.Errorf("the replica is from %q, want the rule", replica.Origin)
	}
}

func TestScenario3GrowsIntoAWholeArchitecture(t *testing.T) {
	wantStorefront(t, valid(t, "scenario-3.yaml"))
}

// wantStorefront wants what scenario 3 is to become, and to have recovered.
func wantStorefront(t *testing.T, r report.Report) {
	t.Helper()
	wantGraph(t, r, map[string]int32{"cdn": 1, "load-balancer": 1, "api-server": 3, "cache": 1, "database": 1, "database-replica": 1},
		"cdn -> load-balancer", "load-balancer -> api-server", "api-server -> cache", "api-server -> database", "api-server -> database-replica")
	if r.Requests.Offered < 1_190_000 || r.Requests.Answered < r.Requests.Offered*8/10 {
		t.Errorf("requests %+v, want some 1,200,000 offered and all answered but for the first ones", r.Requests)
	}
	for _, c := range r.Components {
		if c.ErrorRate == nil || *c.ErrorRate > 0.1 {
			t.Errorf("%s, error rate %s at the end: want a system that has recovered", c.Name, measured(c.ErrorRate))
		}
		t.Logf("%s: CPU %s %%, %s ms", c.Name, measured(c.Utilization), measured(c.LatencyMs))
	}
}

func laggingWorkersAreJoinedByOthers(t *testing.T) {
	r := valid(t, "queue.yaml")
	grown := decided(r, "AddWorkers", "message-queue")
	if len(grown) == 0 || !strings.Contains(grown[0].Reason, "lag") {
		t.Fatalf("decisions %+v, want workers because of the lag", r.Decisions)
	}
	if w := component(t, r, "worker"); w.Replicas < 3 || w.Utilization == nil || *w.Utilization > 95 {
		t.Errorf("worker %+v, want enough of them for 120 messages a second of 20 ms", w)
	}
	if r.Requests.Failed+r.Requests.Dropped != 0 {
		t.Errorf("requests %+v: the queue takes every message", r.Requests)
	}
}
