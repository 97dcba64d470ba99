package scaling

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// The tests of this file are named after the sentences of docs/rules.md.

func TestS01WindowsAreHalfOpen(t *testing.T) {
	now := epoch()
	all := []Recommendation{{now.Add(-10 * time.Second), 5}, {now.Add(-9 * time.Second), 3}}
	got := keepRecommendations(all, now, 10*time.Second)
	if len(got) != 1 || got[0].N != 3 {
		t.Errorf("kept %v, want the sample of exactly one window ago gone", got)
	}
}

func TestS02SignalsAreFoundByNameAndWindow(t *testing.T) {
	o := Observation{Signals: []Measurement{{CPU, Value{Value: 1, N: 1, Window: time.Second}}, {CPU, Value{Value: 2, N: 1, Window: time.Minute}}}}
	if got := o.Signal(CPU, time.Minute).Value; got != 2 {
		t.Errorf("cpu over a minute = %v, want 2", got)
	}
	if got := o.Signal(CPU, time.Hour); got.N != 0 || got.Missing == "" {
		t.Errorf("cpu over an hour = %+v, want unknown", got)
	}
}

func TestS03WhatIsNotMeasuredIsUnknown(t *testing.T) {
	now, s := epoch(), Defaults()
	good := Value{Value: 50, N: 10, Last: now, Coverage: 1, Window: s.Window}
	for name, change := range map[string]func(*Value){
		"coverage below 0.8": func(v *Value) { v.Coverage = 0.79 },
		"stale":              func(v *Value) { v.Last = now.Add(-s.StaleAfter - 1) },
		"query failed":       func(v *Value) { v.Missing = "query failed" },
		"empty":              func(v *Value) { v.N = 0 },
		"NaN":                func(v *Value) { v.Value = math.NaN() },
		"Inf":                func(v *Value) { v.Value = math.Inf(1) },
	} {
		v := good
		change(&v)
		if v.unknown(now, s) == "" {
			t.Errorf("%s: known, want unknown", name)
		}
	}
	edge := good
	edge.Coverage, edge.Last = 0.8, now.Add(-s.StaleAfter)
	if why := edge.unknown(now, s); why != "" {
		t.Errorf("at the edges: %s, want known", why)
	}
}

func TestS04ConditionsHaveThreeTruthValues(t *testing.T) {
	nan := math.NaN()
	environment, err := newEnvironment(SignalNames())
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		when        string
		cpu, memory float64
		want        Truth
	}{
		{"cpu > 80 || memory > 85", 90, nan, True},
		{"cpu > 80 || memory > 85", 70, nan, Unknown},
		{"cpu > 80 && memory > 85", 70, nan, False},
		{"cpu > 80 && memory > 85", 90, nan, Unknown},
		{"cpu > 80 || memory > 85", nan, nan, Unknown},
		{"!(cpu > 80)", nan, 0, Unknown},
		{"cpu > 80 || memory > 85", 70, 70, False},
	} {
		c, err := compileCondition(environment, test.when)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := c.evaluate(values{CPU: test.cpu, Memory: test.memory}); got != test.want {
			t.Errorf("%s with cpu %v and memory %v is %s, want %s", test.when, test.cpu, test.memory, got, test.want)
		}
	}
}

func TestS05MissingDataHoldsFallsBackOrIsAssumed(t *testing.T) {
	t.Run("hold", func(t *testing.T) {
		r := newRig(t, hot())
		r.wantDecisions(r.run(10 * time.Minute))
		r.wantSuppressed("api-server", "hot", NoData)
	})
	t.Run("fall back after a duration", func(t *testing.T) {
		r := newRig(t, hot(func(r *Rule) { r.OnMissing = OnMissing{Action: Fallback, Replicas: 3} }))
		r.wantDecisions(r.run(3 * time.Minute))
		r.wantDecisions(r.run(time.Second), graph.AddReplica)
		r.wantSize("api-server", 3)
	})
	t.Run("keep a higher size", func(t *testing.T) {
		r := newRig(t, hot(func(r *Rule) { r.OnMissing = OnMissing{Action: Fallback, Replicas: 3, IfHigher: true} }))
		r.base = shop(4)
		r.wantDecisions(r.run(4 * time.Minute))
	})
	t.Run("assume", func(t *testing.T) {
		r := newRig(t, hot(func(r *Rule) { r.OnMissing = OnMissing{Action: Assume, Assumed: 90} }))
		r.wantDecisions(r.run(time.Second), graph.AddReplica)
	})
}

