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
	Range     int      `query:"range" minimum:"1" maximum:"86400" doc:"adds what was measured over time in the last so many seconds of the run; over the whole run if only a step is given"`
	Step      int      `query:"step" minimum:"1" maximum:"3600" doc:"seconds between two moments; chosen by the length if only a range is given"`
	Component []string `query:"component" maxItems:"500" doc:"only these components, instances and links; all if left out"`
}

type replayQuery struct {
	RunPath
	Range     int      `query:"range" minimum:"1" maximum:"86400" doc:"only the last so many seconds; the whole run if left out"`
	Step      int      `query:"step" minimum:"1" maximum:"3600" doc:"seconds between two samples; chosen by the length if left out"`
	Component []string `query:"component" maxItems:"500" doc:"only these components, instances and links; all if left out"`
}

func (s *Server) registerMeasurements(api huma.API) {
	get(api, "/api/simulation/{id}/metrics", "getMetrics", "What was measured of a run in the last seconds, and over time if a range or a step is given", s.metrics)
	get(api, "/api/simulation/{id}/replay", "getReplay", "A run to be scrubbed: its architecture, what happened, and its measurements over time", s.replay)
}

// metrics are those of now; of a run that has ended, those of its end.
func (s *Server) metrics(ctx context.Context, in *metricsQuery) (wire.MetricsResponse, error) {
	run, err := s.find(ctx, "get", in.ID)
	if err != nil {
		return wire.MetricsResponse{}, err
	}
	response, err := s.latest(ctx, run)
	if err != nil {
		return wire.MetricsResponse{}, err
	}
	if in.Range > 0 || in.Step > 0 {
		recording, pods, err := s.recording(ctx, run, (*replayQuery)(in))
		if err != nil {
			return wire.MetricsResponse{}, err
		}
		over := projection.OverTime(recording, pods)
		response.OverTime = &over
	}
	if len(in.Component) > 0 {
		other := func(m wire.MeasuredMetrics) bool { return !slices.Contains(in.Component, m.ComponentID) }
		response.Components = slices.DeleteFunc(response.Components, other)
		response.Instances = slices.DeleteFunc(response.Instances, other)
		if response.OverTime != nil {
			response.OverTime.Series = only(in.Component, response.OverTime.Series)
		}
	}
	return response, nil
}

// only are the series of some components, instances and links.
func only(ids []string, series []wire.ReplaySeries) []wire.ReplaySeries {
	return slices.DeleteFunc(series, func(one wire.ReplaySeries) bool { return !slices.Contains(ids, one.ID) })
}

// latest asks the source; when that does not know a run that has ended any more, its
// last values come from the history.
func (s *Server) latest(ctx context.Context, run *runs.Run) (wire.MetricsResponse, error) {
	sim, snapshot, at := run.Simulation(), run.Feed.Snapshot(), s.o.Now()
	if ended := sim.Status.CompletionTime; ended != nil {
		at = ended.Time
	}
	about := scene(run, at)
	shown, err := s.o.Meter.Show(ctx, about)
	if forgot := err != nil || len(shown.Components) == 0; forgot && projection.Finished(sim) && sim.Status.StartTime != nil {
		from := at.Add(-projection.Window)
		if recording, missing := s.recorder(sim).Record(ctx, about, from, at, time.Second, len(snapshot.Topology.IDs)); missing == nil {
			shown, err = projection.Last(recording), nil
		}
	}
	if err != nil {
		return wire.MetricsResponse{}, err
	}
	return projection.Metrics(snapshot.Run.ID, at, snapshot.Topology, projection.Tick(snapshot.Topology, projection.Elapsed(sim, at), &shown)), nil
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
	recording, pods, err := s.recording(ctx, run, in)
	if err != nil {
		return wire.Replay{}, err
	}
	replay := projection.Replay(run.Feed.Snapshot(), recording, pods)
	if len(in.Component) > 0 {
		replay.Series = only(in.Component, replay.Series)
	}
	return replay, nil
}

// recording is what was measured over a run as far as it has come, and the stable ids
// of its pods.
func (s *Server) recording(ctx context.Context, run *runs.Run, q *replayQuery) (metrics.Recording, map[string]string, error) {
	sim, topology := run.Simulation(), run.Feed.Snapshot().Topology
	if sim.Status.StartTime == nil {
		return metrics.Recording{Start: s.o.Now()}, nil, nil
	}
	start, end := sim.Status.StartTime.Time, s.o.Now()
	if sim.Status.CompletionTime != nil {
		end = sim.Status.CompletionTime.Time
	}
	from, step := q.span(start, end)
	about := scene(run, end)
	recording, err := s.recorder(sim).Record(ctx, about, from, end, step, len(topology.IDs)+len(topology.LinkIDs))
	if err != nil {
		return metrics.Recording{}, nil, err
	}
	pods, err := s.o.Meter.Instances(ctx, about, start, end)
	if err != nil && !projection.Finished(sim) { // what was kept of a run has no pods
		return metrics.Recording{}, nil, err
	}
	return recording, pods, nil
}
