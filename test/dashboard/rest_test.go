package dashboard

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	product "flashcrowd.io/flashcrowd/dashboard"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func parsed[T any](t *testing.T, answer []byte) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(answer, &value); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return value
}

func shop() v1alpha1.ComponentGraphSpec {
	return v1alpha1.ComponentGraphSpec{
		Components:  []v1alpha1.Component{{Name: "api-server", Type: v1alpha1.APIServer}, {Name: "database", Type: v1alpha1.Database}},
		Connections: []v1alpha1.Connection{{From: "api-server", To: "database"}},
	}
}

// problemDocument is an error as a client reads it.
type problemDocument struct {
	Errors []problemError `json:"errors"`
}

type problemError struct {
	Location string `json:"location"`
	Message  string `json:"message"`
}

// TestARunFromADrawnGraphToItsEnd goes the way of a page: draw, start, change,
// stop, delete; each step is seen in the API as the user wrote it.
func TestARunFromADrawnGraphToItsEnd(t *testing.T) {
	s := newStage(t)
	editor := s.person("editor", editor)
	status, answer := s.ask(editor, http.MethodPost, "/api/graphs", product.GraphDraft{Namespace: s.namespace, Name: "shop", Spec: shop()})
	if status != http.StatusOK {
		t.Fatalf("saving the graph: %d %s", status, answer)
	}
	graph := parsed[product.Graph](t, answer)
	if len(graph.Canvas.Nodes) != 2 || !strings.Contains(graph.YAML, "kind: ComponentGraph") || graph.ResourceVersion == "" {
		t.Errorf("the graph comes back as %s", answer)
	}
	name := s.namespace + "/shop"
	if status, answer = s.ask(editor, http.MethodPost, "/api/simulation/start", wire.StartRequest{CanvasID: name, TrafficIntensity: 100, AutoScalingEnabled: true, Duration: 60}); status != http.StatusOK {
		t.Fatalf("starting a run on it: %d %s", status, answer)
	}
	run := parsed[wire.StartResponse](t, answer)
	if run.CanvasID != graph.Summary.ID {
		t.Errorf("started %+v on graph %s", run, graph.Summary.ID)
	}
	path := "/api/simulation/" + run.SimulationID
	if status, answer = s.ask(editor, http.MethodGet, path, nil); status != http.StatusOK {
		t.Fatalf("asking for the run at once: %d %s", status, answer)
	}
	key := client.ObjectKey{Namespace: run.Namespace, Name: run.Name}
	rate, mode := int32(250), "DryRun"
	for _, step := range []struct {
		method, path string
		body         any
		holds        func(v1alpha1.SimulationSpec) bool
	}{
		{http.MethodPatch, path + "/traffic", product.TrafficPatch{RequestsPerSecond: &rate}, func(spec v1alpha1.SimulationSpec) bool { return *spec.Traffic.RequestsPerSecond == rate }},
		{http.MethodPatch, path + "/autoscaling", wire.AutoScalingPatch{Mode: &mode}, func(spec v1alpha1.SimulationSpec) bool {
			return spec.AutoScaling.Mode == v1alpha1.ModeDryRun && *spec.AutoScaling.Enabled
		}},
		{http.MethodPost, path + "/pause", nil, func(spec v1alpha1.SimulationSpec) bool { return spec.State == v1alpha1.StatePaused }},
		{http.MethodPost, path + "/resume", nil, func(spec v1alpha1.SimulationSpec) bool { return spec.State == v1alpha1.StateRunning }},
		{http.MethodPost, "/api/simulation/stop", wire.StopRequest{SimulationID: run.SimulationID}, func(spec v1alpha1.SimulationSpec) bool { return spec.State == v1alpha1.StateStopped }},
	} {
		if status, answer := s.ask(editor, step.method, step.path, step.body); status >= 300 {
			t.Fatalf("%s %s: %d %s", step.method, step.path, status, answer)
		}
		var sim v1alpha1.Simulation
		if err := cluster.admin.Get(t.Context(), key, &sim); err != nil {
			t.Fatal(err)
		}
		if !step.holds(sim.Spec) {
			t.Errorf("after %s %s: %+v", step.method, step.path, sim.Spec)
		}
	}
	if status, answer := s.ask(editor, http.MethodPost, path+"/resume", nil); status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "a stopped run cannot go on") {
		t.Errorf("going on with a stopped run: %d %s", status, answer)
	}
	if status, answer := s.ask(editor, http.MethodDelete, path, nil); status != http.StatusNoContent {
		t.Errorf("deleting the run: %d %s", status, answer)
	}
	eventually(t, "the run is gone", func() bool {
		status, _ = s.ask(editor, http.MethodGet, path, nil)
		return status == http.StatusNotFound
	})
}

