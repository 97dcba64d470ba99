package scaling

import (
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPublishedVectors holds the arithmetic to numbers that others published
// or that follow from their rules: testdata/autoscaler_vectors.json names the sources.
func TestPublishedVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/autoscaler_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		ID       string
		Inputs   map[string]any
		Expected map[string]any
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	checks := map[string]func(in map[string]any) map[string]any{
		"hpa-50-90-75": func(in map[string]any) map[string]any {
			return desired(Track(whole(in, "current"), field(in, "metric")/field(in, "target"), field(in, "tolerance")))
		},
		"hpa-tolerance-100-1.07-at-5pct": func(in map[string]any) map[string]any {
			return desired(Track(whole(in, "current"), field(in, "ratio"), field(in, "tolerance")))
		},
		"hpa-missing-pod-scale-up":      missingPod,
		"hpa-one-metric-fails-scale-up": oneFails(t),
		"hpa-up-limit-behavior-set":     behaviourLimit,
		"hpa-superlinear-flap":          superlinear,
		"keda-value": func(in map[string]any) map[string]any {
			return desired(Track(whole(in, "replicas"), field(in, "avg_ms")/field(in, "threshold_ms"), 0.1))
		},
		"aws-step":                 awsSteps,
		"azure-flap-partial":       azurePartial,
		"threshold-rule-flap-lint": flapLint,
	}
	for _, v := range vectors {
		t.Run(v.ID, func(t *testing.T) {
			check, ok := checks[v.ID]
			if !ok {
				t.Fatal("no check for this vector")
			}
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-3 })
			if diff := cmp.Diff(v.Expected, check(v.Inputs), near); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func field(in map[string]any, name string) float64 { return in[name].(float64) }

func whole(in map[string]any, name string) int32 { return int32(field(in, name)) }

func desired(n int32) map[string]any { return map[string]any{"desired": float64(n)} }

// missingPod counts a replica without samples as idle on the way up.
func missingPod(in map[string]any) map[string]any {
	sum, ready := 0.0, in["ready_util"].([]any)
	for _, u := range ready {
		sum += u.(float64)
	}
	target, n := field(in, "target"), whole(in, "current")
	mean := sum / float64(len(ready))
	share := covered(Value{Replicas: make([]string, len(ready))}, Replicas{Spec: n, Ready: n})
	got := n
	if mean*share > target {
		got = Track(n, mean*share/target, 0.1)
	}
	// The published ratio truncates the utilisation to whole percents first.
	return map[string]any{"ratio_first": mean / target, "ratio_with_missing": math.Floor(mean*share) / target, "desired": float64(got)}
}

// oneFails: a rule whose data is missing does not stop another from growing.
func oneFails(t *testing.T) func(map[string]any) map[string]any {
	return func(in map[string]any) map[string]any {
		want := int32(in["proposals"].([]any)[0].(float64))
		known := hot(func(r *Rule) { r.Step = StepSize{Kind: Exact, Count: want} })
		broken := hot(func(r *Rule) { r.Name, r.When = "broken", "latencyP99 > 1" })
		r := newRig(t, known, broken)
		r.base = shop(whole(in, "current"))
		r.set("api-server", CPU, 90).run(time.Second)
		return desired(r.size("api-server"))
	}
}

func behaviourLimit(in map[string]any) map[string]any {
	n, now := whole(in, "current"), epoch()
	var changes []Change
	var sequence []any
	for range 4 {
		next := min(whole(in, "desired_raw"), limitOut(n, changes, Defaults().ScaleOutPolicies, now))
		changes = append(changes, Change{now, next - n})
		sequence = append(sequence, float64(next))
		n, now = next, now.Add(15*time.Second)
	}
	return map[string]any{"sequence": sequence}
}

func superlinear(in map[string]any) map[string]any {
	n, sizes := whole(in, "start"), in["util"].(map[string]any)
	var sequence []any
	for range 4 {
		use := sizes[map[int32]string{1: "1", 2: "2"}[n]].(float64)
		n = Track(n, use/field(in, "target"), 0.1)
		sequence = append(sequence, float64(n))
	}
	return map[string]any{"sequence": sequence}
}

func awsSteps(in map[string]any) map[string]any {
	var rungs []Rung
	for _, side := range []string{"out", "in_"} {
		for _, row := range in[side].([]any) {
			cells := row.([]any)
			rungs = append(rungs, Rung{From: end(cells[0]), To: end(cells[1]), Percent: int32(cells[2].(float64))})
		}
	}
	n := whole(in, "start")
	var capacity []any
	for _, metric := range in["metrics"].([]any) {
		n = climb(n, metric.(float64), field(in, "threshold"), rungs)
		capacity = append(capacity, float64(n))
	}
	return map[string]any{"capacity": capacity}
}

func end(cell any) *float64 {
	if value, ok := cell.(float64); ok {
		return &value
	}
	return nil
}

func azurePartial(in map[string]any) map[string]any {
	n := whole(in, "n")
	for l := (look{from: n, to: n - whole(in, "in_step"), cpu: field(in, "cpu")}); ; l.to++ {
		if l.predict(CPU, l.cpu) <= field(in, "out_cpu") {
			return map[string]any{"min_safe_n": float64(l.to)}
		}
	}
}

func flapLint(in map[string]any) map[string]any {
	out := field(in, "To")
	return map[string]any{
		"flaps":              field(in, "Ti") > SafeScaleIn(out, whole(in, "n")),
		"max_safe_Ti_for_n1": SafeScaleIn(out, 1), "max_safe_Ti_for_n2": SafeScaleIn(out, 2),
	}
}
