package traffic

import (
	"math"
	"sort"
	"time"
)

// Rate is the rate at an elapsed time, in requests per second.
func (p Profile) Rate(at time.Duration) float64 {
	for _, s := range p.Segments {
		if at < s.Duration {
			return s.rate(at)
		}
		at -= s.Duration
	}
	return p.last()
}

func (s Segment) rate(at time.Duration) float64 {
	if s.Duration <= 0 {
		return s.To
	}
	return s.From + (s.To-s.From)*at.Seconds()/s.Duration.Seconds()
}

// last is the rate that holds after the last segment.
func (p Profile) last() float64 {
	if len(p.Segments) == 0 {
		return 0
	}
	return p.Segments[len(p.Segments)-1].To
}

// Peak is the highest rate.
func (p Profile) Peak() float64 {
	peak := 0.0
	for _, s := range p.Segments {
		peak = max(peak, s.From, s.To)
	}
	return peak
}

// Count is how many requests are due by an elapsed time: the integral of the rate.
func (p Profile) Count(at time.Duration) float64 { return p.curve().count(at.Seconds()) }

// curve is a profile with the count at the start of each segment, for looking up.
type curve struct {
	starts, counts []float64 // of each segment, in seconds and requests
	segments       []Segment
	end, total     float64
	last           float64
}

func (p Profile) curve() *curve {
	c := &curve{segments: p.Segments, last: p.last()}
	for _, s := range p.Segments {
		c.starts = append(c.starts, c.end)
		c.counts = append(c.counts, c.total)
		c.end += s.Duration.Seconds()
		c.total += (s.From + s.To) / 2 * s.Duration.Seconds()
	}
	return c
}

// count integrates the rate:
//
//	rate          to        count of a segment at x of its duration d:
//	 ^         .-''         from x + (to - from) x^2 / 2d
//	 |  from -'
//	 +-------------> x
func (c *curve) count(at float64) float64 {
	if at >= c.end {
		return c.total + c.last*(at-c.end)
	}
	i := sort.Search(len(c.starts), func(i int) bool { return c.starts[i] > at }) - 1
	if i < 0 {
		return 0
	}
	s, x := c.segments[i], at-c.starts[i]
	d := s.Duration.Seconds()
	if d <= 0 {
		return c.counts[i]
	}
	return c.counts[i] + s.From*x + (s.To-s.From)*x*x/(2*d)
}

// when is the inverse of count: the time in seconds by which so many requests
// are due; infinite if they never are.
func (c *curve) when(count float64) float64 {
	if count >= c.total {
		if c.last <= 0 {
			return math.Inf(1)
		}
		return c.end + (count-c.total)/c.last
	}
	i := max(0, sort.Search(len(c.counts), func(i int) bool { return c.counts[i] > count })-1)
	return c.starts[i] + c.segments[i].solve(count-c.counts[i])
}

// solve is the x in [0, d] at which a segment has counted n requests. The root
// is written so that it is exact for a constant rate and loses nothing to
// cancellation for a nearly constant one.
func (s Segment) solve(n float64) float64 {
	slope := (s.To - s.From) / s.Duration.Seconds()
	root := math.Sqrt(max(0, s.From*s.From+2*slope*n))
	if s.From+root == 0 {
		return 0
	}
	return min(2*n/(s.From+root), s.Duration.Seconds())
}
