package dashboard

import (
	"context"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

type metricsQuery struct {
	RunPath
	Component []string `query:"component" maxItems:"500" doc:"only these components and instances; all if left out"`
}

type replayQuery struct {
	RunPath
	Range     int      `query:"range" minimum:"1" maximum:"86400" doc:"only the last so many seconds; the whole run if left out"`
	Step      int      `query:"step" minimum:"1" maximum:"3600" doc:"seconds between two samples; chosen by the length if left out"`
	Component []string `query:"component" maxItems:"500" doc:"only these components, instances and links; all if left out"`
}

func (s *Server) registerMeasurements(api huma.API) {
	get(api, "/api/simulation/{id}/metrics", "getMetrics", "What was measured of a run in the last seconds", s.metrics)
	get(api, "/api/simulation/{id}/replay", "getReplay", "A run to be scrubbed: its architecture, what happened, and its measurements over time", s.replay)
}

// metrics asks the source now; of a run that has ended, what it did at its end.
func (s *Server) metrics(ctx context.Context, in *metricsQuery) (wire.MetricsResponse, error) {
	run, err := s.find(ctx, "get", in.ID)
	if err != nil {
		return wire.MetricsResponse{}, err
	}
	at := s.o.Now()
	if ended := run.Simulation().Status.CompletionTime; ended != nil {
		at = ended.Time
	}
	shown, err := s.o.Meter.Show(ctx, scene(run, at))
	if err != nil {
		return wire.MetricsResponse{}, err
	}
	snapshot := run.Feed.Snapshot()
	response := projection.Metrics(snapshot.Run.ID, at, snapshot.Topology, projection.Tick(snapshot.Topology, projection.Elapsed(run.Simulation(), at), &shown))
	if len(in.Component) > 0 {
		other := func(m wire.MeasuredMetrics) bool { return !slices.Contains(in.Component, m.ComponentID) }
		response.Components = slices.DeleteFunc(response.Components, other)
		response.Instances = slices.DeleteFunc(response.Instances, other)
	}
	return response, nil
}

func scene(run *runs.Run, at time.Time) metrics.Scene {
	sim := run.Simulation()
	return metrics.Scene{Namespace: sim.Namespace, Graph: sim.Spec.GraphRef.Name, Simulation: sim.Name, At: at, Window: projection.Window}
}

// maxSamples is how many samples of one series a replay has when nobody says.
const maxSamples = 3600

// span is the time and the step of a replay.
func (q replayQuery) span(start, end time.Time) (from time.Time, step time.Duration) {
	from = start
	if last := time.Duration(q.Range) * time.Second; q.Range > 0 && end.Sub(start) > last {
		from = end.Add(-last).Truncate(time.Second)
	}
	step = time.Duration(q.Step) * time.Second
	if q.Step == 0 {
		step = max(time.Second, (end.Sub(from)/maxSamples).Truncate(time.Second)+time.Second)
		if end.Sub(from) <= maxSamples*time.Second {
			step = time.Second
		}
	}
	return from, step
}

func (s *Server) replay(ctx context.Context, in *replayQuery) (wire.Replay, error) {
	run, err := s.find(ctx, "get", in.ID)
	if err != nil {
		return wire.Replay{}, err
	}
	sim, snapshot := run.Simulation(), run.Feed.Snapshot()
	if sim.Status.StartTime == nil {
		return projection.Replay(snapshot, metrics.Recording{Start: s.o.Now()}, nil), nil
	}
	start, end := sim.Status.StartTime.Time, s.o.Now()
	if sim.Status.CompletionTime != nil {
		end = sim.Status.CompletionTime.Time
	}
	from, step := in.span(start, end)
	about := scene(run, end)
	recording, err := s.recorder(sim).Record(ctx, about, from, end, step, len(snapshot.Topology.IDs)+len(snapshot.Topology.LinkIDs))
	if err != nil {
		return wire.Replay{}, err
	}
	pods, err := s.o.Meter.Instances(ctx, about, start, end)
	if err != nil && !projection.Finished(sim) { // what was kept of a run has no pods
		return wire.Replay{}, err
	}
	replay := projection.Replay(snapshot, recording, pods)
	if len(in.Component) > 0 {
		replay.Series = slices.DeleteFunc(replay.Series, func(one wire.ReplaySeries) bool { return !slices.Contains(in.Component, one.ID) })
	}
	return replay, nil
}
