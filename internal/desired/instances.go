package desired

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// DeletionCostAnnotation tells the ReplicaSet controller which pod to remove
// first: the one with the lowest cost.
const DeletionCostAnnotation = "controller.kubernetes.io/pod-deletion-cost"

// AssignInstances gives every pod of a component a stable id, <component>-<n>:
// a pod keeps the id it has in known, a new one takes the lowest free number,
// older pods first. Pods that have ended are left out.
func AssignInstances(component string, known []v1alpha1.Instance, pods []corev1.Pod) []v1alpha1.Instance {
	live := slices.DeleteFunc(slices.Clone(pods), ended)
	slices.SortFunc(live, func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	ids, taken := map[string]string{}, map[string]bool{}
	for _, i := range known {
		if slices.ContainsFunc(live, func(p corev1.Pod) bool { return p.Name == i.Pod }) {
			ids[i.Pod], taken[i.ID] = i.ID, true
		}
	}
	instances := make([]v1alpha1.Instance, 0, len(live))
	for _, pod := range live {
		id, has := ids[pod.Name]
		if !has {
			id = lowestFree(component, taken)
			taken[id] = true
		}
		ready := podReady(pod)
		instances = append(instances, v1alpha1.Instance{ID: id, Pod: pod.Name, Ready: &ready})
	}
	slices.SortFunc(instances, func(a, b v1alpha1.Instance) int { return cmp.Compare(Ordinal(a.ID), Ordinal(b.ID)) })
	return instances
}

func lowestFree(component string, taken map[string]bool) string {
	for n := 1; ; n++ {
		if id := fmt.Sprintf("%s-%d", component, n); !taken[id] {
			return id
		}
	}
}

// Ordinal is the number at the end of an instance id.
func Ordinal(id string) int {
	n, err := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
	if err != nil {
		return 0
	}
	return n
}

func ended(p corev1.Pod) bool {
	return p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed
}

// podReady reports whether requests may go to a pod: ready and not on its way out.
func podReady(p corev1.Pod) bool {
	if p.DeletionTimestamp != nil {
		return false
	}
	return slices.ContainsFunc(p.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// DeletionCosts are the annotations that pods need so that scaling in removes
// the newest first: pod name to value, for those whose value differs.
func DeletionCosts(instances []v1alpha1.Instance, pods []corev1.Pod) map[string]string {
	wrong := map[string]string{}
	for _, pod := range pods {
		index := slices.IndexFunc(instances, func(i v1alpha1.Instance) bool { return i.Pod == pod.Name })
		if index < 0 || pod.DeletionTimestamp != nil {
			continue
		}
		cost := strconv.Itoa(-Ordinal(instances[index].ID))
		if pod.Annotations[DeletionCostAnnotation] != cost {
			wrong[pod.Name] = cost
		}
	}
	return wrong
}

// WireInstances are the instances of a component as the topology stream tells them.
func WireInstances(component string, instances []v1alpha1.Instance, pods []corev1.Pod, port int) []wire.Instance {
	out := make([]wire.Instance, 0, len(instances))
	for _, instance := range instances {
		index := slices.IndexFunc(pods, func(p corev1.Pod) bool { return p.Name == instance.Pod })
		if index < 0 {
			continue
		}
		pod := pods[index]
		address := ""
		if pod.Status.PodIP != "" {
			address = net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(port))
		}
		out = append(out, wire.Instance{ID: instance.ID, Component: component, Pod: pod.Name, Address: address, State: instanceState(pod)})
	}
	return out
}

func instanceState(p corev1.Pod) wire.InstanceState {
	switch {
	case p.DeletionTimestamp != nil:
		return wire.Draining
	case podReady(p):
		return wire.Ready
	default:
		return wire.Starting
	}
}
