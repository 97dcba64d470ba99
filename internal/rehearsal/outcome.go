package rehearsal

import (
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/report"
)

// Report is the report of a simulation on a graph, as far as it has come.
func Report(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph) report.Report {
	r := report.Report{
		Simulation: sim.Namespace + "/" + sim.Name, Graph: sim.Namespace + "/" + sim.Spec.GraphRef.Name, Engine: report.Live,
		Valid: true, Verdict: verdict(sim), DurationSeconds: float64(sim.Status.ElapsedSeconds),
		Objectives: []report.Objective{}, Decisions: Decisions(sim), Alerts: []report.Alert{}, Findings: []report.Finding{},
		Evaluations: evaluations(sim), Components: []report.Component{}, Connections: []report.Connection{}, Scaling: times(sim),
		StartedAt: timeOf(sim.Status.StartTime), EndedAt: timeOf(sim.Status.CompletionTime), Settings: settings(sim, cg), Unmeasured: "no Prometheus was asked",
	}
	if s := sim.Status.Summary; s != nil {
		r.Valid, r.InvalidReason = s.Invalid == "", s.Invalid
		r.Requests = report.Requests{Offered: s.Offered, Answered: s.Answered, Failed: s.Failed, Dropped: s.Dropped}
		r.LatencyMs = report.LatencyMs{Mean: millis(s.MeanMicroseconds), P50: millis(s.P50Microseconds), P95: millis(s.P95Microseconds), P99: millis(s.P99Microseconds)}
	}
	for _, o := range sim.Status.Objectives {
		r.Objectives = append(r.Objectives, report.Objective{Name: o.Name, Met: *o.Met, Value: float64(*o.ValueMilli) / 1000, Target: float64(*o.TargetMilli) / 1000, Unit: o.Unit})
	}
	for _, a := range sim.Status.Alerts {
		r.Alerts = append(r.Alerts, report.Alert{Time: a.Time.Time, Severity: a.Severity, Component: a.Component, Message: a.Message, Cleared: timeOf(a.Cleared)})
	}
	for _, f := range sim.Status.Findings {
		r.Findings = append(r.Findings, report.Finding{Time: f.Time.Time, Component: f.Component, Message: f.Message})
	}
	r.Commands = Commands(sim)
	r.Explanations, r.DroppedExplanations = explanations(sim), sim.Status.DroppedExplanations
	architecture(&r, sim, cg)
	r.Capacity = report.CapacityOf(r)
	return r
}

func timeOf(t *metav1.MicroTime) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

func millis(microseconds int64) float64 { return float64(microseconds) / 1000 }

func verdict(sim *v1alpha1.Simulation) report.Verdict {
	c := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionSucceeded)
	if c == nil || !meta.IsStatusConditionTrue(sim.Status.Conditions, v1alpha1.ConditionFinished) {
		return report.Running
	}
	switch c.Reason {
	case v1alpha1.ReasonObjectivesMet:
		return report.Met
	case v1alpha1.ReasonObjectivesMissed:
		return report.Missed
	case v1alpha1.ReasonStoppedEarly:
		return report.Stopped
	case v1alpha1.ReasonInvalid:
		if sim.Status.Summary != nil {
			return invalidVerdict(sim)
		}
	}
	return report.Failed
}

// invalidVerdict judges the objectives of a run whose numbers cannot be
// believed; the report says so beside it.
func invalidVerdict(sim *v1alpha1.Simulation) report.Verdict {
	for _, o := range sim.Status.Objectives {
		if !*o.Met {
			return report.Missed
		}
	}
	return report.Met
}

// Decisions are those of the log, at their second of the run.
func Decisions(sim *v1alpha1.Simulation) []report.Decision {
	out := []report.Decision{}
	for _, d := range sim.Status.Decisions {
		row := report.Decision{
			Time: d.Time.Time, Rule: d.Rule, Action: string(d.Action), Component: d.Component, From: d.From, To: d.To, Reason: d.Reason,
		}
		row.Second, row.Added = second(sim, d.Time), added(d)
		for _, s := range d.Signals {
			signal := report.Signal{Name: s.Name, WindowSeconds: s.WindowSeconds}
			if v := scaled(s.ValueMilli); v != nil {
				signal.Value = *v
			}
			if v := scaled(s.ThresholdMilli); v != nil {
				signal.Threshold = *v
			}
			row.Signals = append(row.Signals, signal)
		}
		if e := d.Effect; e != nil {
			row.Effect = fmt.Sprintf("%s: %s %.4g -> %.4g", e.Verdict, e.Signal, float64(*e.BeforeMilli)/1000, float64(*e.AfterMilli)/1000)
		}
		out = append(out, row)
	}
	return out
}

// added is the name of the component that a decision put there.
func added(d v1alpha1.Decision) string {
	if d.Added == nil {
		return ""
	}
	var c graph.Component
	if err := json.Unmarshal(d.Added.Raw, &c); err != nil { // the controllers wrote it; without a name it is told without one
		return ""
	}
	return c.Name
}

