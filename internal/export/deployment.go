package export

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// nameLabel selects the pods of a workload.
const nameLabel = "app.kubernetes.io/name"

// deployment runs a workload. What an autoscaler sizes has no replicas of its
// own, or each apply would reset them.
func deployment(w workload) document {
	name := w.component.Name
	labels := map[string]string{nameLabel: name}
	container := corev1.Container{Name: name, Image: name + ":write-your-image", Resources: resources(w)}
	d := document{object: &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: appsv1.DeploymentSpec{
			Replicas: fixed(w), Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{container}}},
		},
	}}
	if !w.scales() {
		d.notes = append(d.notes, note{"spec/replicas", "as the run ended; nothing scales it"})
	}
	if w.component.Cores > 0 {
		d.notes = append(d.notes, note{"spec/template/spec/containers/0/resources/requests/cpu", "the cores of one replica: utilization is percent of them"})
	}
	if w.component.MemoryLimitBytes > 0 {
		d.notes = append(d.notes, note{"spec/template/spec/containers/0/resources/requests/memory", "the memory limit of one replica: utilization is percent of it"})
	}
	return d
}

// fixed are the replicas of what no autoscaler sizes.
func fixed(w workload) *int32 {
	if w.scales() {
		return nil
	}
	return &w.component.Replicas
}

// resources of one replica: CPU is asked for and not capped, memory is both.
func resources(w workload) corev1.ResourceRequirements {
	out := corev1.ResourceRequirements{Requests: corev1.ResourceList{}}
	if c := w.component.Cores; c > 0 {
		out.Requests[corev1.ResourceCPU] = resource.MustParse(fmt.Sprint(c))
	}
	if m := w.component.MemoryLimitBytes; m > 0 {
		memory := *resource.NewQuantity(m, resource.BinarySI)
		out.Requests[corev1.ResourceMemory] = memory
		out.Limits = corev1.ResourceList{corev1.ResourceMemory: memory}
	}
	return out
}
