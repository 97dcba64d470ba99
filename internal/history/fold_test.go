package history

import (
	"encoding/json"
	"errors"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// playing is a simulation a minute after it began, which has scaled once.
func playing() *v1alpha1.Simulation {
	at := func(second int) metav1.MicroTime {
		return metav1.NewMicroTime(noon.Add(time.Duration(second) * time.Second))
	}
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "match-day", UID: "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a11", CreationTimestamp: metav1.NewTime(noon.Truncate(time.Second))}}
	sim.Spec.GraphRef.Name = "shop"
	sim.Spec.Traffic = v1alpha1.Traffic{RequestsPerSecond: new(int32(100)), Stages: []v1alpha1.Stage{{RequestsPerSecond: new(int32(900))}, {RequestsPerSecond: new(int32(300))}}}
	start := at(0)
	sim.Status = v1alpha1.SimulationStatus{
		StartTime: &start, ElapsedSeconds: 60,
		Decisions: []v1alpha1.Decision{{ID: 1, Time: at(31), Rule: "api-server", Action: "AddReplica", Component: "api-server", From: 1, To: 2, Reason: "CPU overload (85.5%)"}},
		Alerts: []v1alpha1.Alert{
			{Time: at(30), Severity: "Warning", Component: "api-server", Signal: "cpu", Message: "CPU at 85%"},
			{Time: at(30), Severity: "Warning", Component: "api-server", Signal: "memory", Message: "memory at 90%"},
		},
		Findings: []v1alpha1.Finding{{Time: at(40), Component: "database", Rule: "database", Message: "writes are the load"}},
	}
	return sim
}

func finishedAt(second int) *v1alpha1.Simulation {
	sim := playing()
	end := metav1.NewMicroTime(noon.Add(time.Duration(second) * time.Second))
	sim.Status.CompletionTime = &end
	sim.Status.Conditions = []metav1.Condition{
		{Type: v1alpha1.ConditionFinished, Status: metav1.ConditionTrue}, {Type: v1alpha1.ConditionSucceeded, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonObjectivesMet},
	}
	return sim
}