// second of the run that a time is, 0 before it began.
func second(sim *v1alpha1.Simulation, at metav1.MicroTime) float64 {
	if sim.Status.StartTime == nil {
		return 0
	}
	return max(0, at.Sub(sim.Status.StartTime.Time).Seconds())
}

func evaluations(sim *v1alpha1.Simulation) []report.Evaluation {
	out := []report.Evaluation{}
	for _, e := range sim.Status.Evaluations {
		row := report.Evaluation{Component: e.Component, Rule: e.Rule, Result: e.Result, Message: e.Message}
		if e.Since != nil {
			row.Second = second(sim, *e.Since)
		}
		out = append(out, row)
	}
	return out
}

// explanations are spans: each ends where the next of its component begins, the
// last ones with the run as far as it has come.
func explanations(sim *v1alpha1.Simulation) []report.Explanation {
	out := make([]report.Explanation, 0, len(sim.Status.Explanations))
	open := map[string]int{} // component to its last span
	for _, e := range sim.Status.Explanations {
		at := second(sim, e.Time)
		if last, ok := open[e.Component]; ok {
			out[last].ToSecond = at
		}
		open[e.Component] = len(out)
		out = append(out, report.Explanation{
			Component: e.Component, FromSecond: at, ToSecond: max(at, float64(sim.Status.ElapsedSeconds)), Result: e.Result, Rule: e.Rule, Message: e.Message,
		})
	}
	return out
}

// architecture fills in what the run came to: the graph as the user drew it, folded
// with the run's own log, so that it stays right when another run takes the graph.
func architecture(r *report.Report, sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph) {
	if cg == nil {
		return
	}
	base, err := desired.Architecture(cg.Spec)
	if err != nil {
		return // the graph's condition says what is wrong with it
	}
	log, err := desired.Log(r.Simulation, sim.Status.Decisions)
	if err != nil {
		return // only we write the log; nothing is told of one that nobody can read
	}
	live := graph.Fold(base, log)
	measured := map[string]v1alpha1.MeasuredComponent{}
	for _, m := range sim.Status.Measured {
		measured[m.Name] = m
	}
	for _, c := range live.Components {
		m := measured[c.Name]
		row := report.Component{
			Name: c.Name, Type: string(c.Type), Replicas: c.Replicas, Origin: "user",
			Utilization: scaled(m.CPUMilliPercent), LatencyMs: scaled(m.LatencyMicroseconds), ErrorRate: scaled(m.ErrorMilliPercent),
			Cores: c.Capacity.Cores, MemoryLimitBytes: c.Capacity.Memory.LimitBytes,
		}
		if drawn, ok := base.Component(c.Name); ok {
			row.Baseline = drawn.Replicas
		}
		if !c.Origin.ByUser() {
			row.Origin = c.Origin.Rule
		}
		r.Components = append(r.Components, row)
	}
	for _, c := range live.Connections {
		r.Connections = append(r.Connections, report.Connection{From: c.From, To: c.To})
	}
	if sim.Status.DroppedDecisions == 0 {
		r.Sizes = sizes(sim, base, log)
	}
}

// sizes are those of each component after each decision of a whole log.
func sizes(sim *v1alpha1.Simulation, base graph.Architecture, log []graph.Decision) map[string][]report.Size {
	all := map[string][]report.Size{}
	at := 0.0
	for n := range len(log) + 1 {
		if n > 0 {
			at = second(sim, sim.Status.Decisions[n-1].Time)
		}
		for _, c := range graph.Fold(base, log[:n]).Components {
			if had := all[c.Name]; len(had) == 0 || had[len(had)-1].Replicas != c.Replicas {
				all[c.Name] = append(had, report.Size{Second: at, Replicas: c.Replicas})
			}
		}
	}
	return all
}

func scaled(m *int64) *float64 {
	if m == nil {
		return nil
	}
	v := float64(*m) / 1000
	return &v
}

// progress is the state of a run for a view.
func progress(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph) Progress {
	p := Progress{Duration: time.Duration(*sim.Spec.DurationSeconds) * time.Second, Elapsed: time.Duration(sim.Status.ElapsedSeconds) * time.Second}
	if c := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionSucceeded); c != nil {
		p.Stage = c.Reason
	}
	if s := sim.Status.Summary; s != nil {
		p.Rate, p.P50Ms, p.P99Ms = float64(s.RequestsPerSecond), millis(s.P50Microseconds), millis(s.P99Microseconds)
		if s.Offered > 0 {
			p.ErrorPercent = 100 * float64(s.Failed+s.Dropped) / float64(s.Offered)
		}
	}
	if cg != nil {
		for _, c := range cg.Status.Components {
			p.Components = append(p.Components, ComponentProgress{Name: c.Name, Ready: *c.ReadyReplicas, Desired: *c.Replicas})
		}
	}
	return p
}
