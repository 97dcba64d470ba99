package rehearsal

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// All are the reports of every simulation of a namespace, each with its UID.
func (r *Runner) All(ctx context.Context, namespace string) ([]report.Identified, error) {
	var sims v1alpha1.SimulationList
	if err := r.client.List(ctx, &sims, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("listing the simulations: %w", err)
	}
	all := make([]report.Identified, 0, len(sims.Items))
	for i := range sims.Items {
		sim := &sims.Items[i]
		all = append(all, report.Identified{ID: string(sim.UID), Report: r.Outcome(ctx, sim)})
	}
	return all, nil
}