func TestAFaultIsToldWithItsFieldInTheAPIServersWords(t *testing.T) {
	s := newStage(t)
	editor := s.person("editor", editor)
	spec := shop()
	spec.Components[0].Name = "Not A Name"
	draft := product.GraphDraft{Namespace: s.namespace, Name: "bad", Spec: spec}
	status, answer := s.ask(editor, http.MethodPost, "/api/graphs", draft)
	told := parsed[problemDocument](t, answer)
	if status != http.StatusUnprocessableEntity || !slices.ContainsFunc(told.Errors, func(e problemError) bool {
		return e.Location == "body.spec.components[0].name" && strings.Contains(e.Message, "write a name of lower-case letters")
	}) {
		t.Errorf("%d %s", status, answer)
	}
	status, answer = s.ask(editor, http.MethodPost, "/api/graphs/check", draft)
	result := parsed[wire.ValidationResult](t, answer)
	if status != http.StatusOK || result.Valid || !slices.ContainsFunc(result.Faults, func(f wire.ValidationFault) bool { return f.Field == "spec.components[0].name" }) {
		t.Errorf("checked: %d %s", status, answer)
	}
	draft.Spec = shop()
	draft.Spec.Connections[0].To = "nowhere"
	_, answer = s.ask(editor, http.MethodPost, "/api/graphs/check", draft)
	if result := parsed[wire.ValidationResult](t, answer); result.Valid || !strings.Contains(string(answer), "does not exist") {
		t.Errorf("a dangling connection: %s", answer)
	}
	draft.Spec = shop()
	_, answer = s.ask(editor, http.MethodPost, "/api/graphs/check", draft)
	if result := parsed[wire.ValidationResult](t, answer); !result.Valid {
		t.Errorf("a good graph: %s", answer)
	}
	var kept v1alpha1.ComponentGraphList
	if err := cluster.admin.List(t.Context(), &kept, client.InNamespace(s.namespace)); err != nil || len(kept.Items) != 0 {
		t.Errorf("%d graphs were saved by checks, %v", len(kept.Items), err)
	}
}

func TestNobodysChangeIsLost(t *testing.T) {
	s := newStage(t)
	editor := s.person("editor", editor)
	_, answer := s.ask(editor, http.MethodPost, "/api/graphs", product.GraphDraft{Namespace: s.namespace, Name: "shop", Spec: shop()})
	first := parsed[product.Graph](t, answer)
	path := "/api/graphs/" + url.PathEscape(s.namespace+"/shop")
	draft := product.GraphDraft{Name: "shop", Spec: shop(), ResourceVersion: first.ResourceVersion}
	draft.Spec.Components[0].Replicas = new(int32(2))
	status, answer := s.ask(editor, http.MethodPut, path, draft)
	if status != http.StatusOK {
		t.Fatalf("the first saves: %d %s", status, answer)
	}
	if status, answer = s.ask(editor, http.MethodPut, path, draft); status != http.StatusConflict {
		t.Errorf("a draft of an older version: %d %s", status, answer)
	}
	draft.ResourceVersion = ""
	if status, answer = s.ask(editor, http.MethodPut, path, draft); status != http.StatusUnprocessableEntity {
		t.Errorf("a draft of no version: %d %s", status, answer)
	}
}

func TestAGraphGoesToYAMLAndBack(t *testing.T) {
	s := newStage(t)
	viewer := s.person("viewer", viewer)
	draft := product.GraphDraft{Namespace: s.namespace, Name: "shop", Spec: shop()}
	_, answer := s.ask(viewer, http.MethodPost, "/api/graphs/yaml", draft)
	_, answer = s.ask(viewer, http.MethodPost, "/api/graphs/draft", parsed[product.YAMLDocument](t, answer))
	back := parsed[product.GraphDraft](t, answer)
	if back.Name != draft.Name || len(back.Spec.Components) != 2 || back.Spec.Connections[0].To != "database" {
		t.Errorf("came back as %s", answer)
	}
	if status, answer := s.ask(viewer, http.MethodPost, "/api/graphs/draft", product.YAMLDocument{YAML: "kind: ComponentGraph\nspce: {}"}); status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "spce") {
		t.Errorf("a misspelled field: %d %s", status, answer)
	}
}

