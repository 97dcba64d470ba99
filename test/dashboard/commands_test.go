package dashboard

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	product "flashcrowd.io/flashcrowd/dashboard"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// TestTheHistoryKnowsWhoCommandedWhat has two people command a run, one who may not,
// and a dashboard that crashes afterwards.
func TestTheHistoryKnowsWhoCommandedWhat(t *testing.T) {
	s := newStage(t)
	ada, bob, viewer := s.person("ada", editor), s.person("bob", editor), s.person("viewer", viewer)
	p := newProcess(t, cluster.acting)
	p.history = filepath.Join(t.TempDir(), "history.db")
	p.start()
	p.ready()
	s.url = "http://" + p.address
	if status, answer := s.ask(bob, http.MethodPost, "/api/graphs", product.GraphDraft{Namespace: s.namespace, Name: "shop", Spec: shop()}); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	status, answer := s.ask(ada, http.MethodPost, "/api/simulation/start", wire.StartRequest{CanvasID: s.namespace + "/shop", TrafficIntensity: 100, Duration: 60})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	run := parsed[wire.StartResponse](t, answer).SimulationID
	path := "/api/simulation/" + run
	rate, mode := int32(250), "DryRun"
	want := []history.Command{{User: s.account("ada"), Action: history.ActionStarted}}
	for _, step := range []struct {
		who, token, method, path string
		body                     any
		action                   string
	}{
		{"ada", ada, http.MethodPatch, path + "/traffic", product.TrafficPatch{RequestsPerSecond: &rate}, "changed traffic"},
		{"viewer", viewer, http.MethodPatch, path + "/traffic", product.TrafficPatch{RequestsPerSecond: &rate}, ""},
		{"bob", bob, http.MethodPatch, path + "/autoscaling", wire.AutoScalingPatch{Mode: &mode}, "changed auto-scaling"},
		{"bob", bob, http.MethodPost, path + "/pause", nil, "set to Paused"},
		{"ada", ada, http.MethodPost, path + "/resume", nil, "set to Running"},
		{"bob", bob, http.MethodPost, "/api/simulation/stop", wire.StopRequest{SimulationID: run}, "stopped"},
		{"ada", ada, http.MethodPost, path + "/resume", nil, ""}, // a stopped run cannot go on
	} {
		status, answer := s.ask(step.token, step.method, step.path, step.body)
		if (status < 300) != (step.action != "") {
			t.Errorf("%s, %s %s: %d %s", step.who, step.method, step.path, status, answer)
		}
		if step.action != "" {
			want = append(want, history.Command{User: s.account(step.who), Action: step.action})
		}
	}

	store, err := history.Open(t.Context(), p.history)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	eventually(t, "every command is kept", func() bool { return len(commands(t, store, run)) >= len(want) })
	p.kill()
	p.start()
	p.ready()
	if diff := cmp.Diff(want, commands(t, store, run)); diff != "" {
		t.Errorf("commands (-want +kept):\n%s", diff)
	}
	if kept, err := store.Run(t.Context(), run); err != nil || kept.User != s.account("ada") {
		t.Errorf("the run is %q's, %v", kept.User, err)
	}
}

// account is the name that the API server gives a person.
func (s *stage) account(name string) string {
	return "system:serviceaccount:" + s.namespace + ":" + name
}

// commands of a run, in the order of time.
func commands(t *testing.T, store *history.Store, run string) []history.Command {
	t.Helper()
	events, err := store.Events(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	var all []history.Command
	for _, e := range events {
		if e.Type != history.EventCommand {
			continue
		}
		var c history.Command
		if err := json.Unmarshal(e.Data, &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}
