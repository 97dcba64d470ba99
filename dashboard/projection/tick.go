package projection

import (
	"math"
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Window that momentary numbers are measured over.
const Window = 5 * time.Second

// Tick is a measurement in the order of a canvas. A nil one is a source that
// does not answer: nothing was measured.
func Tick(canvas wire.Canvas, elapsed time.Duration, shown *metrics.Shown) wire.FeedTick {
	t := wire.FeedTick{Order: canvas.Order, Elapsed: elapsed.Seconds(), Columns: map[wire.MetricColumn][]*float64{}}
	if shown == nil {
		return t
	}
	t.Total = &shown.Total
	values := byID(canvas, *shown)
	for _, column := range wire.Columns(0) {
		measured, cells := false, make([]*float64, len(canvas.IDs))
		for i, id := range canvas.IDs {
			if v, ok := values[id][column.Name]; ok {
				cells[i], measured = rounded(v), true
			}
		}
		if measured {
			t.Columns[column.Name] = cells
		}
	}
	for _, id := range canvas.LinkIDs {
		var rate *float64
		if v, ok := shown.Links[id]; ok {
			rate = rounded(v)
		}
		t.LinkRates = append(t.LinkRates, rate)
	}
	return t
}

// byID are the values of components and instances; an instance is known by its pod.
func byID(canvas wire.Canvas, shown metrics.Shown) map[string]metrics.Values {
	values := map[string]metrics.Values{}
	for _, n := range canvas.Nodes {
		for _, i := range n.Instances {
			if v, ok := shown.Pods[i.Pod]; ok {
				values[i.ID] = v
			}
		}
		if v, ok := shown.Components[n.ID]; ok {
			values[n.ID] = v
		}
	}
	return values
}

// rounded keeps four digits: more are noise, and bytes.
func rounded(v float64) *float64 {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		zero := 0.0
		return &zero
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	r := math.Round(v*scale) / scale
	return &r
}

// Metrics is a tick as REST tells it.
func Metrics(run string, at time.Time, canvas wire.Canvas, t wire.FeedTick) wire.MetricsResponse {
	response := wire.MetricsResponse{SimulationID: run, Time: at.UTC(), Elapsed: t.Elapsed, Total: t.Total, Components: []wire.MeasuredMetrics{}, Instances: []wire.MeasuredMetrics{}}
	for i, id := range canvas.IDs {
		m := wire.MeasuredMetrics{ComponentID: id, Metrics: map[wire.MetricColumn]float64{}}
		for name, cells := range t.Columns {
			if i < len(cells) && cells[i] != nil {
				m.Metrics[name] = *cells[i]
			}
		}
		switch {
		case len(m.Metrics) == 0:
		case i < len(canvas.Nodes):
			response.Components = append(response.Components, m)
		default:
			response.Instances = append(response.Instances, m)
		}
	}
	return response
}

// Replay is a recording in the words of a page. pods are the stable ids of all
// pods that the run had.
func Replay(snapshot wire.FeedSnapshot, r metrics.Recording, pods map[string]string) wire.Replay {
	over := OverTime(r, pods)
	replay := wire.Replay{Snapshot: snapshot, StartedAt: over.StartedAt, Seconds: []float64{}, Series: over.Series, Total: over.Total}
	for i := range r.Length {
		replay.Seconds = append(replay.Seconds, (time.Duration(i) * r.Step).Seconds())
	}
	return replay
}

// OverTime is a recording as REST tells it; pods are as those of Replay.
func OverTime(r metrics.Recording, pods map[string]string) wire.MetricsOverTime {
	over := wire.MetricsOverTime{StartedAt: r.Start.UnixMilli(), StepSeconds: r.Step.Seconds(), Series: []wire.ReplaySeries{}, Total: map[string][]*float64{}}
	add := func(id string, columns map[wire.MetricColumn][]float64) {
		for _, column := range wire.Columns(0) {
			if values, measured := columns[column.Name]; measured {
				over.Series = append(over.Series, wire.ReplaySeries{ID: id, Metric: string(column.Name), Values: cells(values)})
			}
		}
	}
	for _, id := range sortedKeys(r.Components) {
		add(id, r.Components[id])
	}
	for _, pod := range sortedKeys(r.Pods) {
		if id, known := pods[pod]; known {
			add(id, r.Pods[pod])
		}
	}
	for _, id := range sortedKeys(r.Links) {
		over.Series = append(over.Series, wire.ReplaySeries{ID: id, Metric: "rate", Values: cells(r.Links[id])})
	}
	for name, values := range r.Total {
		over.Total[name] = cells(values)
	}
	return over
}

// Last are the newest values of a recording that were measured.
func Last(r metrics.Recording) metrics.Shown {
	shown := metrics.Shown{Components: map[string]metrics.Values{}, Pods: map[string]metrics.Values{}, Links: map[string]float64{}}
	for id, columns := range r.Components {
		for column, values := range columns {
			if v := newest(values); v != nil {
				if shown.Components[id] == nil {
					shown.Components[id] = metrics.Values{}
				}
				shown.Components[id][column] = *v
			}
		}
	}
	shown.Total = wire.Total{
		Target: newest(r.Total["target"]), Rate: newest(r.Total["rate"]), P50: newest(r.Total["p50"]), P95: newest(r.Total["p95"]), P99: newest(r.Total["p99"]),
		ErrorRate: newest(r.Total["errorRate"]),
	}
	return shown
}

// newest value that was measured, nil if none was.
func newest(values []float64) *float64 {
	for _, v := range slices.Backward(values) {
		if !math.IsNaN(v) {
			return &v
		}
	}
	return nil
}

func cells(values []float64) []*float64 {
	out := make([]*float64, len(values))
	for i, v := range values {
		if !math.IsNaN(v) {
			out[i] = rounded(v)
		}
	}
	return out
}
