package station

import (
	"fmt"
	"math"
	"time"
)

// Distribution is the law of a service time.
type Distribution interface {
	// Mean is the mean to the nearest nanosecond.
	Mean() time.Duration
	// Sample is the service time of a uniform draw u in [0, 1), to the nearest
	// nanosecond. It is the quantile function, so that greater draws give
	// longer times, of every law but HyperExponential.
	Sample(u float64) time.Duration
}

type constant struct{ value time.Duration }

// Constant is always d.
func Constant(d time.Duration) Distribution { return constant{max(d, 0)} }

func (c constant) Mean() time.Duration          { return c.value }
func (c constant) Sample(float64) time.Duration { return c.value }

type exponential struct{ mean float64 }

// Exponential has the given mean; its coefficient of variation is 1.
func Exponential(mean time.Duration) Distribution { return exponential{float64(max(mean, 0))} }

func (e exponential) Mean() time.Duration            { return nanoseconds(e.mean) }
func (e exponential) Sample(u float64) time.Duration { return nanoseconds(-e.mean * math.Log(1-u)) }

type uniform struct{ low, width float64 }

// Uniform is spread evenly between low and high.
func Uniform(low, high time.Duration) (Distribution, error) {
	if low < 0 || high < low {
		return nil, fmt.Errorf("uniform needs 0 <= low <= high, not %v and %v", low, high)
	}
	return uniform{float64(low), float64(high - low)}, nil
}

func (d uniform) Mean() time.Duration            { return nanoseconds(d.low + d.width/2) }
func (d uniform) Sample(u float64) time.Duration { return nanoseconds(d.low + u*d.width) }

type logNormal struct{ mu, sigma float64 }

// LogNormal has the given mean and coefficient of variation (standard
// deviation over mean).
func LogNormal(mean time.Duration, cv float64) (Distribution, error) {
	if err := positive("log-normal", mean, cv); err != nil {
		return nil, err
	}
	variance := math.Log1p(cv * cv)
	return logNormal{mu: math.Log(float64(mean)) - variance/2, sigma: math.Sqrt(variance)}, nil
}

func (l logNormal) Mean() time.Duration {
	return nanoseconds(math.Exp(l.mu + l.sigma*l.sigma/2))
}

func (l logNormal) Sample(u float64) time.Duration {
	return nanoseconds(math.Exp(l.mu + l.sigma*normalQuantile(u)))
}

// Bimodal is short, or long with the given share of requests.
func Bimodal(short, long time.Duration, longShare float64) (Distribution, error) {
	if short < 0 || long < short {
		return nil, fmt.Errorf("bimodal needs 0 <= short <= long, not %v and %v", short, long)
	}
	if !(longShare >= 0 && longShare <= 1) {
		return nil, fmt.Errorf("bimodal needs a share between 0 and 1, not %v", longShare)
	}
	return bimodal{short: short, long: long, shortShare: 1 - longShare}, nil
}

type bimodal struct {
	short, long time.Duration
	shortShare  float64
}

func (b bimodal) Mean() time.Duration {
	return nanoseconds(b.shortShare*float64(b.short) + (1-b.shortShare)*float64(b.long))
}

func (b bimodal) Sample(u float64) time.Duration {
	if u < b.shortShare {
		return b.short
	}
	return b.long
}

// HyperExponential has the given mean and a coefficient of variation of at
// least 1: a mixture of two exponentials with balanced means (both contribute
// half of the mean; Allen, Probability, Statistics and Queueing Theory, 1990).
// One draw decides both the branch and the time within it.
func HyperExponential(mean time.Duration, cv float64) (Distribution, error) {
	if err := positive("hyper-exponential", mean, cv); err != nil {
		return nil, err
	}
	if cv < 1 {
		return nil, fmt.Errorf("hyper-exponential needs a coefficient of variation of at least 1, not %v", cv)
	}
	share := (1 + math.Sqrt((cv*cv-1)/(cv*cv+1))) / 2
	half := float64(mean) / 2
	return hyperExponential{share: share, fast: half / share, slow: half / (1 - share)}, nil
}

type hyperExponential struct{ share, fast, slow float64 }

func (h hyperExponential) Mean() time.Duration {
	return nanoseconds(h.share*h.fast + (1-h.share)*h.slow)
}

func (h hyperExponential) Sample(u float64) time.Duration {
	if u < h.share {
		return nanoseconds(-h.fast * math.Log(1-u/h.share))
	}
	return nanoseconds(-h.slow * math.Log((1-u)/(1-h.share)))
}

// positive refuses a mean or a coefficient of variation that is not positive.
func positive(law string, mean time.Duration, cv float64) error {
	if mean <= 0 || !(cv > 0) || math.IsInf(cv, 0) {
		return fmt.Errorf("%s needs a positive mean and coefficient of variation, not %v and %v", law, mean, cv)
	}
	return nil
}

// normalQuantile is the inverse of the standard normal distribution function.
func normalQuantile(u float64) float64 { return math.Sqrt2 * math.Erfinv(2*u-1) }

// normalCDF is the standard normal distribution function.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

// nanoseconds rounds to the clock's grain.
func nanoseconds(x float64) time.Duration {
	if x >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(x + 0.5)
}
