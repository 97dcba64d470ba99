package report

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func grown() Report {
	at := time.Date(2026, 1, 2, 3, 4, 45, 0, time.UTC)
	return Report{
		Simulation: "default/scenario-1", Graph: "default/shop", Engine: Live, Valid: true, Verdict: Met, DurationSeconds: 180.04,
		Requests:  Requests{Offered: 90_000, Answered: 89_100, Failed: 900},
		LatencyMs: LatencyMs{Mean: 4.213, P50: 3.1, P95: 12.34, P99: 145.6},
		Objectives: []Objective{
			{Name: "p99", Met: true, Value: 145.6, Target: 500, Unit: "ms"},
			{Name: "errors", Met: false, Value: 1, Target: 0.5, Unit: "%"},
		},
		Decisions: []Decision{{
			Time: at, Second: 45, Rule: "api-server", Action: "AddReplica", Component: "api-server", From: 1, To: 2,
			Reason: "CPU overload (85.5%) for 10s", Effect: "helped: cpu 85.5 -> 51.2",
		}, {
			Time: at, Second: 125.5, Rule: "database", Action: "SuggestSharding", Component: "database", Reason: "writes are the load",
		}},
		Alerts:   []Alert{{Time: at, Severity: "warning", Component: "api-server-1", Message: "API Server CPU at 85%"}},
		Findings: []Finding{{Time: at, Component: "database", Message: "shard by key"}},
		Explanations: []Explanation{
			{Component: "api-server", ToSecond: 44, Result: "NotTrue", Message: "api-server: cpu 40 (> 80), memory 30 (> 85)"},
			{Component: "database", ToSecond: 180, Result: "NotTrue", Message: "cache: latency 3 (> 300)"},
			{Component: "api-server", FromSecond: 44, ToSecond: 45, Rule: "api-server", Result: "Pending", Message: "true for 9s of 10s; cpu 84.9 (> 80)"},
			{Component: "api-server", FromSecond: 45, ToSecond: 46, Rule: "api-server", Result: "ScaleOut", Message: "CPU overload (85.5%) for 10s"},
			{Component: "api-server", FromSecond: 46, ToSecond: 180, Rule: "scale-in", Result: "WouldFlap", Message: "at 1 replicas rule api-server would fire: cpu 107.5 (> 80)"},
		},
		DroppedExplanations: 2,
		Evaluations: []Evaluation{
			{Component: "api-server", Rule: "api-server", Result: "NotTrue", Second: 57, Message: "cpu 51.2 (> 80), memory 30 (> 85)"},
			{Component: "api-server", Rule: "scale-in", Result: "WouldFlap", Second: 57, Message: "at 1 replicas rule api-server would fire: cpu 107.5 (> 80), memory 35 (> 85)"},
		},
		Components: []Component{
			{Name: "api-server", Type: "APIServer", Replicas: 2, Origin: "user", Utilization: new(51.2), LatencyMs: new(3.14159), ErrorRate: new(0.0)},
			{Name: "database", Type: "Database", Replicas: 1, Origin: "user"},
		},
		Connections: []Connection{{From: "api-server", To: "database"}},
	}
}

func TestWriteText(t *testing.T) {
	starved := grown()
	starved.Valid, starved.InvalidReason, starved.Verdict = false, "12 requests arrived late: the host was starved", Missed
	tests := map[string]Report{
		"grown":   grown(),
		"starved": starved,
		"empty":   {Simulation: "default/idle", Graph: "default/shop", Engine: Plan, Valid: true, Verdict: Stopped},
	}
	for name, r := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := WriteText(&out, r); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+".txt"), out.String())
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestSucceeded(t *testing.T) {
	tests := map[string]struct {
		change func(*Report)
		want   bool
	}{
		"met and valid":      {func(*Report) {}, true},
		"met but not valid":  {func(r *Report) { r.Valid = false }, false},
		"objective missed":   {func(r *Report) { r.Verdict = Missed }, false},
		"stopped by someone": {func(r *Report) { r.Verdict = Stopped }, false},
		"still running":      {func(r *Report) { r.Verdict = Running }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := grown()
			tt.change(&r)
			if got := r.Succeeded(); got != tt.want {
				t.Errorf("succeeded %v, want %v", got, tt.want)
			}
		})
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestWriteTextTellsABrokenPipe(t *testing.T) {
	if err := WriteText(brokenPipe{}, grown()); err == nil {
		t.Error("no error from a writer that is gone")
	}
}
