package controllers

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
)

// maxConditionMessage is the length that the API allows.
const maxConditionMessage = 32768

// condition sets one condition of a kind with its generation.
func condition(conditions *[]metav1.Condition, generation int64, kind string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: desired.Cut(message, maxConditionMessage), ObservedGeneration: generation,
	})
}

// refused is the status of a graph that makes no sense: what runs stays as it is.
func refused(cg *v1alpha1.ComponentGraph, faults []string) v1alpha1.ComponentGraphStatus {
	status := *cg.Status.DeepCopy()
	status.ObservedGeneration = cg.Generation
	condition(&status.Conditions, cg.Generation, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonInvalidGraph, strings.Join(faults, "; "))
	condition(&status.Conditions, cg.Generation, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "the graph is not accepted")
	condition(&status.Conditions, cg.Generation, v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted, "the graph is not accepted")
	return status
}

// accepted is the status of a graph whose live architecture is a.live, drawn as laid out.
func accepted(s scene, a architectures, layout graph.Layout, applyErr error) v1alpha1.ComponentGraphStatus {
	status := v1alpha1.ComponentGraphStatus{
		ObservedGeneration: s.graph.Generation, Conditions: s.graph.Status.DeepCopy().Conditions,
		ComponentCount: int32(len(a.live.Components)),
	}
	status.Entry, _ = graph.Entry(a.live)
	if s.holder != nil {
		status.HeldBy = s.holder.Name
	}
	var ready, wanted int32
	for _, c := range a.live.Components {
		component := liveComponent(s, c, layout)
		ready += *component.ReadyReplicas
		wanted += c.Replicas
		status.Components = append(status.Components, component)
	}
	for _, c := range a.live.Connections {
		status.Connections = append(status.Connections, v1alpha1.LiveConnection{From: c.From, To: c.To, Origin: origin(c.Origin)})
	}
	status.Replicas = fmt.Sprintf("%d/%d", ready, wanted)
	generation := s.graph.Generation
	condition(&status.Conditions, generation, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, "the graph makes sense")
	readiness(&status.Conditions, generation, ready == wanted && applyErr == nil, status.Replicas)
	if errors.Is(applyErr, errNameConflict) {
		condition(&status.Conditions, generation, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict, applyErr.Error())
	}
	return status
}

func readiness(conditions *[]metav1.Condition, generation int64, ready bool, replicas string) {
	if ready {
		condition(conditions, generation, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonAllReady, "every replica is ready")
		condition(conditions, generation, v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonAllReady, "every replica is ready")
		return
	}
	words := replicas + " replicas are ready"
	condition(conditions, generation, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInstancesStarting, words)
	condition(conditions, generation, v1alpha1.ConditionProgressing, metav1.ConditionTrue, v1alpha1.ReasonInstancesStarting, words)
}

func liveComponent(s scene, c graph.Component, layout graph.Layout) v1alpha1.LiveComponent {
	instances := s.instances(c.Name)
	var ready int32
	for _, i := range instances {
		if *i.Ready {
			ready++
		}
	}
	out := v1alpha1.LiveComponent{
		Name: c.Name, Type: v1alpha1.ComponentType(c.Type), Replicas: &c.Replicas, ReadyReplicas: &ready,
		Origin: origin(c.Origin), Instances: instances,
	}
	if c.Database != nil {
		out.ReplicaOf = c.Database.ReplicaOf
	}
	if slot, ok := layout.Slot(c.Name); ok {
		out.Position = &v1alpha1.Position{X: &slot.Position.X, Y: &slot.Position.Y}
	}
	return out
}

func origin(o graph.Origin) v1alpha1.Origin {
	if o.ByUser() {
		return v1alpha1.Origin{}
	}
	return v1alpha1.Origin{Simulation: o.Simulation, Rule: o.Rule, Decision: o.Decision, Time: &metav1.Time{Time: o.Time.Truncate(1e9)}}
}
