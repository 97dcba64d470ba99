package traffic

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
)

func steady(rate float64, arrival Arrival) Traffic {
	return Traffic{
		Profile: Constant(rate, time.Hour), Arrival: arrival,
		Mix: Mix{ReadPercent: 70, WritePercent: 20, StaticPercent: 10}, Keys: Keys{Count: 1000, SkewPercent: 100},
	}
}

func TestPoissonGapsAreExponential(t *testing.T) {
	s := NewSequence(steady(1000, Poisson), 7)
	const n = 100_000
	var sum, squares float64
	last := time.Duration(0)
	for range n {
		at := s.Next().At
		gap := (at - last).Seconds()
		if gap < 0 {
			t.Fatalf("arrivals go back at %v", at)
		}
		last = at
		sum, squares = sum+gap, squares+gap*gap
	}
	mean := sum / n
	cv := math.Sqrt(squares/n-mean*mean) / mean
	if math.Abs(mean-0.001) > 0.00001 || math.Abs(cv-1) > 0.02 {
		t.Errorf("mean gap %v and coefficient of variation %v, want 0.001 and 1", mean, cv)
	}
}

func TestUniformArrivalsAreEvenlyPaced(t *testing.T) {
	s := NewSequence(steady(100, Uniform), 7)
	for k := range 1000 {
		want := time.Duration((float64(k) + 0.5) * 1e7)
		if got := s.Next().At; (got - want).Abs() > time.Microsecond {
			t.Fatalf("arrival %d at %v, want %v", k, got, want)
		}
	}
}

func TestMixAndKeysFollowTheirShares(t *testing.T) {
	s := NewSequence(steady(1000, Poisson), 3)
	const n = 100_000
	classes, keys := map[graph.Class]int{}, map[uint64]int{}
	for range n {
		r := s.Next()
		classes[r.Class]++
		keys[r.Key]++
	}
	for class, want := range map[graph.Class]float64{graph.Read: 0.7, graph.Write: 0.2, graph.Static: 0.1, graph.Async: 0} {
		if got := float64(classes[class]) / n; math.Abs(got-want) > 0.01 {
			t.Errorf("share of %s is %v, want %v", class, got, want)
		}
	}
	harmonic := 0.0
	for k := 1; k <= 1000; k++ {
		harmonic += 1 / float64(k)
	}
	for _, k := range []uint64{1, 2, 10, 100} {
		want := 1 / float64(k) / harmonic
		if got := float64(keys[k]) / n; math.Abs(got-want) > 4*math.Sqrt(want/n) {
			t.Errorf("share of key %d is %v, want %v by Zipf's law", k, got, want)
		}
	}
}

func TestZipfHoldsForAnySkew(t *testing.T) {
	for _, skew := range []int32{0, 50, 100, 150, 300} {
		traffic := steady(1000, Poisson)
		traffic.Keys = Keys{Count: 10, SkewPercent: skew}
		s := NewSequence(traffic, 1)
		const n = 20_000
		first, total := 0, 0.0
		for range n {
			if k := s.Next().Key; k == 1 {
				first++
			} else if k < 1 || k > 10 {
				t.Fatalf("key %d of ten", k)
			}
		}
		for k := 1.0; k <= 10; k++ {
			total += math.Pow(k, -float64(skew)/100)
		}
		if got, want := float64(first)/n, 1/total; math.Abs(got-want) > 0.015 {
			t.Errorf("skew %d: share of the first key is %v, want %v", skew, got, want)
		}
	}
}

func TestChangeGoesOnWithoutDoublingOrSkipping(t *testing.T) {
	s := NewSequence(steady(100, Uniform), 1)
	for s.Due() < 10*time.Second {
		s.Next()
	}
	before := s.Number()
	s.Change(steady(1000, Uniform), 10*time.Second)
	for s.Due() < 11*time.Second {
		s.Next()
	}
	if got := s.Number() - before; got < 998 || got > 1002 {
		t.Errorf("%d arrivals in the second after the change to 1000/s", got)
	}
}

func TestOwnersPartitionTheArrivals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(rapid.IntRange(0, 15), 2, 8, rapid.ID[int]).Draw(t, "alive")
		number := rapid.Uint64().Draw(t, "number")
		owner := Owner(number, all)
		survivors := all[1:]
		if owner != all[0] && Owner(number, survivors) != owner {
			t.Fatalf("arrival %d moved from %d although %d died", number, owner, all[0])
		}
	})
	counts := map[int]int{}
	for k := range uint64(30_000) {
		counts[Owner(k, []int{0, 1, 2})]++
	}
	for i, n := range counts {
		if n < 9_500 || n > 10_500 {
			t.Errorf("generator %d owns %d of 30,000", i, n)
		}
	}
}