func TestS06WarmingReplicasCountAsCapacity(t *testing.T) {
	r := grown(t, 3, hot(), shrink())
	r.pinned["api-server"] = 2
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(5 * time.Second))
	r.wantSuppressed("api-server", "hot", ReArming)
}

func TestS07MissingReplicasAreIdleOutAndBusyIn(t *testing.T) {
	t.Run("a scale-out that would turn round holds", func(t *testing.T) {
		r := newRig(t, hot())
		r.base = shop(3)
		r.set("api-server", CPU, 90).set("api-server", Memory, 20)
		r.covered["api-server"] = []string{"api-server-1", "api-server-2"}
		r.wantDecisions(r.run(5 * time.Second))
	})
	t.Run("a scale-in assumes them busy", func(t *testing.T) {
		r := grown(t, 3, hot(), shrink())
		r.covered["api-server"] = []string{"api-server-1"}
		r.wantDecisions(r.run(3 * time.Minute))
		r.covered["api-server"] = nil
		r.wantDecisions(r.run(3*time.Minute), graph.RemoveReplica)
	})
}

func TestS08ForPausesOnUnknownAndResetsOnFalse(t *testing.T) {
	rule := hot(func(r *Rule) { r.For = 3 * time.Second })
	play := func(cpus ...float64) []int {
		r := newRig(t, rule)
		r.set("api-server", Memory, 20)
		var acted []int
		for i, cpu := range cpus {
			if r.set("api-server", CPU, cpu); math.IsNaN(cpu) {
				r.lose("api-server", CPU)
			}
			if len(r.step().Decisions) > 0 {
				acted = append(acted, i)
			}
		}
		return acted
	}
	nan := math.NaN()
	for name, test := range map[string]struct {
		cpus []float64
		want []int
	}{
		"true throughout":        {[]float64{90, 90, 90, 90}, []int{3}},
		"one unknown pauses":     {[]float64{90, 90, nan, 90, 90, 90}, []int{5}},
		"one false resets":       {[]float64{90, 90, 70, 90, 90, 90, 90}, []int{6}},
		"never long enough":      {[]float64{90, 90, 90, 70, 90, 90, 90}, nil},
		"unknown does not begin": {[]float64{nan, nan, nan, nan, nan}, nil},
	} {
		if diff := cmp.Diff(test.want, play(test.cpus...)); diff != "" {
			t.Errorf("%s: acted at (-want +got)\n%s", name, diff)
		}
	}
}

func TestS08KeepFiringForHolds(t *testing.T) {
	r := newRig(t, hot(func(r *Rule) { r.For, r.KeepFiringFor = 2*time.Second, 5*time.Second }))
	r.set("api-server", CPU, 90).set("api-server", Memory, 20)
	r.pinned["api-server"] = 0
	r.run(3 * time.Second)
	r.set("api-server", CPU, 10).step()
	if got := r.rule("api-server", "hot"); got.State != Firing {
		t.Errorf("state %s, want Firing for five seconds more", got.State)
	}
	r.run(6 * time.Second)
	if got := r.rule("api-server", "hot"); got.State != Inactive {
		t.Errorf("state %s, want Inactive", got.State)
	}
}

func TestS09ReArmWaitsForAWindowAfterTheChange(t *testing.T) {
	r := newRig(t, hot())
	r.set("api-server", CPU, 90).set("api-server", Memory, 20)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
	r.pinned["api-server"] = 1
	r.wantDecisions(r.run(20 * time.Second)) // starting
	delete(r.pinned, "api-server")
	r.wantDecisions(r.run(11 * time.Second)) // the window and the scrape lag
	r.wantSuppressed("api-server", "hot", ReArming)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
}

func TestS09ReArmFollowsANeighbour(t *testing.T) {
	r := newRig(t, hot())
	r.set("api-server", CPU, 70).set("api-server", Memory, 20).step()
	r.pinned["database"] = 0
	r.step()
	delete(r.pinned, "database")
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(5 * time.Second))
	r.wantSuppressed("api-server", "hot", ReArming)
}

func TestS09AMuchLargerBreachBypassesReArm(t *testing.T) {
	r := newRig(t, hot(func(r *Rule) { r.When = "latency > 100" }))
	r.set("api-server", Latency, 120)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
	r.set("api-server", Latency, 129)
	r.wantDecisions(r.run(2 * time.Second))
	r.set("api-server", Latency, 130)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
}

