package chaos

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// stages take a run to where it is to be deleted.
var stages = map[string]func(t *testing.T, r *rig){
	"preparing": func(t *testing.T, r *rig) {
		create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", "spec: {components: [{name: never, type: Database}]}")
		create(t, &v1alpha1.Simulation{}, r.namespace, "run", rehearsal(3600, ""))
		eventually(t, patience, "the run prepares", func() bool { return stage(readSimulation(t, r.namespace, "run")) == v1alpha1.ReasonPreparing })
	},
	"running": func(t *testing.T, r *rig) { r.begin(t, 3600, "") },
	"grown": func(t *testing.T, r *rig) {
		r.load.percent.Store(150)
		r.begin(t, 3600, "")
		eventually(t, patience, "the architecture grows", func() bool { return replicas(t, r.namespace, "shop-load-balancer") == 1 })
	},
	"paused": func(t *testing.T, r *rig) {
		r.begin(t, 3600, "")
		change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.State = v1alpha1.StatePaused })
		eventually(t, patience, "the run pauses", func() bool { return stage(readSimulation(t, r.namespace, "run")) == v1alpha1.ReasonPaused })
	},
	"finished": func(t *testing.T, r *rig) {
		r.begin(t, 10, "")
		eventually(t, patience, "the run ends", func() bool { return readSimulation(t, r.namespace, "run").Status.CompletionTime != nil })
	},
}

// deletions delete something, and want what it leaves.
var deletions = map[string]func(t *testing.T, r *rig, in string){
	"the run": func(t *testing.T, r *rig, _ string) {
		remove(t, readSimulation(t, r.namespace, "run"))
		stopsInTime(t, r)
		eventually(t, 10*time.Second, "nothing of the run is left", func() bool { return left(t, r.namespace, "run-load") == 0 })
		eventually(t, patience, "the user's architecture is left", func() bool { return replicas(t, r.namespace, "shop-load-balancer") == -1 })
		if readGraph(t, r.namespace, "shop").DeletionTimestamp != nil {
			t.Error("the graph goes too")
		}
	},
	"the graph": func(t *testing.T, r *rig, in string) {
		remove(t, readGraph(t, r.namespace, "shop"))
		eventually(t, 2*time.Second, "the stream tells the generators to stop", func() bool {
			topology, told := r.topologies.of(r.shop())
			return told && topology.Plan == nil
		})
		eventually(t, 10*time.Second, "nothing of the graph is left", func() bool { return left(t, r.namespace, "shop-") == 0 })
		want := map[string]string{"preparing": v1alpha1.ReasonWaitingForGraph, "finished": v1alpha1.ReasonObjectivesMet}[in]
		if want == "" {
			want = v1alpha1.ReasonGraphDeleted
		}
		eventually(t, patience, "the run says so", func() bool { return stage(readSimulation(t, r.namespace, "run")) == want })
	},
	"the namespace": func(t *testing.T, r *rig, _ string) {
		remove(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: r.namespace}})
		eventually(t, 30*time.Second, "the namespace is gone, and all in it", func() bool {
			err := admin.Get(t.Context(), client.ObjectKey{Name: r.namespace}, &corev1.Namespace{})
			return apierrors.IsNotFound(err)
		})
	},
}

func remove(t *testing.T, o client.Object) {
	t.Helper()
	if err := admin.Delete(t.Context(), o, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
}

// stopsInTime wants the generators to be told, within two seconds, that their run
// is over.
func stopsInTime(t *testing.T, r *rig) {
	t.Helper()
	eventually(t, 2*time.Second, "the load stops", func() bool { return !r.topologies.flows(r.shop()) })
}

// left counts the workloads whose names begin so.
func left(t *testing.T, namespace, prefix string) int {
	t.Helper()
	n := 0
	for name := range workloadsOf(t, namespace) {
		if _, name, _ := strings.Cut(name, " "); strings.HasPrefix(name, prefix) {
			n++
		}
	}
	return n
}

// What is deleted, in whatever stage, stops its load and leaves nothing.
func TestDeletion(t *testing.T) {
	t.Parallel()
	for in, reach := range stages {
		for what, delete := range deletions {
			t.Run(what+" while "+in, func(t *testing.T) {
				t.Parallel()
				duration := time.Hour
				if in == "finished" {
					duration = 10 * time.Second
				}
				r := newRig(t, duration, nil)
				reach(t, r)
				delete(t, r, in)
			})
		}
	}
}

// Without a manager Kubernetes collects what was owned: the load stops with the
// pods of its generators. A manager that comes later finds nothing to do but to
// tell what became of the run.
func TestDeletionWithoutAManager(t *testing.T) {
	t.Parallel()
	t.Run("of the run", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, time.Hour, nil)
		r.begin(t, 3600, "")
		r.stop()
		remove(t, readSimulation(t, r.namespace, "run"))
		eventually(t, 10*time.Second, "nothing of the run is left", func() bool { return left(t, r.namespace, "run-load") == 0 })
	})
	t.Run("of the graph", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, time.Hour, nil)
		r.begin(t, 3600, "")
		r.stop()
		remove(t, readGraph(t, r.namespace, "shop"))
		eventually(t, 10*time.Second, "nothing of the graph is left", func() bool { return left(t, r.namespace, "shop-") == 0 })
		r.restart(t)
		eventually(t, patience, "the generators are told to stop", func() bool {
			topology, known := r.topologies.of(r.shop())
			return known && topology.Plan == nil
		})
		eventually(t, patience, "the run says so", func() bool { return stage(readSimulation(t, r.namespace, "run")) == v1alpha1.ReasonGraphDeleted })
	})
	t.Run("of the namespace", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, time.Hour, nil)
		r.begin(t, 3600, "")
		r.stop()
		remove(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: r.namespace}})
		eventually(t, 30*time.Second, "the namespace is gone", func() bool {
			return apierrors.IsNotFound(admin.Get(t.Context(), client.ObjectKey{Name: r.namespace}, &corev1.Namespace{}))
		})
	})
}
