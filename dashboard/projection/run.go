package projection

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// StageDeleted is the stage of a run whose object is gone.
const StageDeleted = "Deleted"

// Summary is the row of a run; cg is its graph, nil when that is gone.
func Summary(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph) wire.RunSummary {
	stage, message := stage(sim)
	row := wire.RunSummary{
		ID: string(sim.UID), Namespace: sim.Namespace, Name: sim.Name, Graph: sim.Spec.GraphRef.Name,
		Stage: stage, Message: message, Finished: Finished(sim), Verdict: string(rehearsal.Report(sim, nil).Verdict),
		CreatedAt: sim.CreationTimestamp.UnixMilli(), StartedAt: millis(sim.Status.StartTime), EndedAt: millis(sim.Status.CompletionTime),
		DurationSeconds: value(sim.Spec.DurationSeconds, 0), ElapsedSeconds: sim.Status.ElapsedSeconds, Seed: value(sim.Spec.Seed, 1),
		Decisions: sim.Status.DecisionCount, StartedBy: sim.Annotations[v1alpha1.StartedByAnnotation],
	}
	if cg != nil {
		row.GraphID = string(cg.UID)
	}
	if s := sim.Status.Summary; s != nil {
		rate, p99 := float64(s.RequestsPerSecond), float64(s.P99Microseconds)/1000
		row.RequestsPerSecond, row.P99Ms = &rate, &p99
		if s.Offered > 0 {
			errors := 100 * float64(s.Failed+s.Dropped) / float64(s.Offered)
			row.ErrorPercent = &errors
		}
	}
	return row
}

// Finished reports whether a run has ended, whatever the outcome.
func Finished(sim *v1alpha1.Simulation) bool {
	return meta.IsStatusConditionTrue(sim.Status.Conditions, v1alpha1.ConditionFinished)
}

func stage(sim *v1alpha1.Simulation) (reason, message string) {
	if c := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionSucceeded); c != nil {
		return c.Reason, c.Message
	}
	return v1alpha1.ReasonPreparing, "the controllers have not seen the run yet"
}

// Sight is what the dashboard itself can see.
type Sight struct {
	// ControlPlane is whether the API server answers, Metrics whether the source does,
	// and Manager whether the run is looked after.
	ControlPlane, Metrics, Manager wire.Health
}

// Clear is the sight of a dashboard that sees everything.
func Clear() Sight {
	ok := wire.Health{OK: true}
	return Sight{ControlPlane: ok, Metrics: ok, Manager: ok}
}

// patience with a manager beyond two of its ticks, for it writes at each.
const patience = 5 * time.Second

// Manager is whether the manager looks after a run that was last seen to change at
// a time.
func Manager(sim *v1alpha1.Simulation, changed, now time.Time) wire.Health {
	ticks := time.Duration(value(sim.Spec.AutoScaling.IntervalSeconds, 1)) * time.Second
	if sim.Status.StartTime == nil || sim.Status.PausedTime != nil || now.Sub(changed) <= 2*ticks+patience {
		return wire.Health{OK: true}
	}
	return wire.Health{Message: fmt.Sprintf("no word from the manager since %s: the run goes on, and nothing is decided until it is back", changed.UTC().Format("15:04:05 MST"))}
}

// Phase is how far a run has come. Of one that has ended there is nothing left to
// see, so that nothing can be in the way.
func Phase(sim *v1alpha1.Simulation, sight Sight) wire.Phase {
	if Finished(sim) {
		sight = Clear()
	}
	stage, message := stage(sim)
	p := wire.Phase{
		Stage: stage, Message: message, Finished: Finished(sim),
		StartedAt: millis(sim.Status.StartTime), EndedAt: millis(sim.Status.CompletionTime), PausedAt: millis(sim.Status.PausedTime),
		PausedMs: sim.Status.PausedMilliseconds, ControlPlane: sight.ControlPlane, Metrics: sight.Metrics, Rules: rules(sim, sight.Manager),
	}
	if s := sim.Status.Summary; s != nil {
		p.Invalid = s.Invalid
	}
	return p
}

// rules says whether every rule compiles and can see, and whether anybody asks them.
func rules(sim *v1alpha1.Simulation, manager wire.Health) wire.Health {
	if !manager.OK {
		return manager
	}
	for _, kind := range []string{v1alpha1.ConditionAutoScalingAccepted, v1alpha1.ConditionMetricsAvailable} {
		if c := meta.FindStatusCondition(sim.Status.Conditions, kind); c != nil && c.Status == metav1.ConditionFalse && !Finished(sim) {
			return wire.Health{Message: c.Message}
		}
	}
	return wire.Health{OK: true}
}

// Elapsed is the time of the plan at now, the whole of it once the run has ended.
func Elapsed(sim *v1alpha1.Simulation, now time.Time) time.Duration {
	if sim.Status.StartTime == nil {
		return 0
	}
	if ended := sim.Status.CompletionTime; ended != nil {
		now = ended.Time
	}
	plan := wire.Plan{Start: sim.Status.StartTime.Time, PausedFor: time.Duration(sim.Status.PausedMilliseconds) * time.Millisecond}
	if sim.Status.PausedTime != nil {
		plan.PausedAt = sim.Status.PausedTime.Time
	}
	return min(plan.Elapsed(now), time.Duration(value(sim.Spec.DurationSeconds, 0))*time.Second)
}

