package projection

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func at(second int) metav1.MicroTime {
	return metav1.NewMicroTime(noon.Add(time.Duration(second) * time.Second))
}

// pair is an API server before a database.
func pair() *v1alpha1.ComponentGraph {
	return &v1alpha1.ComponentGraph{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shop", UID: "g"},
		Spec: v1alpha1.ComponentGraphSpec{
			Components: []v1alpha1.Component{
				{Name: "api-server", Type: v1alpha1.APIServer, Replicas: new(int32(1))}, {Name: "database", Type: v1alpha1.Database, Replicas: new(int32(1))},
			},
			Connections: []v1alpha1.Connection{{From: "api-server", To: "database"}},
		},
	}
}

// grown has decided on a second API server and on a balancer before both.
func grown(t *testing.T) *v1alpha1.Simulation {
	t.Helper()
	balancer, err := json.Marshal(graph.BalancerFor("load-balancer"))
	if err != nil {
		t.Fatal(err)
	}
	return &v1alpha1.Simulation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "run", UID: "s"},
		Spec: v1alpha1.SimulationSpec{
			GraphRef: v1alpha1.GraphRef{Name: "shop"}, DurationSeconds: new(int32(100)),
			Traffic: v1alpha1.Traffic{RequestsPerSecond: new(int32(100)), Stages: []v1alpha1.Stage{
				{DurationSeconds: new(int32(20)), RequestsPerSecond: new(int32(500))}, {DurationSeconds: new(int32(500)), RequestsPerSecond: new(int32(500))},
			}},
			Objectives: []v1alpha1.Objective{{Name: "p99", Latency: &v1alpha1.LatencyObjective{Percentile: new(int32(99)), Threshold: "250ms"}}, {Name: "errors", ErrorRatePartsPerMillion: new(int32(1000))}},
		},
		Status: v1alpha1.SimulationStatus{
			StartTime: new(at(0)), DecisionCount: 2,
			Decisions: []v1alpha1.Decision{
				{ID: 1, Time: at(30), Rule: "api-server", Action: "AddReplica", Component: "api-server", From: 1, To: 2, Reason: "CPU overload (85.5%)",
					Signals: []v1alpha1.DecisionSignal{{Name: "cpu", ValueMilli: new(int64(85500)), ThresholdMilli: new(int64(80000)), WindowSeconds: 10}}},
				{ID: 2, Time: at(40), Rule: "load-balancer", Action: "InsertLoadBalancer", Component: "api-server", Reason: "two replicas", Added: &runtime.RawExtension{Raw: balancer}},
			},
		},
	}
}

