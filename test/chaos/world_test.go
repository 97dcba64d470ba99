package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/controllers"
)

// errCrash ends a process: nothing it does after comes through.
var errCrash = errors.New("the process is dead")

// world is one rehearsal on a clock of its own, in a namespace of its own. Its
// reconcilers are called by hand, tick by tick.
type world struct {
	t         testing.TB
	namespace string
	now       time.Time
	meter     controllers.Meter
	// around gets in the way of writes.
	around func(w write, do func() error) error
	// events are what was told, by reason and note.
	events []string
	stream *stream
	// client is the manager's, and outlives the processes: one that starts has
	// seen all that its predecessor wrote.
	client client.Client

	ledger     *ledger
	graphs     reconcile.Reconciler
	source     reconcile.Reconciler
	runs       reconcile.Reconciler
	restarts   int
	everything []write
}

// Eventf takes an Event.
func (w *world) Eventf(_, _ runtime.Object, _, reason, _, note string, args ...any) {
	w.events = append(w.events, reason+": "+fmt.Sprintf(note, args...))
}

// newWorld begins an hour ahead, so that every pod has been ready for long.
func newWorld(t testing.TB, percent func(since time.Duration) float64, duration time.Duration, around func(write, func() error) error) *world {
	t.Helper()
	w := &world{t: t, namespace: newNamespace(t), now: time.Now().Add(time.Hour).Truncate(time.Second), around: around, stream: newStream()}
	w.client = consistentClient(t, w.namespace)
	begin := w.now
	w.meter = demand{percent: func(at time.Time) float64 { return percent(at.Sub(begin)) }, duration: duration}
	w.boot()
	return w
}

