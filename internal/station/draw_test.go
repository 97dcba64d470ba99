package station

import (
	"fmt"
	"math"
	"testing"
)

// Known answers of Philox 4x32-10 from the Random123 distribution (kat_vectors).
func TestPhiloxGivesThePublishedAnswers(t *testing.T) {
	const all = 0xffffffff
	cases := []struct {
		counter counter
		key     key
		want    counter
	}{
		{counter{}, key{}, counter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{counter{all, all, all, all}, key{all, all}, counter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{
			counter{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, key{0xa4093822, 0x299f31d0},
			counter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	}
	for _, c := range cases {
		if got := philox(c.counter, c.key); got != c.want {
			t.Errorf("philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

// correlation of two draws per request over many requests; independent draws
// stay within 4 / sqrt(n).
func correlation(n int, draw func(uint64) (float64, float64)) float64 {
	sum := 0.0
	for k := range n {
		a, b := draw(uint64(k))
		sum += (a - 0.5) * (b - 0.5) * 12
	}
	return sum / float64(n)
}

func TestStreamsAreUniformAndIndependent(t *testing.T) {
	const n = 200_000
	s := NewStream(7, "api-server", ForService)
	others := map[string]Stream{
		"seed":      NewStream(8, "api-server", ForService),
		"component": NewStream(7, "database", ForService),
		"purpose":   NewStream(7, "api-server", ForError),
	}
	for name, other := range others {
		if r := correlation(n, func(k uint64) (float64, float64) { return s.Uniform(k), other.Uniform(k) }); math.Abs(r) > 4/math.Sqrt(n) {
			t.Errorf("streams of another %s correlate: %v", name, r)
		}
	}
	if r := correlation(n, func(k uint64) (float64, float64) { return s.Uniform(k), s.Uniform(k + 1) }); math.Abs(r) > 4/math.Sqrt(n) {
		t.Errorf("successive draws correlate: %v", r)
	}
	if r := correlation(n, func(k uint64) (float64, float64) { return s.Uniform(k), s.UniformAt(k, 1) }); math.Abs(r) > 4/math.Sqrt(n) {
		t.Errorf("two draws of a request correlate: %v", r)
	}
	// Chi-squared of 100 cells has mean 99 and deviation 14.
	var cells [100]float64
	for k := range uint64(n) {
		cells[int(s.Uniform(k)*100)]++
	}
	chi := 0.0
	for _, c := range cells {
		chi += (c - n/100) * (c - n/100) / (n / 100)
	}
	if chi < 99-4*14 || chi > 99+4*14 {
		t.Errorf("chi-squared of 100 cells is %v, want 99 +- 56", chi)
	}
}

func TestErrorRatesAreExact(t *testing.T) {
	const n = 10_000
	for _, percent := range []float64{0, 0.005, 1, 15, 30, 40, 60, 75, 90, 100} {
		t.Run(fmt.Sprint(percent), func(t *testing.T) {
			rate := PPM(math.Round(percent * 10_000))
			for seed := range uint64(20) {
				draws, failed := NewStream(seed, "api-server", ForError), 0
				for k := range uint64(n) {
					if rate.Includes(draws.Stratified(k + 77)) {
						failed++
					}
				}
				if got := 100 * float64(failed) / n; math.Abs(got-percent) > 0.25 {
					t.Errorf("seed %d: %v %% of %d requests fail, want %v", seed, got, n, percent)
				}
			}
		})
	}
}

func TestEachStratumOfABlockIsDrawnOnce(t *testing.T) {
	draws := NewStream(3, "api-server", ForError)
	orders := map[[strata]uint32]bool{}
	for block := range uint64(50) {
		var seen [strata]bool
		var order [strata]uint32
		for i := range uint64(strata) {
			u := draws.Stratified(block*strata + i)
			stratum := int(u * strata)
			if seen[stratum] {
				t.Fatalf("block %d draws stratum %d twice", block, stratum)
			}
			seen[stratum], order[i] = true, uint32(stratum)
		}
		orders[order] = true
	}
	if len(orders) != 50 {
		t.Errorf("%d orders in 50 blocks: permutations repeat", len(orders))
	}
}

func TestStratifiedDrawsLookRandomInBetween(t *testing.T) {
	const n = 256 * 800
	draws := NewStream(5, "api-server", ForError)
	// Within a block of B the correlation of two draws is -1/(B-1).
	for lag := range uint64(9) {
		r := correlation(n, func(k uint64) (float64, float64) { return draws.Stratified(k), draws.Stratified(k + lag + 1) })
		if math.Abs(r+1.0/strata) > 4/math.Sqrt(n) {
			t.Errorf("draws %d apart correlate: %v", lag+1, r)
		}
	}
	for _, residue := range []uint64{2, 3, 4} { // round robin sees every n-th request
		mean := 0.0
		for k := range uint64(n / 4) {
			mean += draws.Stratified(k*residue) / (n / 4)
		}
		if math.Abs(mean-0.5) > 4*0.289/math.Sqrt(n/4) {
			t.Errorf("the mean of every %d. draw is %v", residue, mean)
		}
	}
}
