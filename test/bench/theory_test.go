package bench

import "math"

func power(base, exponent float64) float64 { return math.Pow(base, exponent) }

// bucketBase is the growth of the buckets of a native histogram's schema.
func bucketBase(schema int32) float64 { return math.Exp2(math.Exp2(-float64(schema))) }

// theory is the latency through stations in a row, each M/M/1: by Burke's theorem
// and Reich's, the sojourns are independent and exponential with these means (us).
type theory []float64

func (t theory) mean() float64 {
	sum := 0.0
	for _, m := range t {
		sum += m
	}
	return sum
}

// quantile inverts the distribution of the sum numerically: each convolution with
// an exponential is one pass of a first-order filter, exact in the limit of its
// step, which is far below the width of a histogram's bucket.
func (t theory) quantile(q float64) float64 {
	const steps = 1 << 16
	step := t.mean() * 16 / steps
	density := make([]float64, steps)
	density[0] = 1
	for _, m := range t {
		keep, state := math.Exp(-step/m), 0.0
		for i := range density {
			state = keep*state + (1-keep)*density[i]
			density[i] = state
		}
	}
	reached := 0.0
	for i, d := range density {
		if reached += d; reached >= q {
			return float64(i) * step
		}
	}
	return math.Inf(1)
}
