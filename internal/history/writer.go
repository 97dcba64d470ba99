package history

import (
	"context"
	"fmt"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/metrics"
)

// Measurements are where recordings come from: a metrics.Client.
type Measurements interface {
	Record(ctx context.Context, s metrics.Scene, start, end time.Time, step time.Duration, series int) (metrics.Recording, error)
}

// Forget lets go of a run that is told to its end.
func (w *Writer) Forget(run string) { delete(w.told, run) }

// Memory tells how far a run was kept before: a Store.
type Memory interface {
	LastSample(ctx context.Context, run string) (time.Time, error)
}

// How runs are measured.
const (
	// Step between two samples of a component.
	Step = time.Second
	// window that momentary values are measured over.
	window = 5 * time.Second
	// delay after which what was scraped of a moment is all there.
	delay = 10 * time.Second
	// stretch is the most that is asked for at once, so that a writer that was down
	// for long gets on in steps.
	stretch = 10 * time.Minute
	// silence is how long nothing is measured before it is told as a gap: longer than
	// the first values of a run take.
	silence = 10 * time.Second
)

// Writer tells a buffer what happens in runs, and first what happened while there
// was no writer. It belongs to one goroutine.
type Writer struct {
	measurements Measurements
	memory       Memory
	buffer       *Buffer
	// told is how far each run is told.
	told map[string]progress
}

// progress is how far the metrics of a run are told.
type progress struct {
	// next moment that is not told yet.
	next time.Time
	// measured is the last moment that had any metrics, at first the run's start.
	measured time.Time
}

// NewWriter writes by way of a buffer.
func NewWriter(m Measurements, memory Memory, buffer *Buffer) *Writer {
	return &Writer{measurements: m, memory: memory, buffer: buffer, told: map[string]progress{}}
}

// Tell tells a run as it is now. It never waits for the metrics or the database.
func (w *Writer) Tell(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph, user string) (Run, error) {
	told, err := Told(sim, cg, user)
	if err != nil {
		return Run{}, err
	}
	w.buffer.Offer(told)
	return told.Runs[0], nil
}

// Observe tells a run as it is now, and a stretch of its metrics. It reports
// whether the run is told to its end, after which it need not be observed again.
// When the metrics or the database are away the run itself is told nevertheless,
// and the stretch is told by a later call.
func (w *Writer) Observe(ctx context.Context, sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph, user string, now time.Time) (bool, error) {
	run, err := w.Tell(sim, cg, user)
	if err != nil {
		return false, err
	}
	return w.Measure(ctx, sim, cg, run, now)
}

// Measure tells a stretch of the metrics of a run that was told, and reports whether
// that was the last.
func (w *Writer) Measure(ctx context.Context, sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph, run Run, now time.Time) (bool, error) {
	if run.StartedAt.IsZero() {
		return !run.EndedAt.IsZero(), nil
	}
	p, err := w.resume(ctx, run)
	if err != nil {
		return false, err
	}
	if to := due(run, p.next, now); !to.Before(p.next) {
		scene := metrics.Scene{Namespace: sim.Namespace, Graph: sim.Spec.GraphRef.Name, Simulation: sim.Name, Window: window}
		recording, err := w.measurements.Record(ctx, scene, p.next, to, Step, seriesOf(cg))
		if err != nil {
			return false, fmt.Errorf("the metrics of %s/%s: %w", sim.Namespace, sim.Name, err)
		}
		b, further := p.tell(run, recording)
		p = further
		w.buffer.Offer(b)
		w.told[run.ID] = p
	}
	return ended(run, p.next), nil
}

// tell is a recording as rows, with a gap for each silence, and how far the run is
// told then.
func (p progress) tell(run Run, r metrics.Recording) (Batch, progress) {
	b := Batch{Samples: Measured(run.ID, r)}
	until := func(at time.Time) {
		if at.Sub(p.measured) > silence {
			gap := Gap{From: p.measured.Add(Step), To: at.Add(-Step), Reason: "nothing was measured"}
			b.Events = append(b.Events, gap.event(run.ID, ""))
		}
		p.measured = at
	}
	for _, s := range b.Samples {
		until(s.At)
	}
	p.next = p.next.Add(time.Duration(r.Length) * Step)
	if ended(run, p.next) {
		until(p.next)
	}
	return b, p
}

// resume is how far a run is told: moments lie whole steps after the start, so that
// whoever tells one again tells the same.
func (w *Writer) resume(ctx context.Context, run Run) (progress, error) {
	if p, ok := w.told[run.ID]; ok {
		return p, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	last, err := w.memory.LastSample(ctx, run.ID)
	if err != nil {
		return progress{}, err
	}
	p := progress{next: run.StartedAt, measured: run.StartedAt}
	if !last.IsZero() {
		p = progress{next: last.Add(Step), measured: last}
	}
	w.told[run.ID] = p
	return p, nil
}

// due is the last moment to be told by now.
func due(run Run, from, now time.Time) time.Time {
	to := now.Add(-delay)
	if latest := from.Add(stretch); to.After(latest) {
		to = latest
	}
	if !run.EndedAt.IsZero() && to.After(run.EndedAt) {
		to = run.EndedAt
	}
	return to
}

// ended reports whether a run has no moment left from one on.
func ended(run Run, from time.Time) bool { return !run.EndedAt.IsZero() && from.After(run.EndedAt) }

// seriesOf is about how many there are in an answer.
func seriesOf(cg *v1alpha1.ComponentGraph) int {
	if cg == nil {
		return 1
	}
	n := len(cg.Status.Connections)
	for _, c := range cg.Status.Components {
		n++
		if c.Replicas != nil {
			n += int(*c.Replicas)
		}
	}
	return max(n, 1)
}