// A backlog grows by itself until what was added works it off: it waits for its
// window, and two actions that did not help are enough to stop the rule.
func TestS09ABacklogThatGrowsBypassesNothing(t *testing.T) {
	for _, signal := range []string{QueueDepth, Lag} {
		r := newRig(t, Rule{Name: "backlog", Select: Selector{Types: []graph.ComponentType{graph.MessageQueue}}, When: signal + " > 5", Then: graph.AddWorkers})
		r.base = graph.Architecture{
			Components:  []graph.Component{{Name: "queue", Type: graph.MessageQueue, Replicas: 1}, {Name: "worker", Type: graph.Worker, Replicas: 1}},
			Connections: []graph.Connection{{From: "queue", To: "worker"}},
		}
		for second := range 120 {
			r.set("queue", signal, 5.1+0.6*float64(second)).step()
		}
		r.wantSize("worker", 3)
		r.wantSuppressed("queue", "backlog", NoEffect)
	}
}

func TestS10FastPathActsWithinItsWindowAndForbidsScaleIn(t *testing.T) {
	r := grown(t, 3, hot(func(r *Rule) {
		r.When, r.For = "latency > 100", time.Minute
		r.Fast = &FastPath{Window: 2 * time.Second, Factor: 2}
	}), shrink())
	r.fast = 2 * time.Second
	r.set("api-server", Latency, 199)
	r.wantDecisions(r.run(5 * time.Second))
	r.set("api-server", Latency, 200)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
	if got := r.state.Objects["api-server"].Panic; !got.After(r.now) {
		t.Errorf("panic until %s, want later than %s", got, r.now)
	}
}

func TestS11ScaleInCoolsDownScaleOutDoesNotWait(t *testing.T) {
	in := shrink()
	in.Cooldown, in.Stabilization = new(2*time.Minute), new(5*time.Second)
	r := grown(t, 4, hot(), in)
	r.wantDecisions(r.run(20*time.Second), graph.RemoveReplica)
	r.set("api-server", CPU, 95)
	r.run(13 * time.Second)
	if got := r.log[len(r.log)-1]; got.Action != graph.AddReplica {
		t.Errorf("last decision %s, want a scale-out within the cool-down of the scale-in", got.Action)
	}
	r.idle("api-server")
	r.wantDecisions(r.run(115 * time.Second))
	r.wantSuppressed("api-server", "shrink", InCooldown)
	r.wantDecisions(r.run(20*time.Second), graph.RemoveReplica)
}

func TestS12ScaleInTakesTheLargestRawRecommendationOfTheWindow(t *testing.T) {
	r := grown(t, 4, hot(), shrink())
	r.wantDecisions(r.run(55 * time.Second))
	r.wantSuppressed("api-server", "shrink", Recovering)
	r.set("api-server", CPU, 50) // three are needed for a moment
	r.step()
	r.idle("api-server")
	got := r.run(10 * time.Second)
	r.wantDecisions(got, graph.RemoveReplica)
	if got[0].To != 3 {
		t.Errorf("went to %d, want the largest of the window, 3", got[0].To)
	}
}

func TestS12ARuleThatJoinsWaitsForItsWholeWindow(t *testing.T) {
	r := grown(t, 3, hot())
	r.run(2 * time.Minute)
	r.program = mustCompile(t, hot(), shrink())
	r.wantDecisions(r.run(60 * time.Second))
	r.wantSuppressed("api-server", "shrink", Stabilized)
	r.wantDecisions(r.run(2*time.Second), graph.RemoveReplica)
}

func TestS12ScaleOutTakesTheSmallestOfItsWindow(t *testing.T) {
	r := newRig(t, hot(func(r *Rule) { r.Stabilization = new(10 * time.Second) }))
	r.set("api-server", CPU, 90).set("api-server", Memory, 20)
	r.wantDecisions(r.run(10 * time.Second))
	r.wantSuppressed("api-server", "hot", Stabilized)
	r.wantDecisions(r.run(2*time.Second), graph.AddReplica)
}

func TestS13ToleranceIsInclusive(t *testing.T) {
	for _, test := range []struct {
		n         int32
		ratio     float64
		tolerance float64
		want      int32
	}{
		{10, 1.10, 0.10, 10}, {10, 1.11, 0.10, 12}, {10, 0.90, 0.10, 10}, {10, 0.89, 0.10, 9}, {100, 1.07, 0.05, 107}, {3, math.NaN(), 0.1, 3},
	} {
		if got := Track(test.n, test.ratio, test.tolerance); got != test.want {
			t.Errorf("Track(%d, %v, %v) = %d, want %d", test.n, test.ratio, test.tolerance, got, test.want)
		}
	}
	r := newRig(t, hot(func(r *Rule) { r.When, r.Step = "cpu > 0", StepSize{Target: 80, Signal: CPU} }))
	r.set("api-server", CPU, 87)
	r.wantDecisions(r.run(5 * time.Second))
	r.wantSuppressed("api-server", "hot", WithinTolerance)
	r.set("api-server", CPU, 89)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
}

