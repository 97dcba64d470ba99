package traffic

import (
	"math"
	"time"
)

// Stage goes from the rate before it to Rate: linearly over its duration, or
// with Step at once.
type Stage struct {
	Duration time.Duration
	Rate     float64
	Step     bool
}

// Constant offers one rate.
func Constant(rate float64, duration time.Duration) Profile {
	return Profile{Segments: []Segment{{Duration: duration, From: rate, To: rate}}}
}

// Stages follow one after the other, beginning at a rate.
func Stages(from float64, stages []Stage) Profile {
	var p Profile
	for _, s := range stages {
		if s.Step {
			from = s.Rate
		}
		p.Segments = append(p.Segments, Segment{Duration: s.Duration, From: from, To: s.Rate})
		from = s.Rate
	}
	return p
}

// Ramp rises from one rate to another over the whole duration.
func Ramp(from, to float64, duration time.Duration) Profile {
	return Profile{Segments: []Segment{{Duration: duration, From: from, To: to}}}
}

// Spike holds the base for a third of the duration, rises for a twelfth, holds
// the peak for a sixth, falls for a twelfth and holds the base again.
func Spike(base, peak float64, duration time.Duration) Profile {
	third, twelfth := duration/3, duration/12
	return Profile{Segments: []Segment{
		{Duration: third, From: base, To: base},
		{Duration: twelfth, From: base, To: peak},
		{Duration: duration / 6, From: peak, To: peak},
		{Duration: twelfth, From: peak, To: base},
		{Duration: duration - third - twelfth - duration/6 - twelfth, From: base, To: base},
	}}
}

// waveSegments of one period draw the sine with an error below 0.3 % of its height.
const waveSegments = 36

// Wave swings between low and high as a sine that begins low, in whole or cut
// periods over the duration.
func Wave(low, high float64, period, duration time.Duration) Profile {
	var p Profile
	rate := func(at time.Duration) float64 {
		return low + (high-low)*(1-math.Cos(2*math.Pi*at.Seconds()/period.Seconds()))/2
	}
	step := max(period/waveSegments, time.Millisecond)
	for at := time.Duration(0); at < duration; at += step {
		length := min(step, duration-at)
		p.Segments = append(p.Segments, Segment{Duration: length, From: rate(at), To: rate(at + length)})
	}
	return p
}
