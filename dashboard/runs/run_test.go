package runs

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// script is a run as the API tells it, second by second.
type script struct {
	t      *testing.T
	second int
	sim    v1alpha1.Simulation
	graph  v1alpha1.ComponentGraph
	run    *Run
	reader *feed.Reader
}

func begin(t *testing.T) *script {
	t.Helper()
	s := &script{t: t}
	s.graph = v1alpha1.ComponentGraph{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shop", UID: "g"},
		Spec: v1alpha1.ComponentGraphSpec{
			Components:  []v1alpha1.Component{{Name: "api-server", Type: v1alpha1.APIServer}, {Name: "database", Type: v1alpha1.Database}},
			Connections: []v1alpha1.Connection{{From: "api-server", To: "database"}},
		},
	}
	s.sim = v1alpha1.Simulation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "run", UID: "s"},
		Spec: v1alpha1.SimulationSpec{
			GraphRef: v1alpha1.GraphRef{Name: "shop"}, DurationSeconds: new(int32(60)), Traffic: v1alpha1.Traffic{RequestsPerSecond: new(int32(100))},
		},
		Status: v1alpha1.SimulationStatus{StartTime: new(metav1.NewMicroTime(noon))},
	}
	s.graph.Status.HeldBy = "run"
	s.instances("api-server", "api-server-1")
	s.instances("database", "database-1")
	s.run = first(s.seen(), Name{Epoch: "e", Server: "test", TickEvery: time.Second})
	s.reader = s.run.Feed.Reader(feed.Sequenced)
	s.reader.Resume(wire.FeedResume{})
	if got := s.hear(); len(got) != 1 || got[0] != "snapshot" {
		t.Fatalf("a new reader hears %v, want a snapshot", got)
	}
	return s
}

func (s *script) now() time.Time { return noon.Add(time.Duration(s.second) * time.Second) }

func (s *script) seen() seen {
	return seen{sim: s.sim.DeepCopy(), graph: s.graph.DeepCopy(), sight: projection.Clear(), now: s.now()}
}

// instances are the ready ones of a component.
func (s *script) instances(component string, ids ...string) {
	live := v1alpha1.LiveComponent{Name: component}
	for _, id := range ids {
		live.Instances = append(live.Instances, v1alpha1.Instance{ID: id, Pod: "shop-" + id, Ready: new(true)})
	}
	for i, c := range s.graph.Status.Components {
		if c.Name == component {
			s.graph.Status.Components[i] = live
			return
		}
	}
	s.graph.Status.Components = append(s.graph.Status.Components, live)
}

func (s *script) look() []string {
	s.t.Helper()
	return s.lookWith(projection.Clear())
}

func (s *script) lookWith(sight projection.Sight) []string {
	s.t.Helper()
	s.second++
	now := s.seen()
	now.sight = sight
	if err := s.run.update(now); err != nil {
		s.t.Fatal(err)
	}
	return s.hear()
}

// hear names what a page hears, decisions with their stage.
func (s *script) hear() []string {
	s.t.Helper()
	batch, err := s.reader.Take(s.now())
	if err != nil {
		s.t.Fatal(err)
	}
	heard := []string{}
	for _, frame := range batch.Frames {
		var m struct {
			Type     string `json:"type"`
			Decision struct {
				Stage string `json:"stage"`
			} `json:"decision"`
			Change struct {
				Decision string `json:"decision"`
			} `json:"change"`
		}
		if err := json.Unmarshal(frame, &m); err != nil {
			s.t.Fatal(err)
		}
		word := m.Type
		if detail := m.Decision.Stage + m.Change.Decision; detail != "" {
			word += " " + detail
		}
		heard = append(heard, word)
	}
	return heard
}

func (s *script) want(what string, got []string, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
		s.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (s *script) decide() {
	s.sim.Status.Decisions = []v1alpha1.Decision{{
		ID: 1, Time: metav1.NewMicroTime(s.now()), Rule: "api-server", Action: "AddReplica", Component: "api-server", From: 1, To: 2, Reason: "CPU overload (85.5%)",
	}}
}

func TestADecisionIsHeardBeforeWhatItDidAndItsReadinessAfter(t *testing.T) {
	s := begin(t)
	s.want("nothing new", s.look())
	s.decide()
	s.want("decided", s.look(), "decision applied", "topo d1")
	s.instances("api-server", "api-server-1", "api-server-2")
	s.want("ready", s.look(), "topo d1", "decision ready")
	s.sim.Status.Alerts = []v1alpha1.Alert{{Time: metav1.NewMicroTime(s.now()), Severity: "Warning", Component: "api-server", Signal: "cpu", Message: "hot"}}
	s.want("alert", s.look(), "alert")
	s.sim.Spec.Traffic.RequestsPerSecond = new(int32(900))
	s.want("slider", s.look(), "control")
	s.want("nothing new again", s.look())
}

// unreachable is the sight of a dashboard that only the control plane is away from.
func unreachable() projection.Sight {
	sight := projection.Clear()
	sight.ControlPlane = wire.Health{Message: "control plane unreachable"}
	return sight
}

func (s *script) see(sight projection.Sight) {
	s.t.Helper()
	if err := s.run.see(sight, s.now()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *script) end() {
	s.sim.Status.CompletionTime = new(metav1.NewMicroTime(s.now()))
	s.sim.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionFinished, Status: metav1.ConditionTrue}, {Type: v1alpha1.ConditionSucceeded, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonObjectivesMet}}
}