func TestS14RatePoliciesCountFromTheStartOfThePeriod(t *testing.T) {
	now := epoch()
	added := []Change{{now.Add(-5 * time.Second), 2}}
	pods, percent := RatePolicy{Unit: Pods, Value: 4, Period: 15 * time.Second}, RatePolicy{Unit: Percent, Value: 50, Period: 15 * time.Second}
	with := func(p RatePolicy, s PolicySelect) RatePolicy { p.Select = s; return p }
	for name, test := range map[string]struct {
		got, want int32
	}{
		"pods":              {limitOut(5, added, []RatePolicy{pods}, now), 7},
		"percent rounds up": {limitOut(5, added, []RatePolicy{percent}, now), 5},
		"max of both":       {limitOut(5, added, []RatePolicy{percent, pods}, now), 7},
		"min of both":       {limitOut(5, added, []RatePolicy{with(percent, SelectMin), pods}, now), 5},
		"disabled":          {limitOut(5, nil, []RatePolicy{with(pods, SelectDisabled)}, now), 5},
		"in by pods":        {limitIn(7, nil, []RatePolicy{pods}, now), 3},
		"in truncates":      {limitIn(7, nil, []RatePolicy{percent}, now), 3},
		"period over":       {limitOut(5, []Change{{now.Add(-15 * time.Second), 2}}, []RatePolicy{pods}, now), 9},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", name, test.got, test.want)
		}
	}
	r := newRig(t, hot(func(r *Rule) { r.Step = StepSize{Kind: Exact, Count: 12} }))
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
	r.wantSize("api-server", 5)
}

func TestS15StepsAreFixedExactOrALadder(t *testing.T) {
	for name, test := range map[string]struct {
		step StepSize
		want int32
	}{
		"fixed":  {StepSize{Kind: Fixed, Count: 2}, 4},
		"exact":  {StepSize{Kind: Exact, Count: 5}, 5},
		"ladder": {StepSize{Kind: Ladder, Signal: CPU, Threshold: 80, Rungs: []Rung{{To: new(10.0), Percent: 50}, {From: new(10.0), Percent: 100}}}, 4},
	} {
		r := newRig(t, hot(func(r *Rule) { r.Step = test.step }))
		r.base = shop(2)
		r.set("api-server", CPU, 90).run(time.Second)
		if got := r.size("api-server"); got != test.want {
			t.Errorf("%s: %d replicas, want %d", name, got, test.want)
		}
	}
}

// As many workers are added in one decision as keep up and empty the queue within
// the stabilization window of a minute.
func TestS15WorkersAreAddedForArrivalsAndBacklog(t *testing.T) {
	for name, test := range map[string]struct {
		current int32
		signals map[string]float64
		want    int32
	}{
		"one worker of 50 a second for 120 and 250 deep": {1, map[string]float64{RequestRate: 120, Throughput: 50, QueueDepth: 250}, 3},
		"a backlog that would take a second worker":      {1, map[string]float64{RequestRate: 40, Throughput: 50, QueueDepth: 1200}, 2},
		"two workers of 500 together, 1500 to keep up":   {2, map[string]float64{RequestRate: 1500, Throughput: 1000, QueueDepth: 5000}, 4},
		"arrivals that two keep up with, and a backlog":  {2, map[string]float64{RequestRate: 900, Throughput: 1000, QueueDepth: 37000}, 4},
		"enough to keep up, but it lags":                 {2, map[string]float64{RequestRate: 10, Throughput: 50, QueueDepth: 60}, 3},
		"workers that hardly work yet":                   {2, map[string]float64{RequestRate: 1000, Throughput: 1, QueueDepth: 60}, 6},
		"workers that have done nothing":                 {2, map[string]float64{RequestRate: 1000, Throughput: 0, QueueDepth: 60}, 3},
		"what they have done is not known":               {2, map[string]float64{RequestRate: 1000, QueueDepth: 60}, 3},
		"arrivals are not known":                         {2, map[string]float64{Throughput: 100, QueueDepth: 6000}, 3},
		"the depth is not known":                         {2, map[string]float64{RequestRate: 1000, Throughput: 100}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Rule{Name: "message-queue", Select: Selector{Types: []graph.ComponentType{graph.MessageQueue}}, When: "lag > 5", Then: graph.AddWorkers})
			r.base = graph.Architecture{
				Components:  []graph.Component{{Name: "queue", Type: graph.MessageQueue, Replicas: 1}, {Name: "worker", Type: graph.Worker, Replicas: test.current}},
				Connections: []graph.Connection{{From: "queue", To: "worker"}},
			}
			r.set("queue", Lag, 6)
			for signal, value := range test.signals {
				r.set("queue", signal, value)
			}
			r.wantDecisions(r.run(time.Second), graph.AddWorkers)
			r.wantSize("worker", test.want)
		})
	}
}

