package report

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asking is a valid run that ended, asked for something and took so long.
func asking(id, what string, p99 float64) Identified {
	return Identified{ID: id, Report: Report{
		Simulation: "default/" + id, Valid: true, Verdict: Met, Requests: Requests{Offered: 100, Answered: 100}, LatencyMs: LatencyMs{P99: p99},
		Settings: map[string]string{"simulation.autoScaling.enabled": what, "simulation.seed": id, "simulation.state": id},
	}}
}

// sides are runs that ask for A and for B, with these percentiles.
func sides(a, b []float64) (named, all []Identified) {
	for what, values := range map[string][]float64{"A": a, "B": b} {
		for n, v := range values {
			all = append(all, asking(what+string(rune('0'+n)), what, v))
		}
	}
	for _, id := range []string{"A0", "B0"} {
		for _, r := range all {
			if r.ID == id {
				named = append(named, r)
			}
		}
	}
	return named, all
}

func p99Of(t *testing.T, named, all []Identified) Measure {
	t.Helper()
	c, err := Compare(named, all)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Measures {
		if m.Name == "latency p99" {
			return m
		}
	}
	t.Fatal("there is no p99")
	return Measure{}
}

func TestCompareDoesNotReadNoiseAsDifference(t *testing.T) {
	tests := map[string]struct {
		a, b []float64
		want Judgement
	}{
		"one run each":                    {[]float64{100}, []float64{200}, NoiseUnknown},
		"one side repeated":               {[]float64{100, 101}, []float64{200}, NoiseUnknown},
		"far apart":                       {[]float64{100, 101, 99}, []float64{200, 202, 198}, Differs},
		"as far apart as repetitions are": {[]float64{100, 150, 50}, []float64{120, 170, 70}, WithinNoise},
		// Two runs a side have one to two degrees of freedom: t is 12.7 to 4.3.
		"two runs a side, twice the noise": {[]float64{100, 102}, []float64{104, 106}, WithinNoise},
		"the same to the last digit":       {[]float64{100, 100}, []float64{100, 100}, WithinNoise},
		"no noise at all":                  {[]float64{100, 100}, []float64{101, 101}, Differs},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			named, all := sides(test.a, test.b)
			if got := p99Of(t, named, all); got.Judgements[0] != test.want {
				t.Errorf("%+v, want %s", got, test.want)
			}
		})
	}
}

func TestWhatCannotBeBelievedDoesNotCount(t *testing.T) {
	named, all := sides([]float64{100, 102}, []float64{100, 102})
	invalid, stopped := asking("A8", "A", 9000), asking("A9", "A", 9000)
	invalid.Valid, stopped.Verdict = false, Stopped
	got := p99Of(t, named, append(all, invalid, stopped))
	if diff := cmp.Diff(Spread{Runs: 2, Mean: 101, Deviation: 1.4142135623730951}, got.Spreads[0]); diff != "" {
		t.Errorf("spread (-want +got):\n%s", diff)
	}
	named[1].Valid = false
	if got := p99Of(t, named[:2], named); got.Judgements[0] != NotMeasured {
		t.Errorf("an invalid run: %+v", got)
	}
}

func TestCompareTellsWhatDiffered(t *testing.T) {
	named, all := sides([]float64{100}, []float64{100})
	third := asking("C0", "C", 100)
	delete(third.Settings, "simulation.autoScaling.enabled")
	third.Components = []Component{{Name: "api", Replicas: 3}}
	c, err := Compare(append(named, third), all)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Difference{{Field: "simulation.autoScaling.enabled", Values: []string{"A", "B", ""}}}, c.Settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Difference{{Field: "api", Values: []string{"", "", "3"}}}, c.Replicas); diff != "" {
		t.Errorf("replicas (-want +got):\n%s", diff)
	}
	for name, named := range map[string][]Identified{"one run": {named[0]}, "one run twice": {named[0], named[0]}} {
		if _, err := Compare(named, all); !errors.Is(err, ErrOneRun) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWriteComparison(t *testing.T) {
	still, scaled := asking("still", "false", 480), Identified{ID: "scaled", Report: grown()}
	scaled.Settings = map[string]string{"simulation.autoScaling.enabled": "true"}
	still.Capacity, scaled.Capacity = &Capacity{ReplicaSeconds: 540}, &Capacity{ReplicaSeconds: 912}
	again := asking("still-again", "false", 490)
	other := scaled
	other.ID = "other"
	c, err := Compare([]Identified{still, scaled, asking("broken", "false", 1)}, []Identified{still, again, scaled, other})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := WriteComparison(&out, c); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join("testdata", "comparison.txt"), out.String())
}