func TestToldIsTheRun(t *testing.T) {
	graph := &v1alpha1.ComponentGraph{ObjectMeta: metav1.ObjectMeta{UID: "c0ffee"}}
	tests := map[string]struct {
		sim    *v1alpha1.Simulation
		status report.Verdict
		end    time.Time
	}{
		"playing":  {playing(), report.Running, time.Time{}},
		"finished": {finishedAt(180), report.Met, noon.Add(180 * time.Second)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b, err := Told(test.sim, graph, "ada")
			if err != nil {
				t.Fatal(err)
			}
			got := b.Runs[0]
			want := Run{
				ID: "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a11", User: "ada", Canvas: "c0ffee", Graph: "default/shop", Namespace: "default", Name: "match-day",
				TrafficIntensity: 900, AutoScalingEnabled: true, Status: string(test.status), StartedAt: noon, EndedAt: test.end,
				CreatedAt: noon.Truncate(time.Second), Spec: got.Spec, Report: got.Report, Objects: got.Objects,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("run (-want +got):\n%s", diff)
			}
			var r report.Report
			if err := json.Unmarshal(got.Report, &r); err != nil || r.Verdict != test.status || len(r.Decisions) != 1 {
				t.Errorf("the report is %s: %v", got.Report, err)
			}
			if diff := cmp.Diff([]User{{Name: "ada", CreatedAt: got.CreatedAt}}, b.Users); diff != "" {
				t.Errorf("users (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsToldCanBeReadAgain(t *testing.T) {
	sim, graph := playing(), &v1alpha1.ComponentGraph{ObjectMeta: metav1.ObjectMeta{UID: "c0ffee", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}}}
	b, err := Told(sim, graph, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Runs[0].Objects.Decode()
	if err != nil {
		t.Fatal(err)
	}
	if !equality.Semantic.DeepEqual(got.Simulation, sim) {
		t.Errorf("the simulation is %+v", got.Simulation)
	}
	if got.ComponentGraph.UID != graph.UID || got.ComponentGraph.ManagedFields != nil {
		t.Errorf("the graph is %+v", got.ComponentGraph)
	}
	if _, err := (Objects{}).Decode(); !errors.Is(err, ErrNoObjects) {
		t.Errorf("nothing is read as something: %v", err)
	}
}

func TestToldHasEveryEventOnce(t *testing.T) {
	b, err := Told(playing(), nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Users) != 0 || b.Runs[0].User != "" {
		t.Errorf("nobody is known, yet there are %+v", b.Users)
	}
	kinds, ids := map[EventType]int{}, map[string]bool{}
	for _, e := range b.Events {
		kinds[e.Type]++
		ids[e.ID()] = true
	}
	if diff := cmp.Diff(map[EventType]int{EventDecision: 1, EventAlert: 2, EventFinding: 1}, kinds); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(ids) != len(b.Events) {
		t.Errorf("%d events have %d ids", len(b.Events), len(ids))
	}
	again := playing()
	again.Status.Decisions[0].Effect = &v1alpha1.Effect{Signal: "cpu", BeforeMilli: new(int64(85500)), AfterMilli: new(int64(51200)), Verdict: "Helped"}
	again.Status.Alerts[1].Cleared = new(metav1.NewMicroTime(noon.Add(time.Minute)))
	later, err := Told(again, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range later.Events {
		if e.ID() != b.Events[i].ID() {
			t.Errorf("a %s of which more is known now is another one", e.Type)
		}
	}
}

func TestMeasuredLeavesOutWhatWasNot(t *testing.T) {
	none := math.NaN()
	got := Measured("run", metrics.Recording{
		Start: noon, Step: time.Second, Length: 3,
		Components: map[string]map[wire.MetricColumn][]float64{
			"api": {wire.ColumnCPU: {10, none, 30}, wire.ColumnLatency: {none, none, 3}},
			"db":  {wire.ColumnQueueDepth: {none, 0, none}},
		},
	})
	want := []Sample{
		{Run: "run", Component: "api", At: noon, Values: Values{CPU: new(10.0)}},
		{Run: "run", Component: "db", At: noon.Add(time.Second), Values: Values{QueueDepth: new(0.0)}},
		{Run: "run", Component: "api", At: noon.Add(2 * time.Second), Values: Values{CPU: new(30.0), Latency: new(3.0)}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

// TestAKeptRunFillsWhatPrometheusHasNot keeps a recording, and fills it into one that
// has a value of its own and an empty one.
func TestAKeptRunFillsWhatPrometheusHasNot(t *testing.T) {
	none := math.NaN()
	whole := func() metrics.Recording {
		return metrics.Recording{
			Start: noon, Step: time.Second, Length: 3,
			Components: map[string]map[wire.MetricColumn][]float64{"api": {wire.ColumnCPU: {10, none, 30}}},
			Links:      map[string][]float64{"api>db": {none, 7, 8}},
			Total:      map[string][]float64{"p99": {1, 2, none}, "target": {100, 100, 100}},
		}
	}
	store := opened(t, filepath.Join(t.TempDir(), "history.db"))
	run := runAt(0)
	write(t, store, Batch{Users: []User{ada()}, Runs: []Run{run}, Samples: Measured(run.ID, whole())})
	for name, test := range map[string]struct {
		components map[string]map[wire.MetricColumn][]float64
		want       []float64
	}{
		"nothing is there": {map[string]map[wire.MetricColumn][]float64{}, []float64{10, none, 30}},
		"a part is there":  {map[string]map[wire.MetricColumn][]float64{"api": {wire.ColumnCPU: {none, 22, 33}}}, []float64{10, 22, 33}},
	} {
		t.Run(name, func(t *testing.T) {
			got := metrics.Recording{Start: noon, Step: time.Second, Length: 3, Components: test.components, Links: map[string][]float64{}, Total: map[string][]float64{}}
			if err := store.Fill(t.Context(), run.ID, &got); err != nil {
				t.Fatal(err)
			}
			want := whole()
			want.Components["api"][wire.ColumnCPU] = test.want
			if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("recording (-want +got):\n%s", diff)
			}
		})
	}
}
