package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 123_456_000, time.UTC)

// runAt is the n-th run of an hour, begun so many minutes after noon.
func runAt(n int) Run {
	return Run{
		ID: uuid.NewSHA1(uuid.NameSpaceURL, fmt.Append(nil, n)).String(), User: "ada", Canvas: "c0ffee", Graph: "default/shop", Namespace: "default", Name: "match-day",
		TrafficIntensity: 1000, AutoScalingEnabled: true, Status: "Running", StartedAt: noon.Add(time.Duration(n) * time.Minute),
		CreatedAt: noon.Add(time.Duration(n) * time.Minute), Spec: json.RawMessage(`{}`), Report: json.RawMessage(`{}`),
	}
}

func ada() User { return User{Name: "ada", CreatedAt: noon} }

func sampleAt(run Run, component string, second int, cpu float64) Sample {
	return Sample{Run: run.ID, Component: component, At: run.StartedAt.Add(time.Duration(second) * time.Second), Values: Values{CPU: &cpu}}
}

func decisionAt(run Run, number int64, data string) Event {
	return Event{Run: run.ID, Type: EventDecision, Component: "api-server", Sequence: number, At: run.StartedAt.Add(time.Duration(number) * time.Second), Data: json.RawMessage(data)}
}

func write(t *testing.T, s *Store, b Batch) {
	t.Helper()
	if err := s.Write(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestStore(t *testing.T) {
	suite := map[string]func(*testing.T, *Store){
		"a run comes back as it was written":       keepsRuns,
		"a write may be cut off at any moment":     survivesCuts,
		"namesakes are runs of their own":          keepsNamesakesApart,
		"a run that ended stays what it was":       keepsEnds,
		"pages list every run once":                listsPages,
		"an event written twice is one, the later": keepsEventsOnce,
		"an event that was read is the same one":   readsEventsBack,
		"a chart averages over its step":           averages,
		"what was not measured stays so":           keepsUnmeasured,
		"a batch is kept whole or not at all":      writesWhole,
		"retention forgets whole runs":             prunes,
	}
	onEach(t, func(t *testing.T, database func(*testing.T) string) {
		for name, test := range suite {
			t.Run(name, func(t *testing.T) { test(t, opened(t, database(t))) })
		}
	})
}

func keepsRuns(t *testing.T, s *Store) {
	want := runAt(1)
	want.EndedAt, want.Status, want.Report = noon.Add(time.Hour), "Met", json.RawMessage(`{"verdict": "Met"}`)
	write(t, s, Batch{Users: []User{ada()}, Runs: []Run{want}})
	if diff := cmp.Diff(want, must[Run](t)(s.Run(t.Context(), want.ID))); diff != "" {
		t.Errorf("run (-want +got):\n%s", diff)
	}
	if _, err := s.Run(t.Context(), runAt(2).ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a run that was never: %v", err)
	}
}

// survivesCuts ends the context of writes wherever they are.
func survivesCuts(t *testing.T, s *Store) {
	var writers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() {
			for further := range 100 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(further)*20*time.Microsecond)
				_ = s.Write(ctx, Batch{Runs: []Run{runAt(1000*n + further)}}) // cut off or not
				cancel()
			}
		})
	}
	writers.Wait()
	write(t, s, minute(runAt(5000), 0))
	complete(t, s, runAt(5000), 1)
}

// readsEventsBack writes what was read again, as one does who takes an archive in.
func readsEventsBack(t *testing.T, s *Store) {
	b := must[Batch](t)(Told(playing(), nil, "ada"))
	b.Events = append(b.Events, Event{Run: b.Runs[0].ID, Type: EventCommand, Sequence: 1, At: noon, Data: json.RawMessage(`{"user":"ada","action":"started"}`)})
	write(t, s, b)
	again := must[[]Event](t)(s.Events(t.Context(), b.Runs[0].ID))
	write(t, s, Batch{Events: again})
	if events := must[[]Event](t)(s.Events(t.Context(), b.Runs[0].ID)); len(events) != len(b.Events) {
		t.Errorf("%d events were written and read, and now there are %d", len(b.Events), len(events))
	}
}

func keepsNamesakesApart(t *testing.T, s *Store) {
	first, second := runAt(1), runAt(2)
	write(t, s, Batch{Users: []User{ada()}, Runs: []Run{first, second}, Samples: []Sample{sampleAt(first, "db", 1, 10), sampleAt(second, "db", 1, 90)}})
	if got := must[Run](t)(s.Newest(t.Context(), "default", "match-day")); got.ID != second.ID {
		t.Errorf("the newest is %s, not %s", got.ID, second.ID)
	}
	if got := must[[]Mean](t)(s.Means(t.Context(), first.ID)); len(got) != 1 || *got[0].CPU != 10 {
		t.Errorf("the first run's means are %+v", got)
	}
}

func keepsEnds(t *testing.T, s *Store) {
	ended := runAt(1)
	ended.Status, ended.EndedAt = "Met", noon.Add(time.Hour)
	write(t, s, Batch{Users: []User{ada()}, Runs: []Run{ended}})
	write(t, s, Batch{Runs: []Run{runAt(1)}})
	later := ended
	later.Report = json.RawMessage(`{"components": "of another run"}`)
	write(t, s, Batch{Runs: []Run{later}})
	if diff := cmp.Diff(ended, must[Run](t)(s.Run(t.Context(), ended.ID))); diff != "" {
		t.Errorf("the run (-want +got):\n%s", diff)
	}
}

