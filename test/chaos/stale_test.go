package chaos

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/controllers"
)

// A manager that no longer hears what happens, its own writes included, from the
// moment a rule fires, acts on the breach once; its reconciles end, and it goes
// on when it hears again.
func TestABreachHeardOfLateCausesOneAction(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	var breach, measured atomic.Bool
	hold := sync.OnceFunc(g.hold)
	r := newRig(t, time.Hour, func(s *setup) {
		s.config = g.config()
		s.change = func(o *ctrl.Options) { o.Controller.ReconciliationTimeout = time.Second }
		s.meter = demand{duration: time.Hour, percent: func(time.Time) float64 {
			if !breach.Load() {
				return 30
			}
			measured.Store(true)
			return 150
		}}
		s.ledger.around = func(w write, do func() error) error {
			if measured.Load() && w.kind == "Simulation" {
				hold()
			}
			return do()
		}
	})
	r.begin(t, 3600, "")
	breach.Store(true)
	decided := func() []string { return actions(readSimulation(t, r.namespace, "run")) }
	eventually(t, patience, "the breach is decided on", func() bool { return len(decided()) > 0 })
	throughout(t, 3*time.Second, "one action while the watches are away", func() bool {
		return slices.Equal(decided(), []string{"AddReplica api 1->2 by api-server"})
	})
	g.release()
	want := []string{"AddReplica api 1->2 by api-server", "InsertLoadBalancer api 0->1 by load-balancer"}
	eventually(t, patience, "the run goes on", func() bool { return slices.Equal(decided(), want) && replicas(t, r.namespace, "shop-api") == 2 })
	throughout(t, 2*time.Second, "no action twice", func() bool { return slices.Equal(decided(), want) })
}

// A namesake is created while the manager does not hear: what is decided for the
// old run is refused for the new one.
func TestANamesakeThatIsNotSeenYetInheritsNothing(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	r := newRig(t, time.Hour, func(s *setup) {
		s.config = g.config()
		s.change = func(o *ctrl.Options) { o.Controller.ReconciliationTimeout = time.Second }
	})
	r.begin(t, 3600, "")
	old := readSimulation(t, r.namespace, "run")
	g.hold()
	remove(t, old)
	create(t, &v1alpha1.Simulation{}, r.namespace, "run", rehearsal(3600, ""))
	r.load.percent.Store(150)
	throughout(t, 3*time.Second, "the new run has no status of the old one", func() bool {
		sim := readSimulation(t, r.namespace, "run")
		return sim.UID != old.UID && sim.Status.StartTime == nil && len(sim.Status.Decisions) == 0
	})
	r.load.percent.Store(30)
	g.release()
	r.awaitTraffic(t)
	if sim := readSimulation(t, r.namespace, "run"); len(sim.Status.Decisions) > 0 || !sim.Status.StartTime.After(old.Status.StartTime.Time) {
		t.Errorf("the new run began at %v with %v", sim.Status.StartTime, actions(sim))
	}
}

// The client of every manager sees its own writes, and no reconcile waits for
// them for ever.
func TestAManagerReadsItsOwnWrites(t *testing.T) {
	t.Parallel()
	options, err := controllers.ManagerOptions()
	if err != nil {
		t.Fatal(err)
	}
	if timeout := options.Controller.ReconciliationTimeout; timeout <= 0 || timeout > time.Minute {
		t.Errorf("a reconcile ends after %v", timeout)
	}
	r := newRig(t, time.Hour, nil)
	create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
	eventually(t, patience, "the graph stands", func() bool { return readGraph(t, r.namespace, "shop").Status.Replicas == "2/2" })
	var pods corev1.PodList
	if err := r.client.List(t.Context(), &pods, client.InNamespace(r.namespace)); err != nil {
		t.Fatal(err)
	}
	pod, stale := &pods.Items[0], 0
	for n := range 100 {
		marked := pod.DeepCopy()
		metav1.SetMetaDataAnnotation(&marked.ObjectMeta, "example.org/n", strconv.Itoa(n))
		if err := r.client.Patch(t.Context(), marked, client.MergeFrom(pod)); err != nil {
			t.Fatal(err)
		}
		if err := r.client.Get(t.Context(), client.ObjectKeyFromObject(pod), pod); err != nil {
			t.Fatal(err)
		}
		if pod.Annotations["example.org/n"] != strconv.Itoa(n) {
			stale++
		}
	}
	if stale > 0 {
		t.Errorf("%d of 100 reads did not see the write before them", stale)
	}
}

// Reads do not wait for untyped writes, so none may go through a manager's
// client: the ledger of every test here fails on one.
func TestUntypedObjectsAreCaught(t *testing.T) {
	t.Parallel()
	l := &ledger{}
	o := &unstructured.Unstructured{}
	o.SetAPIVersion("v1")
	o.SetKind("Namespace")
	if err := l.wrap(admin).Get(t.Context(), client.ObjectKey{Name: "default"}, o); err != nil {
		t.Fatal(err)
	}
	if len(l.breaches) != 1 {
		t.Errorf("breaches %v, want one", l.breaches)
	}
}
