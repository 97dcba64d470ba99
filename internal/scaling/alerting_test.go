package scaling

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/internal/graph"
)

func TestAlertsAreRaisedOnceAndClearedOnceWithHysteresis(t *testing.T) {
	r := newRig(t, shrink())
	var got []string
	for _, cpu := range []float64{80, 80.1, 90, 96, 96, 90, 85, 80, 72.1, 72, 50, 50, 81} {
		r.set("api-server", CPU, cpu)
		for _, a := range r.step().Alerts {
			word := string(a.Severity)
			if a.Cleared {
				word = "cleared"
			}
			got = append(got, word+" "+a.Message)
		}
	}
	want := []string{
		"warning api-server CPU at 80.1%", "critical api-server CPU at 96.0%", "warning api-server CPU at 85.0%",
		"cleared api-server CPU at 72.0%", "warning api-server CPU at 81.0%",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	r.lose("api-server", CPU)
	if got := r.step().Alerts; len(got) != 0 {
		t.Errorf("missing data changed alerts: %v", got)
	}
}

func TestAFullComponentAlertsWithItsShortfall(t *testing.T) {
	r := newRig(t, hot(func(r *Rule) { r.Limits.Max = 1 }))
	r.settings.Alerts = nil
	r.set("api-server", CPU, 100)
	if got := r.step().Alerts; len(got) != 1 || got[0].Message != "api-server is at its maximum of 1 replicas and needs 2" {
		t.Errorf("alerts %+v, want one at the maximum", got)
	}
	r.run(10 * time.Second)
	r.set("api-server", CPU, 10).set("api-server", Memory, 10)
	if got := r.step().Alerts; len(got) != 1 || !got[0].Cleared {
		t.Errorf("alerts %+v, want it cleared", got)
	}
}

func TestStateIsBounded(t *testing.T) {
	r := newRig(t)
	size := func() int { return len(asJSON(t, r.state)) }
	load := func() {
		for i := range 600 {
			r.set("api-server", CPU, float64(i%97)).set("api-server", Memory, 20).set("database", Latency, float64(i%600)).step()
		}
	}
	load()
	before := size()
	load()
	if after := size(); after > before+before/2 {
		t.Errorf("state grew from %d to %d bytes", before, after)
	}
}

// Every signal that can be too high has a warning and a critical threshold:
// quiet on it, raised once just above, and cleared once below the hysteresis.
func TestEveryThresholdRaisesOnceAndClearsOnce(t *testing.T) {
	watched := map[string]bool{}
	for _, rule := range Defaults().Alerts {
		watched[rule.Signal] = true
		t.Run(rule.Signal, func(t *testing.T) {
			r := newRig(t, shrink())
			r.base.Components = append(r.base.Components, graph.Component{Name: "queue", Type: graph.MessageQueue, Replicas: 1})
			component := map[string]string{ReadRatio: "database", ReplicationLag: "database", QueueDepth: "queue", Lag: "queue", GeoLatency: "load-balancer"}[rule.Signal]
			if component == "" {
				component = "api-server"
			}
			clears := rule.Warning * (1 - rule.HysteresisPercent/100)
			steps := []struct {
				value float64
				want  string
			}{
				{rule.Warning, ""}, {rule.Warning + 0.1, "warning"}, {rule.Warning + 0.2, ""}, {rule.Critical, ""}, {rule.Critical + 0.1, "critical"},
				{rule.Warning, "warning"}, {clears + 0.01, ""}, {clears, "cleared"}, {clears, ""},
			}
			for _, step := range steps {
				got := ""
				for _, a := range r.set(component, rule.Signal, step.value).step().Alerts {
					got += string(a.Severity)
					if a.Cleared {
						got = "cleared"
					}
				}
				if got != step.want {
					t.Errorf("at %v: %q, want %q", step.value, got, step.want)
				}
			}
		})
	}
	for _, signal := range []string{CPU, Memory, Latency, Connections, ReadRatio, QueueDepth, Lag, StaticRatio, GeoLatency, ErrorRate} {
		if !watched[signal] {
			t.Errorf("no alert watches %s", signal)
		}
	}
}

// The distance of the clients is a signal of the entry. When a CDN becomes the
// entry, the effect is measured there and the alert of the old entry is over.
func TestTheDistanceOfClientsMovesWithTheEntry(t *testing.T) {
	for name, test := range map[string]struct {
		after float64
		want  graph.Verdict
	}{
		"nearer":  {70, graph.Helped},
		"as far":  {124, graph.NoEffect},
		"farther": {140, graph.Worse},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			for _, c := range []string{"load-balancer", "api-server", "database"} {
				r.idle(c)
			}
			var cleared []string
			r.wantDecisions(r.set("load-balancer", GeoLatency, 124).run(time.Second), graph.InsertCDN)
			r.lose("load-balancer", GeoLatency).idle("cdn").set("cdn", GeoLatency, test.after)
			for range 30 {
				for _, a := range r.step().Alerts {
					if a.Cleared {
						cleared = append(cleared, a.Key)
					}
				}
			}
			r.wantVerdicts(test.want)
			if !slices.Contains(cleared, "load-balancer/geoLatency") || slices.Contains(cleared, "cdn/geoLatency") {
				t.Errorf("cleared %v, want the alert of the old entry alone", cleared)
			}
		})
	}
}
