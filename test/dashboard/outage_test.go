package dashboard

import (
	"net/http"
	"strings"
	"testing"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// TestAnOutageOfTheControlPlaneBlanksNothing cuts the way to the API server: who
// was looking goes on looking and is told, commands say that they were not
// carried out, and what happened meanwhile is told late.
func TestAnOutageOfTheControlPlaneBlanksNothing(t *testing.T) {
	s := newStage(t)
	r, editor := s.rehearse(), s.person("editor", editor)
	way := newWay(t)
	p := newProcess(t, way.config())
	p.start()
	p.ready()
	s.url = "http://" + p.address
	page := newWatcher(p.address, editor, r.id())
	hears := func(what string, holds func() bool) {
		t.Helper()
		if err := page.until(holds); err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
	}
	if err := page.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer page.close()
	hears("the run", func() bool { return page.phase.ControlPlane.OK && len(page.topology.Nodes) == 2 })
	path := "/api/simulation/" + r.id()
	if status, answer := s.ask(editor, http.MethodGet, path, nil); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}

	way.cut()
	hears("that the control plane is unreachable", func() bool {
		return strings.Contains(page.phase.ControlPlane.Message, "control plane unreachable since")
	})
	if status, answer := s.ask(editor, http.MethodGet, path, nil); status != http.StatusOK || !strings.Contains(string(answer), "control plane unreachable") {
		t.Errorf("reading during the outage: %d %s", status, answer)
	}
	if status, answer := s.ask(editor, http.MethodPost, "/api/simulation/stop", wire.StopRequest{SimulationID: r.id()}); status != http.StatusServiceUnavailable {
		t.Errorf("a command during the outage: %d %s", status, answer)
	}
	if status, answer := s.ask("a-stranger", http.MethodGet, path, nil); status != http.StatusServiceUnavailable {
		t.Errorf("a stranger during the outage: %d %s", status, answer)
	}
	late := newWatcher(p.address, editor, r.id())
	if err := late.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer late.close()
	if err := late.until(func() bool { return len(late.topology.Nodes) == 2 }); err != nil || late.phase.ControlPlane.OK {
		t.Errorf("a page that is opened during the outage: %+v, %v", late.phase, err)
	}
	r.grow()
	missed := r.alert()
	if page.knows(missed) {
		t.Error("the way is not cut")
	}

	way.heal()
	hears("that the control plane is back", func() bool { return page.phase.ControlPlane.OK })
	hears("what happened meanwhile", func() bool { return page.knows(missed) && len(page.decisions) == 1 && len(page.topology.IDs) == 5 })
	if status, answer := s.ask(editor, http.MethodPost, "/api/simulation/stop", wire.StopRequest{SimulationID: r.id()}); status != http.StatusOK {
		t.Errorf("a command after the outage: %d %s", status, answer)
	}
}

// TestADashboardStartsWithoutAControlPlane serves its page and says so meanwhile.
func TestADashboardStartsWithoutAControlPlane(t *testing.T) {
	s := newStage(t)
	r, viewer := s.rehearse(), s.person("viewer", viewer)
	way := newWay(t)
	way.cut()
	p := newProcess(t, way.config())
	p.start()
	s.url = "http://" + p.address
	if p.healthy("/readyz") {
		t.Error("ready without having read anything")
	}
	if status, answer := s.ask(viewer, http.MethodGet, "/", nil); status != http.StatusOK || !strings.Contains(string(answer), "<html") {
		t.Errorf("the page: %d %s", status, answer)
	}
	if status, answer := s.ask(viewer, http.MethodGet, "/api/simulations", nil); status != http.StatusServiceUnavailable || !strings.Contains(string(answer), "control plane") {
		t.Errorf("runs: %d %s", status, answer)
	}
	way.heal()
	p.ready()
	if status, answer := s.ask(viewer, http.MethodGet, "/api/simulation/"+r.id(), nil); status != http.StatusOK {
		t.Errorf("the run: %d %s", status, answer)
	}
}