// TestWhatARunEndedWithStays lets another run take the graph over.
func TestWhatARunEndedWithStays(t *testing.T) {
	s := begin(t)
	s.end()
	s.want("the end", s.look(), "phase")
	s.graph.Status.HeldBy = "another"
	s.instances("api-server", "api-server-7")
	s.want("another run", s.look())
}

func TestADashboardThatComesLateShowsTheHistory(t *testing.T) {
	s := begin(t)
	s.second = 30
	s.decide()
	s.instances("api-server", "api-server-1", "api-server-2")
	late := first(s.seen(), Name{Epoch: "f"}).Feed.Snapshot()
	if len(late.Log) == 0 || late.Log[0].Decision != "d1" || late.Log[0].At != s.now().UnixMilli() {
		t.Errorf("the log is %+v, want decision d1 at its time", late.Log)
	}
	if early := s.run.Feed.Snapshot(); cmp.Diff(early.Topology.Nodes[1].Position, late.Topology.Nodes[1].Position) != "" {
		t.Error("who comes late sees another picture")
	}
}

func TestBlindnessIsSaidOnce(t *testing.T) {
	s := begin(t)
	for range 3 {
		s.see(unreachable())
	}
	s.want("away", s.hear(), "phase")
	if held := s.run.Feed.Snapshot(); held.Phase.ControlPlane.OK || len(held.Topology.Nodes) != 2 {
		t.Errorf("held %+v, want the last known picture and the word that it is old", held.Phase)
	}
	s.want("back", s.look(), "phase")
}

// TestARunThatHasEndedHasNothingLeftToSee takes the control plane away before a run
// is seen to have ended, and after.
func TestARunThatHasEndedHasNothingLeftToSee(t *testing.T) {
	s := begin(t)
	s.see(unreachable())
	s.want("away", s.hear(), "phase")
	s.end()
	s.want("the end", s.lookWith(unreachable()), "phase")
	if phase := s.run.Feed.Snapshot().Phase; !phase.Finished || !phase.ControlPlane.OK {
		t.Errorf("the end is told as %+v", phase)
	}
	s.see(projection.Clear())
	s.see(unreachable())
	s.want("away again", s.hear())
}

// TestTheManagersSilenceIsSaid goes on asking while the object of the run stays the same.
func TestTheManagersSilenceIsSaid(t *testing.T) {
	s := begin(t)
	look := func(second int) []string {
		s.second = second
		sight := projection.Clear()
		sight.Manager = s.run.lookedAfter(s.now())
		s.see(sight)
		return s.hear()
	}
	s.want("a while", look(7))
	s.want("too long", look(8), "phase")
	if rules := s.run.Feed.Snapshot().Phase.Rules; rules.OK || !strings.Contains(rules.Message, "no word from the manager since 12:00:00 UTC") {
		t.Errorf("the rules are told as %+v", rules)
	}
	s.want("still", look(60))
	s.want("only the graph changed", s.lookWith(s.run.sight))
	s.sim.ResourceVersion = "2"
	s.want("it is back", s.lookWith(s.run.sight), "phase")
	s.want("and stays", look(65))
	s.sim.Status.PausedTime, s.sim.ResourceVersion = new(metav1.NewMicroTime(s.now())), "3"
	s.want("paused", s.look(), "phase")
	s.want("which takes its time", look(600))
}

func TestMeasurementsReachThePage(t *testing.T) {
	s := begin(t)
	if !s.run.runs() {
		t.Fatal("the run is not measured")
	}
	if err := s.run.measured(&metrics.Shown{Pods: map[string]metrics.Values{"shop-api-server-1": {wire.ColumnCPU: 40}}}, s.now()); err != nil {
		t.Fatal(err)
	}
	s.want("measured", s.hear(), "tick")
	if held := s.run.Feed.Snapshot(); *held.Tick.Columns[wire.ColumnCPU][2] != 40 {
		t.Errorf("columns %v, want 40 for api-server-1", held.Tick.Columns)
	}
}

func TestADeletedRunSaysGoodbye(t *testing.T) {
	s := begin(t)
	if err := s.run.gone(s.now()); err != nil {
		t.Fatal(err)
	}
	s.want("deleted", s.hear(), "phase", "bye")
}

func TestAGraphThatIsGoneLeavesThePicture(t *testing.T) {
	s := begin(t)
	blind := s.seen()
	blind.graph = nil
	if err := s.run.update(blind); err != nil {
		t.Fatal(err)
	}
	if held := s.run.Feed.Snapshot(); len(held.Topology.Nodes) != 2 {
		t.Errorf("%d nodes, want those that were known", len(held.Topology.Nodes))
	}
}
