package controllers

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// meterAt answers with one measurement that is as old as the question asks.
type meterAt struct{ asked, since time.Time }

func (m *meterAt) Observe(_ context.Context, q metrics.Question) ([]scaling.Observation, error) {
	m.asked, m.since = q.At, q.Since
	return []scaling.Observation{{Component: "api", Signals: []scaling.Measurement{{Signal: scaling.CPU, Value: scaling.Value{Value: 50, N: 10, Last: q.At}}}}}, nil
}

func (m *meterAt) Summarize(context.Context, metrics.Run) (metrics.Summary, error) {
	return metrics.Summary{}, nil
}

func TestFaultsTakeMeasurementsAwayOrMakeThemOld(t *testing.T) {
	at, lasts, delay := int32(10), int32(10), int32(30)
	tests := map[string]struct {
		fault  v1alpha1.Fault
		reason string
		age    time.Duration
		out    bool
	}{
		"none":        {v1alpha1.Fault{}, v1alpha1.ReasonMeasured, 0, false},
		"outage":      {v1alpha1.Fault{Kind: "MetricsOutage", AtSeconds: &at, DurationSeconds: &lasts}, v1alpha1.ReasonFault, 0, true},
		"delay":       {v1alpha1.Fault{Kind: "MetricsDelay", AtSeconds: &at, DurationSeconds: &lasts, DelaySeconds: &delay}, v1alpha1.ReasonStale, 30 * time.Second, false},
		"not yet one": {v1alpha1.Fault{Kind: "MetricsOutage", AtSeconds: &delay, DurationSeconds: &lasts}, v1alpha1.ReasonMeasured, 0, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sim := simulation("run", time.Minute, started)
			sim.Spec.Faults = []v1alpha1.Fault{tt.fault}
			p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon.Add(15 * time.Second)}
			meter := &meterAt{}
			r := &SimulationReconciler{o: SimulationOptions{Meter: meter}}
			observations, err := r.observe(t.Context(), p, metrics.Question{At: p.now})
			if errors.Is(err, errOutage) != tt.out {
				t.Fatalf("error %v, want an outage: %v", err, tt.out)
			}
			if err == nil && p.now.Sub(meter.asked) != tt.age {
				t.Errorf("asked for %s ago, want %s", p.now.Sub(meter.asked), tt.age)
			}
			p.measured(observations, scaling.Defaults(), err)
			if c := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionMetricsAvailable); c == nil || c.Reason != tt.reason {
				t.Errorf("condition %+v, want reason %s", c, tt.reason)
			}
		})
	}
}

// A graph may have been another run's a moment ago.
func TestRulesSeeNothingOfTheTimeBeforeTheRun(t *testing.T) {
	sim := simulation("run", time.Minute, started)
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon.Add(3 * time.Second), scene: scene{graph: &v1alpha1.ComponentGraph{Spec: v1alpha1.ComponentGraphSpec{
		Components: []v1alpha1.Component{{Name: "api", Type: v1alpha1.APIServer}},
	}}}}
	meter := &meterAt{}
	r := &SimulationReconciler{o: SimulationOptions{Meter: meter, ScrapeInterval: time.Second}, rules: newRuleCache()}
	if err := r.scale(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if !meter.since.Equal(noon) {
		t.Errorf("asked for what was since %s, want since the run began at %s", meter.since, noon)
	}
}

func TestDeclaredPoolsBoundTheirCallers(t *testing.T) {
	base := graph.Architecture{
		Components: []graph.Component{
			{Name: "api", Type: graph.APIServer},
			{Name: "db", Type: graph.Database, Database: &graph.DatabaseRole{ConnectionLimit: 100}},
			{Name: "open", Type: graph.Database, Database: &graph.DatabaseRole{}},
		},
		Connections: []graph.Connection{{From: "api", To: "db", PoolSize: 20}, {From: "api", To: "open", PoolSize: 20}},
	}
	want := []scaling.PeerLimit{{Caller: "api", Target: "db", PerReplica: 20, Limit: 100}}
	if diff := cmp.Diff(want, peerLimits(base)); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

func TestCautionsAreToldOnce(t *testing.T) {
	sim := simulation("run", time.Minute, func(s *v1alpha1.Simulation) {
		s.Spec.AutoScaling.Rules = []v1alpha1.Rule{{Name: "scale-in", When: "cpu < 50"}}
	})
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon}
	settings := settingsOf(&sim, graph.Architecture{}, time.Second)
	for range 2 {
		p.acceptRules(newRuleCache().program(&sim), settings)
	}
	c := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionAutoScalingAccepted)
	if c == nil || c.Reason != v1alpha1.ReasonCautions {
		t.Errorf("condition %+v, want cautions", c)
	}
	if len(p.notes) != 1 {
		t.Errorf("%d events, want one", len(p.notes))
	}
}
