package station

import (
	"fmt"
	"math"
	"time"
)

// The standard normal quantiles at 90 and 99 percent; at 50 percent it is 0.
const (
	z90 = 1.2815515655446004
	z99 = 2.3263478740408408
)

// Through is a law through three measured quantiles, and exactly so: its
// logarithm is piecewise linear in the standard normal quantile, with knots at
// p50, p90 and p99. Three quantiles of a log-normal therefore give that
// log-normal. Below p50 the first slope goes on. Beyond p99 the last slope
// goes on, but no steeper than the log-normal through p50 and p99: three
// quantiles say nothing about the last percent, and a steep last slope would
// let that percent carry any mean.
func Through(p50, p90, p99 time.Duration) (Distribution, error) {
	if p50 <= 0 || p90 < p50 || p99 < p90 {
		return nil, fmt.Errorf("quantiles must be positive and must not decrease: p50 %v, p90 %v, p99 %v", p50, p90, p99)
	}
	l50, l90, l99 := math.Log(float64(p50)), math.Log(float64(p90)), math.Log(float64(p99))
	body := line(0, l50, (l90-l50)/z90)
	shoulder := line(z90, l90, (l99-l90)/(z99-z90))
	tail := line(z99, l99, min(shoulder.sigma, (l99-l50)/z99))
	return quantiles{body: body, shoulder: shoulder, tail: tail}, nil
}

// line is the log-normal whose logarithm at normal quantile z is log.
func line(z, log, slope float64) logNormal {
	return logNormal{mu: log - slope*z, sigma: slope}
}

// quantiles has a piece of a log-normal each below p90, up to p99 and beyond.
type quantiles struct{ body, shoulder, tail logNormal }

func (q quantiles) Mean() time.Duration {
	return nanoseconds(q.body.partial(math.Inf(-1), z90) +
		q.shoulder.partial(z90, z99) + q.tail.partial(z99, math.Inf(1)))
}

func (q quantiles) Sample(u float64) time.Duration {
	switch {
	case u < 0.90:
		return q.body.Sample(u)
	case u < 0.99:
		return q.shoulder.Sample(u)
	}
	return q.tail.Sample(u)
}

// partial is the part of the mean between two normal quantiles.
func (l logNormal) partial(from, to float64) float64 {
	return math.Exp(l.mu+l.sigma*l.sigma/2) * (normalCDF(to-l.sigma) - normalCDF(from-l.sigma))
}
