package chaos

import (
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// A run writes its status once a tick, however often its own writes wake it.
func TestARunWritesItsStatusOnceATick(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	l := &ledger{}
	load := &steady{}
	load.percent.Store(30)
	s := newStream()
	start(t, setup{namespace: namespace, meter: demand{percent: load.at, duration: time.Minute}, ledger: l, stream: s})
	create(t, &v1alpha1.ComponentGraph{}, namespace, "shop", shop)
	create(t, &v1alpha1.Simulation{}, namespace, "run", rehearsal(60, ""))
	eventually(t, 20*time.Second, "traffic flows", func() bool { return readSimulation(t, namespace, "run").Status.ElapsedSeconds >= 1 })
	before, began := l.count("Simulation"), time.Now()
	eventually(t, 20*time.Second, "five seconds pass", func() bool { return readSimulation(t, namespace, "run").Status.ElapsedSeconds >= 6 })
	if wrote, most := l.count("Simulation")-before, int(time.Since(began).Seconds())+3; wrote > most {
		t.Errorf("%d writes of the run in %v, want one a second", wrote, time.Since(began).Round(time.Second))
	}
}