func TestS15LayersAreInsertedOnceAndNeverUndone(t *testing.T) {
	r := newRig(t)
	r.base.Components = r.base.Components[1:]
	r.base.Connections = r.base.Connections[1:]
	r.base.Components[0].Replicas = 2
	r.idle("api-server")
	r.wantDecisions(r.run(10*time.Minute), graph.InsertLoadBalancer)
	r.wantSuppressed("api-server", "load-balancer", AlreadyThere)
}

func TestS16SizesStayWithinTheirLimits(t *testing.T) {
	t.Run("below the minimum comes first, without data", func(t *testing.T) {
		r := newRig(t, hot(func(r *Rule) { r.Limits = Limits{Min: 3, Max: 5} }))
		r.wantDecisions(r.run(time.Second), graph.AddReplica)
		r.wantSize("api-server", 3)
	})
	t.Run("at the maximum", func(t *testing.T) {
		r := newRig(t, hot(func(r *Rule) { r.Limits = Limits{Max: 2} }))
		r.set("api-server", CPU, 90)
		r.run(time.Minute)
		r.wantSize("api-server", 2)
		r.wantSuppressed("api-server", "hot", AtMax)
	})
	t.Run("above the maximum", func(t *testing.T) {
		r := grown(t, 6, hot(func(r *Rule) { r.Limits = Limits{Max: 4} }))
		r.wantDecisions(r.run(time.Second), graph.RemoveReplica)
		r.wantSize("api-server", 4)
	})
}

func TestS16AHumansChangeIsTheNewBaseline(t *testing.T) {
	r := grown(t, 4, hot(), shrink())
	r.run(30 * time.Second)
	r.base = shop(3)
	r.wantDecisions(r.run(5 * time.Minute))
	r.wantSize("api-server", 3)
	if got := r.state.Objects["api-server"].Baseline; got != 3 {
		t.Errorf("baseline %d, want 3", got)
	}
}

func TestS16AHumansZeroStopsTheRule(t *testing.T) {
	r := newRig(t, hot(func(r *Rule) { r.Limits.Min = 2 }))
	r.base = shop(0)
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(5 * time.Second))
	r.wantSuppressed("api-server", "hot", ScaledToZero)
}

func TestS17OnlyWhatWasAddedIsRemoved(t *testing.T) {
	r := newRig(t, hot(), shrink())
	r.base = shop(3)
	r.idle("api-server")
	r.wantDecisions(r.run(5 * time.Minute))
	r.set("api-server", CPU, 90).run(time.Second)
	r.idle("api-server").run(5 * time.Minute)
	r.wantSize("api-server", 3)
}

func TestS18ASecondOwnerStopsTheRule(t *testing.T) {
	r := newRig(t, hot())
	r.owner = "HorizontalPodAutoscaler shop/api"
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(5 * time.Second))
	r.wantSuppressed("api-server", "hot", AmbiguousOwner)
}

func TestS19TheLargestProposalWins(t *testing.T) {
	big := hot(func(r *Rule) { r.Name, r.Step = "big", StepSize{Kind: Fixed, Count: 3} })
	r := newRig(t, hot(), big)
	r.set("api-server", CPU, 90)
	got := r.run(time.Second)
	r.wantDecisions(got, graph.AddReplica)
	if got[0].Rule != "big" || got[0].To != 4 {
		t.Errorf("%s went to %d, want big to 4", got[0].Rule, got[0].To)
	}
	r.wantSuppressed("api-server", "hot", Outvoted)
}

func TestS19OneUnknownRuleForbidsScaleIn(t *testing.T) {
	slow := hot(func(r *Rule) { r.Name, r.When = "slow", "latencyP99 > 500" })
	r := grown(t, 3, hot(), slow, shrink())
	r.wantDecisions(r.run(3 * time.Minute))
	r.wantSuppressed("api-server", "shrink", NoData)
	r.set("api-server", LatencyP99, 20)
	r.wantDecisions(r.run(3*time.Minute), graph.RemoveReplica)
}

