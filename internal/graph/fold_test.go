package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func component(name string, t ComponentType, replicas int32) Component {
	return Component{Name: name, Type: t, Replicas: replicas}
}

func edge(from, to string) Connection {
	return Connection{From: from, To: to, Calls: 1, Mode: Sequential, ProbabilityPercent: 100}
}

func shop() Architecture {
	return Architecture{
		Components:  []Component{component("api", APIServer, 1), component("db", Database, 1), component("queue", MessageQueue, 1), component("worker", Worker, 1)},
		Connections: []Connection{edge("api", "db"), edge("api", "queue"), edge("queue", "worker")},
	}
}

// edges are the connections as text, in their order.
func edges(a Architecture) []string {
	var all []string
	for _, c := range a.Connections {
		text := c.From + " > " + c.To
		for _, class := range c.Classes {
			text += " " + string(class)
		}
		all = append(all, text)
	}
	return all
}

func sizes(a Architecture) map[string]int32 {
	all := map[string]int32{}
	for _, c := range a.Components {
		all[c.Name] = c.Replicas
	}
	return all
}

func TestFoldAppliesEachAction(t *testing.T) {
	plain := []string{"api > db", "api > queue", "queue > worker"}
	tests := map[string]struct {
		log       []Decision
		wantSizes map[string]int32
		wantEdges []string
	}{
		"a replica is added": {
			[]Decision{{ID: 1, Action: AddReplica, Component: "api", From: 1, To: 3}},
			map[string]int32{"api": 3, "db": 1, "queue": 1, "worker": 1}, plain,
		},
		"a replica is added and removed": {
			[]Decision{{ID: 1, Action: AddReplica, Component: "api", From: 1, To: 3}, {ID: 2, Action: RemoveReplica, Component: "api", From: 3, To: 2}},
			map[string]int32{"api": 2, "db": 1, "queue": 1, "worker": 1}, plain,
		},
		"a load balancer before the entry becomes the entry": {
			[]Decision{{ID: 1, Action: InsertLoadBalancer, Component: "api", Added: new(BalancerFor("lb"))}},
			map[string]int32{"api": 1, "db": 1, "queue": 1, "worker": 1, "lb": 1},
			[]string{"api > db", "api > queue", "queue > worker", "lb > api"},
		},
		"a load balancer takes over the callers": {
			[]Decision{{ID: 1, Action: InsertLoadBalancer, Component: "db", Added: new(BalancerFor("lb"))}},
			map[string]int32{"api": 1, "db": 1, "queue": 1, "worker": 1, "lb": 1},
			[]string{"api > lb", "api > queue", "queue > worker", "lb > db"},
		},
		"a cache is asked before the database": {
			[]Decision{{ID: 1, Action: InsertCache, Component: "db", Added: new(CacheFor("cache"))}},
			map[string]int32{"api": 1, "db": 1, "queue": 1, "worker": 1, "cache": 1},
			[]string{"api > cache", "api > db", "api > queue", "queue > worker"},
		},
		"a read replica, then another of it": {
			[]Decision{
				{ID: 1, Action: AddReadReplica, Component: "db", From: 0, To: 1, Added: new(ReadReplicaOf(component("db", Database, 1), "db-replica"))},
				{ID: 2, Action: AddReadReplica, Component: "db", From: 1, To: 2, Added: new(ReadReplicaOf(component("db", Database, 1), "db-replica"))},
			},
			map[string]int32{"api": 1, "db": 1, "queue": 1, "worker": 1, "db-replica": 2},
			[]string{"api > db-replica Read", "api > db", "api > queue", "queue > worker"},
		},
		"workers of a queue": {
			[]Decision{{ID: 1, Action: AddWorkers, Component: "queue", From: 1, To: 4}},
			map[string]int32{"api": 1, "db": 1, "queue": 1, "worker": 4}, plain,
		},
		"an edge before the load balancer": {
			[]Decision{
				{ID: 1, Action: InsertLoadBalancer, Component: "api", Added: new(BalancerFor("lb"))},
				{ID: 2, Action: InsertCDN, Component: "lb", Added: new(CDNFor("cdn"))},
			},
			map[string]int32{"api": 1, "db": 1, "queue": 1, "worker": 1, "lb": 1, "cdn": 1},
			[]string{"api > db", "api > queue", "queue > worker", "lb > api", "cdn > lb"},
		},
		"advice changes nothing": {
			[]Decision{{ID: 1, Action: SuggestSharding, Component: "db"}},
			map[string]int32{"api": 1, "db": 1, "queue": 1, "worker": 1}, plain,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			live, skipped := FoldReport(shop(), test.log)
			if len(skipped) > 0 {
				t.Errorf("skipped %v", skipped)
			}
			if diff := cmp.Diff(test.wantSizes, sizes(live)); diff != "" {
				t.Errorf("sizes (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wantEdges, edges(live)); diff != "" {
				t.Errorf("connections (-want +got):\n%s", diff)
			}
			if faults := Check(live); len(faults) > 0 {
				t.Errorf("faults %v", faults)
			}
		})
	}
}

func TestTheInsertedBalancerIsTheEntry(t *testing.T) {
	live := Fold(shop(), []Decision{{ID: 7, Rule: "load-balancer", Action: InsertLoadBalancer, Component: "api", Added: new(BalancerFor("lb"))}})
	if entry, ok := Entry(live); !ok || entry != "lb" {
		t.Errorf("entry %q %v, want lb", entry, ok)
	}
	lb, _ := live.Component("lb")
	if lb.Origin.ByUser() || lb.Origin.Rule != "load-balancer" || lb.Origin.Decision != 7 {
		t.Errorf("origin %+v, want the decision", lb.Origin)
	}
}

