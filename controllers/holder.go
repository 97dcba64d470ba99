package controllers

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// holderOf is the simulation that holds a graph: the unfinished one that began
// first, or else the last to finish that keeps its architecture; nil if none
// does. The same list gives the same answer to everybody who asks.
func holderOf(sims []v1alpha1.Simulation) *v1alpha1.Simulation {
	var running, kept *v1alpha1.Simulation
	for i := range sims {
		sim := &sims[i]
		switch {
		case sim.DeletionTimestamp != nil:
		case !finished(sim):
			if running == nil || before(sim, running) {
				running = sim
			}
		case sim.Spec.AutoScaling.AfterCompletion == v1alpha1.KeepArchitecture || sim.Spec.AutoScaling.AfterCompletion == "":
			if kept == nil || later(sim, kept) {
				kept = sim
			}
		}
	}
	if running != nil {
		return running
	}
	return kept
}

func finished(sim *v1alpha1.Simulation) bool {
	return meta.IsStatusConditionTrue(sim.Status.Conditions, v1alpha1.ConditionFinished)
}

// before orders unfinished simulations: one that has traffic goes on, then the
// older one comes first.
func before(a, b *v1alpha1.Simulation) bool {
	return slices.IsSortedFunc([]*v1alpha1.Simulation{a, b}, func(a, b *v1alpha1.Simulation) int {
		return cmp.Or(
			cmp.Compare(rank(a.Status.StartTime != nil), rank(b.Status.StartTime != nil)),
			a.CreationTimestamp.Compare(b.CreationTimestamp.Time),
			cmp.Compare(a.Name, b.Name),
		)
	})
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func later(a, b *v1alpha1.Simulation) bool {
	if a.Status.CompletionTime == nil || b.Status.CompletionTime == nil {
		return b.Status.CompletionTime == nil
	}
	return a.Status.CompletionTime.After(b.Status.CompletionTime.Time)
}