func steps(t *testing.T, sim *v1alpha1.Simulation) Architectures {
	t.Helper()
	a, err := Read(pair(), sim)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestHistoryIsTheFoldStepByStep(t *testing.T) {
	a := steps(t, grown(t))
	canvas, log, picture := History(a)
	if len(canvas.Nodes) != 2 || len(log) != 2 {
		t.Fatalf("%d nodes and %d changes, want 2 and 2", len(canvas.Nodes), len(log))
	}
	for _, change := range log {
		before := canvas
		canvas = feed.Step(canvas, change)
		for _, n := range before.Nodes {
			if same := canvas.Nodes[indexOf(canvas, n.ID)]; same.Position != n.Position {
				t.Errorf("%s moved from %v to %v", n.ID, n.Position, same.Position)
			}
		}
	}
	want := Canvas(a.Live(), picture, nil)
	if change, some := Difference(want, canvas); some {
		t.Errorf("the history ends elsewhere than the live architecture: %+v", change)
	}
	if got, want := log[1].Decision, "d2"; got != want {
		t.Errorf("the second change is of %s, want %s", got, want)
	}
}

func indexOf(c wire.Canvas, id string) int {
	for i, n := range c.Nodes {
		if n.ID == id {
			return i
		}
	}
	return -1
}

func TestCanvasShowsInstancesThatStatusKnows(t *testing.T) {
	a := steps(t, grown(t))
	_, _, picture := History(a)
	status := &v1alpha1.ComponentGraphStatus{Components: []v1alpha1.LiveComponent{{Name: "api-server", Instances: []v1alpha1.Instance{
		{ID: "api-server-1", Pod: "shop-api-a", Ready: new(true)}, {ID: "api-server-2", Pod: "shop-api-b", Ready: new(false)},
	}}}}
	canvas := Canvas(a.Live(), picture, status)
	api := canvas.Nodes[indexOf(canvas, "api-server")]
	if api.Replicas != 2 || api.Ready != 1 || len(api.Instances) != 2 || api.Instances[0].Position == api.Instances[1].Position {
		t.Errorf("api-server is %+v, want two instances in places of their own, one ready", api)
	}
	if lb := canvas.Nodes[indexOf(canvas, "load-balancer")]; len(lb.Instances) != 0 || lb.Origin != (wire.NodeOrigin{Rule: "load-balancer", Decision: "d2"}) {
		t.Errorf("load-balancer is %+v, want no instance yet and decision d2", lb)
	}
}

func TestCauseIsTheLastDecisionThatTouchedANode(t *testing.T) {
	a := steps(t, grown(t))
	for id, want := range map[string]string{"api-server": "d1", "load-balancer": "d2", "database": ""} {
		if got := Cause(a, wire.CanvasChange{Nodes: []wire.Node{{ID: id}}}); got != want {
			t.Errorf("%s changed by %q, want %q", id, got, want)
		}
	}
}

// moment is what is seen of the run at a second, with so many ready API servers.
func moment(t *testing.T, sim *v1alpha1.Simulation, second, ready int) Moment {
	t.Helper()
	a := steps(t, sim)
	_, _, picture := History(a)
	var instances []v1alpha1.Instance
	for i := range ready {
		instances = append(instances, v1alpha1.Instance{ID: graph.InstanceID("api-server", int32(i+1)), Ready: new(true)})
	}
	canvas := Canvas(a.Live(), picture, &v1alpha1.ComponentGraphStatus{Components: []v1alpha1.LiveComponent{{Name: "api-server", Instances: instances}}})
	return Moment{Now: at(second).Time, Simulation: sim, Architectures: a, Picture: picture, Canvas: canvas}
}

func stages(d wire.ScalingDecision) []wire.DecisionStage {
	var all []wire.DecisionStage
	for _, s := range d.Stages {
		all = append(all, s.Stage)
	}
	return all
}

func TestADecisionGoesThroughItsStages(t *testing.T) {
	sim := grown(t)
	sim.Status.Decisions = sim.Status.Decisions[:1]
	decisions := moment(t, sim, 31, 1).Decisions(nil)
	decisions = moment(t, sim, 33, 2).Decisions(decisions)
	if got := decisions[0]; got.ReadySeconds == nil || *got.ReadySeconds != 3 || !got.Open {
		t.Errorf("ready after %v, want 3 s and open", got.ReadySeconds)
	}
	decisions = moment(t, sim, 35, 1).Decisions(decisions) // a stage that was reached stays reached
	sim.Status.Decisions[0].Effect = &v1alpha1.Effect{Signal: "cpu", BeforeMilli: new(int64(85500)), AfterMilli: new(int64(44000)), Verdict: "Helped"}
	decisions = moment(t, sim, 50, 2).Decisions(decisions)
	got := decisions[0]
	if diff := cmp.Diff([]wire.DecisionStage{wire.StageApplied, wire.StageReady, wire.StageEffect}, stages(got)); diff != "" || got.Open {
		t.Errorf("stages, open %v (-want +got):\n%s", got.Open, diff)
	}
	want := &wire.DecisionEffect{Signal: "cpu", Unit: "%", Before: 85.5, After: 44, Verdict: "Helped"}
	if diff := cmp.Diff(want, got.Effect); diff != "" {
		t.Errorf("effect (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"api-server-2"}, got.Made); diff != "" {
		t.Errorf("made (-want +got):\n%s", diff)
	}
}

func TestStagesThatNobodySawHaveNoTime(t *testing.T) {
	m := moment(t, grown(t), 60, 2)
	m.First = true
	if got := m.Decisions(nil)[0]; got.Stage != wire.StageReady || got.ReadySeconds != nil || len(got.Stages) != 1 {
		t.Errorf("a decision seen late is %+v, want ready at no time", got)
	}
}

func TestAHeldDecisionOpensHoldsAndCloses(t *testing.T) {
	sim := grown(t)
	sim.Status.Decisions = nil
	held := func(result, message string, since int) {
		sim.Status.Evaluations = []v1alpha1.Evaluation{{Component: "api-server", Rule: "api-server", Result: result, Message: message, Since: new(at(since))}}
	}
	held("Pending", "cpu > 80 for 1 s of 3 s", 20)
	decisions := moment(t, sim, 20, 1).Decisions(nil)
	held("AtMax", "2 replicas are the most", 23)
	decisions = moment(t, sim, 23, 1).Decisions(decisions)
	held("AtMax", "still", 23)
	decisions = moment(t, sim, 24, 1).Decisions(decisions)
	if len(decisions) != 1 {
		t.Fatalf("%d decisions, want one", len(decisions))
	}
	d := decisions[0]
	if d.Stage != wire.StageHeld || !d.Open || d.Constraint != "AtMax" || d.Action != "AddReplica" || d.Reason != "2 replicas are the most" {
		t.Errorf("held decision %+v", d)
	}
	if d.Ghost == nil || len(d.Ghost.Instances) != 1 || d.Ghost.Instances[0].ID != "api-server-2" || d.To != 2 {
		t.Errorf("ghost %+v, want a second API server", d.Ghost)
	}
	held("WithinTolerance", "", 30)
	decisions = moment(t, sim, 30, 1).Decisions(decisions)
	if d = decisions[0]; d.Open || d.Ghost != nil || len(decisions) != 1 {
		t.Errorf("what nothing holds any more is %+v, want closed", d)
	}
}

func TestAGhostOfAnInsertedComponentTakesItsSlot(t *testing.T) {
	sim := grown(t)
	sim.Status.Decisions = sim.Status.Decisions[:1]
	sim.Status.Evaluations = []v1alpha1.Evaluation{{Component: "api-server", Rule: "load-balancer", Result: "DryRun", Message: "would", Since: new(at(35))}}
	m := moment(t, sim, 35, 2)
	decisions := m.Decisions(nil)
	ghost := decisions[len(decisions)-1].Ghost
	if ghost == nil || ghost.Kind != "LoadBalancer" {
		t.Fatalf("ghost %+v, want a load balancer", ghost)
	}
	_, _, picture := History(steps(t, grown(t)))
	if at, _ := picture.Place("load-balancer", 1); at != ghost.Position {
		t.Errorf("the ghost is at %v, the real one would be at %v", ghost.Position, at)
	}
}

func TestControl(t *testing.T) {
	c := Control(grown(t))
	want := wire.Control{
		State: "Running", DurationSeconds: 100, RequestsPerSecond: 100, Profile: "Stages", Mix: wire.TrafficMix{Read: 80, Write: 20},
		Planned:     []wire.PlannedRate{{Second: 0, RequestsPerSecond: 100}, {Second: 20, RequestsPerSecond: 500}, {Second: 20, RequestsPerSecond: 500}, {Second: 100, RequestsPerSecond: 500}},
		AutoScaling: wire.AutoScaling{Enabled: true, Mode: "Act"},
		Objectives:  []wire.Objective{{Name: "p99", Target: 250, Unit: "ms", Percentile: 99}, {Name: "errors", Target: 0.1, Unit: "%"}},
	}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("control (-want +got):\n%s", diff)
	}
}

func TestElapsedLeavesPausesOutAndStopsAtTheEnd(t *testing.T) {
	sim := grown(t)
	sim.Status.PausedMilliseconds = 5000
	if got := Elapsed(sim, at(30).Time); got != 25*time.Second {
		t.Errorf("elapsed %v, want 25s", got)
	}
	if got := Elapsed(sim, at(500).Time); got != 100*time.Second {
		t.Errorf("elapsed %v, want the whole duration", got)
	}
	sim.Status.CompletionTime = new(at(65))
	if got := Elapsed(sim, at(500).Time); got != 60*time.Second {
		t.Errorf("elapsed %v after the end, want 1m", got)
	}
}

func TestATickFollowsTheCanvasAndKeepsWhatWasNotMeasuredApart(t *testing.T) {
	canvas := wire.Canvas{
		Order: 7, Nodes: []wire.Node{{ID: "api-server", Instances: []wire.NodeReplica{{ID: "api-server-1", Pod: "a"}, {ID: "api-server-2", Pod: "b"}}}},
		IDs: []string{"api-server", "api-server-1", "api-server-2"}, LinkIDs: []string{"api-server>database"},
	}
	shown := metrics.Shown{
		Components: map[string]metrics.Values{"api-server": {wire.ColumnCPU: 41.23456}}, Pods: map[string]metrics.Values{"a": {wire.ColumnCPU: 0}},
		Links: map[string]float64{"api-server>database": 12},
	}
	got := Tick(canvas, 3*time.Second, &shown)
	if diff := cmp.Diff(map[wire.MetricColumn][]*float64{wire.ColumnCPU: {new(41.23), new(0.0), nil}}, got.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if got.Order != 7 || len(got.LinkRates) != 1 || *got.LinkRates[0] != 12 || got.Total == nil {
		t.Errorf("tick %+v", got)
	}
	if blind := Tick(canvas, 0, nil); len(blind.Columns) != 0 || blind.Total != nil {
		t.Errorf("a source that does not answer measures %+v, want nothing", blind)
	}
	response := Metrics("s", noon, canvas, got)
	if len(response.Components) != 1 || len(response.Instances) != 1 || response.Instances[0].ComponentID != "api-server-1" {
		t.Errorf("metrics %+v, want one component and the one instance that was measured", response)
	}
}
