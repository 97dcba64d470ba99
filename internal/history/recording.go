package history

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// linkRate is the one column of a connection.
const linkRate wire.MetricColumn = "rate"

// Measured is a recording of a run as rows, in the order of time. A moment at which
// nothing of a component was measured has none. Replicas are not kept.
func Measured(run string, r metrics.Recording) []Sample {
	series := map[string]map[wire.MetricColumn][]float64{}
	maps.Copy(series, r.Components)
	for link, rates := range r.Links {
		series[link] = map[wire.MetricColumn][]float64{linkRate: rates}
	}
	total := map[wire.MetricColumn][]float64{}
	for name, values := range r.Total {
		total[wire.MetricColumn(name)] = values
	}
	series[""] = total
	var samples []Sample
	names := slices.Sorted(maps.Keys(series))
	for at := range r.Length {
		for _, name := range names {
			values, measured := valuesAt(name, series[name], at)
			if measured {
				samples = append(samples, Sample{Run: run, Component: name, At: r.Start.Add(time.Duration(at) * r.Step).UTC(), Values: values})
			}
		}
	}
	return samples
}

// valuesAt is a moment of a series, and whether there is any of it.
func valuesAt(name string, series map[wire.MetricColumn][]float64, at int) (Values, bool) {
	var v Values
	measured := false
	for column, field := range v.byColumn(name) {
		values, ok := series[column]
		if !ok || math.IsNaN(values[at]) {
			continue
		}
		*field = &values[at]
		measured = true
	}
	return v, measured
}

// byColumn are the fields by the names that recordings have for them.
func (v *Values) byColumn(name string) map[wire.MetricColumn]**float64 {
	switch {
	case name == "":
		return map[wire.MetricColumn]**float64{
			"rate": &v.RequestRate, "target": &v.TargetRate, "p50": &v.LatencyP50, "p95": &v.LatencyP95, "p99": &v.LatencyP99, "errorRate": &v.ErrorRate,
		}
	case strings.Contains(name, ">"):
		return map[wire.MetricColumn]**float64{linkRate: &v.RequestRate}
	}
	return map[wire.MetricColumn]**float64{
		wire.ColumnCPU: &v.CPU, wire.ColumnMemory: &v.Memory, wire.ColumnRequestRate: &v.RequestRate, wire.ColumnLatency: &v.Latency, wire.ColumnLatencyP95: &v.LatencyP95,
		wire.ColumnErrorRate: &v.ErrorRate, wire.ColumnQueueDepth: &v.QueueDepth, wire.ColumnInFlight: &v.InFlight, wire.ColumnConnections: &v.Connections,
	}
}

// Recorder reads what was measured over a run that has ended: from a metrics source,
// and what that has forgotten from the history.
type Recorder struct {
	// Source is asked first, nil if there is none.
	Source Measurements
	// Store is the history, or why it cannot be reached now.
	Store func(context.Context) (*Store, error)
	// Run is its id.
	Run string
}

// ErrUnmeasured says that there is neither a metrics source nor a kept measurement.
var ErrUnmeasured = errors.New("no Prometheus was asked, and the history has nothing that was measured over this run")

// Record is a rehearsal's. What one of the two places has is enough.
func (r Recorder) Record(ctx context.Context, about metrics.Scene, start, end time.Time, step time.Duration, series int) (metrics.Recording, error) {
	recording, err := metrics.NewRecording(start, end, step), ErrUnmeasured
	if r.Source != nil {
		if measured, failed := r.Source.Record(ctx, about, start, end, step, series); failed != nil {
			err = failed
		} else {
			recording, err = measured, nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	store, away := r.Store(ctx)
	if away == nil {
		away = store.Fill(ctx, r.Run, &recording)
	}
	if away == nil && len(recording.Components)+len(recording.Total) > 0 {
		return recording, nil
	}
	return recording, err
}

// Fill puts what was kept of a run into a recording, where that has nothing. Values
// of a longer step than a sample's are means.
func (s *Store) Fill(ctx context.Context, run string, r *metrics.Recording) error {
	if r.Length == 0 {
		return nil
	}
	end := r.Start.Add(time.Duration(r.Length-1) * r.Step)
	samples, err := s.Samples(ctx, Chart{Run: run, From: r.Start, To: end, Step: r.Step})
	if err != nil {
		return err
	}
	for _, sample := range samples {
		at := int((sample.At.Sub(r.Start) + r.Step - 1) / r.Step) // steps of a chart begin before those of the run
		if at < 0 || at >= r.Length {
			continue
		}
		for column, field := range sample.byColumn(sample.Component) {
			if *field != nil {
				fill(series(r, sample.Component, column), at, **field)
			}
		}
	}
	return nil
}

func fill(values []float64, at int, v float64) {
	if math.IsNaN(values[at]) {
		values[at] = v
	}
}

// series are the values of a column in a recording, made if they are not there.
func series(r *metrics.Recording, name string, column wire.MetricColumn) []float64 {
	in := func(all map[string][]float64, key string) []float64 {
		if all[key] == nil {
			all[key] = slices.Repeat([]float64{math.NaN()}, r.Length)
		}
		return all[key]
	}
	switch {
	case name == "":
		return in(r.Total, string(column))
	case strings.Contains(name, ">"):
		return in(r.Links, name)
	}
	if r.Components[name] == nil {
		r.Components[name] = map[wire.MetricColumn][]float64{}
	}
	columns := r.Components[name]
	if columns[column] == nil {
		columns[column] = slices.Repeat([]float64{math.NaN()}, r.Length)
	}
	return columns[column]
}
