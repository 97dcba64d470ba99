package bench

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// result is one measurement of our processes.
type result struct {
	requests             float64
	stubs, generator     float64 // CPU us per request
	mean, p50, p99, wall float64 // us
	late, failed         float64
	lag                  float64 // p99 of the generator, us
	lateness             lateness
	resident             float64 // MB of the largest stub
}

// believable says that the host was not too starved: nothing came late.
func (r result) believable() bool { return r.late == 0 && r.failed == 0 && r.lag < 100_000 }

// measure runs a shape at a rate.
func measure(b *testing.B, s shape, rate float64) result {
	b.Helper()
	path := filepath.Join(b.TempDir(), "topology.json")
	publish(b, path, s.topology(1, nil, nil))
	var stubs []*process
	for _, i := range s.instances() {
		stubs = append(stubs, ours(b, "stub", i.Component, i.Pod, path))
	}
	generator := ours(b, "loadgen", "", "", path)
	all := append([]*process{generator}, stubs...)
	defer func() {
		for _, p := range all {
			p.stop()
		}
	}()
	publish(b, path, s.topology(2, stubs, nil))
	for _, p := range stubs {
		p.ready(b)
	}
	publish(b, path, s.topology(3, stubs, s.plan(rate)))
	generator.ready(b)
	stubsBefore, generatorBefore := cpu(b, stubs...), cpu(b, generator)
	awaitEnd(b, generator)
	stubsAfter, generatorAfter := cpu(b, stubs...), cpu(b, generator)
	return gather(b, generator, stubsAfter-stubsBefore, generatorAfter-generatorBefore, resident(b, stubs...))
}

// awaitEnd waits until the generator has every answer.
func awaitEnd(b *testing.B, generator *process) {
	b.Helper()
	deadline, poll := time.After(*duration+60*time.Second), time.NewTicker(500*time.Millisecond)
	defer poll.Stop()
	for sum(scrape(b, generator)[wire.LoadgenFinished]) != 1 {
		select {
		case <-deadline:
			b.Fatal("the generator does not end")
		case <-poll.C:
		}
	}
}

func gather(b *testing.B, generator *process, stubs, own time.Duration, memory float64) result {
	b.Helper()
	scraped := scrape(b, generator)
	r := result{requests: sum(scraped[wire.LoadgenOffered]), resident: memory, late: sum(scraped[wire.LoadgenLateAnswers])}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / r.requests }
	r.stubs, r.generator = each(stubs), each(own)
	logical := merged(scraped[wire.LoadgenDuration])
	r.mean, r.p50, r.p99 = mean(logical), quantile(logical, 0.5), quantile(logical, 0.99)
	r.wall, r.lag = quantile(scraped[wire.LoadgenWallDuration], 0.5), quantile(scraped[wire.LoadgenLag], 0.99)
	r.lateness = latenessOf(scraped[wire.LoadgenLag])
	r.failed = r.requests - float64(logical.GetMetric()[0].GetHistogram().GetSampleCount())
	return r
}

func (r result) String() string {
	return fmt.Sprintf("stubs %.1f us/request, generator %.1f us/request; logical mean %.1f p50 %.1f p99 %.1f us; wall p50 %.0f us; %.0f requests, %.0f failed, %.0f late, lag p99 %.0f us; %.1f MB",
		r.stubs, r.generator, r.mean, r.p50, r.p99, r.wall, r.requests, r.failed, r.late, r.lag, r.resident)
}

// agrees holds a believable result to theory.
func (r result) agrees(b *testing.B, want theory) {
	b.Helper()
	for _, c := range []struct {
		name                   string
		got, want, mostPercent float64
	}{{"mean", r.mean, want.mean(), 2}, {"p99", r.p99, want.quantile(0.99), 7}} {
		off := 100 * (c.got/c.want - 1)
		b.Logf("  logical %s %.1f us, theory %.1f us: %+.1f %%", c.name, c.got, c.want, off)
		if math.Abs(off) > c.mostPercent {
			b.Errorf("logical %s is off by %+.1f %%, at most %v %% are due", c.name, off, c.mostPercent)
		}
	}
}

// attempts is how often a run on a starved host is made again.
const attempts = 3

// believe measures until a run can be believed; after some attempts it says that
// none can, and is the last one.
func believe(b *testing.B, s shape, rate float64) (r result, valid bool) {
	b.Helper()
	for range attempts {
		if r = measure(b, s, rate); r.believable() {
			b.Logf("%s at %.0f/s: %v", s.name, rate, r)
			return r, true
		}
		b.Logf("%s at %.0f/s, not valid, this host is too busy: %v", s.name, rate, r)
	}
	return r, false
}

func (r result) report(b *testing.B, want theory) {
	b.ReportMetric(r.stubs, "stub-us/request")
	b.ReportMetric(r.generator, "generator-us/request")
	b.ReportMetric(100*(r.mean/want.mean()-1), "mean-error-%")
	b.ReportMetric(100*(r.p99/want.quantile(0.99)-1), "p99-error-%")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkFidelity holds chains and fan-ins of real processes to queueing theory.
func BenchmarkFidelity(b *testing.B) {
	for _, s := range []func(float64) shape{chain, fanIn} {
		for _, rate := range []float64{10_000, 20_000} {
			s := s(rate)
			b.Run(fmt.Sprintf("%s/%.0f", s.name, rate), func(b *testing.B) {
				for b.Loop() {
					r, valid := believe(b, s, rate)
					if !valid {
						b.Skipf("no valid run in %d attempts", attempts)
					}
					r.agrees(b, s.theory(rate))
					r.report(b, s.theory(rate))
				}
			})
		}
	}
}
