package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// fieldOwner of the objects that a rehearsal applies.
const fieldOwner = client.FieldOwner("flashcrowd-run")

// poll is how often a run is looked at.
const poll = 500 * time.Millisecond

// Runner carries rehearsals out on one cluster.
type Runner struct {
	client    client.Client
	namespace string
	recorder  Recorder
}

// NewRunner works on a cluster; objects without a namespace go to namespace.
func NewRunner(config *rest.Config, namespace string) (*Runner, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(v1alpha1.AddToScheme(scheme), authenticationv1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("registering the kinds: %w", err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("reaching the cluster: %w", err)
	}
	return &Runner{client: c, namespace: namespace}, nil
}

// Run applies the manifests, shows the run, and is its report. A finished run of
// the same name is deleted first: a Simulation is one run. When ctx ends, the
// run is stopped and its report is of what was played.
func (r *Runner) Run(ctx context.Context, m Manifests, view View) (report.Report, error) {
	view.Step("applying the manifests")
	at, err := r.apply(ctx, m)
	if err != nil {
		return report.Report{}, err
	}
	sim, err := r.follow(ctx, at, view)
	if err != nil && ctx.Err() == nil {
		return report.Report{}, err
	}
	if ctx.Err() != nil {
		if sim, err = r.stop(context.WithoutCancel(ctx), at, view); err != nil {
			return report.Report{}, err
		}
	}
	return r.Report(context.WithoutCancel(ctx), sim)
}

// apply applies everything, the simulation last.
func (r *Runner) apply(ctx context.Context, m Manifests) (client.ObjectKey, error) {
	for _, o := range append(m.Others, m.Simulation) {
		if o.GetNamespace() == "" {
			o.SetNamespace(r.namespace)
		}
	}
	at := client.ObjectKeyFromObject(m.Simulation)
	if err := r.clear(ctx, at); err != nil {
		return at, err
	}
	r.sign(ctx, m.Simulation)
	for _, o := range append(m.Others, m.Simulation) {
		err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), fieldOwner, client.ForceOwnership)
		if err != nil {
			return at, fmt.Errorf("applying %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return at, nil
}

// sign names on a run who starts it, as the cluster authenticated them. Where it does
// not say, nobody is named, whatever the manifest holds.
func (r *Runner) sign(ctx context.Context, sim *unstructured.Unstructured) {
	annotations := sim.GetAnnotations()
	delete(annotations, v1alpha1.StartedByAnnotation)
	var review authenticationv1.SelfSubjectReview
	if err := r.client.Create(ctx, &review); err == nil && review.Status.UserInfo.Username != "" {
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[v1alpha1.StartedByAnnotation] = review.Status.UserInfo.Username
	}
	sim.SetAnnotations(annotations)
}

// clear deletes a finished run of the same name; one that goes on is left alone.
func (r *Runner) clear(ctx context.Context, at client.ObjectKey) error {
	var old v1alpha1.Simulation
	err := r.client.Get(ctx, at, &old)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for an earlier run: %w", err)
	}
	if !meta.IsStatusConditionTrue(old.Status.Conditions, v1alpha1.ConditionFinished) {
		return fmt.Errorf("simulation %s is running: wait for it, or delete it with: kubectl delete simulation %s -n %s", at, at.Name, at.Namespace)
	}
	if err := r.client.Delete(ctx, &old, client.PropagationPolicy(metav1.DeletePropagationForeground)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting the earlier run: %w", err)
	}
	return r.await(ctx, func() (bool, error) {
		err := r.client.Get(ctx, at, &old)
		if apierrors.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// await polls until the condition holds.
func (r *Runner) await(ctx context.Context, condition func() (bool, error)) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		done, err := condition()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// teller tells each thing of a run once.
type teller struct {
	view                        View
	stage                       string
	decisions, alerts, findings int64
}

// follow shows the run until it has finished.
func (r *Runner) follow(ctx context.Context, at client.ObjectKey, view View) (*v1alpha1.Simulation, error) {
	t := teller{view: view}
	var sim v1alpha1.Simulation
	failures := 0
	err := r.await(ctx, func() (bool, error) {
		err := r.client.Get(ctx, at, &sim)
		if apierrors.IsNotFound(err) {
			return true, errors.New("the simulation was deleted")
		}
		if err != nil {
			if failures++; failures > maxFailures || ctx.Err() != nil {
				return true, fmt.Errorf("watching the run: %w", err)
			}
			return false, nil // the run goes on without us
		}
		failures = 0
		t.tell(&sim, r.graphOf(ctx, &sim))
		return meta.IsStatusConditionTrue(sim.Status.Conditions, v1alpha1.ConditionFinished), nil
	})
	return &sim, err
}

// maxFailures is how often in a row the API may not answer.
const maxFailures = 120

func (r *Runner) graphOf(ctx context.Context, sim *v1alpha1.Simulation) *v1alpha1.ComponentGraph {
	var cg v1alpha1.ComponentGraph
	if err := r.client.Get(ctx, client.ObjectKey{Namespace: sim.Namespace, Name: sim.Spec.GraphRef.Name}, &cg); err != nil {
		return nil
	}
	return &cg
}

// tell shows what is new.
func (t *teller) tell(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph) {
	p := progress(sim, cg)
	second := p.Elapsed.Seconds()
	if c := meta.FindStatusCondition(sim.Status.Conditions, v1alpha1.ConditionSucceeded); c != nil && c.Reason+c.Message != t.stage {
		t.stage = c.Reason + c.Message
		if sim.Status.StartTime == nil {
			t.view.Step(c.Message)
		}
	}
	for _, d := range Decisions(sim)[min(int(t.decisions), len(sim.Status.Decisions)):] {
		t.view.Decision(d)
	}
	t.decisions = int64(len(sim.Status.Decisions))
	for _, a := range sim.Status.Alerts[min(int(t.alerts), len(sim.Status.Alerts)):] {
		t.view.Notice(second, fmt.Sprintf("%s: %s", a.Severity, a.Message))
	}
	t.alerts = int64(len(sim.Status.Alerts))
	for _, f := range sim.Status.Findings[min(int(t.findings), len(sim.Status.Findings)):] {
		t.view.Notice(second, f.Message)
	}
	t.findings = int64(len(sim.Status.Findings))
	if sim.Status.StartTime != nil {
		t.view.Progress(p)
	}
}

// stopTimeout bounds how long an interrupted run may take to end.
const stopTimeout = 30 * time.Second

// stop ends a run before its time.
func (r *Runner) stop(ctx context.Context, at client.ObjectKey, view View) (*v1alpha1.Simulation, error) {
	view.Step("stopping the run")
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	var sim v1alpha1.Simulation
	if err := r.client.Get(ctx, at, &sim); err != nil {
		return nil, fmt.Errorf("stopping the run: %w", err)
	}
	stopped := sim.DeepCopy()
	stopped.Spec.State = v1alpha1.StateStopped
	if err := r.client.Patch(ctx, stopped, client.MergeFrom(&sim)); err != nil {
		return nil, fmt.Errorf("stopping the run: %w", err)
	}
	return r.follow(ctx, at, view)
}

// Report is the report of a simulation by its object.
func (r *Runner) Report(ctx context.Context, sim *v1alpha1.Simulation) (report.Report, error) {
	result := r.Outcome(ctx, sim)
	if r.recorder == nil {
		return result, nil
	}
	return Measured(ctx, r.recorder, sim, result), nil
}

// Outcome is the report of a simulation without what was measured over it.
func (r *Runner) Outcome(ctx context.Context, sim *v1alpha1.Simulation) report.Report {
	return Report(sim, r.graphOf(ctx, sim))
}

// ErrNoRun says that the cluster has no such simulation.
var ErrNoRun = errors.New("there is no such simulation in the cluster")

// Find is a simulation of a namespace by its name or its UID; ErrNoRun if there is none.
func (r *Runner) Find(ctx context.Context, namespace, name string) (*v1alpha1.Simulation, error) {
	var sim v1alpha1.Simulation
	err := r.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &sim)
	if err == nil {
		return &sim, nil
	}
	if !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("reading the simulation: %w", err)
	}
	var sims v1alpha1.SimulationList
	if err := r.client.List(ctx, &sims, client.InNamespace(namespace)); err != nil {
		return nil, fmt.Errorf("listing the simulations: %w", err)
	}
	for i := range sims.Items {
		if string(sims.Items[i].UID) == name {
			return &sims.Items[i], nil
		}
	}
	return nil, ErrNoRun
}
