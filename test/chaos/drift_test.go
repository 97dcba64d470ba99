package chaos

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// owned reads one object of the rig.
func owned[T client.Object](t *testing.T, r *rig, into T, name string) T {
	t.Helper()
	if err := admin.Get(t.Context(), client.ObjectKey{Namespace: r.namespace, Name: name}, into); err != nil {
		t.Fatal(err)
	}
	return into
}

// essence is what we wrote of an object, for comparison, without the labels that
// Kubernetes puts on Jobs.
func essence(o client.Object) any {
	labels := maps.Clone(o.GetLabels())
	maps.DeleteFunc(labels, func(name, _ string) bool {
		return strings.HasPrefix(name, "batch.kubernetes.io/") || name == "job-name" || name == "controller-uid"
	})
	switch o := o.(type) {
	case *appsv1.Deployment:
		return []any{labels, len(o.OwnerReferences), *o.Spec.Replicas, o.Spec.Template.Spec.Containers[0].Image, maps.Clone(o.Spec.Template.Labels)}
	case *corev1.Service:
		return []any{labels, len(o.OwnerReferences), maps.Clone(o.Spec.Selector), slices.Clone(o.Spec.Ports)}
	case *batchv1.Job:
		return []any{labels, len(o.OwnerReferences), *o.Spec.Parallelism}
	default:
		return nil
	}
}

// What somebody edits or deletes of ours is put right by one write.
func TestDriftIsPutRightByOneWrite(t *testing.T) {
	t.Parallel()
	three := int32(3)
	deployment := func(t *testing.T, r *rig) client.Object { return owned(t, r, &appsv1.Deployment{}, "shop-api") }
	service := func(t *testing.T, r *rig) client.Object { return owned(t, r, &corev1.Service{}, "shop-api") }
	job := func(t *testing.T, r *rig) client.Object { return owned(t, r, &batchv1.Job{}, "run-load") }
	edit := func(mutate func(client.Object)) func(*testing.T, client.Object) {
		return func(t *testing.T, o client.Object) { change(t, o, mutate) }
	}
	disown := edit(func(o client.Object) { o.SetOwnerReferences(nil) })
	strip := edit(func(o client.Object) { o.SetOwnerReferences(nil); o.SetLabels(nil) })
	tests := map[string]struct {
		read   func(*testing.T, *rig) client.Object
		injure func(*testing.T, client.Object)
	}{
		"a scaled deployment": {deployment, edit(func(o client.Object) { o.(*appsv1.Deployment).Spec.Replicas = &three })},
		"another image": {deployment, edit(func(o client.Object) {
			o.(*appsv1.Deployment).Spec.Template.Spec.Containers[0].Image = "example.org/other"
		})},
		"a relabelled deployment":           {deployment, edit(func(o client.Object) { o.GetLabels()[wire.LabelGraph] = "another" })},
		"a disowned deployment":             {deployment, disown},
		"a deployment without labels":       {deployment, strip},
		"a deleted deployment":              {deployment, remove},
		"a service that selects others":     {service, edit(func(o client.Object) { o.(*corev1.Service).Spec.Selector[wire.LabelComponent] = "db" })},
		"a disowned service":                {service, disown},
		"a deleted service":                 {service, remove},
		"a disowned job":                    {job, disown},
		"a job without labels":              {job, strip},
		"a deleted job while traffic flows": {job, remove},
		"a scaled job":                      {job, edit(func(o client.Object) { o.(*batchv1.Job).Spec.Parallelism = &three })},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, time.Hour, nil)
			r.begin(t, 3600, "")
			before := tt.read(t, r)
			applied := func() int {
				return r.ledger.count("apply " + kind(before) + " " + before.GetName())
			}
			writes, want := applied(), essence(before)
			tt.injure(t, before)
			eventually(t, 10*time.Second, "it is as it was", func() bool {
				var found client.Object
				for key, o := range workloadsOf(t, r.namespace) {
					if key == kind(before)+" "+before.GetName() && o.GetDeletionTimestamp() == nil {
						found = o
					}
				}
				return found != nil && cmp.Equal(want, essence(found))
			})
			throughout(t, 1500*time.Millisecond, "one write and no other", func() bool { return applied() == writes+1 })
		})
	}
}