func TestS20OneLayerInATickByPriorityWhileReplicasMove(t *testing.T) {
	r := newRig(t)
	r.base.Components = r.base.Components[1:]
	r.base.Connections = r.base.Connections[1:]
	r.base.Components[0].Replicas = 2
	r.set("api-server", CPU, 90).set("api-server", StaticRatio, 60).set("api-server", Memory, 20)
	r.set("database", ReadRatio, 80).set("database", Latency, 400)
	r.wantDecisions(r.step().Decisions, graph.AddReplica, graph.InsertLoadBalancer)
	r.wantSuppressed("api-server", "cdn", OneAtATime)
	r.wantSuppressed("database", "cache", OneAtATime)
}

func TestS20TheBusiestGoesFirstWhenTheBudgetIsShort(t *testing.T) {
	everywhere := Rule{Name: "any", Select: Selector{}, When: "cpu > 80", Then: graph.AddReplica}
	r := newRig(t, everywhere)
	r.settings.Budget.MaxReplicas = 4
	r.set("api-server", CPU, 85).set("database", CPU, 95)
	got := r.run(time.Second)
	if len(got) != 1 || got[0].Component != "database" {
		t.Errorf("decisions %+v, want the database alone", got)
	}
	r.wantSuppressed("api-server", "any", OverBudget)
}

func TestS21ScaleInStopsWhereItWouldScaleOutAgain(t *testing.T) {
	r := grown(t, 3, hot(), shrink())
	r.set("api-server", CPU, 50) // 75 at two, 78.75 with the margin
	r.run(2 * time.Minute)
	r.wantSize("api-server", 2)
	r = grown(t, 3, hot(), shrink())
	r.set("api-server", CPU, 52) // 78 at two, 81.9 with the margin
	r.wantDecisions(r.run(2 * time.Minute))
	r.wantSuppressed("api-server", "shrink", WouldFlap)
}

func TestS22ALatencyThatIsSpentElsewhereScalesNothing(t *testing.T) {
	slow := hot(func(r *Rule) { r.When = "latency > 200" })
	r := newRig(t, slow)
	r.set("api-server", Latency, 900).set("api-server", CPU, 49).set("api-server", DownstreamShare, 70).set("database", CPU, 97)
	r.wantDecisions(r.run(5 * time.Second))
	r.wantSuppressed("api-server", "hot", WrongBottleneck)
	if detail := r.rule("api-server", "hot").Detail; !strings.Contains(detail, "database is the busiest at 97.0%") {
		t.Errorf("detail %q does not name the database", detail)
	}
	r.set("api-server", CPU, 50)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)

	slow.IgnoreBottleneck = true
	r = newRig(t, slow)
	r.set("api-server", Latency, 900).set("api-server", CPU, 10).set("api-server", DownstreamShare, 99)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
}

func TestS23DeclaredLimitsOfPeersHold(t *testing.T) {
	r := newRig(t, hot(func(r *Rule) { r.Step = StepSize{Kind: Fixed, Count: 4} }))
	r.settings.PeerLimits = []PeerLimit{{Caller: "api-server", Target: "database", PerReplica: 30, Limit: 100}}
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
	r.wantSize("api-server", 3)
	r.wantDecisions(r.run(30 * time.Second))
	r.wantSuppressed("api-server", "hot", DownstreamLimit)
}

func TestS24OccupiedReplicasAreNotRemoved(t *testing.T) {
	r := grown(t, 2, hot(), shrink())
	r.base.Components[1].Capacity.MaxInFlight = 50
	r.set("api-server", CPU, 5).set("api-server", InFlight, 81)
	r.wantDecisions(r.run(3 * time.Minute))
	r.wantSuppressed("api-server", "shrink", Busy)
	r.set("api-server", InFlight, 80)
	r.wantDecisions(r.run(2*time.Second), graph.RemoveReplica)
}

func TestS25FlappingFreezesScaleIn(t *testing.T) {
	in := shrink()
	in.Cooldown, in.Stabilization = new(time.Duration(0)), new(2*time.Second)
	r := newRig(t, hot(), in)
	r.settings.MaxNoEffect = 0
	for range 4 {
		r.set("api-server", CPU, 90).set("api-server", Memory, 20).run(16 * time.Second)
		r.idle("api-server").run(16 * time.Second)
	}
	r.wantSuppressed("api-server", "shrink", FlapFrozen)
	if _, on := r.state.Alerts["api-server/flapping"]; !on {
		t.Errorf("alerts %v, want flapping", r.state.Alerts)
	}
}

func TestS25ActionsWithoutEffectStopTheRule(t *testing.T) {
	r := newRig(t, hot())
	r.set("api-server", CPU, 90).set("api-server", RequestRate, 100)
	got := r.run(3 * time.Minute)
	r.wantDecisions(got, graph.AddReplica, graph.AddReplica)
	r.wantSuppressed("api-server", "hot", NoEffect)
}

