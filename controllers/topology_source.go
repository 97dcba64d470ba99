package controllers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Publisher streams topologies to stubs and generators.
type Publisher interface {
	Publish(t wire.Topology) error
	Forget(graph string)
}

// TopologySource publishes the topology of every graph. It runs in every
// manager replica, leader or not, and writes nothing to the cluster.
type TopologySource struct {
	client client.Reader
	// traces reads ConfigMaps without a cache: one a run is no reason to watch all.
	traces    client.Reader
	publisher Publisher
	// accepted are the architectures that were published last: a graph that is
	// edited into nonsense keeps them. Only the one worker of the source reads them.
	accepted map[string]architectures
	// ended are the graphs that are gone and not yet forgotten, and since when.
	ended map[string]time.Time
}

// NewTopologySource makes a source; Setup registers it.
func NewTopologySource(c, traces client.Reader, publisher Publisher) *TopologySource {
	return &TopologySource{client: c, traces: traces, publisher: publisher, accepted: map[string]architectures{}, ended: map[string]time.Time{}}
}

// Setup registers the source and what wakes it.
func (t *TopologySource) Setup(mgr ctrl.Manager) error {
	everywhere := false
	return ctrl.NewControllerManagedBy(mgr).
		Named("topology").
		For(&v1alpha1.ComponentGraph{}).
		Watches(&corev1.Pod{}, handler.EnqueueRequestsFromMapFunc(graphOfLabels)).
		Watches(&v1alpha1.Simulation{}, handler.EnqueueRequestsFromMapFunc(graphOfSimulation)).
		WithOptions(controller.Options{NeedLeaderElection: &everywhere}).
		Complete(t)
}

// Reconcile publishes the topology of one graph as it is now. A graph that is
// not accepted keeps the architecture that was published last; its run can be
// stopped and changed all the same.
func (t *TopologySource) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var cg v1alpha1.ComponentGraph
	err := t.client.Get(ctx, req.NamespacedName, &cg)
	if apierrors.IsNotFound(err) || (err == nil && cg.DeletionTimestamp != nil) {
		return t.end(req.String())
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("reading the graph: %w", err)
	}
	delete(t.ended, req.String())
	s, err := gatherScene(ctx, t.client, &cg)
	if err != nil {
		return ctrl.Result{}, err
	}
	a, faults, err := s.architectures()
	if err != nil {
		return ctrl.Result{}, err
	}
	if len(faults) > 0 {
		a = t.accepted[req.String()]
	} else {
		t.accepted[req.String()] = a
	}
	plan, err := planOf(ctx, t.traces, s.holder)
	if err != nil && !errors.Is(err, errTraffic) {
		return ctrl.Result{}, err
	}
	return ctrl.Result{}, t.publisher.Publish(topologyOf(s, a, plan))
}

// farewell is how long a graph that is gone is remembered, so that every stream
// tells its generators to stop.
const farewell = 30 * time.Second

// end tells the generators of a graph that is gone to stop, and forgets it once
// they have heard so. Its stubs end as their pods do.
func (t *TopologySource) end(graph string) (ctrl.Result, error) {
	delete(t.accepted, graph)
	since, known := t.ended[graph]
	if !known {
		since = time.Now()
		t.ended[graph] = since
	}
	if left := farewell - time.Since(since); left > 0 {
		return ctrl.Result{RequeueAfter: left}, t.publisher.Publish(wire.Topology{Graph: graph})
	}
	delete(t.ended, graph)
	t.publisher.Forget(graph)
	return ctrl.Result{}, nil
}

