package controllers

import (
	"context"
	"errors"
	"time"

	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// errOutage stands for the source while a fault of the run takes it away.
var errOutage = errors.New("a fault of the run takes the measurements away")

// observe asks the source as far as the faults of the run let the rules see.
func (r *SimulationReconciler) observe(ctx context.Context, p *pass, q metrics.Question) ([]scaling.Observation, error) {
	faults, err := desired.Faults(p.sim.Spec.Faults)
	if err != nil {
		return nil, err
	}
	sight := faults.Sight(clock(p.status).Elapsed(p.now))
	if sight.Out {
		return nil, errOutage
	}
	q.At = q.At.Add(-sight.Delay)
	return r.o.Meter.Observe(ctx, q)
}

// staleness is how old the newest measurement is, 0 if there is none.
func staleness(observations []scaling.Observation, now time.Time) time.Duration {
	var newest time.Time
	for _, o := range observations {
		for _, s := range o.Signals {
			if s.Last.After(newest) {
				newest = s.Last
			}
		}
	}
	if newest.IsZero() {
		return 0
	}
	return now.Sub(newest)
}