func TestS25ReplicasThatTellNothingYetAreNoRelief(t *testing.T) {
	for _, late := range []int{0, 1, 5} { // seconds after the re-arm until a new replica was sampled for a window
		r := newRig(t, hot())
		r.set("api-server", Memory, 90).set("api-server", CPU, 20).set("api-server", RequestRate, 100)
		var got []graph.Decision
		silent := 0
		for range 180 {
			if r.rearms("api-server") {
				silent = late + 1
			}
			silent--
			delete(r.covered, "api-server")
			if silent >= 0 {
				r.covered["api-server"] = []string{"first"}
			}
			got = append(got, r.step().Decisions...)
		}
		r.wantDecisions(got, graph.AddReplica, graph.AddReplica)
		r.wantSuppressed("api-server", "hot", NoEffect)
	}
}

func TestS25ARateFromBeforeTheTrafficMeasuresNoHelp(t *testing.T) {
	r := newRig(t, hot())
	r.set("api-server", Memory, 90).set("api-server", RequestRate, 50) // half of the window had no traffic
	r.run(5 * time.Second)
	r.set("api-server", RequestRate, 100)
	r.run(20 * time.Second)
	r.wantVerdicts(graph.NoEffect, graph.NoEffect)
}

func TestS25ChanceIsNoLoad(t *testing.T) {
	r := newRig(t, hot())
	r.idle("api-server").set("api-server", RequestRate, 100).run(20 * time.Second)
	r.set("api-server", Memory, 90).run(5 * time.Second)
	r.set("api-server", RequestRate, 112).run(20 * time.Second)
	r.wantVerdicts(graph.NoEffect, graph.NoEffect)
	for _, test := range []struct {
		before, after float64
		want          bool
	}{{50, 58, false}, {50, 60, true}, {10_000, 10_900, false}, {10_000, 11_100, true}, {1, 1.5, false}} {
		if got := grew(test.before, test.after, 10*time.Second); got != test.want {
			t.Errorf("from %g to %g requests a second: grew %v, want %v", test.before, test.after, got, test.want)
		}
	}
}

func TestS25HoldingTheLineUnderMoreLoadIsAnEffect(t *testing.T) {
	r := newRig(t, hot())
	rate := 100.0
	for range 4 {
		r.set("api-server", CPU, 90).set("api-server", RequestRate, rate)
		r.wantDecisions(r.run(12*time.Second), graph.AddReplica)
		rate *= 2
	}
}

func TestS26TheBudgetRefusesWithAReason(t *testing.T) {
	r := newRig(t, hot())
	r.settings.Budget.MaxCores = 3
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(5 * time.Second))
	r.wantSuppressed("api-server", "hot", OverBudget)
}

func TestS27EqualInputsGiveEqualBytes(t *testing.T) {
	r := newRig(t)
	r.set("api-server", CPU, 90).set("api-server", Memory, 20).set("database", Latency, 400)
	r.run(30 * time.Second)
	first, second := asJSON(t, Step(r.input())), asJSON(t, Step(r.input()))
	if first != second {
		t.Errorf("outputs differ:\n%s", cmp.Diff(first, second))
	}
	if got := len(Step(r.input()).Records); got == 0 {
		t.Error("no record")
	}
}

func TestS27StepLeavesItsInputAlone(t *testing.T) {
	r := newRig(t)
	r.set("api-server", CPU, 90).set("api-server", Memory, 20)
	r.run(20 * time.Second)
	in := r.input()
	before := asJSON(t, in.State) + asJSON(t, in.Base) + asJSON(t, in.Log)
	Step(in)
	if after := asJSON(t, in.State) + asJSON(t, in.Base) + asJSON(t, in.Log); after != before {
		t.Errorf("input changed:\n%s", cmp.Diff(before, after))
	}
}

