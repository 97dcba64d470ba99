package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Runs that only the history of a test knows.
const (
	keptInDefault = "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a11"
	keptInSecret  = "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a12"
)

// past is a run of a minute that ended, on a graph of two.
func past(namespace, uid string) (*v1alpha1.Simulation, *v1alpha1.ComponentGraph) {
	sim, cg := simulationIn(namespace), graphIn(namespace)
	began := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	start, end := metav1.NewMicroTime(began), metav1.NewMicroTime(began.Add(time.Minute))
	sim.Name, sim.UID, sim.CreationTimestamp = "past", types.UID(uid), metav1.NewTime(began)
	sim.Status = v1alpha1.SimulationStatus{
		StartTime: &start, CompletionTime: &end, ElapsedSeconds: 60,
		Summary: &v1alpha1.Summary{Offered: 6000, Answered: 6000, P99Microseconds: 12_000},
		Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionFinished, Status: metav1.ConditionTrue}, {Type: v1alpha1.ConditionSucceeded, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonObjectivesMet},
		},
	}
	return sim, cg
}

// noGraphs are all gone.
type noGraphs struct{ client.Reader }

func (noGraphs) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{Resource: "componentgraphs"}, key.Name)
}

// remembering is a house whose history has a run of each namespace; the metrics
// source of that time is long gone.
func remembering(t *testing.T) *house {
	t.Helper()
	late, err := history.OpenLate(filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := late.Close(); err != nil {
			t.Error(err)
		}
	})
	for namespace, uid := range map[string]string{"default": keptInDefault, "secret": keptInSecret} {
		sim, cg := past(namespace, uid)
		told, err := history.Told(sim, cg, "ada")
		if err != nil {
			t.Fatal(err)
		}
		for second := range 61 {
			cpu := float64(second)
			told.Samples = append(told.Samples, history.Sample{Run: uid, Component: "database", At: sim.Status.StartTime.Add(time.Duration(second) * time.Second), Values: history.Values{CPU: &cpu}})
		}
		if err := late.Write(t.Context(), told); err != nil {
			t.Fatal(err)
		}
	}
	meter, err := metrics.NewClient("http://127.0.0.1:1", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return newHouse(t, func(o *Options) { o.History, o.Meter, o.Graphs = late, meter, noGraphs{} })
}

func asAda() map[string]string { return map[string]string{"Authorization": "Bearer ada"} }

func TestARunThatIsGoneIsShownFromTheHistory(t *testing.T) {
	h := remembering(t)
	for _, id := range []string{keptInDefault, "default%2Fpast"} {
		detail := read[wire.RunDetail](t, h.ask(http.MethodGet, "/api/simulation/"+id, "", asAda()))
		if !detail.Run.Kept || detail.Run.StartedBy != "ada" {
			t.Errorf("the run is not one that is gone, started by ada: %+v", detail.Run)
		}
		if detail.Run.ID != keptInDefault || !detail.Run.Finished || detail.Run.Verdict != string(report.Met) {
			t.Errorf("the run is %+v", detail.Run)
		}
	}
	if r := read[report.Report](t, h.ask(http.MethodGet, "/api/simulation/"+keptInDefault+"/report", "", asAda())); r.Verdict != report.Met || r.Requests.Offered != 6000 {
		t.Errorf("the report is %+v", r)
	}
	replay := read[wire.Replay](t, h.ask(http.MethodGet, "/api/simulation/"+keptInDefault+"/replay?component=database&range=10&step=2", "", asAda()))
	if len(replay.Series) != 1 || replay.Series[0].ID != "database" || len(replay.Snapshot.Base.Nodes) != 2 {
		t.Fatalf("the replay has %+v of %d nodes", replay.Series, len(replay.Snapshot.Base.Nodes))
	}
	values := replay.Series[0].Values
	if len(values) != 6 || values[0] == nil || *values[0] < 50 || values[4] == nil || *values[4] < 58 {
		text, _ := json.Marshal(values)
		t.Errorf("the values are %s", text)
	}
	conn, _ := h.dial(keptInDefault, asAda(), wire.FeedSubprotocol)
	if message, code := h.hear(conn); code != 0 || len(message) == 0 {
		t.Errorf("the feed ended with %d", code)
	}
}

