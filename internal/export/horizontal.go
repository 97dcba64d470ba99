package export

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/scaling"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// horizontal is the HorizontalPodAutoscaler of a workload.
func horizontal(w workload, s *report.Scaling) document {
	pace, notes := behavior(w, s, "spec/behavior")
	spec := autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: w.component.Name},
		MinReplicas:    &w.min.replicas, MaxReplicas: w.max.replicas, Behavior: pace,
	}
	for i, t := range w.targets {
		spec.Metrics = append(spec.Metrics, w.metric(t))
		notes = append(notes, note{fmt.Sprintf("spec/metrics/%d", i), t.because})
		if t.signal == scaling.QueueDepth {
			notes = append(notes, note{
				fmt.Sprintf("spec/metrics/%d/external", i),
				"messages for each worker, of an adapter that serves external metrics; write the name of your queue's metric",
			})
		}
	}
	return document{
		object: &autoscalingv2.HorizontalPodAutoscaler{
			TypeMeta:   metav1.TypeMeta{APIVersion: "autoscaling/v2", Kind: "HorizontalPodAutoscaler"},
			ObjectMeta: metav1.ObjectMeta{Name: w.component.Name}, Spec: spec,
		},
		notes: append(notes, note{"spec/minReplicas", w.min.because}, note{"spec/maxReplicas", w.max.because}),
	}
}

// metric is what the autoscaler follows for a target.
func (w workload) metric(t target) autoscalingv2.MetricSpec {
	if t.signal == scaling.QueueDepth {
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: wire.ComponentQueueDepth, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"component": w.queue}}},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewQuantity(t.value, resource.DecimalSI)},
		}}
	}
	percent := int32(t.value)
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
		Name:   corev1.ResourceName(t.signal), // the signals cpu and memory have the resources' names
		Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent},
	}}
}