func kind(o client.Object) string {
	switch o.(type) {
	case *appsv1.Deployment:
		return "Deployment"
	case *corev1.Service:
		return "Service"
	default:
		return "Job"
	}
}

const foreignDeployment = `
spec:
  replicas: 1
  selector: {matchLabels: {app: theirs}}
  template:
    metadata: {labels: {app: theirs}}
    spec: {containers: [{name: theirs, image: example.org/theirs}]}
`

const foreignJob = `
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: theirs, image: example.org/theirs}]}
`

// untouched wants an object that no field manager of ours has written.
func untouched(t *testing.T, o client.Object) {
	t.Helper()
	for _, f := range o.GetManagedFields() {
		if strings.HasPrefix(f.Manager, "flashcrowd") {
			t.Errorf("%s %s was written by %s", kind(o), o.GetName(), f.Manager)
		}
	}
	if len(o.GetOwnerReferences()) > 0 {
		t.Errorf("%s %s was adopted by %v", kind(o), o.GetName(), o.GetOwnerReferences())
	}
}

// What has a name that we would use and is not ours is named in a condition, and
// never touched. Once it is gone all goes on by itself.
func TestStrangersAreNeverAdopted(t *testing.T) {
	t.Parallel()
	t.Run("a deployment", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, time.Hour, nil)
		stranger := create(t, &appsv1.Deployment{}, r.namespace, "shop-api", foreignDeployment)
		create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
		obstructed(t, r, "Deployment shop-api")
		untouched(t, owned(t, r, &appsv1.Deployment{}, "shop-api"))
		remove(t, readGraph(t, r.namespace, "shop"))
		eventually(t, patience, "what was ours goes", func() bool { return replicas(t, r.namespace, "shop-db") == -1 })
		untouched(t, owned(t, r, &appsv1.Deployment{}, "shop-api"))
		create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
		remove(t, stranger)
		eventually(t, patience, "the graph stands", func() bool { return readGraph(t, r.namespace, "shop").Status.Replicas == "2/2" })
	})
	t.Run("a service", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, time.Hour, nil)
		create(t, &corev1.Service{}, r.namespace, "shop-db", "spec: {ports: [{port: 80}], selector: {app: theirs}}")
		create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
		obstructed(t, r, "Service shop-db")
		untouched(t, owned(t, r, &corev1.Service{}, "shop-db"))
	})
	t.Run("a job", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, time.Hour, nil)
		stranger := create(t, &batchv1.Job{}, r.namespace, "run-load", foreignJob)
		create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
		create(t, &v1alpha1.Simulation{}, r.namespace, "run", rehearsal(3600, ""))
		eventually(t, patience, "the run names the job", func() bool {
			return strings.HasPrefix(condition(readSimulation(t, r.namespace, "run").Status.Conditions, v1alpha1.ConditionSucceeded), "Unknown NameConflict: Job run-load exists and belongs to somebody else")
		})
		throughout(t, time.Second, "no traffic", func() bool { return readSimulation(t, r.namespace, "run").Status.StartTime == nil })
		untouched(t, owned(t, r, &batchv1.Job{}, "run-load"))
		remove(t, stranger)
		r.awaitTraffic(t)
	})
}

func obstructed(t *testing.T, r *rig, what string) {
	t.Helper()
	eventually(t, patience, "the graph names "+what, func() bool {
		words := condition(readGraph(t, r.namespace, "shop").Status.Conditions, v1alpha1.ConditionReady)
		return strings.HasPrefix(words, "False NameConflict") && strings.Contains(words, what)
	})
}
