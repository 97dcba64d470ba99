package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// story is a failure that others had, rehearsed: the sample of its name ends
// as it says, and the detection of its row in docs/stories.md is there.
type story struct {
	name   string
	detect func(*testing.T, report.Report, *witness)
}

var stories = []story{
	{"f01-threshold-flapping", detectFlapping},
	{"f02-cold-start", detectColdStart},
	{"f03-memory-never-falls", detectFutility("api", 4)},
	{"f04-metrics-outage", detectOutage},
	{"f05-metrics-flicker", detectFlicker},
	{"f06-slow-start-in-a-burst", detectNoExitFromPanic},
	{"f08-signal-that-does-not-fall", detectFutility("worker", 6)},
	{"f09-stale-metrics", detectStaleness},
	{"f10-connections-exhausted", detectDownstreamLimit},
	{"f11-idle-because-it-waits", detectOccupancy},
	{"f12-more-peers-than-threads", detectErrorsAfterGrowth},
	{"f13-retry-storm", detectRetryStorm},
	{"f14-cold-cache", detectColdCache},
	{"f15-long-jobs", detectDrainedJobs},
	{"f16-spike-in-a-cooldown", detectPromptGrowth},
	{"f17-two-owners", detectSecondOwner},
	{"f18-at-the-maximum", detectMaximum},
}

// atOnce bounds how many stories share the machine.
const atOnce = 9

func TestStories(t *testing.T) {
	up(t)
	places := make(chan struct{}, atOnce)
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			places <- struct{}{}
			defer func() { <-places }()
			s.play(t)
		})
	}
}

func (s story) play(t *testing.T) {
	id, _, _ := strings.Cut(s.name, "-")
	w, stop := watch(t, id)
	r := rehearse(t, sampleFile(filepath.Join("stories", s.name+".yaml")))
	stop()
	for _, d := range r.Decisions {
		t.Logf("%5.1f %s %s %d -> %d: %s (%s)", d.Second, d.Action, d.Component, d.From, d.To, d.Reason, d.Effect)
	}
	s.detect(t, r, w)
}

// between are the decisions of a span of the run.
func between(r report.Report, from, to float64) []report.Decision {
	return slices.DeleteFunc(slices.Clone(r.Decisions), func(d report.Decision) bool { return d.Second < from || d.Second >= to })
}

// largest is the highest size that a component was given.
func largest(r report.Report, component string) int32 {
	var most int32
	for _, d := range r.Decisions {
		if d.Component == component {
			most = max(most, d.To)
		}
	}
	return most
}

// reversals counts how often a component's size turned round.
func reversals(r report.Report, component string) int {
	turns, last := 0, ""
	for _, d := range r.Decisions {
		if d.Component != component || d.From == d.To {
			continue
		}
		if last != "" && last != d.Action {
			turns++
		}
		last = d.Action
	}
	return turns
}

func alerted(r report.Report, component, words string) bool {
	return slices.ContainsFunc(r.Alerts, func(a report.Alert) bool { return a.Component == component && strings.Contains(a.Message, words) })
}

func detectFlapping(t *testing.T, r report.Report, w *witness) {
	if !w.saw(func(l look) bool { return l.rules == v1alpha1.ReasonCautions }) {
		t.Error("nobody was cautioned about thresholds that flap")
	}
	if reversals(r, "api") > 0 || len(r.Decisions) != 1 {
		t.Errorf("decisions %+v, want one change and no reversal", r.Decisions)
	}
}

func detectColdStart(t *testing.T, r report.Report, _ *witness) {
	grown := decided(r, "AddReplica", "api")
	if len(grown) == 0 {
		t.Error("the cold replicas were not seen as overloaded")
	}
	if most := largest(r, "api"); most > 8 {
		t.Errorf("%d replicas for a load that one and a half could carry", most)
	}
	if reversals(r, "api") > 1 {
		t.Errorf("decisions %+v turn round more than once", r.Decisions)
	}
}

func detectFutility(object string, most int32) func(*testing.T, report.Report, *witness) {
	return func(t *testing.T, r report.Report, _ *witness) {
		if !slices.ContainsFunc(r.Alerts, func(a report.Alert) bool { return strings.Contains(a.Message, "had no effect") }) {
			t.Errorf("alerts %+v, want one that says that actions had no effect", r.Alerts)
		}
		if c := component(t, r, object); c.Replicas > most {
			t.Errorf("%d replicas of %s, want the rule to have stopped by %d", c.Replicas, object, most)
		}
	}
}

