package loadgen

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// meters are what a generator tells of itself.
type meters struct {
	registry *prometheus.Registry

	offeredBy  [wire.Classes]prometheus.Counter
	endedBy    [wire.Classes][3][wire.Reasons]prometheus.Counter
	logical    [wire.Classes]prometheus.Observer
	wall, lag  prometheus.Histogram
	network    *prometheus.HistogramVec
	late       prometheus.Counter
	inFlight   prometheus.Gauge
	elapsed    prometheus.Gauge
	finished   prometheus.Gauge
	target     prometheus.Gauge
	shares     prometheus.Gauge
	endedTotal *prometheus.CounterVec
}

func histogram(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		NativeHistogramBucketFactor: 1.02, NativeHistogramMaxBucketNumber: 1000, NativeHistogramMinResetDuration: 24 * time.Hour,
	}
}

func newMeters() *meters {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &meters{
		registry: prometheus.NewRegistry(),
		wall:     prometheus.NewHistogram(histogram(wire.LoadgenWallDuration, "Wall time from the intended time to the answer.")),
		lag:      prometheus.NewHistogram(histogram(wire.LoadgenLag, "Wall time from the intended time to sending.")),
		network:  prometheus.NewHistogramVec(histogram(wire.LoadgenNetwork, "Logical time that answered requests spent on ways between regions."), []string{"region"}),
		late:     prometheus.NewCounter(prometheus.CounterOpts{Name: wire.LoadgenLateAnswers, Help: "Answers to requests that some station took too late for their logical time."}),
		inFlight: gauge(wire.LoadgenInFlight, "Requests without an answer."),
		elapsed:  gauge(wire.LoadgenElapsed, "Elapsed seconds of the plan."),
		finished: gauge(wire.LoadgenFinished, "Whether the plan was played to its end and every answer is in."),
		target:   gauge(wire.LoadgenTargetRate, "Requests per second that all generators together should offer now."),
		shares:   gauge(wire.LoadgenShares, "Share of the plan that this generator plays."),
	}
	offered := prometheus.NewCounterVec(prometheus.CounterOpts{Name: wire.LoadgenOffered, Help: "Requests offered."}, []string{"class"})
	m.endedTotal = prometheus.NewCounterVec(prometheus.CounterOpts{Name: wire.LoadgenRequests, Help: "Requests that ended."}, []string{"class", "outcome", "reason"})
	logical := prometheus.NewHistogramVec(histogram(wire.LoadgenDuration, "Logical latency of answered requests, from the intended time."), []string{"class"})
	m.registry.MustRegister(offered, m.endedTotal, logical, m.wall, m.lag, m.network, m.late, m.inFlight, m.elapsed, m.finished, m.target, m.shares)
	for c := range wire.Classes {
		class := string(wire.ClassCode(c).Class())
		m.offeredBy[c], m.logical[c] = offered.WithLabelValues(class), logical.WithLabelValues(class)
		m.endedBy[c][wire.Answered][wire.ReasonNone] = m.endedTotal.WithLabelValues(class, wire.OutcomeAnswered, "")
	}
	m.shares.Set(1)
	return m
}

func (m *meters) offered(class wire.ClassCode, lag time.Duration) {
	m.offeredBy[class].Inc()
	m.lag.Observe(lag.Seconds())
}

// ended counts a request; the series of a failure begins with the first of it.
func (m *meters) ended(q request, outcome wire.OutcomeCode, reason wire.Reason) {
	c := &m.endedBy[q.class][outcome][reason]
	if *c == nil {
		*c = m.endedTotal.WithLabelValues(string(q.class.Class()), outcome.String(), reason.String())
	}
	(*c).Inc()
}

func (m *meters) latency(q request, logical, wall time.Duration) {
	m.logical[q.class].Observe(logical.Seconds())
	m.wall.Observe(wall.Seconds())
}

// networkOf observes the ways of one region's requests.
func (m *meters) networkOf(region string) prometheus.Observer {
	return m.network.WithLabelValues(region)
}

// Metrics serves the generator's metrics and health. It is ready once it knows
// its plan and reaches the entry.
func (g *Generator) Metrics(lastSeen func() time.Time) http.Handler {
	g.meters.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: wire.LoadgenTopologyAge, Help: "Seconds since the topology stream spoke."}, func() float64 {
		if seen := lastSeen(); !seen.IsZero() {
			return time.Since(seen).Seconds()
		}
		return 0
	}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g.meters.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if why := g.unready(r.Context()); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
		}
	})
	return mux
}

// unready asks the loop.
func (g *Generator) unready(ctx context.Context) string {
	answer := make(chan string, 1)
	g.act(func() {
		switch {
		case g.plan == nil:
			answer <- "no plan yet"
		case len(g.usable) == 0 && g.ended.IsZero():
			answer <- "the entry does not answer yet"
		default:
			answer <- ""
		}
	})
	select {
	case why := <-answer:
		return why
	case <-ctx.Done():
		return "busy"
	}
}
