package controllers

import (
	"context"
	"fmt"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// settle is how long after the end the generators may take to tell their last numbers.
const settle = 20 * time.Second

// run takes a run that has begun one tick further.
func (r *SimulationReconciler) run(ctx context.Context, p *pass) (time.Duration, error) {
	r.pause(p)
	plan := clock(p.status)
	duration := time.Duration(*p.sim.Spec.DurationSeconds) * time.Second
	elapsed := plan.Elapsed(p.now)
	p.status.ElapsedSeconds = int32(min(elapsed, duration) / time.Second)
	p.status.Progress = fmt.Sprintf("%d/%ds", p.status.ElapsedSeconds, *p.sim.Spec.DurationSeconds)
	obstacle := r.ensureGenerators(ctx, p)
	if obstacle != nil && !inTheWay(obstacle) {
		return 0, obstacle
	}
	r.summarize(ctx, p)
	if p.sim.Spec.State == v1alpha1.StateStopped || elapsed >= duration {
		return r.wind(ctx, p, elapsed, duration), nil
	}
	if p.sim.Spec.State == v1alpha1.StatePaused {
		p.stage(v1alpha1.ReasonPaused, "paused at "+p.status.Progress)
		return 0, nil
	}
	p.stage(v1alpha1.ReasonRunning, "traffic flows")
	if obstacle != nil {
		p.stage(v1alpha1.ReasonRunning, "no generator can start: "+obstacle.Error())
	}
	if err := r.scale(ctx, p); err != nil {
		return 0, err
	}
	return untilNextTick(p), nil
}

// clock is the part of the plan that tells the time.
func clock(status *v1alpha1.SimulationStatus) wire.Plan {
	plan := wire.Plan{Start: status.StartTime.Time, PausedFor: time.Duration(status.PausedMilliseconds) * time.Millisecond}
	if status.PausedTime != nil {
		plan.PausedAt = status.PausedTime.Time
	}
	return plan
}

// pause keeps the account of pauses.
func (r *SimulationReconciler) pause(p *pass) {
	switch {
	case p.sim.Spec.State == v1alpha1.StatePaused && p.status.PausedTime == nil:
		at := metav1.NewMicroTime(p.now)
		p.status.PausedTime = &at
		p.say("Normal", "Paused", "PauseTraffic", "Traffic pauses")
	case p.sim.Spec.State != v1alpha1.StatePaused && p.status.PausedTime != nil:
		p.status.PausedMilliseconds += p.now.Sub(p.status.PausedTime.Time).Milliseconds()
		p.status.PausedTime = nil
		p.say("Normal", "Resumed", "ResumeTraffic", "Traffic goes on")
	}
}

// untilNextTick keeps ticks on a grid from the start, so that they do not drift.
func untilNextTick(p *pass) time.Duration {
	interval := tickInterval(p.sim)
	since := p.now.Sub(p.status.StartTime.Time) % interval
	if since < 0 {
		return -since
	}
	return interval - since
}

func tickInterval(sim *v1alpha1.Simulation) time.Duration {
	if s := sim.Spec.AutoScaling.IntervalSeconds; s != nil && *s > 0 {
		return time.Duration(*s) * time.Second
	}
	return time.Second
}

// summarize reads how the run goes end to end. Without an answer the last known
// numbers stay.
func (r *SimulationReconciler) summarize(ctx context.Context, p *pass) (metrics.Summary, bool) {
	s, err := r.o.Meter.Summarize(ctx, metrics.Run{
		Namespace: p.sim.Namespace, Graph: p.sim.Spec.GraphRef.Name, Simulation: p.sim.Name, Start: p.status.StartTime.Time, At: p.now,
	})
	if err != nil {
		log.FromContext(ctx).V(1).Info("run not measured", "reason", err.Error())
		return s, false
	}
	p.status.Summary = summaryStatus(s)
	p.status.Objectives = judge(p.sim.Spec.Objectives, s)
	return s, true
}

// maxLatePerMillion is the share of late requests above which a run is invalid.
const maxLatePerMillion = 1000

// maxLag is the generator's lag that a station still waits for.
const maxLag = 0.1

// invalid says why the numbers of a run cannot be believed, empty when they can.
func invalid(s metrics.Summary) string {
	switch {
	case s.Offered > 0 && s.Late*1_000_000 > s.Offered*maxLatePerMillion:
		return fmt.Sprintf("%d of %d requests came too late for their logical time: the host was too busy", s.Late, s.Offered)
	case s.LagP99 > maxLag:
		return fmt.Sprintf("the generator was %.0f ms behind its schedule (p99): the host was too busy", s.LagP99*1000)
	default:
		return ""
	}
}

func summaryStatus(s metrics.Summary) *v1alpha1.Summary {
	out := &v1alpha1.Summary{
		Offered: s.Offered, Answered: s.Answered, Failed: s.Failed, Dropped: s.Dropped,
		RequestsPerSecond: int32(finiteOr(s.Rate, 0) + 0.5), MeanMicroseconds: micros(s.Mean),
		P50Microseconds: micros(s.P50), P90Microseconds: micros(s.P90), P95Microseconds: micros(s.P95), P99Microseconds: micros(s.P99),
		LateArrivals: s.Late, GeneratorLagP99Microseconds: micros(s.LagP99), Invalid: invalid(s),
	}
	if !math.IsNaN(s.P99) {
		out.P99 = time.Duration(s.P99 * float64(time.Second)).Round(10 * time.Microsecond).String()
	}
	if s.Offered > 0 {
		out.Errors = fmt.Sprintf("%.2f%%", 100*float64(s.Failed+s.Dropped)/float64(s.Offered))
	}
	return out
}

func micros(seconds float64) int64 { return int64(finiteOr(seconds, 0)*1e6 + 0.5) }

func finiteOr(v, otherwise float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return otherwise
	}
	return v
}

