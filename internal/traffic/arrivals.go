package traffic

import (
	"math"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
)

// Request is one arrival of a run.
type Request struct {
	// Number counts the arrivals of the run from 0.
	Number uint64
	// At is the elapsed time of the plan at which it is due.
	At time.Duration
	// Class, Key and Region of the request; Region indexes Traffic.Regions, -1 without any.
	Class  graph.Class
	Key    uint64
	Region int
}

// name of the generators among the components of a run, for their draws.
const name = "loadgen"

// Sequence is the arrivals of a run, one after the other. The same traffic and
// seed give the same sequence to every generator.
//
// A Poisson process of changing rate is one of rate 1 on the axis of the count:
// exponential gaps are added up there, and the profile's inverse says when.
type Sequence struct {
	traffic Traffic
	curve   *curve
	keys    zipf
	arrival station.Stream
	class   station.Stream
	key     station.Stream
	region  station.Stream
	number  uint64
	// count is where the next arrival lies on the axis of the count.
	count float64
}

// NewSequence begins at the first arrival.
func NewSequence(t Traffic, seed uint64) *Sequence {
	s := &Sequence{
		traffic: t, curve: t.Profile.curve(), keys: newZipf(t.Keys),
		arrival: station.NewStream(seed, name, station.ForArrival), class: station.NewStream(seed, name, station.ForClass),
		key: station.NewStream(seed, name, station.ForKey), region: station.NewStream(seed, name, station.ForRegion),
	}
	s.count = s.gap(0) // half a gap for paced arrivals, a whole one for others
	if t.Arrival == Uniform {
		s.count = 0.5
	}
	return s
}

// gap is the distance before an arrival on the axis of the count.
func (s *Sequence) gap(number uint64) float64 {
	if s.traffic.Arrival == Uniform {
		return 1
	}
	return -math.Log1p(-s.arrival.Uniform(number))
}

// never is a time that no run reaches.
const never = time.Duration(math.MaxInt64)

// Due is when the next arrival is due; a traffic that has stopped for good is
// never due.
func (s *Sequence) Due() time.Duration {
	at := s.curve.when(s.count)
	if at*float64(time.Second) >= float64(never) {
		return never
	}
	return time.Duration(at * float64(time.Second))
}

// Next is the next arrival, and moves on.
func (s *Sequence) Next() Request {
	r := Request{Number: s.number, At: s.Due(), Class: s.classOf(s.number), Key: s.keys.draw(s.key, s.number), Region: s.regionOf(s.number)}
	s.skip()
	return r
}

// Skip moves on without drawing the arrival.
func (s *Sequence) Skip() { s.skip() }

func (s *Sequence) skip() {
	s.number++
	s.count += s.gap(s.number)
}

// Number is the number of the next arrival.
func (s *Sequence) Number() uint64 { return s.number }

// Change goes on with other traffic from an elapsed time: arrivals keep their
// numbers, and the next comes after what was left of its gap.
func (s *Sequence) Change(t Traffic, at time.Duration) {
	left := s.count - s.curve.count(at.Seconds())
	s.traffic, s.curve, s.keys = t, t.Profile.curve(), newZipf(t.Keys)
	s.count = s.curve.count(at.Seconds()) + max(0, left)
}

func (s *Sequence) classOf(number uint64) graph.Class {
	u := s.class.Uniform(number) * 100
	m := s.traffic.Mix
	for _, share := range []struct {
		class   graph.Class
		percent int32
	}{{graph.Read, m.ReadPercent}, {graph.Write, m.WritePercent}, {graph.Static, m.StaticPercent}} {
		if u -= float64(share.percent); u < 0 {
			return share.class
		}
	}
	return graph.Async
}

func (s *Sequence) regionOf(number uint64) int {
	total := 0.0
	for _, r := range s.traffic.Regions {
		total += float64(r.Weight)
	}
	u := s.region.Uniform(number) * total
	for i, r := range s.traffic.Regions {
		if u -= float64(r.Weight); u < 0 {
			return i
		}
	}
	return len(s.traffic.Regions) - 1
}

// Owner is which of the living generators sends an arrival: the one whose hash
// with its number is highest (rendezvous hashing), so that when one dies only
// its own arrivals move. indexes must not be empty.
func Owner(number uint64, indexes []int) int {
	owner, best := -1, uint64(0)
	for _, i := range indexes {
		if h := mix64(number ^ mix64(uint64(i)+1)); owner < 0 || h > best {
			owner, best = i, h
		}
	}
	return owner
}

// mix64 is the finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
func mix64(x uint64) uint64 {
	x += 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}
