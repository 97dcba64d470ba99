package e2e

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver

	"flashcrowd.io/flashcrowd/internal/history"
)

// ledger is all that a history has of a run.
type ledger struct {
	run    history.Run
	events []history.Event
	// seconds of the run that each component has a sample of.
	seconds map[string]map[int]bool
}

// readLedger opens a history only as long as it takes: a disk with a file that is open
// cannot be taken away.
func readLedger(ctx context.Context, dsn, run string) (ledger, error) {
	store, err := history.Open(ctx, dsn)
	if err != nil {
		return ledger{}, err
	}
	defer store.Close()
	l := ledger{seconds: map[string]map[int]bool{}}
	if l.run, err = store.Run(ctx, run); err != nil {
		return l, err
	}
	if l.events, err = store.Events(ctx, run); err != nil {
		return l, err
	}
	if l.run.StartedAt.IsZero() {
		return l, nil
	}
	samples, err := store.Samples(ctx, history.Chart{Run: run, From: l.run.StartedAt, To: time.Now(), Step: time.Millisecond})
	if err != nil {
		return l, err
	}
	for _, s := range samples {
		if l.seconds[s.Component] == nil {
			l.seconds[s.Component] = map[int]bool{}
		}
		l.seconds[s.Component][l.second(s.At)] = true
	}
	return l, nil
}

func (l ledger) second(at time.Time) int {
	return int(at.Sub(l.run.StartedAt).Round(time.Second) / time.Second)
}

// of are the events of a type, by what tells them apart.
func (l ledger) of(kinds ...history.EventType) []string {
	var all []string
	for _, e := range l.events {
		if slices.Contains(kinds, e.Type) {
			all = append(all, fmt.Sprintf("%s %s %d %s", e.Type, e.Component, e.Sequence, e.ID()))
		}
	}
	slices.Sort(all)
	return all
}

// command is what somebody did to a run.
type command struct {
	User   string `json:"user"`
	Action string `json:"action"`
}

// commands in the order of time.
func (l ledger) commands(t *testing.T) []command {
	t.Helper()
	var all []command
	for _, e := range l.events {
		if e.Type == history.EventCommand {
			all = append(all, decodeAs[command](t, e.Data))
		}
	}
	return all
}

// told reports whether the history says that a second of a component is missing.
func (l ledger) told(component string, second int) bool {
	for _, e := range l.events {
		var gap history.Gap
		if e.Type != history.EventGap || e.Component != "" && e.Component != component || json.Unmarshal(e.Data, &gap) != nil {
			continue
		}
		if l.second(gap.From) <= second && second <= l.second(gap.To) {
			return true
		}
	}
	return false
}

// last second that is kept of the run, or told to be missing.
func (l ledger) last() int {
	last := -1
	for component, seconds := range l.seconds {
		for second := range seconds {
			last = max(last, second)
		}
		for l.told(component, last+1) {
			last++
		}
	}
	return last
}

// whole wants every second of every component from its first to its last, or a gap.
func (l ledger) whole(t *testing.T, name string) {
	t.Helper()
	if len(l.seconds) == 0 {
		t.Errorf("%s has no sample", name)
	}
	for component, seconds := range l.seconds {
		first, last := l.last(), 0
		for second := range seconds {
			first, last = min(first, second), max(last, second)
		}
		for second := first; second <= last; second++ {
			if !seconds[second] && !l.told(component, second) {
				t.Errorf("%s: second %d of %q is missing without a word", name, second, component)
			}
		}
	}
}

// hasAll wants all that another history has.
func (l ledger) hasAll(t *testing.T, name string, reference ledger) {
	t.Helper()
	kinds := []history.EventType{history.EventDecision, history.EventAlert, history.EventFinding}
	if got, want := l.of(kinds...), reference.of(kinds...); !slices.Equal(got, want) {
		t.Errorf("%s has the events\n%v, the undisturbed history\n%v", name, got, want)
	}
	missing := 0
	for component, seconds := range reference.seconds {
		for second := range seconds {
			if !l.seconds[component][second] {
				missing++
				if !l.told(component, second) {
					t.Errorf("%s: second %d of %q is missing without a word", name, second, component)
				}
			}
		}
	}
	t.Logf("%s: %d events, %d samples are missing and told", name, len(l.events), missing)
}

// intact finds nothing broken in a SQLite file.
func intact(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var word string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&word); err != nil || word != "ok" {
		t.Errorf("%s: %s, %v", file, word, err)
	}
}

// lock holds a SQLite file against all other writers until it is called what it
// returns.
func lock(t *testing.T, file string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", file+"?_txlock=immediate&_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
