package metrics

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/scaling"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Question asks what the components of a graph did in the window before a time.
type Question struct {
	Namespace, Graph string
	// Simulation is the run whose clients are asked for, Entry the component that
	// they reach first; both empty if there is none.
	Simulation, Entry string
	At                time.Time
	// Since is when the run began: what the graph did before it, in another run say,
	// is nobody's signal. Zero takes all that the windows reach.
	Since  time.Time
	Window time.Duration
	// Further are windows other than Window that some rule looks at.
	Further []time.Duration
	// ScrapeInterval is how often the source samples, which coverage is counted by.
	ScrapeInterval time.Duration
	Components     []ComponentQuestion
	// Queries are signals of the user's own, by name.
	Queries []Query
}

// Query is a signal of the user's own; Window is that of the rule that names it,
// which the query itself need not know.
type Query struct {
	scaling.Query
	Window time.Duration
}

// ComponentQuestion names a component and how many replicas it has; these come
// from the cluster, not from the source.
type ComponentQuestion struct {
	Name     string
	Type     graph.ComponentType
	Replicas scaling.Replicas
}

// warm is the share of a window that a pod must have been sampled in before its
// own values count: a replica that has just started tells nothing yet.
const warm = 0.8

// elapsed is how much of a window lies within the run.
func (q Question) elapsed(w time.Duration) time.Duration {
	if q.Since.IsZero() {
		return w
	}
	return min(w, q.At.Sub(q.Since).Truncate(time.Millisecond)) // PromQL writes milliseconds
}

// Observe measures every component. Signals that the source does not know are
// left out, which is unknown to the rules; an error means that nothing is known.
// No window reaches before the run: early in it a window is covered in part, which
// is unknown as well.
func (c *Client) Observe(ctx context.Context, q Question) ([]scaling.Observation, error) {
	observations := make([]scaling.Observation, 0, len(q.Components))
	for _, component := range q.Components {
		observations = append(observations, scaling.Observation{Component: component.Name, Replicas: component.Replicas})
	}
	for _, w := range append([]time.Duration{q.Window}, q.Further...) {
		over := q
		over.Window = w
		if err := c.observeWindow(ctx, over, observations); err != nil {
			return nil, err
		}
	}
	return observations, c.observeQueries(ctx, q, observations)
}

// observeWindow adds every built-in signal over the window of q.
func (c *Client) observeWindow(ctx context.Context, q Question, observations []scaling.Observation) error {
	within := q.elapsed(q.Window)
	if within <= 0 {
		return nil
	}
	expression := componentExpression(q.Namespace, q.Graph, within)
	if q.Entry != "" {
		expression += " or " + networkExpression(q.Namespace, q.Graph, q.Simulation, within)
	}
	vector, err := c.vector(ctx, expression, q.At)
	if err != nil {
		return err
	}
	samples := group(vector)
	for i, component := range q.Components {
		parts := samples[component.Name]
		if network := samples[""][scaling.GeoLatency]; component.Name == q.Entry && len(parts) > 0 {
			parts[scaling.GeoLatency] = network
		}
		observations[i].Signals = append(observations[i].Signals, measure(q, component, parts)...)
	}
	return nil
}

// observeQueries adds the user's signals. A query that fails leaves its signal unknown.
func (c *Client) observeQueries(ctx context.Context, q Question, observations []scaling.Observation) error {
	for _, query := range q.Queries {
		within := q.elapsed(query.Window)
		if within <= 0 {
			continue
		}
		vector, err := c.vector(ctx, query.PromQL, q.At)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue
		}
		for _, sample := range vector {
			index := slices.IndexFunc(observations, func(o scaling.Observation) bool {
				return o.Component == string(sample.Metric["component"])
			})
			if index >= 0 && finite(float64(sample.Value)) {
				observations[index].Signals = append(observations[index].Signals, scaling.Measurement{Signal: query.Name, Value: scaling.Value{
					Value: float64(sample.Value), N: 1, First: q.At.Add(-within), Last: sample.Timestamp.Time(),
					Coverage: within.Seconds() / query.Window.Seconds(), Window: query.Window,
				}})
			}
		}
	}
	return nil
}

