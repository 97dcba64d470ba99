package history

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// ledger is what became of the samples of a run's components.
type ledger struct {
	written map[string]int
	missing map[string]int64
}

func (l *ledger) enter(t *rapid.T, b Batch) {
	for _, s := range b.Samples {
		l.written[s.Component]++
	}
	for _, e := range b.Events {
		if e.Type != EventGap {
			continue
		}
		var g Gap
		if err := json.Unmarshal(e.Data, &g); err != nil {
			t.Fatal(err)
		}
		if g.From.After(g.To) || g.Rows < 1 {
			t.Fatalf("a gap of nothing: %+v", g)
		}
		l.missing[e.Component] += g.Rows
	}
}

// TestEverySampleIsWrittenOrToldMissing offers and writes at random, with writes
// that fail, and counts.
func TestEverySampleIsWrittenOrToldMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pending{limit: rapid.IntRange(1, 20).Draw(t, "limit")}
		l := ledger{written: map[string]int{}, missing: map[string]int64{}}
		run, offered, decisions := runAt(1), 0, map[int64]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			for range rapid.IntRange(0, 15).Draw(t, "offers") {
				offered++
				p.offer(Batch{Samples: []Sample{sampleAt(run, "db", offered, 1), sampleAt(run, "api", offered, 1)}, Events: []Event{decisionAt(run, int64(offered), `{}`)}})
			}
			taken := p.take(rapid.IntRange(1, 30).Draw(t, "batch"))
			if rapid.Bool().Draw(t, "away") {
				p.restore(taken)
				if len(p.Samples) > p.limit {
					t.Fatalf("%d samples wait, more than %d", len(p.Samples), p.limit)
				}
				continue
			}
			l.enter(t, taken.rows())
			noteDecisions(decisions, taken.rows())
		}
		for !p.empty() {
			rows := p.take(7).rows()
			l.enter(t, rows)
			noteDecisions(decisions, rows)
		}
		for _, component := range []string{"api", "db"} {
			if got := l.written[component] + int(l.missing[component]); got != offered {
				t.Fatalf("%s: %d written and %d missing of %d", component, l.written[component], l.missing[component], offered)
			}
		}
		if len(decisions) != offered {
			t.Fatalf("%d decisions of %d are kept", len(decisions), offered)
		}
	})
}

func noteDecisions(seen map[int64]bool, b Batch) {
	for _, e := range b.Events {
		if e.Type == EventDecision {
			seen[e.Sequence] = true
		}
	}
}

func TestAGapSaysWhatIsMissing(t *testing.T) {
	run := runAt(1)
	p := pending{limit: 2}
	for second := range 5 {
		p.offer(Batch{Samples: []Sample{sampleAt(run, "db", second, 1)}})
		p.restore(p.take(10)) // the database is away
	}
	events := p.take(10).rows().Events
	if len(events) != 1 {
		t.Fatalf("the gap is told as %+v", events)
	}
	var got Gap
	if err := json.Unmarshal(events[0].Data, &got); err != nil {
		t.Fatal(err)
	}
	want := Gap{From: run.StartedAt, To: run.StartedAt.Add(2 * time.Second), Rows: 3, Reason: got.Reason}
	if diff := cmp.Diff(want, got); diff != "" || got.Reason == "" {
		t.Errorf("gap (-want +got):\n%s", diff)
	}
}

func TestRowsThatComeAgainReplaceThemselves(t *testing.T) {
	p := pending{limit: 1}
	for n := range 100 {
		p.offer(Batch{Users: []User{ada()}, Runs: []Run{runAt(1)}, Events: []Event{decisionAt(runAt(1), 1, fmt.Sprintf(`{"n": %d}`, n))}})
	}
	got := p.take(0)
	if len(got.Users) != 1 || len(got.Runs) != 1 || len(got.Events) != 1 || string(got.Events[0].Data) != `{"n": 99}` {
		t.Errorf("what waits is %+v", got)
	}
}
