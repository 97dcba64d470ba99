package dashboard

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTwoHundredPagesThroughCutsAndACrash cuts 200 pages off at random, kills
// the dashboard in the middle and starts it again. Afterwards every page holds
// what the objects say, and what the server says; each decision and alert is
// known, and nothing is missing without a word.
func TestTwoHundredPagesThroughCutsAndACrash(t *testing.T) {
	const pages, steps = 200, 24
	s := newStage(t)
	r, viewer := s.rehearse(), s.person("viewer", viewer)
	p := newProcess(t, cluster.acting)
	p.start()
	p.ready()
	finished := func(w *watcher) bool {
		return len(w.decisions) == steps && len(w.alerts) == steps && len(w.topology.IDs) == 2+1+1+steps
	}
	all, faults := make([]*watcher, pages), make([]error, pages)
	var group sync.WaitGroup
	for i := range all {
		all[i] = newWatcher(p.address, viewer, r.id())
		group.Go(func() { faults[i] = all[i].follow(t, rand.New(rand.NewPCG(1, uint64(i))), finished) })
	}
	for step := range steps {
		if step == steps/2 {
			p.kill()
		}
		if step == steps/2+2 { // two steps happen while nobody tells of them
			p.start()
		}
		r.grow()
		r.alert()
	}
	group.Wait()
	fresh := newWatcher(p.address, viewer, r.id())
	if err := fresh.connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer fresh.close()
	if err := fresh.until(func() bool { return finished(fresh) }); err != nil {
		t.Fatal(err)
	}
	r.holds(t, fresh)
	for i, w := range all {
		if faults[i] != nil {
			t.Fatalf("page %d: %v", i, faults[i])
		}
		if diff := cmp.Diff(fresh.topology, w.topology); diff != "" {
			t.Fatalf("page %d shows another picture (-server +page):\n%s", i, diff)
		}
		if diff := cmp.Diff(fresh.alerts, w.alerts); diff != "" {
			t.Fatalf("page %d knows other alerts (-server +page):\n%s", i, diff)
		}
		if w.gaps != 1 {
			t.Errorf("page %d was told of %d gaps, want the one of the crash", i, w.gaps)
		}
	}
}

// follow watches until the run has come to its end, cut off again and again.
func (w *watcher) follow(t *testing.T, chance *rand.Rand, finished func(*watcher) bool) error {
	deadline := time.Now().Add(90 * time.Second)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !finished(w) {
		if time.Now().After(deadline) {
			return fmt.Errorf("holds %d decisions, %d alerts and %d boxes only", len(w.decisions), len(w.alerts), len(w.topology.IDs))
		}
		cut := chance.IntN(40)
		err := w.connect(t.Context())
		for heard := 0; err == nil && heard <= cut && !finished(w); heard++ {
			err = w.hear()
		}
		w.close()
		if errors.Is(err, errSilentGap) {
			return err
		}
		<-again.C
	}
	return nil
}

// holds compares a picture with what the objects say.
func (r *rehearsal) holds(t *testing.T, w *watcher) {
	t.Helper()
	for _, live := range r.graph.Status.Components {
		for _, node := range w.topology.Nodes {
			if node.ID != live.Name {
				continue
			}
			ids := []string{}
			for _, i := range node.Instances {
				ids = append(ids, i.ID)
			}
			want := []string{}
			for _, i := range live.Instances {
				want = append(want, i.ID)
			}
			if diff := cmp.Diff(want, ids); diff != "" || node.Ready != *live.ReadyReplicas {
				t.Errorf("%s (-object +picture), %d ready:\n%s", live.Name, node.Ready, diff)
			}
		}
	}
	if text, err := json.Marshal(w.topology); err != nil || len(w.topology.Nodes) != len(r.graph.Status.Components) {
		t.Errorf("drawn: %s %v", text, err)
	}
}
