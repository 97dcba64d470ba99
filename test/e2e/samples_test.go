package e2e

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// TestSamples rehearses samples whose load is small side by side.
func TestSamples(t *testing.T) {
	up(t)
	for name, play := range map[string]func(*testing.T){
		"scenario-2":  aReplicaTakesReads,
		"queue":       laggingWorkersAreJoinedByOthers,
		"world":       clientsFarAwayGetACDN,
		"write-heavy": aDatabaseThatMostlyWritesIsAdvisedToShard,
		"wave":        aLoadThatSwingsDoesNotSwingTheArchitecture,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t)
		})
	}
}

func clientsFarAwayGetACDN(t *testing.T) {
	r := valid(t, "world.yaml")
	wantGraph(t, r, map[string]int32{"cdn": 1, "api-server": 1, "database": 1}, "cdn -> api-server", "api-server -> database")
	inserted := decided(r, "InsertCDN", "api-server")
	if len(inserted) != 1 || len(r.Decisions) != 1 || !strings.Contains(inserted[0].Reason, "geoLatency") {
		t.Fatalf("decisions %+v, want one: a CDN because of the distance", r.Decisions)
	}
	if !strings.HasPrefix(inserted[0].Effect, "Helped") {
		t.Errorf("effect %q, want static content that is nearer", inserted[0].Effect)
	}
	if r.Verdict != report.Met || r.Requests.Answered != r.Requests.Offered {
		t.Errorf("verdict %s, requests %+v: none may be lost while the entry changes", r.Verdict, r.Requests)
	}
}

func aDatabaseThatMostlyWritesIsAdvisedToShard(t *testing.T) {
	r := valid(t, "write-heavy.yaml")
	if len(r.Decisions) != 0 {
		t.Errorf("decisions %+v, want none: replicas and caches do not help writes", r.Decisions)
	}
	wantGraph(t, r, map[string]int32{"api-server": 1, "database": 1}, "api-server -> database")
	if len(r.Findings) == 0 || r.Findings[0].Component != "database" || !strings.Contains(r.Findings[0].Message, "consider sharding database") {
		t.Fatalf("findings %+v, want advice to shard the database", r.Findings)
	}
	if !alerted(r, "database", "consider sharding database") {
		t.Errorf("alerts %+v, want the advice among them", r.Alerts)
	}
	c, k := clients(t)
	var sim v1alpha1.Simulation
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "write-heavy"}, &sim); err != nil {
		t.Fatal(err)
	}
	if advised := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionAdvised); advised == nil || advised.Status != metav1.ConditionTrue || !strings.Contains(advised.Message, "sharding") {
		t.Errorf("condition %+v, want Advised with the numbers", advised)
	}
	events, err := k.EventsV1().Events("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, e := range events.Items {
		if e.Regarding.Name == "write-heavy" && strings.Contains(e.Note, r.Findings[0].Message) {
			told++
		}
	}
	if told == 0 {
		t.Error("no Event tells the advice")
	}
}

func aLoadThatSwingsDoesNotSwingTheArchitecture(t *testing.T) {
	w, stop := watch(t, "wave")
	r := valid(t, "wave.yaml")
	stop()
	if len(r.Decisions) != 1 || r.Decisions[0].Action != "AddReplica" || r.Decisions[0].From != 1 || r.Decisions[0].To != 2 {
		t.Errorf("decisions %+v, want one: the replica that the crests need", r.Decisions)
	}
	if !w.sawResult("api-server", "Stabilized") {
		t.Error("no evaluation says that the last crest holds the replica")
	}
	if slices.ContainsFunc(r.Alerts, func(a report.Alert) bool { return strings.Contains(a.Message, "flaps") }) {
		t.Errorf("alerts %+v tell of flapping", r.Alerts)
	}
	if r.Verdict != report.Met {
		t.Errorf("verdict %s, requests %+v", r.Verdict, r.Requests)
	}
}
