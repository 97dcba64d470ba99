package stub

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// counters are what the loop counted; they are read under the node's lock.
type counters struct {
	arrived [wire.Classes]uint64
	ended   [wire.Classes][wire.Reasons]uint64
	called  map[string]*[3]uint64
	// timeouts and retries are calls given up and made again, by component.
	timeouts, retries map[string]uint64
	late              uint64
}

// add counts one of a component.
func add(counts *map[string]uint64, component string) {
	if *counts == nil {
		*counts = map[string]uint64{}
	}
	(*counts)[component]++
}

func (c *counters) call(component string, outcome wire.OutcomeCode) {
	if c.called == nil {
		c.called = map[string]*[3]uint64{}
	}
	if c.called[component] == nil {
		c.called[component] = &[3]uint64{}
	}
	c.called[component][outcome]++
}

// meters are the histograms; counters and gauges are collected from the node.
type meters struct {
	whole, own [wire.Classes]prometheus.Observer
	wall       prometheus.Histogram
	registry   *prometheus.Registry
}

// nativeFactor is the resolution of native histograms: quantiles within 2 %.
const nativeFactor = 1.04

func histogram(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		NativeHistogramBucketFactor: nativeFactor, NativeHistogramMaxBucketNumber: 500, NativeHistogramMinResetDuration: time.Hour,
	}
}

func newMeters() *meters {
	m := &meters{registry: prometheus.NewRegistry()}
	whole := prometheus.NewHistogramVec(histogram(wire.ComponentDuration, "Logical time from arrival to answer, calls downstream included."), []string{"class"})
	own := prometheus.NewHistogramVec(histogram(wire.ComponentOwnDuration, "Logical time of waiting and service in the component itself."), []string{"class"})
	m.wall = prometheus.NewHistogram(histogram(wire.ComponentWallDuration, "Wall time from logical arrival to the answer's leaving."))
	m.registry.MustRegister(whole, own, m.wall)
	for c := range wire.Classes {
		name := string(wire.ClassCode(c).Class())
		m.whole[c], m.own[c] = whole.WithLabelValues(name), own.WithLabelValues(name)
	}
	return m
}

// done observes a visit that is answered at wall time now. Requests that were
// refused have no duration.
func (m *meters) done(v *visit, now int64) {
	if v.reason != wire.ReasonNone && v.reason != wire.ReasonError {
		return
	}
	m.whole[v.class].Observe(float64(v.at-v.arrived) / 1e9)
	m.own[v.class].Observe(float64(v.served-v.arrived) / 1e9)
	m.wall.Observe(float64(now-v.arrived) / 1e9)
}

// Metrics serves the node's metrics and health.
func (n *Node) Metrics(lastSeen func() time.Time) http.Handler {
	n.meters.registry.MustRegister(&collector{node: n, lastSeen: lastSeen})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(n.meters.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if why := n.Unready(); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
		}
	})
	return mux
}

// collector reads the node's counters at each scrape.
type collector struct {
	node     *Node
	lastSeen func() time.Time
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe sends nothing: what is collected depends on the topology.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads everything at one logical time, which a turn brings up to now.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	n := c.node
	n.catchUp()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.station == nil {
		return
	}
	config := n.settings.component
	s := n.behaviour.state(config, n.station.Snapshot())
	out <- prometheus.MustNewConstMetric(desc(wire.ComponentInfo, "The component that this replica is of.", "type", "replica"), prometheus.GaugeValue, 1, string(config.Type), n.id)
	out <- gauge(wire.ComponentCores, "Virtual cores.", float64(config.Capacity.Cores))
	out <- counter(wire.ComponentBusySeconds, "Core-seconds in service.", s.Busy.Seconds())
	out <- gauge(wire.ComponentQueueDepth, "Requests that wait for a core.", float64(s.Waiting))
	out <- gauge(wire.ComponentInFlight, "Requests in the replica.", float64(n.visits.used+n.worker.outside()))
	n.behaviour.collect(config, s, out)
	out <- gauge(wire.ComponentMemoryBytes, "Memory in use by the model.", float64(s.MemoryBytes))
	out <- gauge(wire.ComponentMemoryLimit, "Memory limit of the model, 0 if unbounded.", float64(config.Capacity.Memory.LimitBytes))
	out <- counter(wire.ComponentLateArrivals, "Requests that came too late for their logical time.", float64(n.counts.late))
	out <- gauge(wire.ComponentDrainingState, "Whether the replica drains.", boolean(n.draining))
	if seen := c.lastSeen(); !seen.IsZero() {
		out <- gauge(wire.ComponentTopologyAge, "Seconds since the topology stream spoke.", time.Since(seen).Seconds())
	}
	c.requests(out)
}