// TestTheMetricsOfARunThatIsGone are asked for as those of any run.
func TestTheMetricsOfARunThatIsGone(t *testing.T) {
	h := remembering(t)
	ask := func(query string) wire.MetricsResponse {
		return read[wire.MetricsResponse](t, h.ask(http.MethodGet, "/api/simulation/"+keptInDefault+"/metrics"+query, "", asAda()))
	}
	now := ask("")
	if now.OverTime != nil || len(now.Components) != 1 || now.Components[0].ComponentID != "database" || now.Components[0].Metrics[wire.ColumnCPU] != 60 {
		t.Errorf("at its end %+v", now)
	}
	for query, want := range map[string]struct {
		length int
		step   float64
		first  float64
	}{
		"?range=10":                            {11, 1, 50},
		"?step=20":                             {4, 20, 0},
		"?range=20&step=10&component=database": {3, 10, 40},
		"?range=5&component=queue,database":    {6, 1, 55},
	} {
		over := ask(query).OverTime
		if over == nil || len(over.Series) != 1 || over.StepSeconds != want.step {
			t.Errorf("%s: %+v", query, over)
			continue
		}
		if values := over.Series[0].Values; len(values) != want.length || values[0] == nil || *values[0] < want.first || *values[0] > want.first+want.step {
			text, _ := json.Marshal(values)
			t.Errorf("%s: the values are %s, not %d from %g", query, text, want.length, want.first)
		}
	}
	if other := ask("?range=10&component=api-server"); len(other.Components) != 0 || len(other.OverTime.Series) != 0 {
		t.Errorf("of another component %+v", other)
	}
	for _, query := range []string{"?range=0", "?range=90000", "?step=-1", "?step=x"} {
		if response := h.ask(http.MethodGet, "/api/simulation/"+keptInDefault+"/metrics"+query, "", asAda()); response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %s", query, response.Status)
		}
	}
	if response := h.ask(http.MethodGet, "/api/simulation/"+keptInSecret+"/metrics?range=10", "", asAda()); response.StatusCode != http.StatusForbidden {
		t.Errorf("of a secret run: %s", response.Status)
	}
}

func TestTheHistoryShowsNobodyMoreThanTheyMaySee(t *testing.T) {
	h := remembering(t)
	list := read[wire.RunList](t, h.ask(http.MethodGet, "/api/history", "", asAda()))
	if len(list.Items) != 1 || list.Items[0].ID != keptInDefault || list.Items[0].Stage != v1alpha1.ReasonObjectivesMet {
		t.Errorf("the list is %+v", list.Items)
	}
	if kept := list.Items[0]; !kept.Kept || kept.StartedBy != "ada" || list.Before != "" {
		t.Errorf("the row is %+v, before the next page stands %q", kept, list.Before)
	}
	for _, path := range []string{"", "/report", "/replay", "/archive", "/events"} {
		if response := h.ask(http.MethodGet, "/api/simulation/"+keptInSecret+path, "", asAda()); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s of a secret run: %s", path, response.Status)
		}
	}
	for id, want := range map[string]int{"nothing": http.StatusNotFound, "default%2Fnothing": http.StatusNotFound, "00000000-0000-4000-8000-000000000000": http.StatusNotFound} {
		if response := h.ask(http.MethodGet, "/api/simulation/"+id, "", asAda()); response.StatusCode != want {
			t.Errorf("%s: %s, not %d", id, response.Status, want)
		}
	}
}

func TestARunThatWasSeenBeforeItsEndIsReadAgain(t *testing.T) {
	h := remembering(t)
	store, err := h.server.o.History.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const id = "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a13"
	ended, cg := past("default", id)
	going := ended.DeepCopy()
	going.Status.CompletionTime, going.Status.Conditions = nil, nil
	for _, sim := range []*v1alpha1.Simulation{going, ended} {
		told, err := history.Told(sim, cg, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Write(t.Context(), told); err != nil {
			t.Fatal(err)
		}
		run := read[wire.RunDetail](t, h.ask(http.MethodGet, "/api/simulation/"+id, "", asAda())).Run
		if want := sim == ended; run.Finished != want {
			t.Errorf("finished: %t, not %t", run.Finished, want)
		}
	}
}

func TestTheHistoryIsAskedForParts(t *testing.T) {
	h := remembering(t)
	for query, want := range map[string]int{
		"?search=pas": 1, "?search=ADA": 1, "?search=nobody": 0, "?verdict=Met": 1, "?verdict=Missed&verdict=Failed": 0, "?gone=true": 1, "?limit=1": 1,
		"?before=" + keptInDefault: 0,
	} {
		if list := read[wire.RunList](t, h.ask(http.MethodGet, "/api/history"+query, "", asAda())); len(list.Items) != want || list.Before != "" {
			t.Errorf("%s: %d runs, not %d; before the next page stands %q", query, len(list.Items), want, list.Before)
		}
	}
	if response := h.ask(http.MethodGet, "/api/history?verdict=Lost", "", asAda()); response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a verdict that there is not: %s", response.Status)
	}
	still := simulationIn("default")
	still.UID = keptInDefault // the object of the kept run is still there
	h.run = runs.Recall(still, graphIn("default"), runs.Name{Epoch: "e", Server: "test", TickEvery: time.Second}, time.Now())
	if list := read[wire.RunList](t, h.ask(http.MethodGet, "/api/history?gone=true", "", asAda())); len(list.Items) != 0 {
		t.Errorf("a run in the cluster is gone: %+v", list.Items)
	}
	if list := read[wire.RunList](t, h.ask(http.MethodGet, "/api/history", "", asAda())); len(list.Items) != 1 || list.Items[0].Kept {
		t.Errorf("a run in the cluster is %+v", list.Items)
	}
}

