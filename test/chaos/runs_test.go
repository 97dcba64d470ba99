package chaos

import (
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

func TestASecondRunWaitsAndSaysForWhom(t *testing.T) {
	t.Parallel()
	r := newRig(t, 15*time.Second, nil)
	r.begin(t, 15, "")
	create(t, &v1alpha1.Simulation{}, r.namespace, "next", rehearsal(15, ""))
	eventually(t, patience, "the second says for whom it waits", func() bool {
		return condition(readSimulation(t, r.namespace, "next").Status.Conditions, v1alpha1.ConditionSucceeded) ==
			"Unknown WaitingForGraph: graph shop is held by simulation run"
	})
	eventually(t, patience, "the second takes the graph over", func() bool { return readGraph(t, r.namespace, "shop").Status.HeldBy == "next" })
	first := readSimulation(t, r.namespace, "run")
	if stage(first) != v1alpha1.ReasonObjectivesMet {
		t.Errorf("the first ended as %s", condition(first.Status.Conditions, v1alpha1.ConditionSucceeded))
	}
	eventually(t, patience, "the second ends", func() bool { return stage(readSimulation(t, r.namespace, "next")) == v1alpha1.ReasonObjectivesMet })
	if next := readSimulation(t, r.namespace, "next"); next.Status.StartTime.Before(first.Status.CompletionTime) {
		t.Errorf("the second began at %v, before the first ended at %v", next.Status.StartTime, first.Status.CompletionTime)
	}
}

// replicas is the size of a Deployment, -1 if there is none.
func replicas(t *testing.T, namespace, name string) int32 {
	t.Helper()
	var d appsv1.Deployment
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &d); err != nil {
		if client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
		return -1
	}
	return *d.Spec.Replicas
}

func TestAfterCompletion(t *testing.T) {
	t.Parallel()
	for _, after := range []v1alpha1.AfterCompletion{v1alpha1.KeepArchitecture, v1alpha1.RevertArchitecture} {
		t.Run(string(after), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 15*time.Second, nil)
			r.load.percent.Store(150)
			r.begin(t, 15, ", afterCompletion: "+string(after))
			grown := func() bool {
				return replicas(t, r.namespace, "shop-api") == 2 && replicas(t, r.namespace, "shop-load-balancer") == 1
			}
			reverted := func() bool {
				return replicas(t, r.namespace, "shop-api") == 1 && replicas(t, r.namespace, "shop-load-balancer") == -1
			}
			eventually(t, patience, "the architecture grows", grown)
			eventually(t, patience, "the run ends", func() bool { return readSimulation(t, r.namespace, "run").Status.CompletionTime != nil })
			if after == v1alpha1.KeepArchitecture {
				throughout(t, time.Second, "the architecture stays", grown)
				if err := admin.Delete(t.Context(), readSimulation(t, r.namespace, "run")); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, patience, "the architecture is the user's again", reverted)
			eventually(t, patience, "nobody holds the graph", func() bool { return readGraph(t, r.namespace, "shop").Status.HeldBy == "" })
		})
	}
}

// A run that is deleted and created again under its name is another run: it has
// generators, decisions and a beginning of its own.
func TestANamesakeInheritsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour, nil)
	r.load.percent.Store(150)
	r.begin(t, 3600, "")
	eventually(t, patience, "the first run decides", func() bool { return len(readSimulation(t, r.namespace, "run").Status.Decisions) == 2 })
	first := readSimulation(t, r.namespace, "run")
	r.load.percent.Store(30)
	if err := admin.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	create(t, &v1alpha1.Simulation{}, r.namespace, "run", rehearsal(3600, ""))
	r.awaitTraffic(t)
	second := readSimulation(t, r.namespace, "run")
	if second.UID == first.UID || len(second.Status.Decisions) != 0 {
		t.Errorf("the second run has the decisions %v", actions(second))
	}
	var job batchv1.Job
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: r.namespace, Name: "run-load"}, &job); err != nil {
		t.Fatal(err)
	}
	if !metav1.IsControlledBy(&job, second) {
		t.Errorf("the generators belong to %v", job.OwnerReferences)
	}
	if began := second.Status.StartTime.Time; began.Before(job.CreationTimestamp.Time) {
		t.Errorf("traffic began at %v, before the run had generators, at %v", began, job.CreationTimestamp)
	}
	topology, _ := r.topologies.of(r.shop())
	if topology.Plan.UID != string(second.UID) {
		t.Errorf("the plan is that of %s", topology.Plan.UID)
	}
	for _, g := range topology.Generators {
		var pod corev1.Pod
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: r.namespace, Name: g.Pod}, &pod); err != nil {
			t.Fatal(err)
		}
		if !metav1.IsControlledBy(&pod, &job) {
			t.Errorf("generator %s belongs to %v", g.Pod, pod.OwnerReferences)
		}
	}
	if replicas(t, r.namespace, "shop-api") != 1 {
		t.Error("the architecture is still that of the first run")
	}
}

// A change of traffic reaches the stream within a second; deleting the run stops
// its plan within two.
func TestChangesReachTheStreamInTime(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour, nil)
	r.begin(t, 3600, "")
	rate := int32(321)
	change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.Traffic.RequestsPerSecond = &rate })
	eventually(t, time.Second, "the plan has the new rate", func() bool {
		topology, _ := r.topologies.of(r.shop())
		return topology.Plan.Traffic.Profile.Rate(0) == 321
	})
	cores := int32(3)
	change(t, readGraph(t, r.namespace, "shop"), func(cg *v1alpha1.ComponentGraph) {
		cg.Spec.Components[0].Capacity = &v1alpha1.Capacity{Cores: &cores}
	})
	eventually(t, time.Second, "the topology has the new cores", func() bool {
		topology, _ := r.topologies.of(r.shop())
		api, _ := topology.Architecture.Component("api")
		return api.Capacity.Cores == 3
	})
	change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.State = v1alpha1.StatePaused })
	eventually(t, 2*time.Second, "traffic pauses", func() bool { return !r.topologies.flows(r.shop()) })
	change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.State = v1alpha1.StateRunning })
	eventually(t, 2*time.Second, "traffic goes on", func() bool { return r.topologies.flows(r.shop()) })
	change(t, readSimulation(t, r.namespace, "run"), func(sim *v1alpha1.Simulation) { sim.Spec.State = v1alpha1.StateStopped })
	eventually(t, 2*time.Second, "traffic stops", func() bool { return !r.topologies.flows(r.shop()) })
	eventually(t, patience, "the run says that it ends", func() bool {
		return slices.Contains([]string{v1alpha1.ReasonFinishing, v1alpha1.ReasonStoppedEarly}, stage(readSimulation(t, r.namespace, "run")))
	})
}
