package scaling

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// trigger is one threshold of the built-in rules: what fires one step above it,
// and is quiet on it and below it.
type trigger struct {
	rule, signal string
	threshold    float64
	then         graph.Action
	// architecture in the words of the scripts, watched component and the signals
	// beside the one that moves.
	architecture, component string
	beside                  map[string]float64
	// step to either side of the threshold.
	step float64
}

func (tr trigger) name() string { return tr.rule + "_" + tr.signal }

// triggers are all thresholds of the built-in rules that a signal crosses upwards.
func triggers() []trigger {
	const (
		plain  = "lb:LoadBalancer api:APIServer db:Database"
		direct = "api:APIServer db:Database"
		cached = "api:APIServer cache:Cache db:Database api>cache api>db"
		queued = "api:APIServer jobs:MessageQueue worker:Worker"
	)
	database := map[string]float64{Latency: 10, Connections: 10, ReadRatio: 60}
	return []trigger{
		{"api-server", CPU, 80, graph.AddReplica, plain, "api", map[string]float64{Memory: 30}, 0.1},
		{"api-server", Memory, 85, graph.AddReplica, plain, "api", map[string]float64{CPU: 30}, 0.1},
		{"load-balancer", ReplicaCount, 1, graph.InsertLoadBalancer, direct, "api", nil, 1},
		{"database", Latency, 500, graph.AddReadReplica, cached, "db", database, 0.1},
		{"database", Connections, 80, graph.AddReadReplica, cached, "db", database, 0.1},
		{"cache", ReadRatio, 70, graph.InsertCache, direct, "db", database, 0.1},
		{"cache", Latency, 300, graph.InsertCache, direct, "db", database, 0.1},
		{"message-queue", QueueDepth, 1000, graph.AddWorkers, queued, "jobs", map[string]float64{Lag: 1}, 1},
		{"message-queue", Lag, 5, graph.AddWorkers, queued, "jobs", map[string]float64{QueueDepth: 10}, 0.1},
		{"cdn", StaticRatio, 50, graph.InsertCDN, direct, "api", map[string]float64{GeoLatency: 10}, 0.1},
		{"cdn", GeoLatency, 100, graph.InsertCDN, direct, "api", map[string]float64{StaticRatio: 10}, 0.1},
	}
}

// at are the actions of the rule in half a minute with its signal at a value.
func (tr trigger) at(t *testing.T, value float64) []graph.Action {
	r := newRig(t)
	r.base = parseGraph(t, strings.Fields(tr.architecture))
	for name, beside := range tr.beside {
		r.set(tr.component, name, beside)
	}
	if tr.signal == ReplicaCount {
		at := slices.IndexFunc(r.base.Components, func(c graph.Component) bool { return c.Name == tr.component })
		r.base.Components[at].Replicas = int32(value)
	} else {
		r.set(tr.component, tr.signal, value)
	}
	return actionsOf(r.run(30*time.Second), tr.rule)
}

func actionsOf(decisions []graph.Decision, rule string) []graph.Action {
	var actions []graph.Action
	for _, d := range decisions {
		if d.Rule == rule {
			actions = append(actions, d.Action)
		}
	}
	return actions
}

func TestTriggersFireJustAboveTheirThreshold(t *testing.T) {
	for _, tr := range triggers() {
		t.Run(tr.name(), func(t *testing.T) {
			if got := tr.at(t, tr.threshold+tr.step); len(got) == 0 || got[0] != tr.then {
				t.Errorf("%s %v: %v, want %s", tr.signal, tr.threshold+tr.step, got, tr.then)
			}
		})
	}
}

func TestTriggersAreQuietUpToTheirThreshold(t *testing.T) {
	for _, tr := range triggers() {
		t.Run(tr.name(), func(t *testing.T) {
			for _, value := range []float64{tr.threshold - tr.step, tr.threshold} {
				if tr.signal == ReplicaCount && value < 1 {
					continue // a component keeps one replica
				}
				if got := tr.at(t, value); len(got) != 0 {
					t.Errorf("%s %v: %v, want nothing", tr.signal, value, got)
				}
			}
		})
	}
}

// sharding tells what a slow database is advised whose requests read so much.
func sharding(t *testing.T, readRatio float64) (findings, replicas int) {
	r := newRig(t)
	r.base = parseGraph(t, strings.Fields("api:APIServer cache:Cache db:Database api>cache api>db"))
	r.set("db", Latency, 600).set("db", Connections, 10).set("db", ReadRatio, readRatio)
	o := r.step()
	return len(o.Findings), len(actionsOf(o.Decisions, "database"))
}

