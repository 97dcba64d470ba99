package metrics

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Run asks how a run went from its start to a time.
type Run struct {
	Namespace, Graph, Simulation string
	Start, At                    time.Time
}

// Summary is a run end to end. Latencies are seconds; one that was not measured
// is NaN.
type Summary struct {
	Offered, Answered, Failed, Dropped int64
	// Rate is offered requests a second lately.
	Rate                     float64
	Mean, P50, P90, P95, P99 float64
	// Late counts requests that came too late for their logical time.
	Late int64
	// LagP99 is how far behind its schedule the generator sent, in seconds.
	LagP99 float64
	// Finished counts generators that have played their plan to the end,
	// Generators all that were seen lately.
	Finished, Generators int
	// Elapsed seconds of the plan, by the generators.
	Elapsed float64
}

// lately is the window of momentary values.
const lately = 5 * time.Second

// Summarize reads the generators' counters; it is an error if no generator was seen.
func (c *Client) Summarize(ctx context.Context, r Run) (Summary, error) {
	vector, err := c.vector(ctx, summaryExpression(r), r.At)
	if err != nil {
		return Summary{}, err
	}
	values := map[string]float64{}
	for _, sample := range vector {
		values[string(sample.Metric[signalLabel])+"/"+string(sample.Metric["outcome"])] = float64(sample.Value)
	}
	if _, seen := values["offered/"]; !seen {
		return Summary{}, fmt.Errorf("%w: no generator of %s/%s was seen", ErrUnavailable, r.Namespace, r.Simulation)
	}
	number := func(key string) float64 {
		if v, ok := values[key]; ok {
			return v
		}
		return nan()
	}
	count := func(key string) int64 {
		if v := values[key]; finite(v) {
			return int64(v + 0.5)
		}
		return 0
	}
	return Summary{
		Offered: count("offered/"), Answered: count("requests/" + wire.OutcomeAnswered),
		Failed: count("requests/" + wire.OutcomeFailed), Dropped: count("requests/" + wire.OutcomeDropped),
		Rate: number("rate/"), Mean: number("mean/"), P50: number("p50/"), P90: number("p90/"), P95: number("p95/"), P99: number("p99/"),
		Late: count("late/"), LagP99: number("lag/"),
		Finished: int(count("finished/")), Generators: int(count("generators/")), Elapsed: number("elapsed/"),
	}, nil
}

// summaryExpression asks for everything at once. A counter's last value in the
// run is taken from each generator, those that have gone included, but none of an
// earlier run of the same name.
func summaryExpression(r Run) string {
	s := fmt.Sprintf(`{namespace=%q,simulation=%q}`, r.Namespace, r.Simulation)
	elapsed := max(r.At.Sub(r.Start).Truncate(time.Millisecond), time.Millisecond)
	run := window(elapsed)
	last := func(name string) string { return "last_over_time(" + name + s + "[" + run + "])" }
	quantile := func(q float64, name string) string {
		return fmt.Sprintf("histogram_quantile(%[1]g, sum(%[2]s)) or histogram_quantile(%[1]g, sum by (le) (%[3]s))", q, last(name), last(name+"_bucket"))
	}
	answered := fmt.Sprintf("sum(%s) / (sum(%s) > 0)", last(wire.LoadgenDuration+"_sum"), last(wire.LoadgenDuration+"_count"))
	parts := []struct{ name, expression string }{
		{"offered", "sum(" + last(wire.LoadgenOffered) + ")"},
		{"requests", "sum by (outcome) (" + last(wire.LoadgenRequests) + ")"},
		{"rate", "sum(rate(" + wire.LoadgenOffered + s + "[" + window(min(lately, elapsed)) + "]))"},
		{"mean", answered},
		{"p50", quantile(0.5, wire.LoadgenDuration)},
		{"p90", quantile(0.9, wire.LoadgenDuration)},
		{"p95", quantile(0.95, wire.LoadgenDuration)},
		{"p99", quantile(0.99, wire.LoadgenDuration)},
		{"lag", quantile(0.99, wire.LoadgenLag)},
		{"late", "sum(" + last(wire.LoadgenLateAnswers) + ")"},
		{"finished", "sum(" + wire.LoadgenFinished + s + ")"},
		{"generators", "count(" + wire.LoadgenFinished + s + ")"},
		{"elapsed", "max(" + wire.LoadgenElapsed + s + ")"},
	}
	expressions := make([]string, 0, len(parts))
	for _, p := range parts {
		expressions = append(expressions, named(p.name, p.expression))
	}
	return strings.Join(expressions, " or ")
}

func nan() float64 { return math.NaN() }
