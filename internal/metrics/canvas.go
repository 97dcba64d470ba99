package metrics

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Scene asks what there is to show of a run at a moment.
type Scene struct {
	Namespace, Graph, Simulation string
	At                           time.Time
	// Window that momentary values are measured over.
	Window time.Duration
}

// Values are the columns of one component or pod that were measured.
type Values map[wire.MetricColumn]float64

// Shown is what was measured for a canvas. What is missing was not measured.
type Shown struct {
	// Components by name, Pods by name, Links by from + ">" + to in calls a second.
	Components, Pods map[string]Values
	Links            map[string]float64
	Total            wire.Total
}

// Show measures every component, pod and connection of a run at once.
func (c *Client) Show(ctx context.Context, s Scene) (Shown, error) {
	vector, err := c.vector(ctx, sceneExpression(s), s.At)
	if err != nil {
		return Shown{}, err
	}
	shown := Shown{Components: map[string]Values{}, Pods: map[string]Values{}, Links: map[string]float64{}}
	for _, sample := range vector {
		if v := float64(sample.Value); finite(v) {
			shown.take(sample.Metric, v)
		}
	}
	return shown, nil
}

// take sorts one sample by the labels that it has.
func (s *Shown) take(labels model.Metric, v float64) {
	signal, component, pod := string(labels[signalLabel]), string(labels["component"]), string(labels["pod"])
	switch {
	case signal == partLink:
		s.Links[component+">"+string(labels["target"])] = v
	case component == "":
		s.Total = withTotal(s.Total, signal, v)
	case pod != "":
		put(s.Pods, pod, signal, v)
	default:
		put(s.Components, component, signal, v)
	}
}

func put(all map[string]Values, key, signal string, v float64) {
	if all[key] == nil {
		all[key] = Values{}
	}
	all[key][wire.MetricColumn(signal)] = v
}

// Parts of the scene that are no columns.
const (
	partLink     = "link"
	totalTarget  = "target"
	totalRate    = "rate"
	totalP50     = "p50"
	totalP95     = "p95"
	totalP99     = "p99"
	totalErrors  = "errorRate"
	totalLag     = "lag"
	totalOffered = "offered"
	totalEnded   = "ended_"
)

// withTotal is a total with one more of its numbers.
func withTotal(t wire.Total, signal string, v float64) wire.Total {
	switch signal {
	case totalTarget:
		t.Target = &v
	case totalRate:
		t.Rate = &v
	case totalP50:
		t.P50 = &v
	case totalP95:
		t.P95 = &v
	case totalP99:
		t.P99 = &v
	case totalErrors:
		t.ErrorRate = &v
	case totalLag:
		t.LagP99 = &v
	case totalOffered:
		t.Offered = int64(v + 0.5)
	case totalEnded + wire.OutcomeAnswered:
		t.Answered = int64(v + 0.5)
	case totalEnded + wire.OutcomeFailed:
		t.Failed = int64(v + 0.5)
	case totalEnded + wire.OutcomeDropped:
		t.Dropped = int64(v + 0.5)
	}
	return t
}

// sceneExpression is one question for everything that a canvas shows.
func sceneExpression(s Scene) string {
	parts := append(columnParts(s, "component"), columnParts(s, "component, pod")...)
	parts = append(parts, linkPart(s))
	parts = append(parts, totalParts(s)...)
	for _, outcome := range []string{wire.OutcomeAnswered, wire.OutcomeFailed, wire.OutcomeDropped} {
		ended := fmt.Sprintf(`sum(%s{namespace=%q,simulation=%q,outcome=%q})`, wire.LoadgenRequests, s.Namespace, s.Simulation, outcome)
		parts = append(parts, part{totalEnded + outcome, ended})
	}
	parts = append(parts, part{totalOffered, fmt.Sprintf("sum(%s{namespace=%q,simulation=%q})", wire.LoadgenOffered, s.Namespace, s.Simulation)})
	return together(parts)
}

// part is one expression of a combined question.
type part struct{ name, expression string }

// together asks for all parts at once, each under its name.
func together(parts []part) string {
	expressions := make([]string, 0, len(parts))
	for _, p := range parts {
		expressions = append(expressions, p.labelled())
	}
	return strings.Join(expressions, " or ")
}

func (p part) labelled() string {
	return fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, p.expression, signalLabel, p.name)
}