// topologyOf is the topology of a graph's live architecture.
func topologyOf(s scene, a architectures, plan *wire.Plan) wire.Topology {
	t := wire.Topology{Graph: key(s.graph), UID: string(s.graph.UID), Seed: 1, Plan: plan, Generators: generatorsOf(s)}
	if s.holder != nil && s.holder.Spec.Seed != nil {
		t.Seed = uint64(*s.holder.Spec.Seed)
	}
	if len(a.base.Components) == 0 { // never accepted by this manager: stubs keep what they have heard
		return t
	}
	live := s.routed(a)
	t.Architecture, t.Entry = live, entryOf(live, s)
	for _, c := range live.Components {
		t.Instances = append(t.Instances, desired.WireInstances(c.Name, s.instances(c.Name), s.podsOf(c.Name), wire.DataPort)...)
	}
	t.Instances = append(t.Instances, leaving(s, live)...)
	slices.SortFunc(t.Instances, func(a, b wire.Instance) int { return strings.Compare(a.ID, b.ID) })
	return t
}

// entryOf is the component that requests are sent to: of several that nothing
// calls, as while a new entry starts, the one that answers.
func entryOf(a graph.Architecture, s scene) string {
	entries := graph.Entries(a)
	for _, e := range entries {
		if s.answers(e) {
			return e
		}
	}
	if len(entries) > 0 {
		return entries[0]
	}
	return ""
}

// leaving are the instances of components that the architecture no longer has:
// they finish what they began.
func leaving(s scene, live graph.Architecture) []wire.Instance {
	var out []wire.Instance
	for _, c := range s.graph.Status.Components {
		if _, stays := live.Component(c.Name); !stays {
			gone := desired.WireInstances(c.Name, s.instances(c.Name), s.podsOf(c.Name), wire.DataPort)
			for i := range gone {
				gone[i].State = wire.Draining
			}
			out = append(out, gone...)
		}
	}
	return out
}

// generatorsOf are the generators of the run that holds the graph, by their index.
func generatorsOf(s scene) []wire.Instance {
	var out []wire.Instance
	for _, pod := range s.generatorPods() {
		index := pod.Annotations["batch.kubernetes.io/job-completion-index"]
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed || index == "" {
			continue
		}
		instance := wire.Instance{ID: s.holder.Name + "-" + index, Pod: pod.Name, State: stateOf(pod)}
		if pod.Status.PodIP != "" {
			instance.Address = net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(wire.MetricsPort))
		}
		out = append(out, instance)
	}
	slices.SortFunc(out, func(a, b wire.Instance) int { return strings.Compare(a.ID+a.Pod, b.ID+b.Pod) })
	return out
}

func stateOf(pod corev1.Pod) wire.InstanceState {
	switch {
	case pod.DeletionTimestamp != nil:
		return wire.Draining
	case generatorReady(pod):
		return wire.Ready
	default:
		return wire.Starting
	}
}

func generatorReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// errTraffic says that the traffic of a simulation cannot be played.
var errTraffic = errors.New("the traffic cannot be played")

// planOf is the plan of a run: that of a run that has not begun has a zero
// Start. Nil if there is no run.
func planOf(ctx context.Context, c client.Reader, sim *v1alpha1.Simulation) (*wire.Plan, error) {
	if sim == nil {
		return nil, nil
	}
	trace := ""
	if replay := sim.Spec.Traffic.Replay; replay != nil {
		var err error
		if trace, err = readTrace(ctx, c, sim.Namespace, *replay); err != nil {
			return nil, err
		}
	}
	plan, err := desired.Plan(sim, trace)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errTraffic, err)
	}
	return &plan, nil
}

func readTrace(ctx context.Context, c client.Reader, namespace string, replay v1alpha1.Replay) (string, error) {
	var cm corev1.ConfigMap
	err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: replay.ConfigMapName}, &cm)
	if apierrors.IsNotFound(err) {
		return "", fmt.Errorf("%w: there is no ConfigMap %s: create it, or write the name of one that holds the trace", errTraffic, replay.ConfigMapName)
	}
	if err != nil {
		return "", fmt.Errorf("reading the trace: %w", err)
	}
	name := replay.Key
	if name == "" {
		name = "trace.csv"
	}
	text, found := cm.Data[name]
	if !found {
		return "", fmt.Errorf("%w: ConfigMap %s has no key %q: write the key that holds the trace", errTraffic, replay.ConfigMapName, name)
	}
	return text, nil
}