// wind ends a run: it waits until every generator has told its last numbers.
func (r *SimulationReconciler) wind(ctx context.Context, p *pass, elapsed, duration time.Duration) time.Duration {
	if p.status.PausedTime != nil { // a run stopped while paused has ended when it paused
		p.status.PausedMilliseconds += p.now.Sub(p.status.PausedTime.Time).Milliseconds()
		p.status.PausedTime = nil
	}
	summary, measured := r.summarize(ctx, p)
	ended := measured && summary.Finished > 0 && summary.Finished >= summary.Generators
	overdue := elapsed > duration+settle || (p.sim.Spec.State == v1alpha1.StateStopped && readyGenerators(p.scene) == 0)
	if !ended && !overdue {
		p.stage(v1alpha1.ReasonFinishing, "waiting for the last answers")
		return 500 * time.Millisecond
	}
	if p.sim.Spec.State == v1alpha1.StateStopped && elapsed < duration {
		r.finish(p, v1alpha1.ReasonStoppedEarly, "stopped at "+p.status.Progress)
		return 0
	}
	reason, message := verdict(p.status)
	r.finish(p, reason, message)
	return 0
}

// verdict is the outcome of a run that was played to its end.
func verdict(status *v1alpha1.SimulationStatus) (reason, message string) {
	if status.Summary == nil {
		return v1alpha1.ReasonInvalid, "no generator told its numbers"
	}
	if status.Summary.Invalid != "" {
		return v1alpha1.ReasonInvalid, status.Summary.Invalid
	}
	for _, o := range status.Objectives {
		if !*o.Met {
			return v1alpha1.ReasonObjectivesMissed, fmt.Sprintf("objective %s was missed: %.4g %s of at most %.4g %s",
				o.Name, float64(*o.ValueMilli)/1000, o.Unit, float64(*o.TargetMilli)/1000, o.Unit)
		}
	}
	return v1alpha1.ReasonObjectivesMet, "the run finished and every objective held"
}

// finish writes the outcome.
func (r *SimulationReconciler) finish(p *pass, reason, message string) {
	at := metav1.NewMicroTime(p.now)
	p.status.CompletionTime = &at
	outcome, kind := metav1.ConditionFalse, "Warning"
	if reason == v1alpha1.ReasonObjectivesMet {
		outcome, kind = metav1.ConditionTrue, "Normal"
	}
	generation := p.sim.Generation
	condition(&p.status.Conditions, generation, v1alpha1.ConditionSucceeded, outcome, reason, message)
	condition(&p.status.Conditions, generation, v1alpha1.ConditionRunning, metav1.ConditionFalse, v1alpha1.ReasonFinished, message)
	condition(&p.status.Conditions, generation, v1alpha1.ConditionFinished, metav1.ConditionTrue, reason, message)
	p.say(kind, reason, "FinishRun", message)
}

// judge holds the objectives against what was measured so far.
func judge(objectives []v1alpha1.Objective, s metrics.Summary) []v1alpha1.ObjectiveStatus {
	out := make([]v1alpha1.ObjectiveStatus, 0, len(objectives))
	for _, o := range objectives {
		value, target, unit := measureObjective(o, s)
		met := !math.IsNaN(value) && value <= target
		valueMilli, targetMilli := int64(finiteOr(value, 0)*1000+0.5), int64(target*1000+0.5)
		out = append(out, v1alpha1.ObjectiveStatus{Name: o.Name, Met: &met, ValueMilli: &valueMilli, TargetMilli: &targetMilli, Unit: unit})
	}
	return out
}

// measureObjective is the value of an objective, its target, and their unit.
func measureObjective(o v1alpha1.Objective, s metrics.Summary) (value, target float64, unit string) {
	if o.Latency != nil {
		threshold, err := time.ParseDuration(string(o.Latency.Threshold))
		if err != nil {
			return math.NaN(), 0, "ms"
		}
		percentiles := map[int32]float64{50: s.P50, 90: s.P90, 95: s.P95, 99: s.P99}
		return percentiles[*o.Latency.Percentile] * 1000, threshold.Seconds() * 1000, "ms"
	}
	if s.Offered == 0 {
		return math.NaN(), 0, "%"
	}
	return 100 * float64(s.Failed+s.Dropped) / float64(s.Offered), float64(*o.ErrorRatePartsPerMillion) / 10_000, "%"
}
