package chaos

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A run writes its status once a tick, however often its own writes wake it.
func TestARunWritesItsStatusOnceATick(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour, nil)
	r.begin(t, 3600, "")
	before, began := r.ledger.count("Simulation"), time.Now()
	eventually(t, patience, "five seconds pass", func() bool { return readSimulation(t, r.namespace, "run").Status.ElapsedSeconds >= 6 })
	if wrote, most := r.ledger.count("Simulation")-before, int(time.Since(began).Seconds())+3; wrote > most {
		t.Errorf("%d writes of the run in %v, want one a second", wrote, time.Since(began).Round(time.Second))
	}
}

// versions are the resource versions of all that a namespace holds.
func versions(t *testing.T, namespace string) map[string]string {
	t.Helper()
	found := map[string]string{"graph": readGraph(t, namespace, "shop").ResourceVersion, "run": readSimulation(t, namespace, "run").ResourceVersion}
	for name, o := range workloadsOf(t, namespace) {
		if _, pod := o.(*corev1.Pod); !pod {
			found[name] = o.GetResourceVersion()
		}
	}
	return found
}

// Where everything stands as it should, nothing is written: not over time, not
// when something stirs, and not by a manager that has just started.
func TestNothingIsWrittenOnceAllStands(t *testing.T) {
	t.Parallel()
	r := newRig(t, 15*time.Second, nil)
	r.load.percent.Store(150)
	r.begin(t, 15, "")
	eventually(t, patience, "the run is over and the graph stands", func() bool {
		cg := readGraph(t, r.namespace, "shop")
		return readSimulation(t, r.namespace, "run").Status.CompletionTime != nil && cg.Status.Replicas == "4/4"
	})
	quiet := func() bool { // the last echo of the run has died away
		before := r.ledger.count()
		<-time.After(3 * time.Second)
		return r.ledger.count() == before
	}
	eventually(t, patience, "three seconds without a write", quiet)
	before, writes := versions(t, r.namespace), r.ledger.count()
	throughout(t, 8*time.Second, "no writes", func() bool { return r.ledger.count() == writes })

	var pods corev1.PodList
	if err := admin.List(t.Context(), &pods, client.InNamespace(r.namespace)); err != nil {
		t.Fatal(err)
	}
	for n := range 30 {
		change(t, &pods.Items[n%len(pods.Items)], func(p *corev1.Pod) {
			metav1.SetMetaDataAnnotation(&p.ObjectMeta, "example.org/stir", strconv.Itoa(n))
		})
	}
	throughout(t, time.Second, "no writes when pods stir", func() bool { return r.ledger.count() == writes })

	r.stop()
	r.ledger = &ledger{}
	r.restart(t)
	eventually(t, patience, "the new manager serves the graph", func() bool { _, known := r.topologies.of(r.shop()); return known })
	throughout(t, time.Second, "nothing is written when a manager starts", func() bool {
		return r.ledger.count() == 0 && cmp.Equal(before, versions(t, r.namespace))
	})
}
