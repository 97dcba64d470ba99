package projection

import (
	"math"
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
	replay := wire.Replay{Snapshot: snapshot, StartedAt: r.Start.UnixMilli(), Seconds: []float64{}, Series: []wire.ReplaySeries{}, Total: map[string][]*float64{}}
	for i := range r.Length {
		replay.Seconds = append(replay.Seconds, (time.Duration(i) * r.Step).Seconds())
	}
	add := func(id string, columns map[wire.MetricColumn][]float64) {
		for _, column := range wire.Columns(0) {
			if values, measured := columns[column.Name]; measured {
				replay.Series = append(replay.Series, wire.ReplaySeries{ID: id, Metric: string(column.Name), Values: cells(values)})
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
		replay.Series = append(replay.Series, wire.ReplaySeries{ID: id, Metric: "rate", Values: cells(r.Links[id])})
	}
	for name, values := range r.Total {
		replay.Total[name] = cells(values)
	}
	return replay
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