// Control is what people set of a run.
func Control(sim *v1alpha1.Simulation) wire.Control {
	t, a := sim.Spec.Traffic, sim.Spec.AutoScaling
	mode := string(a.Mode)
	if mode == "" {
		mode = string(v1alpha1.ModeAct)
	}
	state := string(sim.Spec.State)
	if state == "" {
		state = string(v1alpha1.StateRunning)
	}
	c := wire.Control{
		State: state, DurationSeconds: value(sim.Spec.DurationSeconds, 0), RequestsPerSecond: value(t.RequestsPerSecond, 0),
		Profile: profileName(t), Planned: []wire.PlannedRate{},
		AutoScaling: wire.AutoScaling{Enabled: value(a.Enabled, true), Mode: mode}, Objectives: objectives(sim),
	}
	if t.Replay != nil { // its trace is not ours to read
		c.Mix = wire.TrafficMix{Read: value(t.Mix.ReadPercent, 0), Write: value(t.Mix.WritePercent, 0), Static: value(t.Mix.StaticPercent, 0), Async: value(t.Mix.AsyncPercent, 0)}
		return c
	}
	offered, err := desired.Traffic(sim.Spec, "")
	if err != nil { // the API refuses what cannot be read; a hole in the picture is all it costs
		return c
	}
	c.Mix = wire.TrafficMix{Read: offered.Mix.ReadPercent, Write: offered.Mix.WritePercent, Static: offered.Mix.StaticPercent, Async: offered.Mix.AsyncPercent}
	c.Planned = planned(offered.Profile, time.Duration(c.DurationSeconds)*time.Second)
	return c
}

func profileName(t v1alpha1.Traffic) string {
	switch {
	case len(t.Stages) > 0:
		return "Stages"
	case t.Shape != nil:
		return string(t.Shape.Kind)
	case t.Replay != nil:
		return "Replay"
	default:
		return string(v1alpha1.ShapeConstant)
	}
}

// maxPlanned bounds the corners of the planned rate.
const maxPlanned = 400

// planned is the rate by its corners: where a segment begins and where it ends.
func planned(p traffic.Profile, duration time.Duration) []wire.PlannedRate {
	corners, at := []wire.PlannedRate{}, time.Duration(0)
	for _, s := range p.Segments {
		if at >= duration || len(corners) >= maxPlanned {
			break
		}
		end := min(at+s.Duration, duration)
		corners = append(corners, wire.PlannedRate{Second: at.Seconds(), RequestsPerSecond: s.From})
		to := s.To
		if s.Duration > 0 {
			to = s.From + (s.To-s.From)*float64(end-at)/float64(s.Duration)
		}
		corners = append(corners, wire.PlannedRate{Second: end.Seconds(), RequestsPerSecond: to})
		at = end
	}
	if at < duration && len(corners) > 0 {
		corners = append(corners, wire.PlannedRate{Second: duration.Seconds(), RequestsPerSecond: p.Rate(duration)})
	}
	return corners
}

// objectives with their values, where they were judged.
func objectives(sim *v1alpha1.Simulation) []wire.Objective {
	judged := map[string]v1alpha1.ObjectiveStatus{}
	for _, o := range sim.Status.Objectives {
		judged[o.Name] = o
	}
	list := []wire.Objective{}
	for _, o := range sim.Spec.Objectives {
		out := wire.Objective{Name: o.Name, Unit: "%"}
		if o.ErrorRatePartsPerMillion != nil {
			out.Target = float64(*o.ErrorRatePartsPerMillion) / 10_000
		}
		if o.Latency != nil {
			out.Unit, out.Percentile = "ms", value(o.Latency.Percentile, 0)
			if threshold, err := time.ParseDuration(string(o.Latency.Threshold)); err == nil {
				out.Target = float64(threshold) / float64(time.Millisecond)
			}
		}
		if j, done := judged[o.Name]; done {
			measured := float64(value(j.ValueMilli, 0)) / 1000
			out.Met, out.Value = j.Met, &measured
		}
		list = append(list, out)
	}
	return list
}

// Alerts that were raised.
func Alerts(sim *v1alpha1.Simulation) []wire.RunAlert {
	list := []wire.RunAlert{}
	for _, a := range sim.Status.Alerts {
		list = append(list, wire.RunAlert{
			ID: fmt.Sprintf("a/%s/%s/%d", a.Component, a.Signal, a.Time.UnixMilli()), At: a.Time.UnixMilli(), ClearedAt: millis(a.Cleared),
			Severity: a.Severity, Component: a.Component, Signal: a.Signal, Message: a.Message,
		})
	}
	return list
}

// Findings that were made.
func Findings(sim *v1alpha1.Simulation) []wire.RunFinding {
	list := []wire.RunFinding{}
	for _, f := range sim.Status.Findings {
		list = append(list, wire.RunFinding{
			ID: fmt.Sprintf("f/%s/%s/%d", f.Component, f.Rule, f.Time.UnixMilli()), At: f.Time.UnixMilli(), Component: f.Component, Rule: f.Rule, Message: f.Message,
		})
	}
	return list
}

// Evaluations are the last words of the rules.
func Evaluations(sim *v1alpha1.Simulation) []wire.RuleEvaluation {
	list := []wire.RuleEvaluation{}
	for _, e := range sim.Status.Evaluations {
		list = append(list, wire.RuleEvaluation{Component: e.Component, Rule: e.Rule, Result: e.Result, Message: e.Message, Since: millis(e.Since)})
	}
	return list
}

func millis(t *metav1.MicroTime) *int64 {
	if t == nil {
		return nil
	}
	ms := t.UnixMilli()
	return &ms
}

// value is what a pointer points to, or the default.
func value[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func sortedKeys[T any](all map[string]T) []string { return slices.Sorted(maps.Keys(all)) }
