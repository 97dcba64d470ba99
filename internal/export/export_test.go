package export

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// shop grew by CPU, got layers, and shrank a little.
func shop() report.Report {
	cpu := []report.Signal{{Name: "cpu", Value: 91.2, Threshold: 80, WindowSeconds: 10}, {Name: "memory", Value: 30, Threshold: 85, WindowSeconds: 10}}
	return report.Report{
		Simulation: "default/scenario-3", Graph: "default/shop", Engine: report.Live, Valid: true, Verdict: report.Met,
		Decisions: []report.Decision{
			{Second: 31, Rule: "api-server", Action: "AddReplica", Component: "api", From: 1, To: 4, Reason: "CPU overload (91.2%)", Signals: cpu},
			{Second: 33, Rule: "load-balancer", Action: "InsertLoadBalancer", Component: "api", To: 1, Reason: "Several replicas and no load balancer (4)"},
			{Second: 40, Rule: "cache", Action: "InsertCache", Component: "db", To: 1, Reason: "Read-heavy load (82%): readRatio 82 > 70, cache beside db"},
			{Second: 190, Rule: "scale-in", Action: "RemoveReplica", Component: "api", From: 4, To: 3, Reason: "3 replicas are enough"},
		},
		Findings: []report.Finding{{Component: "db", Message: "consider sharding db:\nhalf of the requests write"}},
		Components: []report.Component{
			{Name: "lb", Type: "LoadBalancer", Replicas: 1, Origin: "load-balancer"},
			{Name: "api", Type: "APIServer", Replicas: 3, Baseline: 1, Origin: "user", Cores: 4, MemoryLimitBytes: 512 << 20},
			{Name: "cache", Type: "Cache", Replicas: 1, Origin: "cache"},
			{Name: "db", Type: "Database", Replicas: 1, Baseline: 1, Origin: "user", Cores: 8},
		},
		Connections: []report.Connection{{From: "lb", To: "api"}, {From: "api", To: "cache"}, {From: "api", To: "db"}},
		Scaling:     defaults(),
	}
}

func defaults() *report.Scaling {
	return &report.Scaling{
		WindowSeconds: 10, StabilizationSeconds: 60, ScaleInCooldownSeconds: 60,
		ScaleOutPolicies: []report.RatePolicy{{Unit: "Percent", Value: 100, PeriodSeconds: 15}, {Unit: "Pods", Value: 4, PeriodSeconds: 15}},
		Rules:            []report.Rule{{Name: "api-server", MaxReplicas: 20}, {Name: "message-queue", MaxReplicas: 20}},
	}
}

// jobs grew its workers by the depth of a queue.
func jobs() report.Report {
	r := shop()
	r.Simulation, r.Findings = "default/queue", nil
	r.Decisions = []report.Decision{{
		Second: 25, Rule: "message-queue", Action: "AddWorkers", Component: "jobs", From: 2, To: 5, Reason: "Queue backlog (1500)",
		Signals: []report.Signal{{Name: "lag", Value: 3, Threshold: 5, WindowSeconds: 10}, {Name: "queueDepth", Value: 1500, Threshold: 1000, WindowSeconds: 10}},
	}}
	r.Components = []report.Component{
		{Name: "api", Type: "APIServer", Replicas: 1, Baseline: 1, Origin: "user", Cores: 4},
		{Name: "jobs", Type: "MessageQueue", Replicas: 1, Baseline: 1, Origin: "user"},
		{Name: "mailer", Type: "Worker", Replicas: 5, Baseline: 2, Origin: "user", Cores: 1},
	}
	r.Connections = []report.Connection{{From: "api", To: "jobs"}, {From: "jobs", To: "mailer"}}
	return r
}

// strict has a user's own words: limits, a fixed step, a hold, no scaling in, and times beyond the API's.
func strict() report.Report {
	r := shop()
	r.Valid, r.InvalidReason = false, "12 requests arrived late"
	r.Scaling.WindowSeconds, r.Scaling.NoScaleIn = 2000, true
	r.Scaling.Rules = []report.Rule{{Name: "api-server", MinReplicas: 2, MaxReplicas: 6, HoldSeconds: 7200, Step: 2, TargetPercent: 60}}
	return r
}

// blind ran where neither capacities nor times are known, and grew by a signal that replicas do not lower.
func blind() report.Report {
	r := shop()
	r.Scaling = nil
	r.Decisions[0].Signals = append(r.Decisions[0].Signals[:1:1], report.Signal{Name: "latency", Value: 700, Threshold: 500})
	r.Components[1].Cores, r.Components[1].MemoryLimitBytes = 0, 0
	return r
}

func TestGoldenManifests(t *testing.T) {
	reports := map[string]report.Report{"shop": shop(), "jobs": jobs(), "strict": strict(), "blind": blind(), "idle": {Simulation: "default/idle", Graph: "default/none", Valid: true, Verdict: report.Stopped}}
	for name, r := range reports {
		for _, format := range []Format{HPA, KEDA} {
			t.Run(name+"-"+string(format), func(t *testing.T) { golden(t, name+"-"+string(format)+".yaml", written(t, r, format)) })
		}
	}
}

func written(t *testing.T, r report.Report, format Format) string {
	t.Helper()
	var out strings.Builder
	if err := Write(&out, r, format); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestARunThatHasNotFinishedIsRefused(t *testing.T) {
	r := shop()
	r.Verdict = report.Running
	var out strings.Builder
	if err := Write(&out, r, HPA); !errors.Is(err, ErrNotFinished) || out.Len() > 0 {
		t.Errorf("error %v, wrote %q", err, out.String())
	}
}

func TestParseFormat(t *testing.T) {
	for text, want := range map[string]Format{"hpa": HPA, "keda": KEDA} {
		if got, err := ParseFormat(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "HPA", "vpa"} {
		if _, err := ParseFormat(text); err == nil || !strings.Contains(err.Error(), "write hpa or keda") {
			t.Errorf("%q: error %v", text, err)
		}
	}
}
