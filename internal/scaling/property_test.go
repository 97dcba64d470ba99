package scaling

import (
	"fmt"
	"math"
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
