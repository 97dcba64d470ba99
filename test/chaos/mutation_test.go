package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

const mutants = 200

const graphToMutate = `
apiVersion: flashcrowd.io/v1alpha1
kind: ComponentGraph
spec:
  transport: Frames
  components:
  - {name: never, type: LoadBalancer, loadBalancer: {algorithm: RoundRobin}, position: {x: 1, "y": 2}}
  - {name: api, type: APIServer, replicas: 1, errorRatePartsPerMillion: 5, startupDelay: 1s, capacity: {cores: 2, maxInFlight: 9, queueLimit: 3, queueTimeout: 1s, serviceTime: {distribution: LogNormal, mean: 5ms, cvPercent: 80}, memory: {limitMiB: 64, baseMiB: 8, perRequestKiB: 1}}}
  - {name: db, type: Database, database: {connectionLimit: 10}}
  - {name: copy, type: Database, database: {replicaOf: db, replicationLag: 5ms}}
  connections:
  - {from: never, to: api, classes: [Read, Write]}
  - {from: api, to: db, calls: 2, mode: Parallel, probabilityPercent: 50}
  - {from: api, to: copy}
`

const runToMutate = `
apiVersion: flashcrowd.io/v1alpha1
kind: Simulation
spec:
  graphRef: {name: shop}
  durationSeconds: 60
  state: Running
  seed: 3
  traffic:
    requestsPerSecond: 100
    stages: [{durationSeconds: 5, requestsPerSecond: 10, ramp: Step}]
    arrival: Uniform
    mix: {readPercent: 50, writePercent: 50}
    keys: {count: 10, zipfSkewPercent: 90}
    regions: [{name: north, weight: 1, roundTrip: 20ms}]
    generators: 2
    timeout: 3s
  autoScaling:
    mode: Act
    windowSeconds: 10
    rules: [{name: mine, select: {types: [Database]}, when: "cpu > 5", then: AddReplica, step: 2, limits: {min: 1, max: 3}, signals: [{name: mine, query: up}]}]
  objectives:
  - {name: p99, latency: {percentile: 99, threshold: 200ms}}
`

// values are put in the place of others: of wrong types, beyond every bound, and
// with what ends a label, a path or an expression.
var values = []any{
	nil, "", "x", "-", "db", "api", "never", "é\u202e\u0000", strings.Repeat("n", 63), strings.Repeat("n", 254), `"} or up{a="`, "1e308ms", "9223372036854775807ns", "-1s", "NaN", "1h1h",
	-1, 0, 1, 2, 63, 1 << 31, int64(1) << 53, 1e308, 0.5, true, []any{}, map[string]any{}, []any{map[string]any{}}, map[string]any{"x": 1},
}

// likely are values of the right type that may even make sense, by that type.
func likely(v any) []any {
	switch v := v.(type) {
	case string:
		return []any{"db", "api", "never", "Database", "APIServer", "Cache", "Uniform", "Constant", "Sequential", "Step", "Paused", "Stopped", "1ms", "10s", "2m", "cpu >", "cpu > 90", "shop", "DryRun", "InsertCDN"}
	case float64:
		return []any{0, 1, 2, 3, 5, 10, 50, 64, 100, 1000}
	case []any:
		return []any{slices.Concat(v, v[:1]), v[:len(v)-1], v[1:]}
	default:
		return values
	}
}

// mutant changes one to three places of an object.
func mutant(text string) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		var o map[string]any
		if err := yaml.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(t, "places") {
			mutate(t, o["spec"])
		}
		return o
	})
}

// mutate goes down to a place and puts something else there, once or twice.
func mutate(t *rapid.T, at any) {
	switch v := at.(type) {
	case map[string]any:
		if len(v) == 0 {
			return
		}
		key := rapid.SampledFrom(slices.Sorted(maps.Keys(v))).Draw(t, "key")
		if nested(v[key]) && rapid.IntRange(0, 3).Draw(t, "down") > 0 {
			mutate(t, v[key])
			return
		}
		v[key] = other(t, v[key])
	case []any:
		if len(v) == 0 {
			return
		}
		i := rapid.IntRange(0, len(v)-1).Draw(t, "index")
		if nested(v[i]) && rapid.IntRange(0, 3).Draw(t, "down") > 0 {
			mutate(t, v[i])
			return
		}
		v[i] = other(t, v[i])
	}
}

// other is something in the place of a value: of its type more often than not.
func other(t *rapid.T, v any) any {
	if list, ok := v.([]any); rapid.IntRange(0, 4).Draw(t, "likely") > 0 && (!ok || len(list) > 0) {
		return rapid.SampledFrom(likely(v)).Draw(t, "value")
	}
	return rapid.SampledFrom(values).Draw(t, "value")
}

func nested(v any) bool {
	switch v.(type) {
	case map[string]any, []any:
		return true
	default:
		return false
	}
}

// Whatever is written, the API server refuses it in words, or a reconciler says
// what it makes of it. Nothing panics, which TestMain counts.
func TestMutantsAreRefusedInWordsOrJudged(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"graphs": graphToMutate, "runs": runToMutate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, time.Hour, nil)
			create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
			var sound map[string]any
			if err := yaml.Unmarshal([]byte(text), &sound); err != nil {
				t.Fatal(err)
			}
			if !submit(t, r, "sound", sound) {
				t.Fatal("the object that mutants are made of is refused itself")
			}
			taken := 0
			for n := range mutants {
				spec := mutant(text).Example(n)
				if submit(t, r, fmt.Sprintf("m%d", n), spec) {
					taken++
				}
			}
			t.Logf("%d of %d mutants were taken and judged", taken, mutants)
			if taken < mutants/20 || taken == mutants {
				t.Error("mutants of one kind only")
			}
		})
	}
}

// submit creates a mutant; it reports whether the API server took it.
func submit(t *testing.T, r *rig, name string, o map[string]any) bool {
	t.Helper()
	words, err := json.Marshal(o["spec"])
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{Object: o}
	u.SetNamespace(r.namespace)
	u.SetName(name)
	if err := admin.Create(t.Context(), u); err != nil {
		var status apierrors.APIStatus
		if !errors.As(err, &status) || status.Status().Code >= http.StatusInternalServerError || len(status.Status().Message) < 20 {
			t.Errorf("%s is refused without words: %v", words, err)
		}
		return false
	}
	defer remove(t, u)
	eventually(t, patience, string(words)+" is judged", func() bool {
		if u.GetKind() == "Simulation" {
			return stage(readSimulation(t, r.namespace, name)) != ""
		}
		c := meta.FindStatusCondition(readGraph(t, r.namespace, name).Status.Conditions, v1alpha1.ConditionAccepted)
		return c != nil && c.Message != ""
	})
	return true
}
