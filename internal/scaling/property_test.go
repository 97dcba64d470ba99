package scaling

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// trace is a random run of an api server under the built-in rules.
func trace(t *rapid.T, r *rig, ticks int, each func(Output)) {
	cpu := 50.0
	for range ticks {
		switch rapid.IntRange(0, 9).Draw(t, "event") {
		case 0:
			cpu = rapid.Float64Range(0, 100).Draw(t, "cpu")
		case 1:
			r.lose("api-server", CPU)
			each(r.step())
			continue
		case 2:
			r.pinned["api-server"] = rapid.Int32Range(0, r.size("api-server")).Draw(t, "ready")
		case 3:
			delete(r.pinned, "api-server")
		}
		r.set("api-server", CPU, cpu).set("api-server", Memory, 20).set("api-server", RequestRate, 100)
		each(r.step())
	}
}

func TestSizesStayInBoundsOnRandomTraces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t, hot(func(r *Rule) { r.Limits = Limits{Min: 1, Max: 6} }), shrink())
		trace(t, r, 200, func(Output) {
			if n := r.size("api-server"); n < 1 || n > 6 {
				t.Fatalf("%d replicas, want 1 to 6", n)
			}
		})
	})
}

func TestNoTurnAndReturnWithinAStabilizationWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t, hot(), shrink())
		var changed []graph.Decision
		trace(t, r, 300, func(o Output) { changed = append(changed, o.Decisions...) })
		for i := 2; i < len(changed); i++ {
			a, b, c := changed[i-2], changed[i-1], changed[i]
			if a.From == b.To && b.From == c.To && c.Time.Sub(a.Time) < r.settings.ScaleInStabilization {
				t.Fatalf("%d -> %d -> %d -> %d within %s", a.From, a.To, b.To, c.To, c.Time.Sub(a.Time))
			}
		}
	})
}

func TestNothingIsResizedWithoutData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := grown(t, rapid.Int32Range(1, 6).Draw(t, "n"), hot(), shrink())
		r.run(time.Duration(rapid.IntRange(0, 59).Draw(t, "before")) * time.Second)
		for _, signal := range []string{CPU, Memory} {
			r.lose("api-server", signal)
		}
		if got := r.run(3 * time.Minute); len(got) != 0 {
			t.Fatalf("decided without data: %+v", got)
		}
	})
}

// TestRemovingSamplesNeverCausesAScaleIn plays a trace twice, once with holes:
// at every tick the one with holes has at least as many replicas as it would
// have kept, so a scale-in there has its reason in what was seen, not in what was not.
func TestRemovingSamplesNeverCausesAScaleIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		full, holed := grown(t, 4, hot(), shrink()), grown(t, 4, hot(), shrink())
		cpu := rapid.Float64Range(1, 79).Draw(t, "cpu")
		for range 150 {
			full.set("api-server", CPU, cpu).step()
			if holed.set("api-server", CPU, cpu); rapid.IntRange(0, 3).Draw(t, "hole") == 0 {
				holed.lose("api-server", CPU)
			}
			for _, d := range holed.step().Decisions {
				if d.Action == graph.RemoveReplica && full.size("api-server") > d.To {
					t.Fatalf("with holes it went to %d, without it has %d", d.To, full.size("api-server"))
				}
			}
		}
	})
}

func TestAReplayGivesTheRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		var inputs []Input
		var records []string
		r.seen = func(in Input) { inputs = append(inputs, in) }
		trace(t, r, 60, func(o Output) { records = append(records, fmt.Sprintf("%+v", o.Records)) })
		state := State{}
		for i, in := range inputs {
			in.State = state
			o := Step(in)
			if got := fmt.Sprintf("%+v", o.Records); got != records[i] {
				t.Fatalf("tick %d: replay gives\n%s\nwant\n%s", i, got, records[i])
			}
			state = o.State
		}
	})
}

// wander is a random run of a whole architecture under all built-in rules: every
// few ticks each component gets signals of another level, and some that nobody measures.
func wander(t *rapid.T, r *rig, ticks int, each func(known func(component, signal string) bool, o Output)) {
	r.base = parseGraph(t, strings.Fields("api:APIServer db:Database jobs:MessageQueue worker:Worker api>db api>jobs jobs>worker"))
	level := rapid.Float64Range(0, 150) // percent of the threshold
	lowest := thresholds()
	lost := rapid.SliceOfNDistinct(rapid.SampledFrom(SignalNames()), 0, 4, rapid.ID)
	for tick := range ticks {
		if tick%12 == 0 {
			for _, c := range r.live().Components {
				for _, signal := range slices.Sorted(maps.Keys(lowest)) {
					r.set(c.Name, signal, math.Min(lowest[signal]*level.Draw(t, signal)/100, ceiling(signal)))
				}
				for _, signal := range lost.Draw(t, "lost of "+c.Name) {
					r.lose(c.Name, signal)
				}
			}
		}
		known := map[string]bool{}
		for name, signals := range r.signals {
			for signal := range signals {
				known[name+" "+signal] = true
			}
		}
		each(func(component, signal string) bool { return known[component+" "+signal] }, r.step())
	}
}