func asJSON(t *testing.T, value any) string {
	t.Helper()
	text, err := json.MarshalIndent(value, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestS28ADryRunDecidesWhatItWouldHaveDecided(t *testing.T) {
	r := newRig(t, hot())
	r.settings.Mode = DryRun
	r.settings.MaxNoEffect = 0
	r.set("api-server", CPU, 100).set("api-server", Memory, 20)
	var would []graph.Decision
	for range 120 {
		o := r.step()
		r.wantDecisions(o.Decisions)
		would = append(would, o.DryRun...)
	}
	if len(would) != 1 || would[0].To != 2 {
		t.Errorf("would decide %+v, want 2 once: at two the same load is 50%% each", would)
	}
	if got := r.record("api-server"); got.Virtual != 2 {
		t.Errorf("virtual size %d, want 2", got.Virtual)
	}
}

func TestS29DirectionsAreSuspendedApart(t *testing.T) {
	r := grown(t, 3, hot(), shrink())
	r.settings.Suspend.ScaleIn = true
	r.wantDecisions(r.run(3 * time.Minute))
	r.wantSuppressed("api-server", "shrink", InSuspension)
	r.set("api-server", CPU, 90)
	r.wantDecisions(r.run(time.Second), graph.AddReplica)
	r.settings.Mode = Suspended
	r.wantDecisions(r.run(time.Minute))
}

func TestS30AfterAnOutageNothingShrinksForOneWindow(t *testing.T) {
	r := grown(t, 3, hot(), shrink())
	r.run(50 * time.Second)
	r.now = r.now.Add(2 * time.Minute)
	r.wantDecisions(r.run(59 * time.Second))
	r.wantSuppressed("api-server", "shrink", Recovering)
	r.wantDecisions(r.run(3*time.Second), graph.RemoveReplica)
}

func TestS30StateSurvivesARestart(t *testing.T) {
	through, restarted := grown(t, 3, hot(), shrink()), grown(t, 3, hot(), shrink())
	through.run(40 * time.Second)
	restarted.run(40 * time.Second)
	text := asJSON(t, restarted.state)
	restarted.state = State{}
	if err := json.Unmarshal([]byte(text), &restarted.state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(through.run(time.Minute), restarted.run(time.Minute)); diff != "" {
		t.Errorf("a restart changed the decisions (-through +restarted):\n%s", diff)
	}
}

func TestS31BadRulesAreRefusedInWords(t *testing.T) {
	for when, want := range map[string]string{
		"cpuu > 80":            "use one of",
		"cpu":                  "write a comparison",
		"cpu >":                "Syntax error",
		"cpu * 2 > 80":         "with a point, such as 2.0",
		"cpu > 'high'":         "no matching overload",
		"":                     "an empty condition is always true",
		"custom_depth > 100.0": "name a query of your own",
	} {
		_, problems := Compile([]Rule{hot(func(r *Rule) { r.When = when })})
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("%q: %v, want words with %q", when, problems, want)
		}
	}
	custom := hot(func(r *Rule) {
		r.When, r.Queries = "custom_depth > 100", []Query{{Name: "custom_depth", PromQL: "max(depth)"}}
	})
	program := mustCompile(t, custom)
	if needs := program.Needs(shop(1), Defaults()); len(needs) != 1 || needs[0].PromQL != "max(depth)" || needs[0].Component != "api-server" {
		t.Errorf("needs %+v, want the query for the api server", needs)
	}
}

func TestS31ACostlyConditionIsUnknownNeverACrash(t *testing.T) {
	costly := "[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, cpu > double(a*b*c))))"
	r := newRig(t, hot(func(r *Rule) { r.When = costly }))
	r.set("api-server", CPU, 10000)
	r.wantDecisions(r.run(2 * time.Second))
	r.wantSuppressed("api-server", "hot", NoData)
}

func TestS32RulesThatWillBeRegrettedAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		rules []Rule
		want  string
	}{
		"a target that is not proportional": {[]Rule{hot(func(r *Rule) { r.Step = StepSize{Target: 100, Signal: RequestRate} })}, "does not fall in proportion"},
		"memory as a target":                {[]Rule{hot(func(r *Rule) { r.Step = StepSize{Target: 80, Signal: Memory} })}, "may not fall"},
		"for below the interval":            {[]Rule{hot(func(r *Rule) { r.For = time.Millisecond })}, "shorter than the interval"},
		"a window of one sample":            {[]Rule{hot(func(r *Rule) { r.Window = time.Second })}, "less than two samples"},
		"a rule that never fires":           {[]Rule{hot(func(r *Rule) { r.When = "cpu > 100" })}, "never exceeds 100"},
		"thresholds that flap":              {[]Rule{hot(), func() Rule { r := shrink(); r.When = "cpu < 50"; return r }()}, "write at most 40"},
	} {
		cautions := Lint(mustCompile(t, test.rules...), Defaults())
		if len(cautions) != 1 || !strings.Contains(cautions[0].Message, test.want) {
			t.Errorf("%s: %+v, want %q", name, cautions, test.want)
		}
	}
	if got := Lint(mustCompile(t, BuiltIn()...), Defaults()); len(got) != 0 {
		t.Errorf("the built-in rules are warned of: %+v", got)
	}
	if _, problems := Compile([]Rule{hot(func(r *Rule) { r.Limits = Limits{Min: 5, Max: 2} })}); len(problems) != 1 {
		t.Errorf("max below min: %v, want one error", problems)
	}
}
