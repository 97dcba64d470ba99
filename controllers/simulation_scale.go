package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// maxLog is how many decisions status holds before superseded ones are compacted.
const maxLog = 400

// scale evaluates the rules once: gather, fold, step, and note what was decided.
// Nothing is applied here: the graph reconciler folds the log that this pass
// writes.
func (r *SimulationReconciler) scale(ctx context.Context, p *pass) error {
	a, faults, err := p.scene.architectures()
	if err != nil || len(faults) > 0 {
		return err
	}
	rules := r.rules.program(p.sim)
	settings := settingsOf(p.sim, a.base, r.o.ScrapeInterval)
	if rules.problems != "" || !p.ambiguous(a.live) {
		p.acceptRules(rules, settings)
	}
	observations, err := r.observe(ctx, p, r.question(p, a.live, settings, rules))
	p.measured(observations, settings, err)
	if err != nil {
		log.FromContext(ctx).V(1).Info("components not measured", "reason", err.Error())
		observations = unmeasured(p.scene, a.live, p.now, settings.Window)
	}
	if enabled := p.sim.Spec.AutoScaling.Enabled; enabled != nil && !*enabled {
		settings.Mode = scaling.DryRun // what it would do is told, and not done
	}
	p.scene.yield(observations)
	history, err := desired.Log(key(p.sim), p.status.Decisions)
	if err != nil {
		return err
	}
	out := scaling.Step(scaling.Input{
		Now: p.now, Tick: int64(p.status.ElapsedSeconds), Simulation: key(p.sim), Settings: settings, Program: rules.compiled,
		Base: a.base, Log: history, Observations: observations, State: engineState(p.status.Engine),
	})
	return p.note(a.base, history, out)
}

// question asks for all components of the live architecture.
func (r *SimulationReconciler) question(p *pass, live graph.Architecture, s scaling.Settings, rules program) metrics.Question {
	q := metrics.Question{
		Namespace: p.sim.Namespace, Graph: p.sim.Spec.GraphRef.Name, At: p.now, Since: p.status.StartTime.Time,
		Window: s.Window, ScrapeInterval: r.o.ScrapeInterval,
	}
	for _, c := range live.Components {
		q.Components = append(q.Components, metrics.ComponentQuestion{Name: c.Name, Type: c.Type, Replicas: replicasOf(p.scene, c, p.now, s.Window)})
	}
	if entry, ok := graph.Entry(live); ok {
		q.Simulation, q.Entry = p.sim.Name, entry
	}
	for _, need := range rules.compiled.Needs(live, s) {
		switch {
		case need.PromQL != "":
			query := metrics.Query{Query: scaling.Query{Name: need.Signal, PromQL: need.PromQL}, Window: need.Window}
			if !slices.Contains(q.Queries, query) {
				q.Queries = append(q.Queries, query)
			}
		case !slices.Contains(q.Further, need.Window):
			q.Further = append(q.Further, need.Window)
		}
	}
	return q
}

// replicasOf counts the replicas of a component by what they can tell: one that
// has been ready for less than a window is warming.
func replicasOf(s scene, c graph.Component, now time.Time, window time.Duration) scaling.Replicas {
	counts := scaling.Replicas{Spec: c.Replicas}
	for _, pod := range s.podsOf(c.Name) {
		ready, since := readySince(pod)
		switch {
		case pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed:
		case pod.DeletionTimestamp != nil:
			counts.Terminating++
		case ready:
			counts.Ready++
			if now.Sub(since) < window {
				counts.Warming++
			}
		default:
			counts.Warming++
		}
	}
	return counts
}

func readySince(pod corev1.Pod) (bool, time.Time) {
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue, c.LastTransitionTime.Time
		}
	}
	return false, time.Time{}
}

// unmeasured are the observations of a source that does not answer: replicas are
// known from the cluster, signals are not.
func unmeasured(s scene, live graph.Architecture, now time.Time, window time.Duration) []scaling.Observation {
	out := make([]scaling.Observation, 0, len(live.Components))
	for _, c := range live.Components {
		out = append(out, scaling.Observation{Component: c.Name, Replicas: replicasOf(s, c, now, window)})
	}
	return out
}