// thresholds are those of the built-in rules, each signal's lowest.
func thresholds() map[string]float64 {
	lowest := map[string]float64{RequestRate: 100}
	for _, tr := range triggers() {
		if at, ok := lowest[tr.signal]; tr.signal != ReplicaCount && (!ok || tr.threshold < at) {
			lowest[tr.signal] = tr.threshold
		}
	}
	return lowest
}

// ceiling is what a signal cannot exceed.
func ceiling(signal string) float64 {
	switch signal {
	case CPU, Memory, Connections, ReadRatio, StaticRatio:
		return 100
	}
	return math.Inf(1)
}

func TestAWholeArchitectureStaysInBoundsOnRandomTraces(t *testing.T) {
	rules := BuiltIn()
	for i := range rules {
		if resizes(rules[i].Then) {
			rules[i].Limits.Max = 2
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t, rules...)
		wander(t, r, 90, func(func(string, string) bool, Output) {
			layers := map[graph.ComponentType]int{}
			for _, c := range r.live().Components {
				if c.Replicas < 1 || c.Replicas > 2 {
					t.Fatalf("%d replicas of %s, want one or two", c.Replicas, c.Name)
				}
				layers[c.Type]++
			}
			for _, layer := range []graph.ComponentType{graph.LoadBalancer, graph.Cache, graph.CDN} {
				if layers[layer] > 1 {
					t.Fatalf("%d components of type %s, want one at most", layers[layer], layer)
				}
			}
		})
	})
}

// TestAWholeArchitectureNeverGoesThereAndBack wants nothing to shrink within the
// stabilization window after it grew.
func TestAWholeArchitectureNeverGoesThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		grew := map[string]time.Time{}
		wander(t, r, 180, func(_ func(string, string) bool, o Output) {
			for _, d := range o.Decisions {
				if at, ok := grew[d.Component]; ok && d.Action == graph.RemoveReplica && d.Time.Sub(at) < r.settings.ScaleInStabilization {
					t.Fatalf("%s: %d -> %d only %s after it grew", d.Component, d.From, d.To, d.Time.Sub(at))
				}
				if d.To > d.From {
					grew[changedBy(d)] = d.Time
				}
			}
		})
	})
}

// changedBy is the component whose replicas a decision changes.
func changedBy(d graph.Decision) string {
	if d.Added != nil {
		return d.Added.Name
	}
	return d.Component
}

// TestAWholeArchitectureChangesOnlyForWhatIsMeasured wants a known signal behind
// each decision: of a rule that adds one of its own, of a scale-in the CPU of what shrinks.
func TestAWholeArchitectureChangesOnlyForWhatIsMeasured(t *testing.T) {
	watched := map[string][]string{}
	for _, tr := range triggers() {
		watched[tr.rule] = append(watched[tr.rule], tr.signal)
	}
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		wander(t, r, 90, func(known func(string, string) bool, o Output) {
			for _, d := range o.Decisions {
				signals := watched[d.Rule]
				if d.Rule == RuleScaleIn {
					signals = []string{CPU}
				}
				if !slices.ContainsFunc(signals, func(s string) bool { return s == ReplicaCount || known(d.Component, s) }) {
					t.Fatalf("%s of %s by rule %s, though none of %v was measured: %s", d.Action, d.Component, d.Rule, signals, d.Reason)
				}
			}
		})
	})
}

// TestEveryTickAnswersWhyNothingWasDone wants a word of each rule on what it
// watches at every tick: what it did, what held it back, or the numbers that keep
// its condition from being true.
func TestEveryTickAnswersWhyNothingWasDone(t *testing.T) {
	for _, mode := range []Mode{Act, DryRun, Suspended} {
		t.Run(string(mode), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				r := newRig(t)
				r.settings.Mode = mode
				wander(t, r, 40, func(_ func(string, string) bool, o Output) {
					answered := map[string]bool{}
					for _, record := range o.Records {
						for _, rule := range record.Rules {
							answered[record.Component] = true
							if !rule.Acted && rule.Suppressed.Words() == "" && (rule.Truth != False || rule.Compared == "") {
								t.Fatalf("%s: rule %s does not say why it did nothing: %+v", record.Component, rule.Rule, rule)
							}
						}
					}
					for _, name := range []string{"api", "db", "jobs"} {
						if !answered[name] {
							t.Fatalf("no rule says anything of %s", name)
						}
					}
				})
			})
		})
	}
}

func TestConservedLoadSettlesInFewChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cores := rapid.Float64Range(0.05, 12).Draw(t, "cores")
		r := newRig(t, hot(), shrink())
		changes := 0
		for range 600 {
			n := float64(r.size("api-server"))
			r.set("api-server", CPU, math.Min(100*cores/n, 100)).set("api-server", Memory, 20)
			r.set("api-server", RequestRate, 100*cores).set("api-server", Throughput, 100*math.Min(cores, n))
			changes += len(r.step().Decisions)
		}
		needed := math.Ceil(cores / 0.8)
		if most := int(math.Ceil(math.Log2(max(needed, 1)))); changes > most {
			t.Fatalf("%d changes for %.2f cores, want at most %d", changes, cores, most)
		}
		before := r.size("api-server")
		r.run(10 * time.Minute)
		if got := r.size("api-server"); got != before {
			t.Fatalf("went on to %d from %d", got, before)
		}
	})
}
