package scaling

import (
	"math"
	"slices"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// replicated is a database rule over a primary with read replicas that were added long ago.
func replicated(t *testing.T, replicas int32) *rig {
	r := newRig(t, databaseRule(), shrink())
	primary, _ := r.base.Component("database")
	added := graph.ReadReplicaOf(primary, "database-replica")
	r.log = []graph.Decision{{ID: 1, Rule: "database", Action: graph.AddReadReplica, Component: "database", To: 1, Added: &added}}
	if replicas > 1 {
		r.log = append(r.log, graph.Decision{ID: 2, Rule: "database", Action: graph.AddReadReplica, Component: "database", From: 1, To: replicas, Added: &added})
	}
	for _, name := range []string{"database", "database-replica"} {
		r.idle(name).set(name, RequestRate, 100).set(name, ReadRatio, 80)
	}
	r.run(2 * r.settings.Window)
	return r
}

func databaseRule() Rule {
	for _, r := range BuiltIn() {
		if r.Name == "database" {
			return r
		}
	}
	return Rule{}
}

// The latency of a database is that of all its requests, wherever they were
// answered: here 520 ms, though neither part has it.
func TestAPrimaryAndItsReplicasAreOneDatabase(t *testing.T) {
	r := replicated(t, 1)
	r.set("database", Latency, 200).set("database-replica", Latency, 520)
	r.set("database", RequestRate, 100).set("database-replica", RequestRate, 1500)
	r.wantDecisions(r.run(3 * time.Second)) // 500 ms: on the threshold
	r.set("database-replica", Latency, 521)
	got := r.run(time.Second)
	r.wantDecisions(got, graph.AddReadReplica)
	if len(got) == 1 && (got[0].Component != "database" || got[0].To != 2 || got[0].Added.Name != "database-replica") {
		t.Errorf("decision %+v, want a second read replica of the primary", got[0])
	}
	if _, doubled := r.live().Component("database-replica-replica"); doubled {
		t.Error("a replica was replicated")
	}
}

// The pool that is nearest its limit counts, whichever it is.
func TestTheFullestPoolOfADatabaseCounts(t *testing.T) {
	r := replicated(t, 1)
	r.set("database-replica", Connections, 80)
	r.wantDecisions(r.run(3 * time.Second))
	r.set("database-replica", Connections, 80.1)
	r.wantDecisions(r.run(time.Second), graph.AddReadReplica)
}

// Once replicas read, most of what the primary gets is writes: that alone is no
// reason to shard. What counts is what all of them get.
func TestReadsOfReplicasCountForTheDatabase(t *testing.T) {
	r := replicated(t, 1)
	r.set("database", ReadRatio, 20).set("database-replica", ReadRatio, 100).set("database", Latency, 900).set("database-replica", Latency, 900)
	r.wantDecisions(r.run(time.Second), graph.AddReadReplica) // 60 % of all reads
	if len(r.last.Findings) > 0 {
		t.Errorf("findings %+v, want none", r.last.Findings)
	}
	r = replicated(t, 1)
	r.set("database", ReadRatio, 20).set("database-replica", ReadRatio, 78).set("database", Latency, 900).set("database-replica", Latency, 900)
	r.wantDecisions(r.run(time.Second))
	if len(r.last.Findings) != 1 || r.last.Findings[0].Component != "database" {
		t.Errorf("findings %+v, want one for the primary: 49 %% of all reads", r.last.Findings)
	}
}

// Reads are all that a replica gets and writes all that its primary may get: the
// alert looks at both as one, and speaks once.
func TestTheAlertOnReadsLooksAtTheDatabaseAsOne(t *testing.T) {
	for name, test := range map[string]struct {
		primary, replica float64
		want             []Severity
	}{
		"a replica's reads, half of all":      {primary: 0, replica: 100},
		"the primary's reads, half of all":    {primary: 100, replica: 0},
		"on the threshold":                    {primary: 80, replica: 100},
		"both read, 90.5 % together":          {primary: 81, replica: 100, want: []Severity{Warning}},
		"nothing but reads on both of them":   {primary: 100, replica: 100, want: []Severity{Critical}},
		"the primary alone above, not in all": {primary: 95, replica: 80},
	} {
		t.Run(name, func(t *testing.T) {
			r := replicated(t, 1)
			var got []Severity
			for _, a := range r.set("database", ReadRatio, test.primary).set("database-replica", ReadRatio, test.replica).step().Alerts {
				if a.Signal != ReadRatio || a.Component != "database" {
					t.Errorf("alert %+v, want those on the reads of the primary alone", a)
				}
				got = append(got, a.Severity)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("alerts %v, want %v", got, test.want)
			}
		})
	}
}

func TestTogether(t *testing.T) {
	parts := []weighted{{value: 10, weight: 100}, {value: 40, weight: 300}}
	for name, want := range map[string]float64{
		ReadRatio: 32.5, Latency: 32.5, ErrorRate: 32.5, RequestRate: 50, InFlight: 50, CPU: 40, Connections: 40, LatencyP99: 40,
	} {
		if got := together(name, parts); math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := together(Latency, []weighted{{value: 10}, {value: 40}}); got != 40 {
		t.Errorf("latency without any rate is %v, want the worst", got)
	}
}

// A dry run sees its primary as the replicas it would have added leave it.
func TestADryRunCountsItsVirtualReadReplicas(t *testing.T) {
	r := newRig(t, databaseRule())
	r.settings.Mode = DryRun
	r.idle("database").set("database", Connections, 90).set("database", ReadRatio, 80)
	would := 0
	for range 120 {
		would += len(r.step().DryRun)
	}
	if would != 1 {
		t.Errorf("would have acted %d times, want once: 90 %% halved is 45 %%", would)
	}
}

// A signal's name means one thing.
func TestQueriesDoNotShareNames(t *testing.T) {
	with := func(rule, name, query string) Rule {
		return hot(func(r *Rule) { r.Name, r.Queries = rule, []Query{{Name: name, PromQL: query}} })
	}
	for name, test := range map[string]struct {
		rules []Rule
		want  int
	}{
		"one name, one query":           {[]Rule{with("a", "depth", "max(depth)"), with("b", "depth", "max(depth)")}, 0},
		"one name, two queries":         {[]Rule{with("a", "depth", "max(depth)"), with("b", "depth", "min(depth)")}, 1},
		"the name of a built-in signal": {[]Rule{with("a", "cpu", "max(depth)")}, 1},
	} {
		if _, problems := Compile(test.rules); len(problems) != test.want {
			t.Errorf("%s: %v, want %d errors", name, problems, test.want)
		}
	}
}