// acceptRules says whether every rule can be evaluated, and which ones an
// experienced operator would not write.
func (p *pass) acceptRules(rules program, settings scaling.Settings) {
	if rules.problems != "" {
		condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionAutoScalingAccepted, metav1.ConditionFalse, v1alpha1.ReasonInvalidRule, rules.problems)
		return
	}
	cautions := scaling.Lint(rules.compiled, settings)
	if len(cautions) == 0 {
		condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionAutoScalingAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "every rule compiles")
		return
	}
	words := make([]string, 0, len(cautions))
	for _, c := range cautions {
		words = append(words, "rule "+c.Rule+": "+c.Message)
	}
	message := desired.Cut("every rule compiles, with cautions: "+strings.Join(words, "; "), 1024)
	known := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionAutoScalingAccepted)
	if known == nil || known.Message != message {
		p.say("Warning", v1alpha1.ReasonCautions, "AcceptRules", message)
	}
	condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionAutoScalingAccepted, metav1.ConditionTrue, v1alpha1.ReasonCautions, message)
}

// measured says whether the rules can see, and what was seen last.
func (p *pass) measured(observations []scaling.Observation, settings scaling.Settings, err error) {
	if errors.Is(err, errOutage) {
		condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionMetricsAvailable, metav1.ConditionFalse, v1alpha1.ReasonFault, errOutage.Error()+": nothing scales until it is over")
		return
	}
	if err != nil {
		condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionMetricsAvailable, metav1.ConditionFalse, v1alpha1.ReasonUnreachable, "the metrics source does not answer: nothing scales until it does")
		return
	}
	if age := staleness(observations, p.now); age > settings.StaleAfter {
		condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionMetricsAvailable, metav1.ConditionFalse, v1alpha1.ReasonStale,
			fmt.Sprintf("the newest measurement is more than %s old: nothing scales until there are newer ones", settings.StaleAfter))
		return
	}
	var blind []string
	p.status.Measured = p.status.Measured[:0:0]
	for _, o := range observations {
		m := v1alpha1.MeasuredComponent{Name: o.Component}
		for _, s := range o.Signals {
			if s.Window != settings.Window {
				continue
			}
			switch s.Signal {
			case scaling.CPU:
				m.CPUMilliPercent = thousandths(s.Value.Value)
			case scaling.Latency:
				m.LatencyMicroseconds = thousandths(s.Value.Value)
			case scaling.ErrorRate:
				m.ErrorMilliPercent = thousandths(s.Value.Value)
			case scaling.RequestRate:
				m.RequestsPerSecondMilli = thousandths(s.Value.Value)
			}
		}
		if len(o.Signals) == 0 {
			blind = append(blind, o.Component)
		}
		p.status.Measured = append(p.status.Measured, m)
	}
	if len(blind) > 0 {
		condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionMetricsAvailable, metav1.ConditionFalse, v1alpha1.ReasonNoData, "not measured yet: "+strings.Join(blind, ", "))
		return
	}
	condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionMetricsAvailable, metav1.ConditionTrue, v1alpha1.ReasonMeasured, "every component is measured")
}

func thousandths(v float64) *int64 {
	m := int64(v*1000 + 0.5)
	return &m
}

// engineState is the state of the rules; one that cannot be read is a start
// without memory, which the rules know how to treat.
func engineState(raw *runtime.RawExtension) scaling.State {
	var s scaling.State
	if raw != nil && json.Unmarshal(raw.Raw, &s) != nil {
		return scaling.State{}
	}
	return s
}

// note writes what a tick decided into the status to be.
func (p *pass) note(base graph.Architecture, history []graph.Decision, out scaling.Output) error {
	for _, e := range out.Effects {
		for i := range history {
			if history[i].ID == e.Decision {
				effect := e.Effect
				history[i].Effect = &effect
			}
		}
	}
	history = append(history, out.Decisions...)
	if len(history) > maxLog {
		before := len(history)
		history = graph.Compact(base, history)
		p.status.DroppedDecisions += int64(before - len(history))
	}
	decisions, err := desired.LogStatus(history)
	if err != nil {
		return err
	}
	state, err := json.Marshal(out.State)
	if err != nil {
		return fmt.Errorf("encoding the state of the rules: %w", err)
	}
	p.status.Decisions, p.status.Engine = decisions, &runtime.RawExtension{Raw: state}
	p.status.DecisionCount += int64(len(out.Decisions))
	for _, d := range out.Decisions {
		p.say("Normal", string(d.Action), string(d.Action), sentence(d))
	}
	p.noteAlerts(out.Alerts)
	p.noteFindings(out.Findings)
	p.noteEvaluations(out.Records)
	p.noteExplanations(out.Records)
	return nil
}

// sentence is a decision in one line.
func sentence(d graph.Decision) string {
	change := ""
	if d.From != d.To {
		change = fmt.Sprintf(" %d -> %d", d.From, d.To)
	}
	return fmt.Sprintf("%s %s%s by rule %s: %s", d.Action, d.Component, change, d.Rule, d.Reason)
}