func TestFoldSkipsWhatNoLongerApplies(t *testing.T) {
	for name, test := range map[string]struct {
		decision Decision
		want     string
	}{
		"the component is gone":        {Decision{Action: AddReplica, Component: "gone", From: 1, To: 2}, "the component is gone"},
		"a human changed the replicas": {Decision{Action: AddReplica, Component: "api", From: 2, To: 3}, "the replicas were changed by someone else"},
		"down to nothing":              {Decision{Action: RemoveReplica, Component: "api", From: 1, To: 0}, "a component keeps at least one replica"},
		"the name is taken":            {Decision{Action: InsertLoadBalancer, Component: "api", Added: new(BalancerFor("db"))}, "the name is taken"},
		"nothing to add":               {Decision{Action: InsertCache, Component: "db"}, "the decision adds nothing"},
		"nobody asks the cache":        {Decision{Action: InsertCache, Component: "worker", Added: new(CacheFor("c"))}, "no API server calls the database"},
		"an unknown action":            {Decision{Action: "Explode", Component: "api"}, "the action is not known"},
		"the replica is gone":          {Decision{Action: AddReadReplica, Component: "db", From: 1, To: 2, Added: new(component("r", Database, 1))}, "the replica is gone"},
	} {
		test.decision.ID = 9
		live, skipped := FoldReport(shop(), []Decision{test.decision})
		if diff := cmp.Diff([]Skipped{{9, test.want}}, skipped); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(shop(), live); diff != "" {
			t.Errorf("%s changed the architecture:\n%s", name, diff)
		}
	}
}

// logs draws decisions that mostly apply, and some that do not.
func logs(t *rapid.T) []Decision {
	names := []string{"api", "db", "queue", "worker", "lb", "cache", "db-replica", "gone", ""}
	actions := []Action{AddReplica, RemoveReplica, InsertLoadBalancer, AddReadReplica, InsertCache, AddWorkers, InsertCDN, SuggestSharding, "Explode"}
	var log []Decision
	for id := range rapid.IntRange(0, 25).Draw(t, "entries") {
		d := Decision{
			ID: int64(id + 1), Action: rapid.SampledFrom(actions).Draw(t, "action"), Component: rapid.SampledFrom(names).Draw(t, "component"),
			From: rapid.Int32Range(-1, 3).Draw(t, "from"), To: rapid.Int32Range(-1, 4).Draw(t, "to"),
		}
		if live := Fold(shop(), log); rapid.Bool().Draw(t, "fits") {
			c, _ := live.Component(d.Component)
			d.From = c.Replicas
		}
		if rapid.Bool().Draw(t, "adds") {
			c := component(rapid.SampledFrom(names).Draw(t, "name"), rapid.SampledFrom([]ComponentType{LoadBalancer, Database, Cache, Worker, CDN}).Draw(t, "type"), 1)
			if c.Type == Database {
				c.Database = &DatabaseRole{ReplicaOf: rapid.SampledFrom(names).Draw(t, "primary")}
			}
			d.Added = &c
		}
		log = append(log, d)
	}
	return log
}

func TestFoldIsTotalAndLeavesItsArgumentsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base, log := shop(), logs(t)
		logBefore := append([]Decision(nil), log...)
		live := Fold(base, log)
		if diff := cmp.Diff(shop(), base); diff != "" {
			t.Fatalf("base changed:\n%s", diff)
		}
		if diff := cmp.Diff(logBefore, log); diff != "" {
			t.Fatalf("log changed:\n%s", diff)
		}
		seen := map[string]bool{}
		for _, c := range live.Components {
			if seen[c.Name] || c.Name == "" || c.Replicas < 1 {
				t.Fatalf("component %q is doubled, unnamed or empty", c.Name)
			}
			seen[c.Name] = true
		}
		ends := map[[2]string]bool{}
		for _, e := range live.Connections {
			if !seen[e.From] || !seen[e.To] || e.From == e.To || ends[[2]string{e.From, e.To}] {
				t.Fatalf("connection %s > %s dangles, loops or is doubled", e.From, e.To)
			}
			ends[[2]string{e.From, e.To}] = true
		}
	})
}

func TestCompactFoldsToTheSameAndIsIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := logs(t)
		short := Compact(shop(), log)
		if len(short) > len(log) {
			t.Fatalf("%d entries became %d", len(log), len(short))
		}
		if diff := cmp.Diff(Fold(shop(), log), Fold(shop(), short), cmpopts.IgnoreTypes(Origin{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("compacted log folds differently:\n%s", diff)
		}
		if diff := cmp.Diff(short, Compact(shop(), short), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("compacting twice differs:\n%s", diff)
		}
	})
}

func TestCompactMergesTheSizesOfAComponent(t *testing.T) {
	log := []Decision{
		{ID: 1, Action: AddReplica, Component: "api", From: 1, To: 2},
		{ID: 2, Action: AddWorkers, Component: "queue", From: 1, To: 3},
		{ID: 3, Action: AddReplica, Component: "api", From: 2, To: 5, Reason: "more"},
		{ID: 4, Action: RemoveReplica, Component: "worker", From: 3, To: 1},
	}
	got := Compact(shop(), log)
	if len(got) != 1 || got[0].From != 1 || got[0].To != 5 || got[0].Reason != "more" {
		t.Errorf("compacted to %+v, want api 1 -> 5 alone", got)
	}
}
