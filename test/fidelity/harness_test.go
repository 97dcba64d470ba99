package fidelity

import (
	"math"
	"slices"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
)

func seconds(s float64) time.Duration { return time.Duration(math.Round(s * 1e9)) }

func sqrt(x float64) float64 { return math.Sqrt(x) }

// must ends the test on an error: must(f())(t).
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// source is an arrival process: the k-th gap is a pure function of its stream.
type source struct {
	stream station.Stream
	gap    float64 // mean, ns
	paced  bool
	next   uint64
	at     float64 // ns
}

func poisson(seed uint64, rate float64) *source {
	return &source{stream: station.NewStream(seed, "clients", station.ForArrival), gap: 1e9 / rate}
}

// arrival is the next arrival's number and time.
func (s *source) arrival() (uint64, station.Time) {
	k := s.next
	s.next++
	if s.paced {
		s.at += s.gap
	} else {
		s.at -= s.gap * math.Log1p(-s.stream.Uniform(k))
	}
	return k, station.Time(math.Round(s.at))
}

// server is a station with the draws of its service times.
type server struct {
	*station.Station
	draws   station.Stream
	service station.Distribution
}

func newServer(t testing.TB, seed uint64, name string, config station.Config) *server {
	t.Helper()
	return &server{
		Station: must(station.New(0, config))(t),
		draws:   station.NewStream(seed, name, station.ForService),
		service: config.Service.Default,
	}
}

// exponentialServer has c cores of rate mu.
func exponentialServer(t testing.TB, seed uint64, name string, c int, mu float64) *server {
	t.Helper()
	law := station.Exponential(seconds(1 / mu))
	return newServer(t, seed, name, station.Config{Cores: c, Service: station.Service{Default: law}})
}

// serve takes request k at t.
func (s *server) serve(k uint64, t station.Time) station.Visit {
	return s.Arrive(t, s.service.Sample(s.draws.Uniform(k)))
}

// tally gathers durations in seconds.
type tally struct {
	values []float64
	sum    float64
	square float64
}

func (y *tally) add(d time.Duration) {
	x := d.Seconds()
	y.values = append(y.values, x)
	y.sum += x
	y.square += x * x
}

func (y *tally) mean() float64 { return y.sum / float64(len(y.values)) }

func (y *tally) deviation() float64 {
	m := y.mean()
	return math.Sqrt(y.square/float64(len(y.values)) - m*m)
}

// quantile sorts the values and is the nearest rank.
func (y *tally) quantile(p float64) float64 {
	slices.Sort(y.values)
	return y.values[min(int(p*float64(len(y.values))), len(y.values)-1)]
}

// warmUp is the share of arrivals before measuring begins.
const warmUp = 0.05

// checkLaws holds a finished station to conservation and Little's law: the
// time-average number in system is the rate of entering times the mean sojourn,
// exactly once the station has drained.
func checkLaws(t testing.TB, s *station.Station, sojourns time.Duration) {
	t.Helper()
	end := s.Observe(math.MaxInt64 / 4)
	if !end.Balanced() || end.InSystem != 0 {
		t.Errorf("arrivals are not conserved: %+v", end)
	}
	if end.InSystemArea != sojourns {
		t.Errorf("Little's law: the integral of the number in system is %v, the sum of sojourns %v", end.InSystemArea, sojourns)
	}
}
