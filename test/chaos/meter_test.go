package chaos

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// demand is a source of metrics: API servers are as busy as the demand, shared
// by those that are ready, makes them; everything else idles.
type demand struct {
	// percent of one replica's cores that the traffic asks for, by the time of
	// the question.
	percent func(at time.Time) float64
	// duration after which the generators have played their plan.
	duration time.Duration
}

// steady is a demand that a test sets as it goes.
type steady struct{ percent atomic.Int64 }

func (s *steady) at(time.Time) float64 { return float64(s.percent.Load()) }

func (d demand) Observe(_ context.Context, q metrics.Question) ([]scaling.Observation, error) {
	out := make([]scaling.Observation, 0, len(q.Components))
	for _, c := range q.Components {
		o := scaling.Observation{Component: c.Name, Replicas: c.Replicas}
		busy := 5.0
		if c.Type == graph.APIServer {
			busy = min(100, d.percent(q.At)/float64(max(c.Replicas.Ready, 1)))
		}
		for signal, v := range map[string]float64{
			scaling.CPU: busy, scaling.Memory: 20, scaling.Latency: 5, scaling.ErrorRate: 0, scaling.RequestRate: 100, scaling.QueueDepth: 0, scaling.InFlight: 1,
		} {
			o.Signals = append(o.Signals, scaling.Measurement{Signal: signal, Value: scaling.Value{
				Value: v, N: 10, First: q.At.Add(-q.Window), Last: q.At, Coverage: 1, Window: q.Window,
			}})
		}
		out = append(out, o)
	}
	return out, nil
}

func (d demand) Summarize(_ context.Context, r metrics.Run) (metrics.Summary, error) {
	s := metrics.Summary{Generators: 1, Mean: 0.005, P50: 0.005, P90: 0.01, P95: 0.01, P99: 0.02, LagP99: math.NaN()}
	elapsed := min(max(r.At.Sub(r.Start), 0), d.duration)
	s.Offered = int64(100 * elapsed.Seconds())
	s.Answered, s.Elapsed = s.Offered, elapsed.Seconds()
	if elapsed == d.duration {
		s.Finished = 1
	}
	return s, nil
}
