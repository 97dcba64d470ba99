package rehearsal

import (
	"context"
	"encoding/json"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/report"
)

// Recorder reads what was measured over a run; a metrics.Client is one.
type Recorder interface {
	Record(ctx context.Context, s metrics.Scene, start, end time.Time, step time.Duration, series int) (metrics.Recording, error)
}

// WithRecorder is the runner whose reports have what was measured over the run.
func (r *Runner) WithRecorder(recorder Recorder) *Runner {
	measuring := *r
	measuring.recorder = recorder
	return &measuring
}

// maxPoints is how many values a series of a report has.
const maxPoints = 600

// seriesWindow is what a value of a series is measured over.
const seriesWindow = 5 * time.Second

// Measured is a report with its series. One whose measurements cannot be read
// says so and keeps the rest: the objects are a truth of their own.
func Measured(ctx context.Context, recorder Recorder, sim *v1alpha1.Simulation, r report.Report) report.Report {
	end := r.EndedAt
	switch {
	case r.StartedAt.IsZero():
		r.Unmeasured = "the run never began"
		return r
	case end.IsZero():
		end = r.StartedAt.Add(time.Duration(r.DurationSeconds * float64(time.Second)))
	}
	step := max(time.Second, (end.Sub(r.StartedAt)/maxPoints).Truncate(time.Second)+time.Second)
	if end.Sub(r.StartedAt) <= maxPoints*time.Second {
		step = time.Second
	}
	scene := metrics.Scene{Namespace: sim.Namespace, Graph: sim.Spec.GraphRef.Name, Simulation: sim.Name, At: end, Window: max(seriesWindow, 2*step)}
	recording, err := recorder.Record(ctx, scene, r.StartedAt, end, step, len(r.Components)+len(r.Connections))
	if err != nil {
		r.Unmeasured = err.Error()
		return r
	}
	series := seriesOf(recording)
	r.Series, r.Unmeasured = &series, ""
	r.Capacity = report.CapacityOf(r)
	return r
}

func seriesOf(recording metrics.Recording) report.Series {
	s := report.Series{StepSeconds: recording.Step.Seconds(), Total: map[string][]*float64{}, Components: map[string]map[string][]*float64{}}
	for name, values := range recording.Total {
		s.Total[name] = report.Measured(values)
	}
	for component, columns := range recording.Components {
		s.Components[component] = map[string][]*float64{}
		for column, values := range columns {
			s.Components[component][string(column)] = report.Measured(values)
		}
	}
	return s
}

// settings are the fields of both specs.
func settings(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph) map[string]string {
	all := map[string]string{}
	report.AddSettings(all, "simulation", plain(sim.Spec))
	if cg != nil {
		report.AddSettings(all, "graph", plain(cg.Spec))
	}
	return all
}

// plain is a spec as JSON has it. The kinds hold nothing that JSON could not.
func plain(spec any) any {
	raw, err := json.Marshal(spec)
	if err != nil {
		return nil
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil
	}
	return value
}