func listsPages(t *testing.T, s *Store) {
	b := Batch{Users: []User{ada()}}
	for n := range 7 {
		run := runAt(n)
		run.CreatedAt = noon.Add(time.Duration(n/2) * time.Minute) // pairs at the same time
		b.Runs = append(b.Runs, run)
	}
	write(t, s, b)
	seen := map[string]bool{}
	page := Page{Limit: 3}
	for {
		runs := must[[]Run](t)(s.Runs(t.Context(), page))
		if len(runs) == 0 {
			break
		}
		for _, r := range runs {
			if seen[r.ID] {
				t.Errorf("%s is listed twice", r.ID)
			}
			seen[r.ID] = true
		}
		page.After = &runs[len(runs)-1]
	}
	if len(seen) != 7 {
		t.Errorf("%d runs were listed, not 7", len(seen))
	}
}

func keepsEventsOnce(t *testing.T, s *Store) {
	run := runAt(1)
	write(t, s, Batch{Users: []User{ada()}, Runs: []Run{run}, Events: []Event{decisionAt(run, 2, `{}`), decisionAt(run, 1, `{}`)}})
	later := decisionAt(run, 1, `{"effect": "helped"}`)
	write(t, s, Batch{Events: []Event{later}})
	if diff := cmp.Diff([]Event{later, decisionAt(run, 2, `{}`)}, must[[]Event](t)(s.Events(t.Context(), run.ID))); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func averages(t *testing.T, s *Store) {
	run := runAt(0)
	run.StartedAt = noon.Truncate(time.Minute)
	b := Batch{Users: []User{ada()}, Runs: []Run{run}}
	for second := range 20 {
		b.Samples = append(b.Samples, sampleAt(run, "api", second, float64(second)), sampleAt(run, "db", second, 50))
	}
	write(t, s, b)
	write(t, s, b) // written twice is written once
	got := must[[]Sample](t)(s.Samples(t.Context(), Chart{Run: run.ID, Component: "api", From: run.StartedAt, To: run.StartedAt.Add(14 * time.Second), Step: 10 * time.Second}))
	want := []Sample{sampleAt(run, "api", 0, 4.5), sampleAt(run, "api", 10, 12)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("chart (-want +got):\n%s", diff)
	}
	all := must[[]Sample](t)(s.Samples(t.Context(), Chart{Run: run.ID, From: run.StartedAt, To: run.StartedAt.Add(time.Minute), Step: time.Second}))
	if diff := cmp.Diff(40, len(all)); diff != "" {
		t.Errorf("samples of both components (-want +got):\n%s", diff)
	}
	if _, err := s.Samples(t.Context(), Chart{Run: run.ID}); err == nil {
		t.Error("a chart without a step was drawn")
	}
}

func keepsUnmeasured(t *testing.T, s *Store) {
	run := runAt(1)
	write(t, s, Batch{Users: []User{ada()}, Runs: []Run{run}, Samples: []Sample{sampleAt(run, "api", 1, 0)}})
	got := must[[]Mean](t)(s.Means(t.Context(), run.ID))
	if diff := cmp.Diff([]Mean{{Component: "api", Samples: 1, Values: Values{CPU: new(0.0)}}}, got); diff != "" {
		t.Errorf("means (-want +got):\n%s", diff)
	}
}

func writesWhole(t *testing.T, s *Store) {
	orphan := sampleAt(runAt(2), "api", 1, 1) // of a run that is not there
	if err := s.Write(t.Context(), Batch{Users: []User{ada()}, Runs: []Run{runAt(1)}, Samples: []Sample{orphan}}); err == nil {
		t.Fatal("a sample of no run was kept")
	}
	if runs := must[[]Run](t)(s.Runs(t.Context(), Page{Limit: 9})); len(runs) != 0 {
		t.Errorf("a part of the batch was kept: %+v", runs)
	}
}

func prunes(t *testing.T, s *Store) {
	b := Batch{Users: []User{ada()}}
	for n := range 4 {
		run := runAt(n)
		if n < 3 { // the last still runs
			run.EndedAt = noon.Add(time.Duration(n) * time.Hour)
		}
		b.Runs = append(b.Runs, run)
		b.Samples = append(b.Samples, sampleAt(run, "api", 1, 1))
		b.Events = append(b.Events, decisionAt(run, 1, `{}`))
	}
	write(t, s, b)
	if n := must[int](t)(s.Prune(t.Context(), noon.Add(90*time.Minute), 10)); n != 2 {
		t.Errorf("%d runs were forgotten, not 2", n)
	}
	for n, run := range b.Runs {
		_, err := s.Run(t.Context(), run.ID)
		means, events := must[[]Mean](t)(s.Means(t.Context(), run.ID)), must[[]Event](t)(s.Events(t.Context(), run.ID))
		if forgotten := n < 2; errors.Is(err, ErrNotFound) != forgotten || len(means) == 0 != forgotten || len(events) == 0 != forgotten {
			t.Errorf("run %d: %v, %d means, %d events", n, err, len(means), len(events))
		}
	}
}

func TestOpenSaysWhatToWrite(t *testing.T) {
	for _, dsn := range []string{"", "mysql://host/history", "postgres://host:port/history"} {
		if s, err := Open(t.Context(), dsn); err == nil {
			t.Errorf("%q was opened: %+v", dsn, s)
		}
	}
}
