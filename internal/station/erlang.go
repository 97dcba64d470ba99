package station

import (
	"fmt"
	"math"
	"time"
)

// maxStages bounds Erlang: beyond it the law is all but constant.
const maxStages = 400

// Erlang is the sum of stages equal exponentials: its coefficient of variation
// is 1/sqrt(stages).
func Erlang(mean time.Duration, stages int) (Distribution, error) {
	if mean <= 0 {
		return nil, fmt.Errorf("erlang needs a positive mean, not %v", mean)
	}
	if stages < 1 || stages > maxStages {
		return nil, fmt.Errorf("erlang needs 1 to %d stages, not %d", maxStages, stages)
	}
	e := erlang{stages: stages, stage: float64(mean) / float64(stages)}
	e.logFactorial, _ = math.Lgamma(float64(stages))
	return e, nil
}

// ErlangCV is the Erlang law whose coefficient of variation, at most 1, is
// nearest to cv.
func ErlangCV(mean time.Duration, cv float64) (Distribution, error) {
	if err := positive("erlang", mean, cv); err != nil {
		return nil, err
	}
	if cv > 1 {
		return nil, fmt.Errorf("erlang needs a coefficient of variation of at most 1, not %v", cv)
	}
	return Erlang(mean, int(min(math.Round(1/(cv*cv)), maxStages)))
}

type erlang struct {
	stages       int
	stage        float64 // mean of one stage in nanoseconds
	logFactorial float64 // of stages-1
}

func (e erlang) Mean() time.Duration { return nanoseconds(e.stage * float64(e.stages)) }

// Sample inverts the distribution function by Newton steps kept inside a
// bracket, from the Wilson-Hilferty approximation.
func (e erlang) Sample(u float64) time.Duration {
	if u <= 0 {
		return 0
	}
	if e.stages == 1 {
		return nanoseconds(-e.stage * math.Log(1-u))
	}
	k := float64(e.stages)
	x := k * math.Pow(max(1-1/(9*k)+normalQuantile(u)/(3*math.Sqrt(k)), 0.01), 3)
	low, high := 0.0, math.Inf(1)
	for range 60 {
		survival, density := e.at(x)
		excess := (1 - u) - survival // of x over the quantile, as probability
		if excess > 0 {
			high = x
		} else {
			low = x
		}
		next := x - excess/density
		if !(next > low && next < high) {
			next = middle(low, high)
		}
		if math.Abs(next-x) <= 1e-12*x {
			x = next
			break
		}
		x = next
	}
	return nanoseconds(e.stage * x)
}

// at is the survival function and the density at x stage means.
func (e erlang) at(x float64) (survival, density float64) {
	// The terms exp(-x) x^i / i!, from the last and greatest down.
	term := math.Exp(float64(e.stages-1)*math.Log(x) - x - e.logFactorial)
	density = term
	for i := e.stages - 1; i >= 0; i-- {
		survival += term
		term *= float64(i) / x
	}
	return survival, density
}

// middle halves a bracket that may be open above.
func middle(low, high float64) float64 {
	if math.IsInf(high, 1) {
		return 2*low + 1
	}
	return (low + high) / 2
}
