package traffic

import (
	"math"

	"flashcrowd.io/flashcrowd/internal/station"
)

// zipf draws keys 1..n with probability proportional to 1/k^skew by
// rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate
// variates from monotone discrete distributions", ACM TOMACS 6(3), 1996), which
// holds for any skew from 0 on and takes 1.1 draws on average.
type zipf struct {
	n, skew          float64
	first, last, cut float64
}

func newZipf(k Keys) zipf {
	z := zipf{n: float64(max(1, k.Count)), skew: float64(k.SkewPercent) / 100}
	z.first = z.integral(1.5) - 1
	z.last = z.integral(z.n + 0.5)
	z.cut = 2 - z.inverse(z.integral(2.5)-z.mass(2))
	return z
}

// mass is the weight of a key.
func (z zipf) mass(k float64) float64 { return math.Exp(-z.skew * math.Log(k)) }

// integral is that of mass, up to a constant.
func (z zipf) integral(x float64) float64 {
	log := math.Log(x)
	return expm1Over((1-z.skew)*log) * log
}

// inverse of integral.
func (z zipf) inverse(x float64) float64 {
	t := max(-1, x*(1-z.skew))
	return math.Exp(log1pOver(t) * x)
}

// expm1Over is (e^x - 1)/x, 1 at 0.
func expm1Over(x float64) float64 {
	if math.Abs(x) > 1e-8 {
		return math.Expm1(x) / x
	}
	return 1 + x/2*(1+x/3*(1+x/4))
}

// log1pOver is log(1 + x)/x, 1 at 0.
func log1pOver(x float64) float64 {
	if math.Abs(x) > 1e-8 {
		return math.Log1p(x) / x
	}
	return 1 - x*(0.5-x*(1.0/3-x/4))
}

// draw is the key of a request, from 1 to n.
func (z zipf) draw(s station.Stream, request uint64) uint64 {
	for n := uint32(0); ; n++ {
		u := z.last + s.UniformAt(request, n)*(z.first-z.last)
		x := z.inverse(u)
		k := min(max(1, math.Floor(x+0.5)), z.n)
		if k-x <= z.cut || u >= z.integral(k+0.5)-z.mass(k) {
			return uint64(k)
		}
	}
}
