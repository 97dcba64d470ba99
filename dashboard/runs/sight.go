package runs

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// probeEvery is how often the control plane is asked whether it is there, and
// probeTimeout how long it may take.
const (
	probeEvery   = time.Second
	probeTimeout = 2 * time.Second
)

// maxQuestions is how many runs are measured at once.
const maxQuestions = 8

// every calls step on a grid until ctx ends; a step that takes longer delays the next.
func (b *Book) every(ctx context.Context, interval time.Duration, step func(context.Context)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// measure measures every run that goes on.
func (b *Book) measure(ctx context.Context) {
	var group errgroup.Group
	group.SetLimit(maxQuestions)
	for _, r := range b.All() {
		if r.runs() {
			group.Go(func() error { b.measureRun(ctx, r); return nil })
		}
	}
	_ = group.Wait() // each run says itself what it could not do
}

func (b *Book) measureRun(ctx context.Context, r *Run) {
	now := b.o.Now()
	shown, err := b.o.Meter.Show(ctx, r.scene(now))
	if ctx.Err() != nil {
		return
	}
	told, health := &shown, wire.Health{OK: true}
	if err != nil {
		told, health = nil, wire.Health{Message: "the metrics source does not answer: nothing is measured until it does"}
	}
	sight := projection.Sight{ControlPlane: b.ControlPlane(), Metrics: health, Manager: wire.Health{OK: true}}
	if sight.ControlPlane.OK { // or else nobody could hear the manager
		sight.Manager = r.lookedAfter(now)
	}
	if err := r.see(sight, now); err != nil {
		b.o.Log.Error(err, "phase not told")
	}
	if err := r.measured(told, now); err != nil {
		b.o.Log.Error(err, "measurement not told")
	}
}

// probe asks the control plane, and tells every run when the answer changes.
func (b *Book) probe(ctx context.Context) {
	asked, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	err := b.o.Probe(asked)
	if ctx.Err() != nil {
		return
	}
	now := b.o.Now()
	health := wire.Health{OK: true}
	before := b.ControlPlane()
	switch {
	case err != nil && !before.OK:
		health = before // since when it is so stays
	case err != nil:
		health = wire.Health{Message: fmt.Sprintf("control plane unreachable since %s: the run goes on, and what is shown is what was last known", now.UTC().Format("15:04:05 MST"))}
	}
	b.mu.Lock()
	b.control = health
	b.mu.Unlock()
	for _, r := range b.All() {
		r.mu.Lock()
		sight := r.sight
		r.mu.Unlock()
		sight.ControlPlane = health
		if err := r.see(sight, now); err != nil {
			b.o.Log.Error(err, "phase not told")
		}
	}
}