// TestRolesDecide holds three people to their roles.
func TestRolesDecide(t *testing.T) {
	s := newStage(t)
	editor, viewer, nobody := s.person("editor", editor), s.person("viewer", viewer), s.person("nobody", nil)
	graph := product.GraphDraft{Namespace: s.namespace, Name: "shop", Spec: shop()}
	if status, answer := s.ask(editor, http.MethodPost, "/api/graphs", graph); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	id := s.namespace + "/shop"
	path := "/api/graphs/" + url.PathEscape(id)
	start := wire.StartRequest{CanvasID: id, TrafficIntensity: 1, Duration: 10}
	for _, tt := range []struct {
		who, token, method, path string
		body                     any
		want                     int
	}{
		{"viewer", viewer, http.MethodGet, path, nil, 200},
		{"viewer", viewer, http.MethodPost, "/api/simulation/start", start, 403},
		{"viewer", viewer, http.MethodDelete, path, nil, 403},
		{"viewer", viewer, http.MethodPost, "/api/graphs/check", graph, 403},
		{"nobody", nobody, http.MethodGet, path, nil, 403},
		{"nobody", nobody, http.MethodPost, "/api/simulation/start", start, 403},
		{"a stranger", "not-a-token", http.MethodGet, path, nil, 401},
		{"a stranger", "not-a-token", http.MethodGet, "/api/session", nil, 401},
	} {
		if status, answer := s.ask(tt.token, tt.method, tt.path, tt.body); status != tt.want {
			t.Errorf("%s, %s %s: %d %s, want %d", tt.who, tt.method, tt.path, status, answer, tt.want)
		}
	}
	_, answer := s.ask(nobody, http.MethodGet, "/api/graphs", nil)
	for _, row := range parsed[product.GraphList](t, answer).Items {
		t.Errorf("nobody sees %s/%s", row.Namespace, row.Name)
	}
	_, answer = s.ask(viewer, http.MethodGet, "/api/session?namespace="+s.namespace, nil)
	for _, one := range parsed[wire.Session](t, answer).Access {
		if one.Allowed || !strings.Contains(one.Reason, one.Action) {
			t.Errorf("a viewer's button: %+v", one)
		}
	}
}

func TestAScenarioIsStarted(t *testing.T) {
	s := newStage(t)
	token, err := account(t.Context(), s.namespace, "player", "default", editor)
	if err != nil {
		t.Fatal(err)
	}
	status, answer := s.ask(token, http.MethodPost, "/api/scenarios/scenario-1/start", nil)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	run := parsed[wire.StartResponse](t, answer)
	var cg v1alpha1.ComponentGraph
	if err := cluster.admin.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "shop"}, &cg); err != nil || string(cg.UID) != run.CanvasID {
		t.Errorf("the graph of %+v: %v", run, err)
	}
	if status, answer := s.ask(token, http.MethodPost, "/api/scenarios/worldcup98/start", nil); status != http.StatusUnprocessableEntity || !strings.Contains(string(answer), "flashcrowd run") {
		t.Errorf("one with a trace: %d %s", status, answer)
	}
}

func TestMeasurementsThatCannotBeHadAreSaid(t *testing.T) {
	s := newStage(t)
	editor := s.person("editor", editor)
	s.ask(editor, http.MethodPost, "/api/graphs", product.GraphDraft{Namespace: s.namespace, Name: "shop", Spec: shop()})
	_, answer := s.ask(editor, http.MethodPost, "/api/simulations", product.RunDraft{Namespace: s.namespace, Name: "run", Spec: v1alpha1.SimulationSpec{
		GraphRef: v1alpha1.GraphRef{Name: "shop"}, DurationSeconds: new(int32(60)), Traffic: v1alpha1.Traffic{RequestsPerSecond: new(int32(10))},
	}})
	path := "/api/simulation/" + parsed[wire.StartResponse](t, answer).SimulationID
	status, answer := s.ask(editor, http.MethodGet, path+"/metrics", nil)
	if status != http.StatusServiceUnavailable || !strings.Contains(string(answer), "metrics source") {
		t.Errorf("%d %s", status, answer)
	}
}