// consistentClient reads one namespace from a cache that has seen what was
// written through it, with the manager's rights.
func consistentClient(t testing.TB, namespace string) client.Client {
	t.Helper()
	options, err := controllers.ManagerOptions()
	if err != nil {
		t.Fatal(err)
	}
	config := rest.CopyConfig(cluster)
	config.Impersonate = rest.ImpersonationConfig{UserName: managerUser}
	reads, err := cache.New(config, cache.Options{Scheme: options.Scheme, Mapper: admin.RESTMapper(), DefaultNamespaces: map[string]cache.Config{namespace: {}}})
	if err != nil {
		t.Fatal(err)
	}
	err = reads.IndexField(t.Context(), &v1alpha1.Simulation{}, "spec.graphRef.name", func(o client.Object) []string {
		sim, ok := o.(*v1alpha1.Simulation)
		if !ok {
			return nil
		}
		return []string{sim.Spec.GraphRef.Name}
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = reads.Start(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	options.Client.Cache.Reader = reads
	c, err := client.New(config, client.Options{Scheme: options.Scheme, Mapper: admin.RESTMapper(), Cache: options.Client.Cache})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// boot makes a process without a memory.
func (w *world) boot() {
	if w.ledger != nil {
		w.ledger.verify(w.t)
		w.everything = append(w.everything, w.ledger.writes...)
	}
	w.ledger = &ledger{around: w.around}
	c := w.ledger.wrap(w.client)
	w.graphs = controllers.NewGraphReconciler(c, workloads)
	w.source = controllers.NewTopologySource(c, admin, w.stream)
	w.runs = controllers.NewSimulationReconciler(c, controllers.SimulationOptions{
		Desired: workloads, Meter: w.meter, Traces: admin, Recorder: w, Now: func() time.Time { return w.now }, ScrapeInterval: time.Second,
	})
}

// reconcile calls a reconciler once; it reports that the process died.
func (w *world) reconcile(r reconcile.Reconciler, name string) (died bool) {
	_, err := r.Reconcile(w.t.Context(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: w.namespace, Name: name}})
	if errors.Is(err, errCrash) {
		w.restarts++
		w.boot()
		return true
	}
	if err != nil {
		w.t.Fatalf("reconciling %s: %v", name, err)
	}
	return false
}

// tick takes every reconciler through one moment, from the start if one dies.
func (w *world) tick(step time.Duration) {
	for w.settle() || w.reconcile(w.runs, "run") || w.settle() {
		continue
	}
	w.now = w.now.Add(step)
}

// settle reconciles the graph until its workloads stand.
func (w *world) settle() (died bool) {
	for {
		before := len(w.ledger.writes)
		if w.reconcile(w.graphs, "shop") || w.reconcile(w.source, "shop") {
			return true
		}
		w.awaitPods()
		if len(w.ledger.writes) == before {
			return false
		}
	}
}

// awaitPods waits until Kubernetes has made and removed pods as it was asked.
func (w *world) awaitPods() {
	eventually(w.t, time.Minute, "Kubernetes makes the pods", func() bool {
		var deployments appsv1.DeploymentList
		var jobs batchv1.JobList
		var pods corev1.PodList
		for _, list := range []client.ObjectList{&deployments, &jobs, &pods} {
			if err := w.client.List(w.t.Context(), list, client.InNamespace(w.namespace)); err != nil {
				w.t.Fatal(err)
			}
		}
		wanted := 0
		for _, d := range deployments.Items {
			wanted += int(*d.Spec.Replicas)
		}
		for _, j := range jobs.Items {
			wanted += int(*j.Spec.Parallelism)
		}
		ready := 0
		for _, p := range pods.Items {
			if p.DeletionTimestamp == nil && slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady }) {
				ready++
			}
		}
		return ready == wanted && len(pods.Items) == wanted
	})
}

// play takes the world to the end of its run.
func (w *world) play(step time.Duration) {
	at := client.ObjectKey{Namespace: w.namespace, Name: "run"}
	eventually(w.t, time.Minute, "the run is seen", func() bool {
		return w.client.Get(w.t.Context(), at, &v1alpha1.Simulation{}) == nil
	})
	for range 100 {
		w.tick(step)
		var sim v1alpha1.Simulation
		if err := w.client.Get(w.t.Context(), at, &sim); err != nil {
			w.t.Fatal(err)
		}
		if sim.Status.CompletionTime != nil {
			w.tick(step)
			w.ledger.verify(w.t)
			w.everything = append(w.everything, w.ledger.writes...)
			return
		}
	}
	w.t.Fatal("the run does not end")
}

// outcome is all that a run leaves, without what differs between two runs that
// went alike: times, UIDs, and the names of pods.
func (w *world) outcome() string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	sim, cg := readSimulation(w.t, w.namespace, "run"), readGraph(w.t, w.namespace, "shop")
	conditions := func(of string, list []metav1.Condition) {
		for _, c := range list {
			say("%s: %s is %s because %s", of, c.Type, c.Status, c.Reason)
		}
	}
	conditions("run", sim.Status.Conditions)
	say("run: %s, %d decided", sim.Status.Progress, sim.Status.DecisionCount)
	for i, action := range actions(sim) {
		say("decision %d: %s", sim.Status.Decisions[i].ID, action)
	}
	conditions("graph", cg.Status.Conditions)
	say("graph: held by %s, entry %s, %s", cg.Status.HeldBy, cg.Status.Entry, cg.Status.Replicas)
	for _, c := range cg.Status.Components {
		say("component %s: %s %d/%d of %q", c.Name, c.Type, *c.ReadyReplicas, *c.Replicas, c.Origin.Rule)
		for _, i := range c.Instances {
			say("instance %s ready %v", i.ID, *i.Ready)
		}
	}
	for _, c := range cg.Status.Connections {
		say("connection %s -> %s of %q", c.From, c.To, c.Origin.Rule)
	}
	topology, _ := w.stream.of(w.namespace + "/shop")
	say("stream: entry %s, %d components, %d instances, finished %v", topology.Entry, len(topology.Architecture.Components), len(topology.Instances), topology.Plan != nil && topology.Plan.Finished)
	for name, o := range workloadsOf(w.t, w.namespace) {
		owner := metav1.GetControllerOf(o)
		if strings.HasPrefix(name, "Pod ") || strings.HasPrefix(name, "ReplicaSet ") {
			continue // those of Kubernetes' own controllers
		}
		if owner == nil || !slices.Contains([]string{string(sim.UID), string(cg.UID)}, string(owner.UID)) {
			say("%s is nobody's", name)
			continue
		}
		size := ""
		if d, ok := o.(*appsv1.Deployment); ok {
			size = fmt.Sprintf(" of %d, generation %d", *d.Spec.Replicas, d.Generation)
		}
		say("%s%s of %s %s", name, size, owner.Kind, owner.Name)
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// told counts the Events of a decision of the run.
func (w *world) told(d v1alpha1.Decision) int {
	n := 0
	for _, e := range w.events {
		if strings.HasPrefix(e, string(d.Action)+": ") && strings.Contains(e, d.Component) && strings.Contains(e, d.Reason) {
			n++
		}
	}
	return n
}