// columnParts are the columns of a tick, by component or by component and pod.
func columnParts(s Scene, by string) []part {
	all, r := selector(s.Namespace, s.Graph), window(s.Window)
	over := func(name string) string { return name + all + "[" + r + "]" }
	sum := func(expression string) string { return fmt.Sprintf("sum by (%s) (%s)", by, expression) }
	mean := func(expression string) string { return fmt.Sprintf("avg by (%s) (%s)", by, expression) }
	latency := func(name string) string {
		return fmt.Sprintf("1000 * %s / (%s > 0)", sum("rate("+over(name+"_sum")+")"), sum("rate("+over(name+"_count")+")"))
	}
	ended := sum("rate(" + over(wire.ComponentRequests) + ")")
	failed := fmt.Sprintf(`sum by (%s) (rate(%s{namespace=%q,graph=%q,outcome!=%q}[%s]))`, by, wire.ComponentRequests, s.Namespace, s.Graph, wire.OutcomeAnswered, r)
	return []part{
		{string(wire.ColumnCPU), fmt.Sprintf("100 * %s / %s", sum("rate("+over(wire.ComponentBusySeconds)+")"), sum(wire.ComponentCores+all))},
		{string(wire.ColumnMemory), mean(fmt.Sprintf("100 * avg_over_time(%s) / (%s > 0)", over(wire.ComponentMemoryBytes), wire.ComponentMemoryLimit+all))},
		{string(wire.ColumnConnections), mean(fmt.Sprintf("100 * avg_over_time(%s) / (%s > 0)", over(wire.ComponentConnections), wire.ComponentConnLimit+all))},
		{string(wire.ColumnQueueDepth), sum("avg_over_time(" + over(wire.ComponentQueueDepth) + ")")},
		{string(wire.ColumnInFlight), sum("avg_over_time(" + over(wire.ComponentInFlight) + ")")},
		{string(wire.ColumnRequestRate), sum("rate(" + over(wire.ComponentArrivals) + ")")},
		// A component that gets no requests has no share of errors.
		{string(wire.ColumnErrorRate), fmt.Sprintf("100 * ((%s) or 0 * %s) / (%s > 0)", failed, ended, ended)},
		{string(wire.ColumnLatency), latency(wire.ComponentDuration)},
		{string(wire.ColumnLatencyP95), fmt.Sprintf("1000 * (histogram_quantile(0.95, %s) or histogram_quantile(0.95, sum by (%s, le) (rate(%s))))",
			sum("rate("+over(wire.ComponentDuration)+")"), by, over(wire.ComponentDuration+"_bucket"))},
	}
}

func linkPart(s Scene) part {
	return part{partLink, fmt.Sprintf("sum by (component, target) (rate(%s%s[%s]))", wire.ComponentCalls, selector(s.Namespace, s.Graph), window(s.Window))}
}

// totalParts are a run end to end, lately.
func totalParts(s Scene) []part {
	own, r := fmt.Sprintf(`{namespace=%q,simulation=%q}`, s.Namespace, s.Simulation), window(s.Window)
	quantile := func(q float64, name string) string {
		return fmt.Sprintf("1000 * (histogram_quantile(%[1]g, sum(rate(%[2]s%[3]s[%[4]s]))) or histogram_quantile(%[1]g, sum by (le) (rate(%[2]s_bucket%[3]s[%[4]s]))))", q, name, own, r)
	}
	failed := fmt.Sprintf(`sum(rate(%s{namespace=%q,simulation=%q,outcome!=%q}[%s]))`, wire.LoadgenRequests, s.Namespace, s.Simulation, wire.OutcomeAnswered, r)
	ended := fmt.Sprintf("sum(rate(%s%s[%s]))", wire.LoadgenRequests, own, r)
	return []part{
		{totalTarget, "max(" + wire.LoadgenTargetRate + own + ")"},
		{totalRate, fmt.Sprintf("sum(rate(%s%s[%s]))", wire.LoadgenOffered, own, r)},
		{totalP50, quantile(0.5, wire.LoadgenDuration)},
		{totalP95, quantile(0.95, wire.LoadgenDuration)},
		{totalP99, quantile(0.99, wire.LoadgenDuration)},
		{totalErrors, fmt.Sprintf("100 * (%s or 0 * %s) / (%s > 0)", failed, ended, ended)},
		{totalLag, quantile(0.99, wire.LoadgenLag)},
	}
}