func TestShardingIsAdvisedJustBelowHalfReads(t *testing.T) {
	if findings, replicas := sharding(t, 49.9); findings != 1 || replicas != 0 {
		t.Errorf("%d findings and %d read replicas at 49.9 %% reads, want the finding alone", findings, replicas)
	}
}

func TestShardingIsNotAdvisedAtHalfReads(t *testing.T) {
	if findings, replicas := sharding(t, 50); findings != 0 || replicas != 1 {
		t.Errorf("%d findings and %d read replicas at 50 %% reads, want the replica alone", findings, replicas)
	}
}

// removed reports whether the second of two API servers goes at a CPU. One alone
// has twice as much, and 5 % of margin: it stays from 80 / 2 / 1.05 = 38.1 on.
func removed(t *testing.T, cpu float64, after time.Duration) bool {
	r := grown(t, 2)
	r.base = parseGraph(t, strings.Fields("lb:LoadBalancer api-server:APIServer database:Database"))
	r.set("api-server", CPU, cpu)
	return len(actionsOf(r.run(after), RuleScaleIn)) > 0
}

func TestScaleInGoesWhenTheRestIsEnoughForAWholeWindow(t *testing.T) {
	if !removed(t, 38.0, 2*time.Minute) {
		t.Error("nothing was removed at 38.0 %")
	}
}

func TestScaleInIsQuietWhereTheRestIsNotEnough(t *testing.T) {
	if removed(t, 38.2, 5*time.Minute) {
		t.Error("a replica was removed at 38.2 %")
	}
	if removed(t, 10, Defaults().ScaleInStabilization-time.Second) {
		t.Error("a replica was removed within the stabilization window")
	}
}

// TestTriggersAreAllOfTheBuiltInRules takes the thresholds from the compiled
// conditions, so that none can be added or moved alone.
func TestTriggersAreAllOfTheBuiltInRules(t *testing.T) {
	var want, got []string
	for _, c := range mustCompile(t, BuiltIn()...).rules {
		for _, term := range c.condition.terms {
			want = append(want, fmt.Sprint(c.Name, " ", term.signal, term.operator, term.threshold, " ", c.Then))
		}
	}
	for _, tr := range triggers() {
		got = append(got, fmt.Sprint(tr.rule, " ", tr.signal, ">", tr.threshold, " ", tr.then))
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("triggers (-rules +tested):\n%s", diff)
	}
}

// TestThePageOfTriggersTellsEachTest holds docs/triggers.md to the tests: its
// rows are those of triggers, and every test that it names is one of this file.
func TestThePageOfTriggersTellsEachTest(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "triggers.md"))
	if err != nil {
		t.Fatal(err)
	}
	const fires, quiet = "TestTriggersFireJustAboveTheirThreshold", "TestTriggersAreQuietUpToTheirThreshold"
	want := []string{
		row("database", "readRatio < 50 of a slow database", graph.SuggestSharding, "TestShardingIsAdvisedJustBelowHalfReads", "TestShardingIsNotAdvisedAtHalfReads"),
		row(RuleScaleIn, "the rest is enough for a whole window", graph.RemoveReplica, "TestScaleInGoesWhenTheRestIsEnoughForAWholeWindow", "TestScaleInIsQuietWhereTheRestIsNotEnough"),
	}
	for _, tr := range triggers() {
		want = append(want, row(tr.rule, fmt.Sprintf("%s > %v", tr.signal, tr.threshold), tr.then, fires+"/"+tr.name(), quiet+"/"+tr.name()))
	}
	var got []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/triggers.md (-tests +page):\n%s", diff)
	}
	source, err := os.ReadFile("triggers_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range got {
		for cell := range strings.SplitSeq(line, "`") {
			name, _, _ := strings.Cut(cell, "/")
			if strings.HasPrefix(name, "Test") && !strings.Contains(string(source), "\nfunc "+name+"(t *testing.T)") {
				t.Errorf("docs/triggers.md names %s, which is no test here", name)
			}
		}
	}
}

func row(rule, when string, then graph.Action, fires, quiet string) string {
	return fmt.Sprintf("| `%s` | `%s` | `%s` | `%s` | `%s` |", rule, when, then, fires, quiet)
}