func detectOutage(t *testing.T, r report.Report, w *witness) {
	if !w.saw(func(l look) bool { return l.sight == v1alpha1.ReasonFault }) {
		t.Error("MetricsAvailable never told of the outage")
	}
	if decided := between(r, 51, 95); len(decided) > 0 {
		t.Errorf("decisions %+v while nothing was measured", decided)
	}
}

func detectFlicker(t *testing.T, r report.Report, w *witness) {
	if !w.saw(func(l look) bool { return l.sight == v1alpha1.ReasonFault }) {
		t.Error("MetricsAvailable never told of the flicker")
	}
	if reversals(r, "api") > 1 {
		t.Errorf("decisions %+v swing with the metrics", r.Decisions)
	}
}

func detectNoExitFromPanic(t *testing.T, r report.Report, _ *witness) {
	for _, d := range between(r, 0, 75) {
		if d.Action == "RemoveReplica" {
			t.Errorf("%+v takes back what the burst needs", d)
		}
	}
	if len(decided(r, "AddReplica", "api")) == 0 {
		t.Error("nothing was added for the burst")
	}
}

func detectStaleness(t *testing.T, r report.Report, w *witness) {
	if !w.saw(func(l look) bool { return l.sight == v1alpha1.ReasonStale }) {
		t.Error("MetricsAvailable never said that measurements are stale")
	}
	if decided := between(r, 17, 60); len(decided) > 0 {
		t.Errorf("decisions %+v from old measurements", decided)
	}
	if len(between(r, 60, 120)) == 0 {
		t.Error("nothing was decided once measurements were new again")
	}
}

func detectDownstreamLimit(t *testing.T, r report.Report, w *witness) {
	if !w.sawResult("api", "DownstreamLimit") {
		t.Error("no evaluation names the limit of the database's connections")
	}
	if c := component(t, r, "api"); c.Replicas != 2 {
		t.Errorf("%d replicas, want the two whose pools the database can hold", c.Replicas)
	}
}

func detectOccupancy(t *testing.T, r report.Report, w *witness) {
	if !w.sawResult("api", "Busy") {
		t.Error("no evaluation refused to remove replicas that are full while their CPU is low")
	}
	for _, d := range between(r, 30, 95) {
		if d.Action == "RemoveReplica" && d.Component == "api" {
			t.Errorf("%+v removes replicas that are full", d)
		}
	}
}

func detectErrorsAfterGrowth(t *testing.T, r report.Report, _ *witness) {
	grown := decided(r, "AddReplica", "backend")
	if len(grown) == 0 {
		t.Fatal("the backend did not grow")
	}
	last := grown[len(grown)-1].Time
	if !slices.ContainsFunc(r.Alerts, func(a report.Alert) bool {
		return a.Component == "front" && strings.Contains(a.Message, "error rate") && a.Time.After(grown[0].Time) && a.Time.Before(last.Add(30*time.Second))
	}) {
		t.Errorf("alerts %+v, want the errors that followed the growth", r.Alerts)
	}
}

func detectRetryStorm(t *testing.T, _ report.Report, w *witness) {
	answered := func(from, to int32) float64 {
		begin, end := w.at(from).summary, w.at(to).summary
		return float64(end.Answered-begin.Answered) / float64(end.Offered-begin.Offered)
	}
	before, after := answered(5, 18), answered(70, 97)
	calls := query(t, `sum(flashcrowd_component_calls_total{graph="f13",target="db"}) / sum(flashcrowd_component_arrivals_total{graph="f13",component="api"})`)
	t.Logf("%.3f of the requests are answered before the spike, %.3f half a minute after it; each became %.2f calls", before, after, calls)
	if before < 0.95 || after > 0.2 {
		t.Error("want requests that are answered before the spike, and few though the same load is back")
	}
	if calls < 2 {
		t.Error("want the retries to be the load")
	}
}

