package controllers

import (
	"context"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// graphRefField indexes simulations by the graph they play on.
const graphRefField = "spec.graphRef.name"

// scene is everything read about a graph at one moment.
type scene struct {
	graph  *v1alpha1.ComponentGraph
	sims   []v1alpha1.Simulation
	holder *v1alpha1.Simulation
	// pods are those of the cache itself: who changes one copies it first.
	pods []corev1.Pod
	// byComponent are the pods again, sorted once: a large graph asks for those of
	// each component several times a tick.
	byComponent map[string][]corev1.Pod
	// autoscalers are the user's own, of whatever workloads.
	autoscalers []autoscalingv2.HorizontalPodAutoscaler
}

// gatherScene reads the graph's simulations and pods, and the autoscalers beside.
func gatherScene(ctx context.Context, c client.Reader, cg *v1alpha1.ComponentGraph) (scene, error) {
	s := scene{graph: cg}
	var sims v1alpha1.SimulationList
	if err := c.List(ctx, &sims, client.InNamespace(cg.Namespace), client.MatchingFields{graphRefField: cg.Name}); err != nil {
		return s, fmt.Errorf("listing simulations: %w", err)
	}
	var pods corev1.PodList
	mine := client.MatchingLabels{wire.LabelGraph: cg.Name}
	if err := c.List(ctx, &pods, client.InNamespace(cg.Namespace), mine, client.UnsafeDisableDeepCopy); err != nil { // nothing here writes to them
		return s, fmt.Errorf("listing pods: %w", err)
	}
	var autoscalers autoscalingv2.HorizontalPodAutoscalerList
	if err := c.List(ctx, &autoscalers, client.InNamespace(cg.Namespace)); err != nil {
		return s, fmt.Errorf("listing autoscalers: %w", err)
	}
	s.sims, s.pods, s.autoscalers, s.holder = sims.Items, pods.Items, autoscalers.Items, holderOf(sims.Items)
	s.byComponent = map[string][]corev1.Pod{}
	for _, pod := range s.pods {
		component := pod.Labels[wire.LabelComponent]
		s.byComponent[component] = append(s.byComponent[component], pod)
	}
	return s, nil
}

// architectures are the user's, the decisions over it and the live one.
type architectures struct {
	base graph.Architecture
	log  []graph.Decision
	live graph.Architecture
}

// architectures folds the holder's log over the spec. faults say what is wrong
// with the graph as a whole; with any, nothing else holds.
func (s scene) architectures() (a architectures, faults []string, err error) {
	a.base, err = desired.Architecture(s.graph.Spec)
	if err != nil {
		return a, []string{err.Error()}, nil
	}
	for _, fault := range graph.Check(a.base) {
		faults = append(faults, fault.String())
	}
	a.live = a.base
	if s.holder == nil || len(faults) > 0 {
		return a, faults, nil
	}
	a.log, err = desired.Log(key(s.holder), s.holder.Status.Decisions)
	if err != nil {
		return a, nil, err
	}
	a.live = graph.Fold(a.base, a.log)
	return a, nil, nil
}

// routed is the architecture that requests take: what a decision has inserted
// is called only once one of its instances is ready, so that nothing is lost
// while it appears. What it calls itself it may call at once.
func (s scene) routed(a architectures) graph.Architecture {
	if s.holder == nil {
		return a.live
	}
	standing := slices.DeleteFunc(slices.Clone(a.log), func(d graph.Decision) bool { return d.Added != nil && !s.answers(d.Added.Name) })
	routed := graph.Fold(a.base, standing)
	for _, c := range a.live.Components {
		if _, known := routed.Component(c.Name); known {
			continue
		}
		routed.Components = append(routed.Components, c)
		for _, edge := range a.live.Connections {
			if edge.From == c.Name {
				routed.Connections = append(routed.Connections, edge)
			}
		}
	}
	return routed
}

// answers reports whether an instance of a component is ready.
func (s scene) answers(component string) bool {
	return slices.ContainsFunc(s.instances(component), func(i v1alpha1.Instance) bool { return *i.Ready })
}

// key is namespace/name of an object.
func key(o client.Object) string { return o.GetNamespace() + "/" + o.GetName() }

// podsOf are the pods of one component, for reading only.
func (s scene) podsOf(component string) []corev1.Pod { return s.byComponent[component] }

// generatorPods are the generators of the simulation that holds the graph, not
// those of a deleted one of the same name.
func (s scene) generatorPods() []corev1.Pod {
	if s.holder == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(s.pods), func(p corev1.Pod) bool { return p.Labels[wire.LabelRun] != string(s.holder.UID) })
}

// instances of a component by their stable ids.
func (s scene) instances(component string) []v1alpha1.Instance {
	var known []v1alpha1.Instance
	for _, c := range s.graph.Status.Components {
		if c.Name == component {
			known = c.Instances
		}
	}
	return desired.AssignInstances(component, known, s.podsOf(component))
}
