package e2e

import (
	"bytes"
	"context"
	"html"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// The two runs of scenario 3, on one graph.
const (
	scaled   = "default/scenario-3"
	unscaled = "default/scenario-3-unscaled"
)

// TestScenario3IsKeptAndComparedWithARunThatDoesNotScale plays scenario 3 and then
// the same without its rules, deletes both and their graph, and wants the history to
// tell all of it: the reports, the replay, and what the rules were worth.
func TestScenario3IsKeptAndComparedWithARunThatDoesNotScale(t *testing.T) {
	grown := valid(t, "scenario-3.yaml")
	wantStorefront(t, grown)
	same := validRun(t, withoutScaling(t))
	wantGraph(t, same, map[string]int32{"api-server": 1, "database": 1}, "api-server -> database")
	if len(same.Decisions) != 0 {
		t.Errorf("decisions %+v of a run that does not scale", same.Decisions)
	}
	b := newBrowser(t)
	ids := map[string]string{}
	eventually(t, "the history has the end of both runs", func(context.Context) bool {
		for _, run := range decodeAs[wire.RunList](t, b.send(http.MethodGet, "/api/history", nil)).Items {
			for _, r := range []report.Report{grown, same} { // not one that was tried again
				if run.Namespace+"/"+run.Name == r.Simulation && run.Finished && run.StartedAt != nil && r.StartedAt.Sub(time.UnixMilli(*run.StartedAt)).Abs() < time.Second {
					ids[r.Simulation] = run.ID
				}
			}
		}
		return ids[scaled] != "" && ids[unscaled] != ""
	})
	forget(t, grown)
	forget(t, same)
	c, _ := clients(t)
	eventually(t, "nothing of them is left in the cluster", func(ctx context.Context) bool {
		key := client.ObjectKey{Namespace: "default", Name: "storefront"}
		graphGone := apierrors.IsNotFound(c.Get(ctx, key, &v1alpha1.ComponentGraph{}))
		var left v1alpha1.SimulationList
		return graphGone && c.List(ctx, &left, client.InNamespace("default")) == nil &&
			!slices.ContainsFunc(left.Items, func(sim v1alpha1.Simulation) bool { return sim.Spec.GraphRef.Name == key.Name })
	})

	t.Run("reported", func(t *testing.T) { checkKeptReports(t, b, ids[scaled], grown) })
	t.Run("replayed", func(t *testing.T) {
		checkReplay(t, decodeAs[wire.Replay](t, b.send(http.MethodGet, "/api/simulation/"+ids[scaled]+"/replay", nil)), grown)
	})
	t.Run("compared", func(t *testing.T) { checkComparison(t, b) })
}

// withoutScaling is scenario 3 with its rules switched off, as a manifest.
func withoutScaling(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(sampleFile("scenario-3.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for of, with := range map[string]string{"  name: scenario-3\n": "  name: scenario-3-unscaled\n", "  autoScaling:\n": "  autoScaling:\n    enabled: false\n"} {
		if strings.Count(text, of) != 1 {
			t.Fatalf("%q is not once in the manifest of scenario 3", of)
		}
		text = strings.Replace(text, of, with, 1)
	}
	path := filepath.Join(t.TempDir(), "scenario-3-unscaled.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// told is what the command prints of a run on standard output.
func told(t *testing.T, arguments ...string) []byte {
	t.Helper()
	command := exec.Command(binary(), append([]string{"report", "--dir", directory}, arguments...)...)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		t.Fatalf("report %v: %v\n%s", arguments, err, errs.String())
	}
	if !strings.Contains(errs.String(), "is told by the history") {
		t.Errorf("report %v does not say that it is from the history: %s", arguments, errs.String())
	}
	return out
}

// checkKeptReports wants each form of the report to have every decision with its
// reason and with the effect that was measured of it.
func checkKeptReports(t *testing.T, b *browser, id string, live report.Report) {
	effects := 0
	for _, d := range live.Decisions {
		if d.Effect != "" {
			effects++
		}
	}
	if effects < 3 {
		t.Errorf("%d of %d decisions have a measured effect: %+v", effects, len(live.Decisions), live.Decisions)
	}
	for form, printed := range map[string]string{
		"text": string(told(t, scaled)), "Markdown": string(told(t, scaled, "-o", "markdown")),
		"HTML": html.UnescapeString(string(told(t, scaled, "-o", "html"))),
	} {
		for _, d := range live.Decisions {
			for _, part := range []string{d.Action, d.Component, d.Rule, d.Reason, d.Effect} {
				if !strings.Contains(printed, part) {
					t.Errorf("%s has no %q of the decision on %s at %.1f s", form, part, d.Component, d.Second)
				}
			}
		}
	}
	kept := decodeAs[report.Report](t, told(t, scaled, "-o", "json"))
	byREST := decodeAs[report.Report](t, b.send(http.MethodGet, "/api/simulation/"+id+"/report?format=json", nil))
	for who, r := range map[string]report.Report{"the command": kept, "REST": byREST} {
		if diff := cmp.Diff(live.Decisions, r.Decisions); diff != "" {
			t.Errorf("%s tells other decisions (-live +kept):\n%s", who, diff)
		}
		if diff := cmp.Diff(sizes(live), sizes(r)); diff != "" || r.Requests != live.Requests || r.LatencyMs != live.LatencyMs || r.Verdict != live.Verdict {
			t.Errorf("%s tells %+v, %+v, %s, want %+v, %+v, %s; components (-live +kept):\n%s",
				who, r.Requests, r.LatencyMs, r.Verdict, live.Requests, live.LatencyMs, live.Verdict, diff)
		}
		if r.Series == nil {
			t.Errorf("%s has no charts: %s", who, r.Unmeasured)
		}
	}
}

// checkReplay scrubs through a kept run as the page does: second by second the
// architecture is what had been decided until then, and it is measured.
func checkReplay(t *testing.T, replay wire.Replay, r report.Report) {
	if n := len(replay.Seconds); n < 115 || replay.Seconds[n-1]-replay.Seconds[0] != float64(n-1) {
		t.Fatalf("%d moments from %v on, want each second of the run", n, replay.Seconds[:min(n, 1)])
	}
	moment := func(second float64) int64 { return replay.StartedAt + int64(second*1000) }
	at := func(second float64) map[string]int32 {
		nodes := map[string]int32{}
		for _, n := range replay.Snapshot.Base.Nodes {
			nodes[n.ID] = n.Replicas
		}
		for _, change := range replay.Snapshot.Log {
			if change.At > moment(second) {
				continue
			}
			for _, n := range change.Nodes {
				nodes[n.ID] = n.Replicas
			}
			for _, id := range change.RemovedNodes {
				delete(nodes, id)
			}
		}
		return nodes
	}
	for _, second := range replay.Seconds {
		want := map[string]int32{"api-server": 1, "database": 1}
		for _, d := range r.Decisions {
			switch {
			case d.Time.UnixMilli() > moment(second):
			case d.Added != "":
				want[d.Added] = max(d.To, 1)
			default:
				want[d.Component] = d.To
			}
		}
		if diff := cmp.Diff(want, at(second)); diff != "" {
			t.Fatalf("at %v s the canvas is not what had been decided (-want +shown):\n%s", second, diff)
		}
	}
	if diff := cmp.Diff(sizes(r), at(replay.Seconds[len(replay.Seconds)-1])); diff != "" {
		t.Errorf("the last canvas is not the final architecture (-final +shown):\n%s", diff)
	}
	checkMeasured(t, replay, r)
}

// checkMeasured wants numbers for every component for as long as it was there, but
// for a moment that a busy host could not sample.
func checkMeasured(t *testing.T, replay wire.Replay, r report.Report) {
	const slack = 15 // s for a pod to start and to be sampled twice
	since := map[string]float64{"api-server": 0, "database": 0}
	for _, d := range r.Decisions {
		if d.Added != "" {
			since[d.Added] = d.Second
		}
	}
	for id, from := range since {
		i := slices.IndexFunc(replay.Series, func(s wire.ReplaySeries) bool { return s.ID == id && s.Metric == string(wire.ColumnCPU) })
		if i < 0 {
			t.Errorf("the CPU of %s is not in the replay", id)
			continue
		}
		missing := 0
		for at, value := range replay.Series[i].Values {
			switch second := replay.Seconds[at]; {
			case value != nil && second < from:
				t.Errorf("%s is measured at %v s and appeared at %v s", id, second, from)
			case value == nil && second > from+slack:
				missing++
			}
		}
		if missing > len(replay.Seconds)/20 {
			t.Errorf("%s is not measured in %d seconds of the run", id, missing)
		}
	}
	failing := replay.Total["errorRate"]
	if len(failing) != len(replay.Seconds) {
		t.Fatalf("%d error rates of %d seconds", len(failing), len(replay.Seconds))
	}
	early := slices.IndexFunc(failing[:30], func(v *float64) bool { return v != nil && *v > 10 })
	if last := failing[len(failing)-10]; early < 0 || last == nil || *last > 0.1 {
		t.Errorf("error rates %s at the end, over 10 %% first at second %d: want a crowd that is too much at first and then is not", measured(last), early)
	}
}

// checkComparison wants to be told what was asked for differently, and that the run
// with rules came out better, by the command and by REST alike.
func checkComparison(t *testing.T, b *browser) {
	byCommand := decodeAs[report.Comparison](t, told(t, scaled, "--against", unscaled, "-o", "json"))
	query := url.Values{"run": {scaled, unscaled}}
	byREST := decodeAs[report.Comparison](t, b.send(http.MethodGet, "/api/compare?"+query.Encode(), nil))
	if diff := cmp.Diff(byCommand, byREST); diff != "" {
		t.Errorf("the command and REST tell different comparisons (-command +REST):\n%s", diff)
	}
	settings := []report.Difference{{Field: "simulation.autoScaling.enabled", Values: []string{"true", "false"}}}
	if diff := cmp.Diff(settings, byCommand.Settings); diff != "" {
		t.Errorf("what was asked for differently (-want +got):\n%s", diff)
	}
	for _, name := range []string{"latency mean", "latency p50", "latency p95", "not answered"} {
		i := slices.IndexFunc(byCommand.Measures, func(m report.Measure) bool { return m.Name == name })
		if i < 0 {
			t.Errorf("no %s is compared", name)
			continue
		}
		if s := byCommand.Measures[i].Spreads; s[0].Runs == 0 || s[1].Runs == 0 || s[0].Mean >= s[1].Mean {
			t.Errorf("%s is %+v, want the run that scales to be better", name, s)
		}
	}
	replicas := map[string][]string{}
	for _, d := range byCommand.Replicas {
		replicas[d.Field] = d.Values
	}
	want := map[string][]string{"cdn": {"1", ""}, "load-balancer": {"1", ""}, "api-server": {"3", "1"}, "cache": {"1", ""}, "database-replica": {"1", ""}}
	if diff := cmp.Diff(want, replicas); diff != "" {
		t.Errorf("replicas at the end (-want +got):\n%s", diff)
	}
	text := string(told(t, scaled, "--against", unscaled))
	t.Log("\n" + text)
	for _, line := range []string{"A: " + scaled, "B: " + unscaled, "simulation.autoScaling.enabled", "not answered", "Decisions of B\n  none"} {
		if !strings.Contains(text, line) {
			t.Errorf("the comparison has no %q:\n%s", line, text)
		}
	}
}