func detectColdCache(t *testing.T, r report.Report, w *witness) {
	inserted := decided(r, "InsertCache", "db")
	if len(inserted) != 1 {
		t.Fatalf("decisions %+v, want a cache", r.Decisions)
	}
	at := int32(inserted[0].Second)
	before, after, end := w.at(at).cpu["db"], w.at(at + 6).cpu["db"], w.at(88).cpu["db"]
	t.Logf("CPU of the database: %.1f %% when the cache was decided, %.1f %% six seconds later, %.1f %% at the end", before, after, end)
	if after < end+5 || end > 0.75*before {
		t.Errorf("want a database that is relieved, and only after the cache has warmed up")
	}
}

func detectDrainedJobs(t *testing.T, r report.Report, _ *witness) {
	if len(decided(r, "RemoveReplica", "worker")) == 0 {
		t.Fatalf("decisions %+v, want workers to be removed", r.Decisions)
	}
	if n := query(t, `sum(flashcrowd_component_messages_redelivered_total{graph="f15"}) or vector(0)`); n != 0 {
		t.Errorf("%g messages were delivered again: workers were removed with work in their hands", n)
	}
}

func detectPromptGrowth(t *testing.T, r report.Report, _ *witness) {
	removed := slices.ContainsFunc(between(r, 30, 90), func(d report.Decision) bool { return d.Action == "RemoveReplica" })
	added := slices.ContainsFunc(between(r, 90, 105), func(d report.Decision) bool { return d.Action == "AddReplica" })
	if !removed || !added {
		t.Errorf("decisions %+v, want replicas removed before the spike at 90 s and added within a window of it", r.Decisions)
	}
}

func detectSecondOwner(t *testing.T, r report.Report, w *witness) {
	if !w.saw(func(l look) bool {
		return slices.ContainsFunc(l.evaluations, func(e v1alpha1.Evaluation) bool {
			return e.Component == "api" && e.Result == "AmbiguousOwner" && strings.Contains(e.Message, "HorizontalPodAutoscaler")
		})
	}) {
		t.Error("no evaluation names the HorizontalPodAutoscaler that owns the replicas too")
	}
	if len(decided(r, "AddReplica", "api")) > 0 {
		t.Errorf("decisions %+v fight the second owner", r.Decisions)
	}
}

func detectMaximum(t *testing.T, r report.Report, _ *witness) {
	if !alerted(r, "api", "at its maximum of 2 replicas and needs") {
		t.Errorf("alerts %+v, want one that says how many replicas are missing", r.Alerts)
	}
	if most := largest(r, "api"); most > 2 {
		t.Errorf("%d replicas, though the rule may have two", most)
	}
}

// TestARestartedManagerForgetsNothing is story F7: it takes the manager away from
// everybody, so it is played alone.
func TestARestartedManagerForgetsNothing(t *testing.T) {
	up(t)
	_, k := clients(t)
	w, stop := watch(t, "f07")
	killed := make(chan int32, 1)
	go func() {
		defer close(killed)
		for !w.saw(func(l look) bool { return l.second >= 60 }) {
			select {
			case <-t.Context().Done():
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
		now := int64(0)
		err := k.CoreV1().Pods("flashcrowd-system").DeleteCollection(t.Context(), metav1.DeleteOptions{GracePeriodSeconds: &now}, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=flashcrowd-manager"})
		if err != nil {
			t.Errorf("killing the manager: %v", err)
		}
		killed <- w.at(10_000).second
	}()
	r := rehearse(t, sampleFile(filepath.Join("stories", "f07-restarted-manager.yaml")))
	stop()
	at, ok := <-killed
	if !ok {
		t.Fatal("the manager was never killed")
	}
	for _, d := range between(r, float64(at), float64(at)+15) {
		if d.Action == "RemoveReplica" {
			t.Errorf("%+v within a window of the restart", d)
		}
	}
	if r.Requests.Failed+r.Requests.Dropped > r.Requests.Offered/10 || r.Verdict != report.Met {
		t.Errorf("requests %+v, verdict %s: the run must go on without its manager", r.Requests, r.Verdict)
	}
	managers, err := k.CoreV1().Pods("flashcrowd-system").List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=flashcrowd-manager"})
	if err != nil || !slices.ContainsFunc(managers.Items, func(p corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning }) {
		t.Errorf("no manager runs again, error %v", err)
	}
}
