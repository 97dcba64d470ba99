package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// simulationOwner is the field owner of the simulation reconciler.
const simulationOwner = "flashcrowd-simulation"

// Meter measures components and runs.
type Meter interface {
	Observe(ctx context.Context, q metrics.Question) ([]scaling.Observation, error)
	Summarize(ctx context.Context, r metrics.Run) (metrics.Summary, error)
}

// SimulationOptions are what a SimulationReconciler works with.
type SimulationOptions struct {
	Desired desired.Options
	Meter   Meter
	// Traces reads ConfigMaps without a cache.
	Traces   client.Reader
	Recorder events.EventRecorder
	Now      func() time.Time
	// ScrapeInterval is how often the meter's source samples.
	ScrapeInterval time.Duration
}

// SimulationReconciler carries runs from their beginning to their verdict.
type SimulationReconciler struct {
	client  client.Client
	applier *applier
	o       SimulationOptions
	rules   *ruleCache
}

// NewSimulationReconciler makes a reconciler; Setup registers it.
func NewSimulationReconciler(c client.Client, o SimulationOptions) *SimulationReconciler {
	return &SimulationReconciler{client: c, applier: newApplier(c, simulationOwner), o: o, rules: newRuleCache()}
}

// concurrentSimulations bounds how many runs are reconciled at once: each waits
// for its metrics, none for another's.
const concurrentSimulations = 8

// Setup registers the reconciler, what wakes it, and the index of simulations by graph.
func (r *SimulationReconciler) Setup(ctx context.Context, mgr ctrl.Manager) error {
	err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.Simulation{}, graphRefField, func(o client.Object) []string {
		sim, ok := o.(*v1alpha1.Simulation)
		if !ok {
			return nil
		}
		return []string{sim.Spec.GraphRef.Name}
	})
	if err != nil {
		return fmt.Errorf("indexing simulations by graph: %w", err)
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("simulation").
		For(&v1alpha1.Simulation{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})). // its status is ours: a tick must not wake the next
		Owns(&batchv1.Job{}).
		Watches(&v1alpha1.ComponentGraph{}, handler.EnqueueRequestsFromMapFunc(r.simulationsOfGraph)).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrentSimulations}).
		Complete(r)
}

// simulationsOfGraph wakes the unfinished simulations of a graph that do not
// tick: those that wait for it, and those that pause.
func (r *SimulationReconciler) simulationsOfGraph(ctx context.Context, o client.Object) []ctrl.Request {
	var sims v1alpha1.SimulationList
	if err := r.client.List(ctx, &sims, client.InNamespace(o.GetNamespace()), client.MatchingFields{graphRefField: o.GetName()}); err != nil {
		return nil
	}
	var requests []ctrl.Request
	for i := range sims.Items {
		sim := &sims.Items[i]
		if !finished(sim) && (sim.Status.StartTime == nil || sim.Status.PausedTime != nil) {
			requests = append(requests, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(sim)})
		}
	}
	return requests
}

// pass is one reconcile of one simulation: what it read, what it will write.
type pass struct {
	sim    *v1alpha1.Simulation
	status *v1alpha1.SimulationStatus
	scene  scene
	now    time.Time
	// notes become Events once the status is written.
	notes []note
}

// note is an Event to be.
type note struct{ kind, reason, action, message string }

func (p *pass) say(kind, reason, action, message string) {
	p.notes = append(p.notes, note{kind, reason, action, message})
}

// stage sets the outcome and running conditions of a run that goes on.
func (p *pass) stage(reason, message string) {
	generation := p.sim.Generation
	running := metav1.ConditionFalse
	why := reason
	if reason == v1alpha1.ReasonRunning || reason == v1alpha1.ReasonFinishing {
		running, why = metav1.ConditionTrue, v1alpha1.ReasonTrafficFlowing
	}
	condition(&p.status.Conditions, generation, v1alpha1.ConditionSucceeded, metav1.ConditionUnknown, reason, message)
	condition(&p.status.Conditions, generation, v1alpha1.ConditionRunning, running, why, message)
	condition(&p.status.Conditions, generation, v1alpha1.ConditionFinished, metav1.ConditionFalse, v1alpha1.ReasonNotFinished, message)
}

// Reconcile takes one simulation one step further.
func (r *SimulationReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var sim v1alpha1.Simulation
	err := r.client.Get(ctx, req.NamespacedName, &sim)
	if apierrors.IsNotFound(err) || (err == nil && (sim.DeletionTimestamp != nil || finished(&sim))) {
		r.rules.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading the simulation: %w", err)
	}
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: r.o.Now()}
	p.status.ObservedGeneration = sim.Generation
	wait, err := r.advance(ctx, p)
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return ctrl.Result{}, nil // nothing can be made here any more
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	if err := r.report(ctx, p); err != nil {
		if apierrors.IsConflict(err) {
			return ctrl.Result{RequeueAfter: 10 * time.Millisecond}, nil // the user wrote meanwhile: look again
		}
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}

// advance does what the run's stage asks for and tells when to look again; zero
// waits for a change.
func (r *SimulationReconciler) advance(ctx context.Context, p *pass) (time.Duration, error) {
	holds, err := r.take(ctx, p)
	if err != nil || !holds {
		return 0, err
	}
	if p.status.StartTime == nil {
		return r.prepare(ctx, p)
	}
	return r.run(ctx, p)
}