// group sorts samples by component and part.
func group(vector model.Vector) map[string]map[string]model.Vector {
	grouped := map[string]map[string]model.Vector{}
	for _, sample := range vector {
		component := string(sample.Metric["component"])
		if grouped[component] == nil {
			grouped[component] = map[string]model.Vector{}
		}
		part := string(sample.Metric[signalLabel])
		grouped[component][part] = append(grouped[component][part], sample)
	}
	return grouped
}

// coverage is which pods of a component were sampled throughout the window.
type coverage struct {
	pods  []string
	all   bool
	n     int64
	share float64
	last  time.Time
}

func cover(q Question, parts map[string]model.Vector) coverage {
	expected := q.Window.Seconds() / q.ScrapeInterval.Seconds()
	var c coverage
	for _, sample := range parts[partSamples] {
		if share := float64(sample.Value) / expected; share >= warm {
			c.pods = append(c.pods, string(sample.Metric["pod"]))
			c.n += int64(sample.Value)
			c.share += min(1, share)
		}
	}
	for _, sample := range parts[partLast] {
		if at := time.UnixMilli(int64(float64(sample.Value) * 1000)); at.After(c.last) {
			c.last = at
		}
	}
	if len(c.pods) > 0 {
		c.share /= float64(len(c.pods))
	}
	c.all = len(c.pods) == len(parts[partSamples])
	slices.Sort(c.pods)
	return c
}

// measure turns the samples of one component into its signals.
func measure(q Question, component ComponentQuestion, parts map[string]model.Vector) []scaling.Measurement {
	covered := cover(q, parts)
	if len(covered.pods) == 0 {
		return nil
	}
	m := measurements{question: q, covered: covered}
	m.perPod(scaling.CPU, parts[scaling.CPU])
	m.perPod(scaling.Memory, parts[scaling.Memory])
	m.perPod(scaling.Connections, parts[partConnections])
	m.total(scaling.QueueDepth, parts[scaling.QueueDepth])
	m.total(scaling.InFlight, parts[scaling.InFlight])
	m.rates(parts[partArrivals], parts[partRates])
	m.throughput(component.Type, parts)
	latency := parts[scaling.Latency]
	if component.Type == graph.Database {
		latency = parts[partOwn]
	}
	m.total(scaling.Latency, latency)
	m.total(scaling.LatencyP95, parts[scaling.LatencyP95])
	m.total(scaling.LatencyP99, parts[scaling.LatencyP99])
	m.messages(parts)
	m.total(scaling.ReplicationLag, parts[scaling.ReplicationLag])
	m.total(scaling.GeoLatency, parts[scaling.GeoLatency])
	m.lookups(parts[partLookups])
	m.downstream(parts)
	return m.list
}

// measurements collects the signals of one component.
type measurements struct {
	question Question
	covered  coverage
	list     []scaling.Measurement
}

func (m *measurements) add(signal string, v float64, replicas []string) {
	if !finite(v) {
		return
	}
	first := m.covered.last.Add(-m.question.Window)
	if first.Before(m.question.Since) {
		first = m.question.Since
	}
	m.list = append(m.list, scaling.Measurement{Signal: signal, Value: scaling.Value{
		Value: v, N: m.covered.n, First: first, Last: m.covered.last,
		Coverage: m.covered.share, Window: m.question.Window, Replicas: replicas,
	}})
}

// perPod is the mean over the pods that were sampled throughout the window.
func (m *measurements) perPod(signal string, vector model.Vector) {
	sum, n := 0.0, 0
	for _, sample := range vector {
		if slices.Contains(m.covered.pods, string(sample.Metric["pod"])) && finite(float64(sample.Value)) {
			sum += float64(sample.Value)
			n++
		}
	}
	if n == 0 {
		return
	}
	var replicas []string
	if !m.covered.all {
		replicas = m.covered.pods
	}
	m.add(signal, sum/float64(n), replicas)
}

