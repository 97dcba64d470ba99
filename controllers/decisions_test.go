package controllers

import (
	"math"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func simulation(name string, age time.Duration, change func(*v1alpha1.Simulation)) v1alpha1.Simulation {
	sim := v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(noon.Add(-age))}}
	change(&sim)
	return sim
}

func untouched(*v1alpha1.Simulation) {}

func started(sim *v1alpha1.Simulation) {
	at := metav1.NewMicroTime(noon)
	sim.Status.StartTime = &at
}

func over(after v1alpha1.AfterCompletion, at time.Time) func(*v1alpha1.Simulation) {
	return func(sim *v1alpha1.Simulation) {
		sim.Spec.AutoScaling.AfterCompletion = after
		done := metav1.NewMicroTime(at)
		sim.Status.CompletionTime = &done
		condition(&sim.Status.Conditions, 1, v1alpha1.ConditionFinished, metav1.ConditionTrue, v1alpha1.ReasonObjectivesMet, "")
	}
}

func TestHolderOf(t *testing.T) {
	deleted := func(sim *v1alpha1.Simulation) { at := metav1.NewTime(noon); sim.DeletionTimestamp = &at }
	tests := map[string]struct {
		sims []v1alpha1.Simulation
		want string
	}{
		"nobody":                                    {nil, ""},
		"the older of two that wait":                {[]v1alpha1.Simulation{simulation("young", time.Minute, untouched), simulation("old", time.Hour, untouched)}, "old"},
		"one with traffic before an older one":      {[]v1alpha1.Simulation{simulation("old", time.Hour, untouched), simulation("running", time.Minute, started)}, "running"},
		"a waiting one before a finished one":       {[]v1alpha1.Simulation{simulation("done", time.Hour, over(v1alpha1.KeepArchitecture, noon)), simulation("next", time.Minute, untouched)}, "next"},
		"the last to finish of those that keep":     {[]v1alpha1.Simulation{simulation("first", time.Hour, over(v1alpha1.KeepArchitecture, noon)), simulation("second", time.Hour, over(v1alpha1.KeepArchitecture, noon.Add(time.Minute)))}, "second"},
		"a finished one that reverts holds nothing": {[]v1alpha1.Simulation{simulation("done", time.Hour, over(v1alpha1.RevertArchitecture, noon))}, ""},
		"a deleted one holds nothing":               {[]v1alpha1.Simulation{simulation("going", time.Hour, deleted)}, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := ""
			if holder := holderOf(tt.sims); holder != nil {
				got = holder.Name
			}
			if got != tt.want {
				t.Errorf("held by %q, want %q", got, tt.want)
			}
		})
	}
}

func TestInvalidRunsAreNamed(t *testing.T) {
	tests := map[string]struct {
		summary metrics.Summary
		invalid bool
	}{
		"clean":                   {metrics.Summary{Offered: 10_000}, false},
		"one late in a thousand":  {metrics.Summary{Offered: 10_000, Late: 10}, false},
		"more than that":          {metrics.Summary{Offered: 10_000, Late: 11}, true},
		"a generator behind":      {metrics.Summary{Offered: 10_000, LagP99: 0.2}, true},
		"a lag that is not known": {metrics.Summary{Offered: 10_000, LagP99: math.NaN()}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := invalid(tt.summary); (got != "") != tt.invalid {
				t.Errorf("invalid because %q, want %v", got, tt.invalid)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	p99, most := int32(99), int32(10_000)
	objectives := []v1alpha1.Objective{
		{Name: "p99", Latency: &v1alpha1.LatencyObjective{Percentile: &p99, Threshold: "200ms"}},
		{Name: "errors", ErrorRatePartsPerMillion: &most},
	}
	tests := map[string]struct {
		summary     metrics.Summary
		p99, errors bool
	}{
		"both on their thresholds": {metrics.Summary{Offered: 1000, Failed: 10, P99: 0.2}, true, true},
		"both just over":           {metrics.Summary{Offered: 1000, Failed: 10, Dropped: 1, P99: 0.2001}, false, false},
		"nothing measured":         {metrics.Summary{P99: math.NaN()}, false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := judge(objectives, tt.summary)
			if *got[0].Met != tt.p99 || *got[1].Met != tt.errors {
				t.Errorf("met %v and %v, want %v and %v", *got[0].Met, *got[1].Met, tt.p99, tt.errors)
			}
		})
	}
}

func TestUsersRulesChangeOnlyWhatTheySet(t *testing.T) {
	step, off := int32(3), true
	rules := desired.Rules([]v1alpha1.Rule{{Name: "api-server", Step: &step}, {Name: "scale-in", Disabled: &off}, {Name: "mine", When: "cpu > 50", Then: "AddReplica"}})
	byName := map[string]scaling.Rule{}
	for _, r := range rules {
		byName[r.Name] = r
	}
	if r := byName["api-server"]; r.When != "cpu > 80 || memory > 85" || r.Step.Count != 3 {
		t.Errorf("api-server became %+v", r)
	}
	if !byName["scale-in"].Disabled || byName["mine"].Then != graph.AddReplica {
		t.Errorf("rules %+v", rules)
	}
	for _, r := range desired.Rules(nil) {
		if r.Disabled {
			t.Errorf("rule %s is off though nobody said so", r.Name)
		}
	}
}

func TestPausesAreNotCounted(t *testing.T) {
	r := &SimulationReconciler{}
	sim := simulation("run", time.Hour, started)
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon.Add(10 * time.Second)}
	sim.Spec.State = v1alpha1.StatePaused
	r.pause(p)
	p.now = noon.Add(40 * time.Second)
	r.pause(p)
	if got := clock(p.status).Elapsed(p.now); got != 10*time.Second {
		t.Errorf("elapsed %v in a pause, want the 10 s before it", got)
	}
	sim.Spec.State = v1alpha1.StateRunning
	r.pause(p)
	if got := clock(p.status).Elapsed(noon.Add(50 * time.Second)); got != 20*time.Second {
		t.Errorf("elapsed %v after a pause of 30 s, want 20 s", got)
	}
}

// Ticks are at the start and whole intervals after it, however late one comes.
func TestTicksStayOnTheGridOfTheStart(t *testing.T) {
	for since, want := range map[time.Duration]time.Duration{
		0: 5 * time.Second, time.Second: 4 * time.Second, 4999 * time.Millisecond: time.Millisecond, 5 * time.Second: 5 * time.Second,
		12*time.Second + 300*time.Millisecond: 2700 * time.Millisecond, -2 * time.Second: 2 * time.Second,
	} {
		sim := simulation("run", time.Minute, started)
		sim.Spec.AutoScaling.IntervalSeconds = new(int32(5))
		if got := untilNextTick(&pass{sim: &sim, status: &sim.Status, now: noon.Add(since)}); got != want {
			t.Errorf("%s after the start the next tick is %s away, want %s", since, got, want)
		}
	}
}
