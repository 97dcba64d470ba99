package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// look is what a Simulation's status said at a second of its run.
type look struct {
	second      int32
	summary     v1alpha1.Summary
	evaluations []v1alpha1.Evaluation
	sight       string // reason of MetricsAvailable
	rules       string // reason of AutoScalingAccepted
	cpu         map[string]float64
}

// witness watches a run while it goes, since much of what a status says is gone
// at the end.
type witness struct {
	mu    sync.Mutex
	looks []look
}

// watch looks at a Simulation until the test calls what it returns.
func watch(t *testing.T, name string) (*witness, func()) {
	t.Helper()
	c, _ := clients(t)
	w := &witness{}
	ctx, cancel := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			var sim v1alpha1.Simulation
			if err := c.Get(ctx, client.ObjectKey{Namespace: "default", Name: name}, &sim); err == nil {
				w.add(lookAt(sim))
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
	return w, func() { cancel(); watching.Wait() }
}

func lookAt(sim v1alpha1.Simulation) look {
	l := look{second: sim.Status.ElapsedSeconds, evaluations: sim.Status.Evaluations, cpu: map[string]float64{}}
	if sim.Status.Summary != nil {
		l.summary = *sim.Status.Summary
	}
	if c := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionMetricsAvailable); c != nil {
		l.sight = c.Reason
	}
	if c := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionAutoScalingAccepted); c != nil {
		l.rules = c.Reason
	}
	for _, m := range sim.Status.Measured {
		if m.CPUMilliPercent != nil {
			l.cpu[m.Name] = float64(*m.CPUMilliPercent) / 1000
		}
	}
	return l
}

func (w *witness) add(l look) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks = append(w.looks, l)
}

// saw reports whether any look was so.
func (w *witness) saw(so func(look) bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.looks, so)
}

// sawResult reports whether an evaluation of a component came to a result.
func (w *witness) sawResult(component, result string) bool {
	return w.saw(func(l look) bool {
		return slices.ContainsFunc(l.evaluations, func(e v1alpha1.Evaluation) bool { return e.Component == component && e.Result == result })
	})
}

// at is the first look at or after a second; the last one if there is none.
func (w *witness) at(second int32) look {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.looks) == 0 {
		return look{}
	}
	i, _ := slices.BinarySearchFunc(w.looks, second, func(l look, s int32) int { return cmp.Compare(l.second, s) })
	return w.looks[min(i, len(w.looks)-1)]
}

// query asks the local cluster's Prometheus for one number.
func query(t *testing.T, expression string) float64 {
	t.Helper()
	out, err := exec.Command(binary(), "local", "status", "--dir", directory, "-o", "json").Output()
	if err != nil {
		t.Fatalf("asking for the local cluster: %v", err)
	}
	var status struct {
		Prometheus string `json:"prometheus"`
	}
	if err := json.Unmarshal(out, &status); err != nil {
		t.Fatal(err)
	}
	source, err := api.NewClient(api.Config{Address: status.Prometheus})
	if err != nil {
		t.Fatal(err)
	}
	value, _, _, err := promv1.NewAPI(source).Query(t.Context(), expression, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	vector, ok := value.(model.Vector)
	if !ok || len(vector) != 1 {
		t.Fatalf("%s is %v, want one number", expression, value)
	}
	return float64(vector[0].Value)
}
