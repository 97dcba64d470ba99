package fidelity

import (
	"flag"
	"hash/fnv"
	"math"
	"slices"
	"testing"
)

// Sizes of a run; the long run of the reference set is -fidelity.arrivals=1000000
// (20 replications: 20 million arrivals a case).
var (
	arrivals     = flag.Int("fidelity.arrivals", 60_000, "arrivals of one replication on the virtual clock")
	replications = flag.Int("fidelity.replications", 20, "seeded replications of a case, at least 8")
)

// derived names the expectations that are algebra over others, or of a
// model that is there for contrast only.
var derived = map[string][]string{
	"dm1-rho80":            {"ratio_to_MM1"},
	"p2c-lam90":            {"ET_random"},
	"closed-N10-Z1-S50ms":  {"open_R_same_util"},
	"closed-N100-Z1-S20ms": {"open_R_same_util"},

	"lru-exact-N10-C3":            {"che"},
	"lru-che-N10000-C100-a0.8":    {"Tc_requests", "perfect_lfu"},
	"lru-che-N10000-C1000-a1":     {"Tc_requests", "perfect_lfu"},
	"lru-che-N100000-C10000-a0.7": {"Tc_requests", "perfect_lfu"},
	"ttl-lam0.1-T60":              {"hit_sliding"},
}

// TestStationsAgreeWithTheory holds every case of the reference set to its
// acceptance rule: |mean of the replications - expected| is at most the
// greater of the case's tolerance and 3.3 standard errors.
func TestStationsAgreeWithTheory(t *testing.T) {
	if *replications < 8 {
		t.Fatalf("the acceptance rule wants at least 8 replications, not %d", *replications)
	}
	for _, c := range referenceCases(t) {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			measured := replicate(t, c)
			for _, metric := range slices.Sorted(keys(c.Expected)) {
				if slices.Contains(derived[c.ID], metric) {
					continue
				}
				samples, ok := measured[metric]
				if !ok {
					t.Errorf("%s is not measured", metric)
					continue
				}
				checkAgainst(t, c, metric, samples)
			}
		})
	}
}

func keys(m map[string]float64) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// replicate runs a case with fixed seeds of its own and gathers each metric's samples.
func replicate(t *testing.T, c referenceCase) map[string][]float64 {
	t.Helper()
	measured := map[string][]float64{}
	for i := range *replications {
		for metric, value := range simulate(t, c, seedOf(c.ID)+uint64(i)) {
			measured[metric] = append(measured[metric], value)
		}
	}
	return measured
}

// seedOf gives every case sample paths of its own.
func seedOf(id string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(id))
	return h.Sum64()
}

func checkAgainst(t *testing.T, c referenceCase, metric string, samples []float64) {
	t.Helper()
	mean, stderr := meanAndError(samples)
	expected := c.Expected[metric]
	allowed := max(c.Tol.DESRel*math.Abs(expected), 3.3*stderr)
	t.Logf("%-16s %10.6g, theory %10.6g, off by %+.2f %% (allowed %.2f %%)", metric, mean, expected,
		100*(mean/expected-1), 100*allowed/math.Abs(expected))
	if !(math.Abs(mean-expected) <= allowed) {
		t.Errorf("%s: %s is %.6g, theory says %.6g; off by more than %.3g\nformula: %s\nsource: %s",
			c.Model, metric, mean, expected, allowed, c.Formula, c.Source)
	}
}

func meanAndError(samples []float64) (mean, stderr float64) {
	n := float64(len(samples))
	for _, x := range samples {
		mean += x / n
	}
	for _, x := range samples {
		stderr += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(stderr / (n - 1) / n)
}
