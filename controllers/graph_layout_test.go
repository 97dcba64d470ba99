package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
)

// drawnShop is a graph of an API server and a database, held by a simulation with a log.
func drawnShop(t *testing.T, log ...graph.Decision) scene {
	t.Helper()
	decisions, err := desired.LogStatus(log)
	if err != nil {
		t.Fatal(err)
	}
	cg := &v1alpha1.ComponentGraph{Spec: v1alpha1.ComponentGraphSpec{
		Components: []v1alpha1.Component{
			{Name: "api", Type: v1alpha1.ComponentType(graph.APIServer)},
			{Name: "db", Type: v1alpha1.ComponentType(graph.Database)},
		},
		Connections: []v1alpha1.Connection{{From: "api", To: "db"}},
	}}
	cg.Namespace, cg.Name, cg.UID, cg.Generation = "default", "shop", "1", 1
	holder := simulation("run", 0, untouched)
	holder.UID, holder.Status.Decisions = "2", decisions
	return scene{graph: cg, holder: &holder}
}

func TestStatusTellsWhereComponentsAreDrawn(t *testing.T) {
	drawn := newLayouts()
	positions := func(s scene) map[string]graph.Point {
		a, faults, err := s.architectures()
		if err != nil || len(faults) > 0 {
			t.Fatal(faults, err)
		}
		at := map[string]graph.Point{}
		for _, c := range accepted(s, a, drawn.lay(s, a), nil).Components {
			at[c.Name] = graph.Point{X: *c.Position.X, Y: *c.Position.Y}
		}
		return at
	}
	before := positions(drawnShop(t))
	insert := graph.Decision{ID: 1, Action: graph.InsertLoadBalancer, Component: "api", Added: new(graph.BalancerFor("lb"))}
	after := positions(drawnShop(t, insert))
	if len(after) != 3 || after["api"] != before["api"] || after["db"] != before["db"] {
		t.Errorf("positions went from %v to %v", before, after)
	}
	if want := (graph.Point{X: before["api"].X - 300, Y: before["api"].Y}); after["lb"] != want {
		t.Errorf("the load balancer is at %v, want %v before the API server", after["lb"], want)
	}
	pinned := drawnShop(t, insert)
	pinned.graph.Generation = 2
	pinned.graph.Spec.Components[1].Position = &v1alpha1.Position{X: new(int32(2000)), Y: new(int32(50))}
	if at := positions(pinned); at["db"] != (graph.Point{X: 2000, Y: 50}) || at["api"] != before["api"] {
		t.Errorf("after the user placed the database at 2000, 50 positions are %v", at)
	}
	drawn.forget(types.NamespacedName{Namespace: "default", Name: "shop"})
	if len(drawn.of) != 0 {
		t.Errorf("%d layouts are remembered of graphs that are gone", len(drawn.of))
	}
}

// TestLayoutsAreDrawnOnce checks that replicas, which change nothing in the picture, cost no full pass.
func TestLayoutsAreDrawnOnce(t *testing.T) {
	scaled := graph.Decision{ID: 1, Action: graph.AddReplica, Component: "api", From: 1, To: 2}
	inserted := graph.Decision{ID: 2, Action: graph.InsertCache, Component: "db", Added: new(graph.CacheFor("cache"))}
	plain, grown, changed := drawnShop(t), drawnShop(t, scaled), drawnShop(t, scaled, inserted)
	source := func(s scene) string {
		a, _, err := s.architectures()
		if err != nil {
			t.Fatal(err)
		}
		return s.source(a.log)
	}
	if source(plain) != source(grown) {
		t.Errorf("a replica draws the picture anew: %q, then %q", source(plain), source(grown))
	}
	if source(grown) == source(changed) {
		t.Errorf("an inserted component draws no new picture: %q", source(changed))
	}
}
