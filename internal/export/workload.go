package export

import (
	"fmt"
	"slices"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// workload is a component that a Deployment can run, with what scaled it.
type workload struct {
	component report.Component
	// queue is what it pulls from, empty of none.
	queue string
	// decisions resized it, in their order.
	decisions []report.Decision
	targets   []target
	// rule is that of the first growth; zero if it is not known.
	rule     report.Rule
	min, max bound
	// omitted are the signals that no autoscaler can follow, in words.
	omitted []string
}

// bound is a number of replicas with where it comes from.
type bound struct {
	replicas int32
	because  string
}

// target is a signal that an autoscaler can follow, and why.
type target struct {
	signal string
	// value is percent of a request for cpu and memory, messages for each worker
	// for queueDepth.
	value   int64
	because string
}

// scales reports whether something is left for an autoscaler to follow.
func (w workload) scales() bool { return len(w.targets) > 0 }

// workloadsOf are the stateless components of the final architecture.
func workloadsOf(r report.Report) []workload {
	var out []workload
	for _, c := range r.Components {
		if kind := graph.ComponentType(c.Type); kind != graph.APIServer && kind != graph.Worker {
			continue
		}
		w := workload{component: c, queue: queueOf(r, c)}
		for _, d := range r.Decisions {
			if w.resizedBy(d) {
				w.decisions = append(w.decisions, d)
			}
		}
		w.aim()
		w.bind(r.Scaling)
		out = append(out, w)
	}
	return out
}

// queueOf is the queue whose decisions resize c: a queue's first Worker.
func queueOf(r report.Report, c report.Component) string {
	kinds := map[string]string{}
	for _, other := range r.Components {
		kinds[other.Name] = other.Type
	}
	for _, edge := range r.Connections {
		if edge.To != c.Name || kinds[edge.From] != string(graph.MessageQueue) {
			continue
		}
		first := slices.IndexFunc(r.Connections, func(e report.Connection) bool {
			return e.From == edge.From && kinds[e.To] == string(graph.Worker)
		})
		if first >= 0 && r.Connections[first].To == c.Name {
			return edge.From
		}
	}
	return ""
}

// resizedBy reports whether a decision changed the replicas of the workload.
func (w workload) resizedBy(d report.Decision) bool {
	switch graph.Action(d.Action) {
	case graph.AddReplica, graph.RemoveReplica:
		return d.Component == w.component.Name
	case graph.AddWorkers:
		return d.Component == w.component.Name || (w.queue != "" && d.Component == w.queue)
	}
	return false
}

// aim takes a target from each signal that a growth was decided by: its first
// threshold, at the size that it was crossed at.
func (w *workload) aim() {
	seen := map[string]bool{}
	for _, d := range w.decisions {
		if d.To <= d.From {
			continue
		}
		for _, s := range d.Signals {
			if s.Threshold <= 0 || seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			if t, ok := w.follow(d, s); ok {
				w.targets = append(w.targets, t)
			}
		}
	}
	if len(w.decisions) > 0 && len(seen) == 0 {
		w.omit("no growth in the log has a threshold, so nothing scales it")
	}
}

func (w *workload) omit(words string) {
	w.omitted = append(w.omitted, w.component.Name+": "+words+".")
}

// follow makes a signal a target, or says in words why it cannot be one. Only
// what falls in proportion to replicas is a target: others add until the maximum.
func (w *workload) follow(d report.Decision, s report.Signal) (target, bool) {
	t := target{signal: s.Name, because: cited(d, s)}
	switch {
	case s.Name == scaling.CPU && w.component.Cores > 0, s.Name == scaling.Memory && w.component.MemoryLimitBytes > 0:
		t.value = max(1, int64(s.Threshold))
	case s.Name == scaling.CPU, s.Name == scaling.Memory:
		w.omit(fmt.Sprintf("%s over %g of a capacity that is not known is no target", s.Name, s.Threshold))
		return t, false
	case s.Name == scaling.QueueDepth && w.queue != "" && d.From > 0:
		t.value = max(1, int64(s.Threshold)/int64(d.From))
	default:
		w.omit(fmt.Sprintf("%s over %g is no target, since it need not fall as replicas are added; alert on it", s.Name, s.Threshold))
		return t, false
	}
	return t, true
}

// cited is a decision as a reference for one of its signals.
func cited(d report.Decision, s report.Signal) string {
	return fmt.Sprintf("%s %s by %s, %d -> %d: %s %.4g, threshold %g over %d s",
		report.Clock(d.Second), d.Action, d.Rule, d.From, d.To, s.Name, s.Value, s.Threshold, s.WindowSeconds)
}

// bind takes the bounds from the user's drawing and from the rules that grew the workload.
func (w *workload) bind(s *report.Scaling) {
	c := w.component
	w.min = bound{max(1, c.Baseline), "as drawn in the graph; scaling in never goes below"}
	if c.Baseline == 0 {
		w.min.because = "a component that rule " + c.Origin + " put there keeps one replica"
	}
	w.max = bound{max(w.min.replicas, c.Replicas), "as many as the run ended with"}
	for _, d := range w.decisions {
		if d.To > w.max.replicas {
			w.max = bound{d.To, fmt.Sprintf("as many as the run came to, at %s", report.Clock(d.Second))}
		}
	}
	if s != nil {
		w.keepTo(s.Rules)
	}
}

// keepTo takes the limits of those rules that grew the workload: the largest
// proposal wins, so the largest limit holds.
func (w *workload) keepTo(rules []report.Rule) {
	var limit bound
	for _, d := range w.decisions {
		at := slices.IndexFunc(rules, func(rule report.Rule) bool { return rule.Name == d.Rule })
		if at < 0 || d.To <= d.From {
			continue
		}
		rule := rules[at]
		if w.rule.Name == "" {
			w.rule = rule
			w.aimAt(rule)
		}
		if rule.MinReplicas > w.min.replicas {
			w.min = bound{rule.MinReplicas, "the minimum of rule " + rule.Name}
		}
		if rule.MaxReplicas > limit.replicas {
			limit = bound{rule.MaxReplicas, "the maximum of rule " + rule.Name}
		}
	}
	if limit.replicas > 0 {
		w.max = limit
	}
	if w.max.replicas < w.min.replicas {
		w.max = w.min
	}
}

// aimAt lowers the targets of utilization to where a rule brings it.
func (w *workload) aimAt(rule report.Rule) {
	for i, t := range w.targets {
		if t.signal == scaling.CPU && rule.TargetPercent > 0 {
			w.targets[i].value = int64(rule.TargetPercent)
			w.targets[i].because += fmt.Sprintf("; rule %s brings it to %g", rule.Name, rule.TargetPercent)
		}
	}
}
