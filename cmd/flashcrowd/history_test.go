package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/report"
)

// says runs the program and is what it says.
func says(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out strings.Builder
	command := root()
	command.SetArgs(args)
	command.SetOut(&out)
	err := command.ExecuteContext(t.Context())
	return out.String(), err
}

func TestRunsGoFromOneHistoryToAnother(t *testing.T) {
	dir := t.TempDir()
	from, to, archive := filepath.Join(dir, "from.db"), filepath.Join(dir, "to.db"), filepath.Join(dir, "run.gz")
	store, err := history.Open(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	run := history.Run{
		ID: "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a11", User: "ada", Graph: "default/shop", Namespace: "default", Name: "match-day", Status: "Met",
		StartedAt: at, EndedAt: at.Add(3 * time.Minute), CreatedAt: at, Spec: json.RawMessage(`{}`), Report: json.RawMessage(`{}`),
	}
	if err := store.Write(t.Context(), history.Batch{Users: []history.User{{Name: "ada", CreatedAt: at}}, Runs: []history.Run{run}}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := says(t, "history", "list", "--history", to); err == nil || !strings.Contains(err.Error(), "no history yet") {
		t.Errorf("a history that is not there: %s %v", out, err)
	}
	if store, err = history.Open(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"export", "default/match-day", "-f", archive, "--history", from}, {"import", archive, "--history", to}} {
		if out, err := says(t, append([]string{"history"}, args...)...); err != nil {
			t.Fatalf("%s: %s %v", args, out, err)
		}
	}
	out, err := says(t, "history", "list", "--history", to)
	for _, want := range []string{"default/match-day", "default/shop", "Met", "3m0s", "ada", run.ID} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s%v", want, out, err)
		}
	}
	if _, err := says(t, "history", "export", run.ID, "-f", archive, "--history", from); err == nil {
		t.Error("an archive was written over another")
	}
}

func TestARunThatWasKeptIsComparedOnce(t *testing.T) {
	at := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	one := func(id, name string, minute int, verdict report.Verdict) report.Identified {
		return report.Identified{ID: id, Report: report.Report{Simulation: "default/" + name, StartedAt: at.Add(time.Duration(minute) * time.Minute), Verdict: verdict}}
	}
	all := merged(
		[]report.Identified{one("1", "a", 1, report.Failed), one("2", "b", 2, report.Met)},
		[]report.Identified{one("1", "a", 1, report.Met), one("2", "b", 2, report.Running), one("0", "a", 0, report.Missed)},
	)
	var got []string
	for _, r := range all {
		got = append(got, r.ID+string(r.Verdict))
	}
	if want := "1Met 2Met 0Missed"; strings.Join(got, " ") != want {
		t.Errorf("%s, not %s", got, want)
	}
}