// turnOfScrape bounds how long a scrape waits for a turn.
const turnOfScrape = 100 * time.Millisecond

// catchUp waits until the loop has taken a turn from now on.
func (n *Node) catchUp() {
	turned := make(chan struct{})
	n.input.act(func() { n.afterTurn = append(n.afterTurn, turned) })
	select {
	case <-turned:
	case <-n.input.closed():
	case <-time.After(turnOfScrape):
	}
}

func gauge(name, help string, v float64) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc(name, help), prometheus.GaugeValue, v)
}

func counter(name, help string, v float64) prometheus.Metric {
	return prometheus.MustNewConstMetric(desc(name, help), prometheus.CounterValue, v)
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// requests sends the counters with labels.
func (c *collector) requests(out chan<- prometheus.Metric) {
	arrivals := desc(wire.ComponentArrivals, "Requests that arrived.", "class")
	ended := desc(wire.ComponentRequests, "Requests that ended.", "class", "outcome", "reason")
	calls := desc(wire.ComponentCalls, "Calls to other components, each attempt for itself.", "target", "outcome")
	for class := range wire.Classes {
		name := string(wire.ClassCode(class).Class())
		if c.node.counts.arrived[class] == 0 {
			continue
		}
		out <- prometheus.MustNewConstMetric(arrivals, prometheus.CounterValue, float64(c.node.counts.arrived[class]), name)
		for reason, count := range c.node.counts.ended[class] {
			if count == 0 && reason != int(wire.ReasonNone) {
				continue
			}
			outcome := wire.Failed
			if reason == int(wire.ReasonNone) {
				outcome = wire.Answered
			}
			out <- prometheus.MustNewConstMetric(ended, prometheus.CounterValue, float64(count), name, outcome.String(), wire.Reason(reason).String())
		}
	}
	for target, counts := range c.node.counts.called {
		for outcome, count := range counts {
			if count > 0 {
				out <- prometheus.MustNewConstMetric(calls, prometheus.CounterValue, float64(count), target, wire.OutcomeCode(outcome).String())
			}
		}
	}
	byTarget(out, wire.ComponentTimeouts, "Calls given up at their timeout.", c.node.counts.timeouts)
	byTarget(out, wire.ComponentRetries, "Calls made again.", c.node.counts.retries)
	for _, h := range c.node.held {
		out <- prometheus.MustNewConstMetric(desc(wire.ComponentPoolWaits, "Calls that waited for a connection.", "target"), prometheus.CounterValue, float64(h.waits), h.target)
		out <- prometheus.MustNewConstMetric(desc(wire.ComponentPoolWaiting, "How long calls waited for a connection.", "target"), prometheus.CounterValue, float64(h.waited)/1e9, h.target)
	}
}

// byTarget sends a counter for each component that is called.
func byTarget(out chan<- prometheus.Metric, name, help string, counts map[string]uint64) {
	for target, count := range counts {
		out <- prometheus.MustNewConstMetric(desc(name, help, "target"), prometheus.CounterValue, float64(count), target)
	}
}
