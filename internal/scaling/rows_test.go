package scaling

import (
	"slices"
	"strings"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// The tests of this file are the further depth of sentences of docs/scaling.md.

func TestS05AFallbackJoinsTheOtherRulesByTheirLargest(t *testing.T) {
	for name, test := range map[string]struct {
		fallback, step int32
		want           string
		size           int32
	}{
		"the other rule asks for more":    {fallback: 2, step: 3, want: "slow", size: 4},
		"the fallback rule asks for more": {fallback: 4, step: 1, want: "hot", size: 4},
	} {
		t.Run(name, func(t *testing.T) {
			slow := Rule{Name: "slow", Select: hot().Select, When: "latency > 100", Then: graph.AddReplica, Step: StepSize{Kind: Fixed, Count: test.step}}
			r := newRig(t, hot(func(r *Rule) { r.OnMissing = OnMissing{Action: Fallback, Replicas: test.fallback} }), slow)
			r.set("api-server", Latency, 10)
			r.wantDecisions(r.run(3 * time.Minute))
			r.set("api-server", Latency, 200)
			got := r.run(time.Second)
			r.wantDecisions(got, graph.AddReplica)
			r.wantSize("api-server", test.size)
			if len(got) == 1 && got[0].Rule != test.want {
				t.Errorf("decided by %s, want %s", got[0].Rule, test.want)
			}
		})
	}
}

// Of three replicas one ends: the two that are measured are all, and the change
// is under way.
func TestS06TerminatingReplicasCountAsNeither(t *testing.T) {
	r := newRig(t, hot())
	r.base = shop(3)
	r.set("api-server", CPU, 90).set("api-server", Memory, 20)
	r.covered["api-server"] = []string{"api-server-1", "api-server-2"}
	judged := func(replicas Replicas) RuleRecord {
		in := r.input()
		for i := range in.Observations {
			if in.Observations[i].Component == "api-server" {
				in.Observations[i].Replicas = replicas
			}
		}
		for _, record := range Step(in).Records {
			if record.Component == "api-server" {
				return record.Rules[0]
			}
		}
		t.Fatal("no record of the API server")
		return RuleRecord{}
	}
	if got := judged(Replicas{Spec: 3, Ready: 2, Terminating: 1}); got.Truth != True || got.Suppressed != ReArming {
		t.Errorf("with one that ends: %+v, want True, and to wait until it is gone", got)
	}
	if got := judged(Replicas{Spec: 3, Ready: 3}); got.Truth != False {
		t.Errorf("with one that tells nothing: %+v, want False: it counts as idle", got)
	}
}

func TestS08ARuleGoesThroughItsWholeLife(t *testing.T) {
	r := newRig(t, hot(func(r *Rule) { r.For, r.Cooldown = 3*time.Second, new(30*time.Second) }))
	r.settings.Budget.MaxReplicas = 3 // as many as there are
	r.set("api-server", Memory, 20)
	var life []Phase
	live := func(cpu float64, d time.Duration) {
		r.set("api-server", CPU, cpu)
		for range int(d / time.Second) {
			r.step()
			if phase := r.rule("api-server", "hot").State; len(life) == 0 || life[len(life)-1] != phase {
				life = append(life, phase)
			}
		}
	}
	live(70, 15*time.Second)
	live(90, 6*time.Second)
	r.settings.Budget.MaxReplicas = 4
	r.pinned["api-server"] = 1 // the second one takes its time
	live(90, 5*time.Second)
	delete(r.pinned, "api-server")
	live(45, 40*time.Second)
	if want := []Phase{Inactive, Pending, Firing, Acted, Cooling, Inactive}; !slices.Equal(life, want) {
		t.Errorf("went through %v, want %v", life, want)
	}
}

func TestS10NothingIsScaledInForAWindowAfterTheFastPath(t *testing.T) {
	in := shrink()
	in.Cooldown, in.Stabilization = new(time.Duration(0)), new(time.Second)
	r := grown(t, 3, hot(func(r *Rule) {
		r.When, r.For = "latency > 100", time.Minute
		r.Fast = &FastPath{Window: 2 * time.Second, Factor: 2}
	}), in)
	r.fast = 2 * time.Second
	r.settings.Suspend.ScaleOut = true // what it asks for is another test's
	r.set("api-server", Latency, 200)
	r.wantDecisions(r.run(20 * time.Second))
	r.set("api-server", Latency, 10)
	r.wantDecisions(r.run(9 * time.Second))
	if detail := r.rule("api-server", "shrink").Detail; !strings.Contains(detail, "fast path") {
		t.Errorf("held back by %q, want the fast path", detail)
	}
	r.wantDecisions(r.run(time.Second), graph.RemoveReplica)
}

func TestS16AHumansChangeStartsTheCoolDown(t *testing.T) {
	r := grown(t, 4, hot(), shrink())
	r.run(30 * time.Second)
	r.base = shop(3)
	changed := r.now
	r.step()
	if got := r.state.Objects["api-server"]; !got.ChangedIn.Equal(changed) || !got.ChangedOut.Equal(changed) || got.In != nil {
		t.Errorf("remembers %+v, want a change at %s and no recommendation from before", got, changed)
	}
}

func TestS17ThePrimaryIsNeverRemoved(t *testing.T) {
	r := replicated(t, 3)
	got := r.run(10 * time.Minute)
	if len(got) == 0 {
		t.Fatal("nothing was removed")
	}
	for _, d := range got {
		if d.Action != graph.RemoveReplica || d.Component != "database-replica" {
			t.Errorf("decision %+v, want read replicas to go", d)
		}
	}
	r.wantSize("database", 1)
	r.wantSize("database-replica", 1)
}

func TestS19TheScaleInThatKeepsTheMostWins(t *testing.T) {
	step := func(name string, n int32) Rule {
		rule := shrink()
		rule.Name, rule.Step = name, StepSize{Kind: Fixed, Count: n}
		return rule
	}
	r := grown(t, 4, hot(), step("bold", 3), step("careful", 1))
	got := r.run(2 * time.Minute)
	if len(got) == 0 || got[0].Rule != "careful" || got[0].To != 3 {
		t.Errorf("decided %+v, want careful to go to 3 first", got)
	}
}

func TestS20WhatIsBelowItsMinimumComesBeforeWhatIsHot(t *testing.T) {
	floor := Rule{Name: "floor", Select: Selector{Types: []graph.ComponentType{graph.Database}}, When: "cpu > 99", Then: graph.AddReplica, Limits: Limits{Min: 2}}
	r := newRig(t, hot(), floor)
	r.settings.Budget.MaxReplicas = 4 // one more than there are
	r.set("api-server", CPU, 95)
	got := r.step().Decisions
	if len(got) != 1 || got[0].Component != "database" || got[0].To != 2 {
		t.Errorf("decided %+v, want the database's second replica alone", got)
	}
	r.wantSuppressed("api-server", "hot", OverBudget)
}

func TestS20ScaleInsComeLast(t *testing.T) {
	everywhere := Rule{Name: "any", When: "cpu > 80", Then: graph.AddReplica}
	play := func(heated int) (log []graph.Decision, at int) {
		r := grown(t, 3, everywhere, shrink())
		r.idle("load-balancer").idle("database")
		for second := range 120 {
			if second == heated {
				r.set("database", CPU, 95)
			}
			if got := r.step().Decisions; len(got) > 0 {
				return got, second
			}
		}
		t.Fatal("nothing was decided")
		return nil, 0
	}
	alone, at := play(-1)
	if len(alone) != 1 || alone[0].Action != graph.RemoveReplica {
		t.Fatalf("decided %+v, want a scale-in", alone)
	}
	both, _ := play(at)
	if len(both) != 2 || both[0].Action != graph.AddReplica || both[1].Action != graph.RemoveReplica || both[0].ID > both[1].ID {
		t.Errorf("decided %+v, want the scale-out of the database before the scale-in", both)
	}
}

// At 40 % CPU three single-core replicas become two of 60 %, where an M/M/1
// station takes (1-0.4)/(1-0.6) = 1.5 times as long: 63 ms become 94.5, and 99.2
// with the margin; 64 ms become 96, and 100.8. One replica cannot carry it.
func TestS21LatencyIsPredictedByTheStation(t *testing.T) {
	slow := hot(func(r *Rule) { r.When = "latency > 100" })
	for latency, want := range map[float64]int32{63: 2, 64: 3} {
		r := grown(t, 3, slow, shrink())
		r.set("api-server", CPU, 40).set("api-server", Latency, latency)
		r.run(2 * time.Minute)
		r.wantSize("api-server", want)
	}
}

func TestS27EveryComponentHasARecordInEveryMode(t *testing.T) {
	for _, mode := range []Mode{Act, DryRun, Suspended} {
		r := newRig(t)
		r.settings.Mode = mode
		r.set("api-server", CPU, 90).set("api-server", Memory, 20)
		for range 30 {
			var told []string
			for _, record := range r.step().Records {
				told = append(told, record.Component)
				if len(record.Rules) > 0 && record.InputsHash == "" {
					t.Fatalf("%s: a record without a digest: %+v", mode, record)
				}
			}
			for _, c := range r.live().Components {
				if !slices.Contains(told, c.Name) {
					t.Fatalf("%s: records of %v, none of %s", mode, told, c.Name)
				}
			}
		}
	}
}

func TestS29ScaleOutIsSuspendedAlone(t *testing.T) {
	r := grown(t, 3, hot(), shrink())
	r.settings.Suspend.ScaleOut = true
	r.set("api-server", CPU, 95)
	r.wantDecisions(r.run(time.Minute))
	r.wantSuppressed("api-server", "hot", InSuspension)
	r.idle("api-server")
	r.wantDecisions(r.run(3*time.Minute), graph.RemoveReplica)
}
