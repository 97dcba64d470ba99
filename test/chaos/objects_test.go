package chaos

import (
	"context"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// shop is an API server before a database, without a load balancer.
const shop = `
spec:
  components:
  - {name: api, type: APIServer}
  - {name: db, type: Database}
  connections:
  - {from: api, to: db}
`

// parse fills an object from YAML and puts it in its place.
func parse[T client.Object](t testing.TB, into T, namespace, name, text string) T {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
		t.Fatal(err)
	}
	into.SetNamespace(namespace)
	into.SetName(name)
	return into
}

// create creates an object from YAML.
func create[T client.Object](t testing.TB, into T, namespace, name, text string) T {
	t.Helper()
	o := parse(t, into, namespace, name, text)
	if err := admin.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return o
}

// rehearsal is the spec of a run on shop with short windows.
func rehearsal(durationSeconds int, more string) string {
	return fmt.Sprintf(`
spec:
  graphRef: {name: shop}
  durationSeconds: %d
  traffic: {requestsPerSecond: 100}
  autoScaling: {windowSeconds: 2%s}
`, durationSeconds, more)
}

func readGraph(t testing.TB, namespace, name string) *v1alpha1.ComponentGraph {
	t.Helper()
	var cg v1alpha1.ComponentGraph
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &cg); err != nil {
		t.Fatal(err)
	}
	return &cg
}

func readSimulation(t testing.TB, namespace, name string) *v1alpha1.Simulation {
	t.Helper()
	var sim v1alpha1.Simulation
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &sim); err != nil {
		t.Fatal(err)
	}
	return &sim
}

// change writes a spec as a user does, over whatever was written meanwhile.
func change[T client.Object](t *testing.T, o T, mutate func(T)) {
	t.Helper()
	before, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		t.Fatalf("%T is no object", o)
	}
	mutate(o)
	if err := admin.Patch(t.Context(), o, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
}

// condition is one condition of an object, as "status reason: message".
func condition(conditions []metav1.Condition, kind string) string {
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil {
		return ""
	}
	return fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
}

// stage is where a run is.
func stage(sim *v1alpha1.Simulation) string {
	c := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionSucceeded)
	if c == nil {
		return ""
	}
	return c.Reason
}

// actions are the decisions of a run in one line each.
func actions(sim *v1alpha1.Simulation) []string {
	var out []string
	for _, d := range sim.Status.Decisions {
		out = append(out, fmt.Sprintf("%s %s %d->%d by %s", d.Action, d.Component, d.From, d.To, d.Rule))
	}
	return out
}

// workloadsOf lists what graphs and runs own in a namespace, by kind and name.
func workloadsOf(t testing.TB, namespace string) map[string]client.Object {
	t.Helper()
	found := map[string]client.Object{}
	for kind, list := range map[string]client.ObjectList{
		"Deployment": &appsv1.DeploymentList{}, "Service": &corev1.ServiceList{}, "Job": &batchv1.JobList{}, "Pod": &corev1.PodList{}, "ReplicaSet": &appsv1.ReplicaSetList{},
	} {
		if err := admin.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
		items, err := meta.ExtractList(list)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range items {
			if o, ok := item.(client.Object); ok {
				found[kind+" "+o.GetName()] = o
			}
		}
	}
	return found
}

// explain tells what a failed test left.
func explain(t *testing.T, namespace string) {
	if !t.Failed() {
		return
	}
	ctx := context.WithoutCancel(t.Context())
	var graphs v1alpha1.ComponentGraphList
	var sims v1alpha1.SimulationList
	var pods corev1.PodList
	for _, list := range []client.ObjectList{&graphs, &sims, &pods} {
		if err := admin.List(ctx, list, client.InNamespace(namespace)); err != nil {
			t.Log(err)
		}
	}
	for _, cg := range graphs.Items {
		t.Logf("graph %s, held by %q: accepted %s; ready %s", cg.Name, cg.Status.HeldBy, condition(cg.Status.Conditions, v1alpha1.ConditionAccepted), condition(cg.Status.Conditions, v1alpha1.ConditionReady))
	}
	for i := range sims.Items {
		sim := &sims.Items[i]
		t.Logf("simulation %s: succeeded %s; decisions %v", sim.Name, condition(sim.Status.Conditions, v1alpha1.ConditionSucceeded), actions(sim))
	}
	for _, pod := range pods.Items {
		t.Logf("pod %s: %s", pod.Name, pod.Status.Phase)
	}
}
