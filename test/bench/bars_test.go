package bench

import (
	"fmt"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
)

// lateness is how far behind its schedule a generator sent, in microseconds.
type lateness struct{ p50, p90, p99, p999 float64 }

func latenessOf(family *dto.MetricFamily) lateness {
	return lateness{quantile(family, 0.5), quantile(family, 0.9), quantile(family, 0.99), quantile(family, 0.999)}
}

func (l lateness) String() string {
	return fmt.Sprintf("p50 %.0f p90 %.0f p99 %.0f p99.9 %.0f us", l.p50, l.p90, l.p99, l.p999)
}

// bar is a most that a measurement is held against.
type bar struct {
	what      string
	got, most float64
}

func (x bar) tell(b *testing.B) {
	b.Helper()
	word := "holds"
	if x.got > x.most {
		word = "MISSED"
	}
	b.Logf("  bar %s: %.2f, at most %.2f: %s", x.what, x.got, x.most, word)
}

// answerer is one station that answers at once, so that a run measures its generator.
func answerer() shape {
	c := single("api", graph.APIServer, 0)
	c.Capacity = graph.Capacity{Cores: 64, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 100 * time.Microsecond}}
	return shape{name: "answerer", components: []graph.Component{c}, mix: traffic.Mix{ReadPercent: 100}}
}

// BenchmarkLateness tells how late the generator sends, and what it costs, at
// rates that simulations use.
func BenchmarkLateness(b *testing.B) {
	for _, rate := range []float64{1_000, 10_000, 20_000} {
		b.Run(fmt.Sprintf("%.0f", rate), func(b *testing.B) {
			for b.Loop() {
				r, valid := believe(b, answerer(), rate)
				if !valid {
					b.Skipf("no valid run in %d attempts", attempts)
				}
				b.Logf("generator at %.0f/s: lateness %v; %.1f us of CPU per request", rate, r.lateness, r.generator)
				if rate == 10_000 {
					bar{"generator CPU at 10,000/s, us/request", r.generator, 10}.tell(b)
				}
				b.ReportMetric(r.lateness.p50, "late-p50-us")
				b.ReportMetric(r.lateness.p90, "late-p90-us")
				b.ReportMetric(r.lateness.p99, "late-p99-us")
				b.ReportMetric(r.lateness.p999, "late-p99.9-us")
				b.ReportMetric(r.generator, "generator-us/request")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// BenchmarkStorefront plays one real request for each simulated one on the
// architecture that scenario 3 grows into, and tells the cores that all
// processes take together.
func BenchmarkStorefront(b *testing.B) {
	for _, goal := range []struct{ rate, cores float64 }{{10_000, 0.6}, {50_000, 0.7}} {
		b.Run(fmt.Sprintf("%.0f", goal.rate), func(b *testing.B) {
			for b.Loop() {
				r, valid := believe(b, storefront(), goal.rate)
				if !valid {
					b.Skipf("no valid run in %d attempts", attempts)
				}
				cores := (r.stubs + r.generator) * r.requests / duration.Seconds() / 1e6
				bar{fmt.Sprintf("cores of stubs and generator at %.0f/s", goal.rate), cores, goal.cores}.tell(b)
				bar{"MB of the largest stub", r.resident, 20}.tell(b)
				b.ReportMetric(cores, "cores")
				b.ReportMetric(r.stubs, "stub-us/request")
				b.ReportMetric(r.generator, "generator-us/request")
				b.ReportMetric(r.resident, "largest-stub-MB")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