// take reads the graph and reports whether this simulation holds it.
func (r *SimulationReconciler) take(ctx context.Context, p *pass) (bool, error) {
	var cg v1alpha1.ComponentGraph
	err := r.client.Get(ctx, client.ObjectKey{Namespace: p.sim.Namespace, Name: p.sim.Spec.GraphRef.Name}, &cg)
	if apierrors.IsNotFound(err) || (err == nil && cg.DeletionTimestamp != nil) {
		if p.status.StartTime != nil {
			r.finish(p, v1alpha1.ReasonGraphDeleted, fmt.Sprintf("ComponentGraph %s was deleted at %s", p.sim.Spec.GraphRef.Name, p.status.Progress))
			return false, nil
		}
		p.stage(v1alpha1.ReasonWaitingForGraph, fmt.Sprintf("there is no ComponentGraph %s in namespace %s: create it", p.sim.Spec.GraphRef.Name, p.sim.Namespace))
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading the graph: %w", err)
	}
	if p.scene, err = gatherScene(ctx, r.client, &cg); err != nil {
		return false, err
	}
	if holder := p.scene.holder; holder == nil || holder.UID != p.sim.UID {
		name := "another simulation"
		if holder != nil {
			name = holder.Name
		}
		p.stage(v1alpha1.ReasonWaitingForGraph, fmt.Sprintf("graph %s is held by simulation %s", cg.Name, name))
		return false, nil
	}
	return true, nil
}

// lead is how far ahead of its beginning a plan is published, so that every
// generator begins on time.
const lead = time.Second

// prepare waits for the graph and the generators, then sets the start.
func (r *SimulationReconciler) prepare(ctx context.Context, p *pass) (time.Duration, error) {
	if p.sim.Spec.State == v1alpha1.StateStopped {
		r.finish(p, v1alpha1.ReasonStoppedEarly, "stopped before traffic began")
		return 0, nil
	}
	if _, err := planOf(ctx, r.o.Traces, p.sim); errors.Is(err, errTraffic) {
		p.stage(v1alpha1.ReasonInvalidTraffic, err.Error())
		return 5 * time.Second, nil // a ConfigMap that appears wakes nobody
	} else if err != nil {
		return 0, err
	}
	cg := p.scene.graph
	if c := meta.FindStatusCondition(cg.Status.Conditions, v1alpha1.ConditionAccepted); c != nil && c.Status == metav1.ConditionFalse {
		p.stage(v1alpha1.ReasonWaitingForGraph, "the graph is not accepted: "+c.Message)
		return 0, nil
	}
	if !graphReady(p.scene) {
		p.stage(v1alpha1.ReasonPreparing, fmt.Sprintf("waiting for the graph: %s replicas are ready", cg.Status.Replicas))
		return 0, nil
	}
	switch err := r.ensureGenerators(ctx, p); {
	case errors.Is(err, errNameConflict):
		p.stage(v1alpha1.ReasonNameConflict, err.Error())
		return conflictPause, nil
	case errors.Is(err, errPredecessor):
		p.stage(v1alpha1.ReasonPreparing, err.Error())
		return 0, nil // it wakes us as it goes
	case err != nil:
		return 0, err
	}
	ready, wanted := readyGenerators(p.scene), int(*desired.GeneratorJob(p.sim, r.o.Desired).Spec.Completions)
	if ready < wanted {
		p.stage(v1alpha1.ReasonPreparing, fmt.Sprintf("waiting for the generators: %d of %d are ready", ready, wanted))
		return 200 * time.Millisecond, nil
	}
	start := metav1.NewMicroTime(p.now.Add(lead))
	p.status.StartTime = &start
	p.stage(v1alpha1.ReasonRunning, "traffic begins")
	p.say("Normal", "TrafficStarted", "StartTraffic", fmt.Sprintf("Traffic to graph %s begins, for %d seconds", cg.Name, *p.sim.Spec.DurationSeconds))
	return lead + time.Second, nil
}

// graphReady reports whether the live architecture, with this simulation as its
// holder, stands.
func graphReady(s scene) bool {
	status := s.graph.Status
	return s.holder != nil && status.HeldBy == s.holder.Name && status.ObservedGeneration == s.graph.Generation &&
		meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady)
}

func readyGenerators(s scene) int {
	ready := 0
	for _, pod := range s.generatorPods() {
		if pod.DeletionTimestamp == nil && generatorReady(pod) {
			ready++
		}
	}
	return ready
}

// ensureGenerators makes the Job of the run's generators.
func (r *SimulationReconciler) ensureGenerators(ctx context.Context, p *pass) error {
	at := client.ObjectKey{Namespace: p.sim.Namespace, Name: desired.GeneratorJobName(p.sim.Name)}
	return r.applier.ensure(ctx, p.sim, desired.GeneratorJob(p.sim, r.o.Desired), &batchv1.Job{}, at)
}

// report writes the status if it changed, then tells the Events.
func (r *SimulationReconciler) report(ctx context.Context, p *pass) error {
	if equality.Semantic.DeepEqual(&p.sim.Status, p.status) {
		return nil
	}
	updated := p.sim.DeepCopy()
	updated.Status = *p.status
	if err := r.client.Status().Update(ctx, updated); err != nil {
		return fmt.Errorf("writing the status of the simulation: %w", err)
	}
	var related runtime.Object
	if p.scene.graph != nil {
		related = p.scene.graph
	}
	for _, n := range p.notes {
		r.o.Recorder.Eventf(p.sim, related, n.kind, n.reason, n.action, "%s", desired.Cut(n.message, 1000))
	}
	return nil
}