// total is a value of the whole component.
func (m *measurements) total(signal string, vector model.Vector) {
	if len(vector) == 1 {
		m.add(signal, float64(vector[0].Value), nil)
	}
}

// rates turns requests a second into rates and shares. The shares of a component
// without requests are not known.
func (m *measurements) rates(arrivals, ends model.Vector) {
	arrived, byClass := sumBy(arrivals, "class")
	ended, byOutcome := sumBy(ends, "outcome")
	if len(arrivals) > 0 {
		m.add(scaling.RequestRate, arrived, nil)
	}
	if ended > 0 {
		m.add(scaling.ErrorRate, 100*(ended-byOutcome[wire.OutcomeAnswered])/ended, nil)
	}
	if arrived > 0 {
		m.add(scaling.ReadRatio, 100*byClass[string(graph.Read)]/arrived, nil)
		m.add(scaling.WriteRatio, 100*byClass[string(graph.Write)]/arrived, nil)
		m.add(scaling.StaticRatio, 100*byClass[string(graph.Static)]/arrived, nil)
	}
}

// throughput is the work that is finished: what a queue has accepted is not done
// until a worker has done it, and what fails because a call of another failed was
// work all the same. What the component itself refuses is not.
func (m *measurements) throughput(kind graph.ComponentType, parts map[string]model.Vector) {
	if kind == graph.MessageQueue {
		m.total(scaling.Throughput, parts[partDone])
		return
	}
	if ends := parts[partRates]; len(ends) > 0 {
		_, byOutcome := sumBy(ends, "outcome")
		elsewhere := 0.0
		if calls := parts[partFailedCalls]; len(calls) == 1 {
			elsewhere = min(byOutcome[wire.OutcomeFailed], float64(calls[0].Value))
		}
		m.add(scaling.Throughput, byOutcome[wire.OutcomeAnswered]+elsewhere, nil)
	}
}

// messages is how far the workers of a queue are behind: the time that the oldest
// message has waited, or, if longer, that which one published now will wait. The
// latter is depth over rate (Little's law), 5 s for 5000 messages at 1000 a second;
// in a queue that fills, the oldest message has waited for less than that.
func (m *measurements) messages(parts map[string]model.Vector) {
	if len(parts[partOldest]) != 1 {
		return
	}
	lag := float64(parts[partOldest][0].Value)
	if depth, done := parts[scaling.QueueDepth], parts[partDone]; len(depth) == 1 && len(done) == 1 && done[0].Value > 0 {
		lag = max(lag, float64(depth[0].Value/done[0].Value))
	}
	m.add(scaling.Lag, lag, nil)
}

// lookups is the share of keys that were there; that of a cache which nobody
// asks is not known.
func (m *measurements) lookups(vector model.Vector) {
	if asked, byOutcome := sumBy(vector, "outcome"); asked > 0 {
		m.add(scaling.HitRatio, 100*byOutcome[wire.OutcomeHit]/asked, nil)
	}
}

// sumBy adds samples up, all together and by a label.
func sumBy(vector model.Vector, label model.LabelName) (total float64, by map[string]float64) {
	by = map[string]float64{}
	for _, sample := range vector {
		if v := float64(sample.Value); finite(v) {
			total += v
			by[string(sample.Metric[label])] += v
		}
	}
	return total, by
}

// downstream is the share of the request time that was spent waiting for others.
func (m *measurements) downstream(parts map[string]model.Vector) {
	whole, own := parts[scaling.Latency], parts[partOwn]
	if len(whole) != 1 || len(own) != 1 || whole[0].Value <= 0 {
		return
	}
	m.add(scaling.DownstreamShare, 100*max(0, 1-float64(own[0].Value/whole[0].Value)), nil)
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
