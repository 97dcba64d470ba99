package metrics

import (
	"context"
	"fmt"
	"math"
	"time"

	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Recording is a whole run by its series. Values lie Step apart from Start; NaN
// is what was not measured.
type Recording struct {
	Start            time.Time
	Step             time.Duration
	Length           int
	Components, Pods map[string]map[wire.MetricColumn][]float64
	Links            map[string][]float64
	Total            map[string][]float64
}

// NewRecording is one in which nothing was measured.
func NewRecording(start, end time.Time, step time.Duration) Recording {
	return Recording{
		Start: start, Step: step, Length: int(end.Sub(start)/step) + 1,
		Components: map[string]map[wire.MetricColumn][]float64{}, Pods: map[string]map[wire.MetricColumn][]float64{},
		Links: map[string][]float64{}, Total: map[string][]float64{},
	}
}

// samplesAtOnce bounds the samples of one answer, so that it stays below what
// the client reads of one.
const samplesAtOnce = 50_000

// Record reads a run from its start to an end; series is about how many
// components, pods and links it has.
func (c *Client) Record(ctx context.Context, s Scene, start, end time.Time, step time.Duration, series int) (Recording, error) {
	r := NewRecording(start, end, step)
	parts := append(columnParts(s, "component"), columnParts(s, "component, pod")...)
	parts = append(append(parts, linkPart(s)), totalParts(s)...)
	points := max(samplesAtOnce/max(series, 1), 10)
	for _, p := range parts {
		for from := 0; from < r.Length; from += points {
			to := min(from+points, r.Length) - 1
			window := promv1.Range{Start: start.Add(time.Duration(from) * step), End: start.Add(time.Duration(to) * step), Step: step}
			if err := c.recordPart(ctx, &r, p, window); err != nil {
				return Recording{}, err
			}
		}
	}
	return r, nil
}

func (c *Client) recordPart(ctx context.Context, r *Recording, p part, window promv1.Range) error {
	ctx, cancel := context.WithTimeout(ctx, 10*c.timeout)
	defer cancel()
	value, _, _, err := c.api.QueryRange(ctx, p.labelled(), window)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return fmt.Errorf("%w: the answer is a %s, not a matrix", ErrUnavailable, value.Type())
	}
	for _, stream := range matrix {
		values := r.series(stream.Metric)
		for _, pair := range stream.Values {
			at := int((pair.Timestamp.Time().Sub(r.Start) + r.Step/2) / r.Step)
			if v := float64(pair.Value); at >= 0 && at < r.Length && finite(v) {
				values[at] = v
			}
		}
	}
	return nil
}

// series are the values that samples with these labels go to.
func (r *Recording) series(labels model.Metric) []float64 {
	signal, component, pod := string(labels[signalLabel]), string(labels["component"]), string(labels["pod"])
	switch {
	case signal == partLink:
		return r.in(r.Links, component+">"+string(labels["target"]))
	case component == "":
		return r.in(r.Total, signal)
	case pod != "":
		return r.of(r.Pods, pod, signal)
	default:
		return r.of(r.Components, component, signal)
	}
}

func (r *Recording) of(all map[string]map[wire.MetricColumn][]float64, key, signal string) []float64 {
	if all[key] == nil {
		all[key] = map[wire.MetricColumn][]float64{}
	}
	column := wire.MetricColumn(signal)
	if all[key][column] == nil {
		all[key][column] = r.unmeasured()
	}
	return all[key][column]
}

func (r *Recording) in(all map[string][]float64, key string) []float64 {
	if all[key] == nil {
		all[key] = r.unmeasured()
	}
	return all[key]
}

func (r *Recording) unmeasured() []float64 {
	values := make([]float64, r.Length)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}

// Instances are the stable ids of the pods that a run had until its end.
func (c *Client) Instances(ctx context.Context, s Scene, start, end time.Time) (map[string]string, error) {
	run := window(max(end.Sub(start).Truncate(time.Second), time.Second))
	vector, err := c.vector(ctx, fmt.Sprintf("last_over_time(%s%s[%s])", wire.ComponentInfo, selector(s.Namespace, s.Graph), run), end)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, sample := range vector {
		ids[string(sample.Metric["pod"])] = string(sample.Metric["replica"])
	}
	return ids, nil
}
