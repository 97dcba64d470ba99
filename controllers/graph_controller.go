package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// graphOwner is the field owner of the graph reconciler.
const graphOwner = "flashcrowd-componentgraph"

// GraphReconciler turns graphs into workloads and tells what runs.
type GraphReconciler struct {
	client  client.Client
	applier *applier
	options desired.Options
	layouts *layouts
}

// NewGraphReconciler makes a reconciler; Setup registers it.
func NewGraphReconciler(c client.Client, options desired.Options) *GraphReconciler {
	return &GraphReconciler{client: c, applier: newApplier(c, graphOwner), options: options, layouts: newLayouts()}
}

// Setup registers the reconciler and what wakes it.
func (r *GraphReconciler) Setup(mgr ctrl.Manager) error {
	return ctrl.NewControllerManagedBy(mgr).
		Named("componentgraph").
		For(&v1alpha1.ComponentGraph{}).
		Owns(&appsv1.Deployment{}).
		Owns(&corev1.Service{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(graphOfLabels)).
		Watches(&v1alpha1.Simulation{}, handler.EnqueueRequestsFromMapFunc(graphOfSimulation)).
		Watches(&autoscalingv2.HorizontalPodAutoscaler{}, handler.EnqueueRequestsFromMapFunc(r.graphOfAutoscaler)).
		Complete(r)
}

// graphOfLabels wakes the graph that a pod belongs to.
func graphOfLabels(_ context.Context, o client.Object) []ctrl.Request {
	name := o.GetLabels()[wire.LabelGraph]
	if name == "" {
		return nil
	}
	return []ctrl.Request{{NamespacedName: client.ObjectKey{Namespace: o.GetNamespace(), Name: name}}}
}

// graphOfSimulation wakes the graph that a simulation plays on.
func graphOfSimulation(_ context.Context, o client.Object) []ctrl.Request {
	sim, ok := o.(*v1alpha1.Simulation)
	if !ok {
		return nil
	}
	return []ctrl.Request{{NamespacedName: client.ObjectKey{Namespace: sim.Namespace, Name: sim.Spec.GraphRef.Name}}}
}

// conflictPause is how often a name that somebody else holds is tried again.
const conflictPause = 5 * time.Second

// Reconcile brings the workloads of one graph to its live architecture.
func (r *GraphReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var cg v1alpha1.ComponentGraph
	if err := r.client.Get(ctx, req.NamespacedName, &cg); err != nil {
		r.layouts.forget(req.NamespacedName)
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if cg.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	s, err := gatherScene(ctx, r.client, &cg)
	if err != nil {
		return ctrl.Result{}, err
	}
	a, faults, err := s.architectures()
	if err != nil {
		return ctrl.Result{}, err
	}
	if len(faults) > 0 {
		return ctrl.Result{}, r.report(ctx, &cg, refused(&cg, faults))
	}
	if a.live, err = r.adopted(ctx, s, a.live); err != nil {
		return ctrl.Result{}, err
	}
	applyErr := r.apply(ctx, s, a.live)
	if apierrors.HasStatusCause(applyErr, corev1.NamespaceTerminatingCause) {
		return ctrl.Result{}, nil // nothing can be made here any more
	}
	if err := r.report(ctx, &cg, accepted(s, a, r.layouts.lay(s, a), applyErr)); err != nil {
		return ctrl.Result{}, err
	}
	if inTheWay(applyErr) {
		return ctrl.Result{RequeueAfter: conflictPause}, nil // only its owner can mend it
	}
	return ctrl.Result{}, applyErr
}

// apply makes the workloads of the live architecture and removes the others.
func (r *GraphReconciler) apply(ctx context.Context, s scene, live graph.Architecture) error {
	var failed error
	wanted := map[string]bool{}
	for _, c := range live.Components {
		name := desired.WorkloadName(s.graph.Name, c.Name)
		wanted[name] = true
		at := client.ObjectKey{Namespace: s.graph.Namespace, Name: name}
		failed = errors.Join(failed,
			r.markForDeletion(ctx, s, c.Name),
			r.applier.ensure(ctx, s.graph, desired.Deployment(s.graph, c, r.options), &appsv1.Deployment{}, at),
			r.applier.ensure(ctx, s.graph, desired.Service(s.graph, c.Name), &corev1.Service{}, at))
	}
	return errors.Join(failed, r.removeOthers(ctx, s, wanted))
}

// markForDeletion tells Kubernetes which pods of a component to remove first.
func (r *GraphReconciler) markForDeletion(ctx context.Context, s scene, component string) error {
	pods := s.podsOf(component)
	costs := desired.DeletionCosts(s.instances(component), pods)
	for i := range pods {
		cost, wrong := costs[pods[i].Name]
		if !wrong {
			continue
		}
		marked := pods[i].DeepCopy()
		metav1.SetMetaDataAnnotation(&marked.ObjectMeta, desired.DeletionCostAnnotation, cost)
		err := r.client.Patch(ctx, marked, client.MergeFrom(&pods[i]), client.FieldOwner(graphOwner)) // an apply would make a pod that has gone
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("marking a pod of %s: %w", component, err)
		}
	}
	return nil
}

// removeOthers deletes workloads of the graph that the live architecture has not.
func (r *GraphReconciler) removeOthers(ctx context.Context, s scene, wanted map[string]bool) error {
	mine := []client.ListOption{client.InNamespace(s.graph.Namespace), client.MatchingLabels{wire.LabelGraph: s.graph.Name}}
	var deployments appsv1.DeploymentList
	if err := r.client.List(ctx, &deployments, mine...); err != nil {
		return fmt.Errorf("listing deployments: %w", err)
	}
	var services corev1.ServiceList
	if err := r.client.List(ctx, &services, mine...); err != nil {
		return fmt.Errorf("listing services: %w", err)
	}
	var failed error
	for i := range deployments.Items {
		failed = errors.Join(failed, r.remove(ctx, s.graph, &deployments.Items[i], wanted))
	}
	for i := range services.Items {
		failed = errors.Join(failed, r.remove(ctx, s.graph, &services.Items[i], wanted))
	}
	return failed
}

func (r *GraphReconciler) remove(ctx context.Context, cg *v1alpha1.ComponentGraph, o client.Object, wanted map[string]bool) error {
	if wanted[o.GetName()] || o.GetDeletionTimestamp() != nil || !metav1.IsControlledBy(o, cg) {
		return nil
	}
	uid := o.GetUID()
	err := r.client.Delete(ctx, o, client.Preconditions{UID: &uid}, client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err := client.IgnoreNotFound(err); err != nil {
		return fmt.Errorf("removing %s %s: %w", kindOf(o), o.GetName(), err)
	}
	r.applier.forget(uid)
	return nil
}

// report writes the status if it changed.
func (r *GraphReconciler) report(ctx context.Context, cg *v1alpha1.ComponentGraph, status v1alpha1.ComponentGraphStatus) error {
	if equality.Semantic.DeepEqual(cg.Status, status) {
		return nil
	}
	updated := cg.DeepCopy()
	updated.Status = status
	if err := r.client.Status().Update(ctx, updated); err != nil {
		return fmt.Errorf("writing the status of the graph: %w", err)
	}
	return nil
}
