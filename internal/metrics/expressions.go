package metrics

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"flashcrowd.io/flashcrowd/internal/scaling"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// signalLabel tells the parts of a combined question apart.
const signalLabel = "signal"

// Parts of a combined question that are not signals of their own.
const (
	partSamples     = "samples"     // samples of each pod within the window
	partLast        = "last"        // time of each pod's last sample
	partArrivals    = "arrivals"    // requests a second that arrive, by class
	partRates       = "rates"       // requests a second that end, by outcome
	partOwn         = "ownLatency"  // ms spent in the component itself
	partConnections = "connections" // percent of the pool, by pod
	partLookups     = "lookups"     // keys a second that caches are asked for, by outcome
	partOldest      = "oldest"      // s, age of the oldest message that waits
	partFailedCalls = "failedCalls" // calls of others a second that fail
	partDone        = "done"        // messages a second that workers have done
)

// window is a duration as PromQL writes it.
func window(d time.Duration) string { return model.Duration(d).String() }

// selector matches the series of one graph; names are quoted, so that no name
// can end the expression.
func selector(namespace, graph string) string {
	return fmt.Sprintf(`{namespace=%q,graph=%q}`, namespace, graph)
}

// componentExpression asks for every built-in signal of every component at once.
func componentExpression(namespace, graph string, w time.Duration) string {
	s, r := selector(namespace, graph), window(w)
	metric := func(name string) string { return name + s }
	over := func(name string) string { return name + s + "[" + r + "]" }
	parts := []struct{ name, expression string }{
		{partSamples, "count_over_time(" + over(wire.ComponentCores) + ")"},
		{partLast, "timestamp(" + metric(wire.ComponentCores) + ")"},
		{scaling.CPU, fmt.Sprintf("100 * rate(%s) / %s", over(wire.ComponentBusySeconds), metric(wire.ComponentCores))},
		{scaling.Memory, fmt.Sprintf("100 * avg_over_time(%s) / (%s > 0)", over(wire.ComponentMemoryBytes), metric(wire.ComponentMemoryLimit))},
		{partConnections, fmt.Sprintf("100 * avg_over_time(%s) / (%s > 0)", over(wire.ComponentConnections), metric(wire.ComponentConnLimit))},
		{scaling.QueueDepth, "sum by (component) (avg_over_time(" + over(wire.ComponentQueueDepth) + "))"},
		{scaling.InFlight, "sum by (component) (avg_over_time(" + over(wire.ComponentInFlight) + "))"},
		{partArrivals, "sum by (component, class) (rate(" + over(wire.ComponentArrivals) + "))"},
		{partRates, "sum by (component, outcome) (rate(" + over(wire.ComponentRequests) + "))"},
		{scaling.Latency, meanMilliseconds(wire.ComponentDuration, s, r)},
		{partOwn, meanMilliseconds(wire.ComponentOwnDuration, s, r)},
		{scaling.LatencyP95, quantileMilliseconds(0.95, wire.ComponentDuration, s, r)},
		{scaling.LatencyP99, quantileMilliseconds(0.99, wire.ComponentDuration, s, r)},
		{partOldest, "max by (component) (avg_over_time(" + over(wire.ComponentOldestMessage) + "))"},
		{partFailedCalls, fmt.Sprintf("sum by (component) (rate(%s{namespace=%q,graph=%q,outcome!=%q}[%s]))", wire.ComponentCalls, namespace, graph, wire.OutcomeAnswered, r)},
		{partDone, "sum by (component) (rate(" + over(wire.ComponentAcknowledged) + "))"},
		{scaling.ReplicationLag, meanMilliseconds(wire.ComponentReplicationLag, s, r)},
		{partLookups, "sum by (component, outcome) (rate(" + over(wire.ComponentCacheLookups) + "))"},
	}
	expressions := make([]string, 0, len(parts))
	for _, p := range parts {
		expressions = append(expressions, named(p.name, p.expression))
	}
	return strings.Join(expressions, " or ")
}

// named labels a part of a combined question.
func named(name, expression string) string {
	return fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, expression, signalLabel, name)
}

// networkExpression asks for the mean time between the clients of a run and the
// entry, in milliseconds: one value without labels.
func networkExpression(namespace, graph, simulation string, w time.Duration) string {
	s := fmt.Sprintf(`{namespace=%q,graph=%q,simulation=%q}`, namespace, graph, simulation)
	sum := func(suffix string) string {
		return fmt.Sprintf("sum(rate(%s%s%s[%s]))", wire.LoadgenNetwork, suffix, s, window(w))
	}
	return named(scaling.GeoLatency, fmt.Sprintf("1000 * %s / (%s > 0)", sum("_sum"), sum("_count")))
}

func meanMilliseconds(name, s, r string) string {
	return fmt.Sprintf("1000 * sum by (component) (rate(%[1]s_sum%[2]s[%[3]s])) / (sum by (component) (rate(%[1]s_count%[2]s[%[3]s])) > 0)", name, s, r)
}

// quantileMilliseconds reads native histograms, and classic ones where the
// source keeps no native ones.
func quantileMilliseconds(q float64, name, s, r string) string {
	return fmt.Sprintf("1000 * (histogram_quantile(%[1]g, sum by (component) (rate(%[2]s%[3]s[%[4]s]))) or histogram_quantile(%[1]g, sum by (component, le) (rate(%[2]s_bucket%[3]s[%[4]s]))))", q, name, s, r)
}
