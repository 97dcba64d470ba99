package station

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkArrive is the cost of one arrival at rho 0.9, draws not included:
// gaps and demands come from a table.
func BenchmarkArrive(b *testing.B) {
	for _, cores := range []int{1, 8, 100} {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			gaps, demands := table(ForArrival, 1.0/(0.9*float64(cores))), table(ForService, 1)
			s := newStation(b, fixed(cores))
			now := Time(0)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				now += Time(gaps[i%len(gaps)])
				s.Arrive(now, demands[i%len(demands)])
			}
		})
	}
}

// BenchmarkMM1 is one whole request of M/M/1: two draws, two logarithms, the station.
func BenchmarkMM1(b *testing.B) {
	law, gap := Exponential(time.Millisecond), Exponential(time.Millisecond*10/9)
	arrivals, services := NewStream(1, "clients", ForArrival), NewStream(1, "station", ForService)
	s := newStation(b, fixed(1))
	now := Time(0)
	b.ReportAllocs()
	for k := uint64(0); b.Loop(); k++ {
		now = now.Add(gap.Sample(arrivals.Uniform(k)))
		s.Arrive(now, law.Sample(services.Uniform(k)))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mreq/s")
}

func BenchmarkUniform(b *testing.B) {
	s := NewStream(1, "station", ForService)
	for k := uint64(0); b.Loop(); k++ {
		s.Uniform(k)
	}
}

func BenchmarkErlang4(b *testing.B) {
	d, err := Erlang(time.Millisecond, 4)
	if err != nil {
		b.Fatal(err)
	}
	s := NewStream(1, "station", ForService)
	for k := uint64(0); b.Loop(); k++ {
		d.Sample(s.Uniform(k))
	}
}

// table is exponential times around a mean of some milliseconds.
func table(purpose Purpose, mean float64) []time.Duration {
	law, draws := Exponential(time.Duration(mean*1e6)), NewStream(1, "table", purpose)
	times := make([]time.Duration, 1<<16)
	for i := range times {
		times[i] = law.Sample(draws.Uniform(uint64(i)))
	}
	return times
}

func TestArrivalsAllocateNothing(t *testing.T) {
	s, now := newStation(t, fixed(4)), Time(0)
	arrive := func() {
		now += ms
		s.Arrive(now, 4*time.Millisecond-1)
		s.ArriveHolding(now, 1)
		s.Release(now + 2)
	}
	for range 100 {
		arrive()
	}
	if n := testing.AllocsPerRun(1000, arrive); n != 0 {
		t.Errorf("%v allocations per arrival", n)
	}
}