func TestTheHistoryIsReadPageByPage(t *testing.T) {
	h := remembering(t)
	store, err := h.server.o.History.Store(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		sim, cg := past("default", fmt.Sprintf("6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2b%02d", n))
		told, err := history.Told(sim, cg, "ada")
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Write(t.Context(), told); err != nil {
			t.Fatal(err)
		}
	}
	seen, sizes, query := map[string]bool{}, []int{}, "/api/history?limit=2"
	for before := "first"; before != ""; {
		list := read[wire.RunList](t, h.ask(http.MethodGet, query, "", asAda()))
		for _, row := range list.Items {
			seen[row.ID] = true
		}
		before, sizes, query = list.Before, append(sizes, len(list.Items)), "/api/history?limit=2&before="+list.Before
	}
	if !slices.Equal(sizes, []int{2, 2, 1}) || len(seen) != 5 {
		t.Errorf("pages of %v have %d runs", sizes, len(seen))
	}
}

func TestARunGoesToAnotherInstallation(t *testing.T) {
	response := remembering(t).ask(http.MethodGet, "/api/simulation/"+keptInDefault+"/archive", "", asAda())
	archive, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/gzip" {
		t.Fatalf("%s %s: %v", response.Status, response.Header.Get("Content-Type"), err)
	}
	late, err := history.OpenLate(filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	other := newHouse(t, func(o *Options) { o.History = late })
	sending := asAda()
	sending["Content-Type"] = "application/gzip"
	if got := read[wire.RunSummary](t, other.ask(http.MethodPost, "/api/history", string(archive), sending)); got.ID != keptInDefault {
		t.Errorf("imported %+v", got)
	}
	if got := read[wire.RunList](t, other.ask(http.MethodGet, "/api/history", "", asAda())); len(got.Items) != 1 {
		t.Errorf("%d runs are there", len(got.Items))
	}
	for name, tt := range map[string]struct {
		body   string
		status int
	}{"something else": {"hello", http.StatusUnprocessableEntity}, "half of it": {string(archive[:len(archive)/2]), http.StatusUnprocessableEntity}} {
		if response := other.ask(http.MethodPost, "/api/history", tt.body, sending); response.StatusCode != tt.status {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
}

// away is a history that does not answer.
type away struct{}

func (away) Store(context.Context) (*history.Store, error) { return nil, context.DeadlineExceeded }

func TestTheDashboardGoesOnWithoutItsHistory(t *testing.T) {
	h := newHouse(t, func(o *Options) { o.History = away{} })
	if response := h.ask(http.MethodGet, "/api/simulations", "", asAda()); response.StatusCode != http.StatusOK {
		t.Errorf("the list: %s", response.Status)
	}
	for _, path := range []string{"/api/history", "/api/simulation/" + keptInDefault} {
		if response := h.ask(http.MethodGet, path, "", asAda()); response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	if response := newHouse(t).ask(http.MethodGet, "/api/history", "", asAda()); response.StatusCode != http.StatusNotFound {
		t.Errorf("without any: %s", response.Status)
	}
}

func TestRunsAreComparedWhereverTheyAre(t *testing.T) {
	h := remembering(t)
	query := "/api/compare?run=" + keptInDefault + "&run="
	c := read[report.Comparison](t, h.ask(http.MethodGet, query+"run-in-default", "", asAda()))
	if len(c.Runs) != 2 || c.Runs[0].Name != "default/past" || c.Runs[1].Name != "default/run" || c.Runs[0].Verdict != report.Met {
		t.Errorf("compared %+v", c.Runs)
	}
	if len(c.Measures) == 0 || c.Measures[0].Judgements[0] != report.NotMeasured {
		t.Errorf("measures %+v", c.Measures)
	}
	for other, want := range map[string]int{keptInSecret: http.StatusForbidden, "run-in-secret": http.StatusForbidden, keptInDefault: http.StatusUnprocessableEntity, "nothing": http.StatusNotFound} {
		if response := h.ask(http.MethodGet, query+other, "", asAda()); response.StatusCode != want {
			t.Errorf("with %s: %s, not %d", other, response.Status, want)
		}
	}
}
