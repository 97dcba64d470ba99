package fidelity

import (
	"math"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/cache"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/traffic"
)

// zipf is the traffic that generators offer, by the popularity of its keys.
func zipf(in inputs, rate float64, seed uint64) *traffic.Sequence {
	return traffic.NewSequence(traffic.Traffic{
		Profile: traffic.Constant(rate, time.Hour), Arrival: traffic.Poisson, Mix: traffic.Mix{ReadPercent: 100},
		Keys: traffic.Keys{Count: int64(max(in.N, 1)), SkewPercent: int32(math.Round(100 * in.Alpha))},
	}, seed)
}

// ask is what a client does aside: it puts in what it did not find.
func ask(c *cache.Cache, r traffic.Request) (hit bool) {
	at := station.Time(r.At)
	if hit = c.Get(r.Key, at); !hit {
		c.Set(r.Key, at)
	}
	return hit
}

// cached asks a cache that has reached its steady state.
func cached(t *testing.T, in inputs, policy graph.CachePolicy, seed uint64) metrics {
	t.Helper()
	c := must(cache.New(cache.Config{Policy: policy, Entries: in.Entries}))(t)
	s, hits, asked := zipf(in, 1000, seed), 0.0, 0.0
	for c.Evictions() < uint64(3*in.Entries) {
		ask(c, s.Next())
	}
	for range *arrivals {
		asked++
		hits += count(ask(c, s.Next()))
	}
	return metrics{"hit": hits / asked}
}

// expiring asks a cache that is large enough, and forgets by time alone.
func expiring(t *testing.T, in inputs, seed uint64) metrics {
	t.Helper()
	rate := max(in.Lam, in.LamKey)
	c := must(cache.New(cache.Config{Policy: graph.LRU, Entries: max(in.N, 1), TTL: seconds(in.TTL)}))(t)
	s, hits, asked := zipf(in, rate, seed), 0.0, 0.0
	warm := s.Due() + 2*seconds(in.TTL)
	for s.Due() < warm {
		ask(c, s.Next())
	}
	begin := s.Due()
	for range *arrivals {
		asked++
		hits += count(ask(c, s.Next()))
	}
	return metrics{"hit": hits / asked, "hit_fixed": hits / asked, "origin_rate": (asked - hits) / (s.Due() - begin).Seconds()}
}

// TestTinyLFUBeatsLRU holds the other policy between what LRU reaches and what
// knowing every popularity would.
func TestTinyLFUBeatsLRU(t *testing.T) {
	for _, c := range referenceCases(t) {
		perfect, ok := c.Expected["perfect_lfu"]
		if !ok {
			continue
		}
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			hit := cached(t, c.Inputs, graph.TinyLFU, seedOf(c.ID))["hit"]
			t.Logf("hit ratio %.4f, LRU %.4f, perfect %.4f", hit, c.Expected["hit"], perfect)
			if hit <= c.Expected["hit"] || hit > perfect+0.02 {
				t.Errorf("hit ratio %v, want more than LRU's %v and no more than %v", hit, c.Expected["hit"], perfect)
			}
		})
	}
}

// TestHitRatiosAreThoseOfChe holds the cache to two points of the approximation
// that is computed here, for skews and sizes that the reference set has not.
func TestHitRatiosAreThoseOfChe(t *testing.T) {
	for _, in := range []inputs{{N: 10_000, Entries: 500, Alpha: 0.99}, {N: 10_000, Entries: 5000, Alpha: 0.99}, {N: 2000, Entries: 200, Alpha: 1.2}, {N: 5000, Entries: 2500}} {
		got := cached(t, in, graph.LRU, 1)["hit"]
		want := che(in)
		t.Logf("N %d, C %d, skew %v: %.4f, by Che %.4f", in.N, in.Entries, in.Alpha, got, want)
		if math.Abs(got-want) > 0.02 {
			t.Errorf("N %d, C %d, skew %v: hit ratio %v, by Che %v", in.N, in.Entries, in.Alpha, got, want)
		}
	}
}

// che is the hit ratio of an LRU (Che, Tung and Wang, "Hierarchical web caching
// systems", IEEE JSAC 20(7), 2002): with T the time after which C different keys
// were asked for, sum(1 - exp(-q T)) = C and the hits are sum(q (1 - exp(-q T))).
func che(in inputs) float64 {
	q, total := make([]float64, in.N), 0.0
	for k := range q {
		q[k] = math.Pow(float64(k+1), -in.Alpha)
		total += q[k]
	}
	occupied := func(at float64) (entries, hits float64) {
		for _, weight := range q {
			p := weight / total
			there := -math.Expm1(-p * at)
			entries, hits = entries+there, hits+p*there
		}
		return entries, hits
	}
	low, high := 0.0, 1.0
	for entries, _ := occupied(high); entries < float64(in.Entries); entries, _ = occupied(high) {
		high *= 2
	}
	for range 60 {
		if entries, _ := occupied((low + high) / 2); entries < float64(in.Entries) {
			low = (low + high) / 2
		} else {
			high = (low + high) / 2
		}
	}
	_, hits := occupied(high)
	return hits
}
