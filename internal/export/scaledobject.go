package export

import (
	"fmt"
	"strconv"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/scaling"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// The fields of keda.sh/v1alpha1 ScaledObject that are written; its own Go types
// would bring a hundred clients of message brokers.
type (
	kedaObject struct {
		metav1.TypeMeta `json:",inline"`
		Metadata        kedaMetadata `json:"metadata"`
		Spec            kedaSpec     `json:"spec"`
	}
	kedaMetadata struct {
		Name string `json:"name"`
	}
	kedaSpec struct {
		ScaleTargetRef  kedaTarget    `json:"scaleTargetRef"`
		PollingInterval *int32        `json:"pollingInterval,omitempty"`
		CooldownPeriod  *int32        `json:"cooldownPeriod,omitempty"`
		MinReplicaCount int32         `json:"minReplicaCount"`
		MaxReplicaCount int32         `json:"maxReplicaCount"`
		Advanced        *kedaAdvanced `json:"advanced,omitempty"`
		Triggers        []kedaTrigger `json:"triggers"`
	}
	kedaTarget struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Name       string `json:"name"`
	}
	kedaAdvanced struct {
		HorizontalPodAutoscalerConfig kedaHorizontal `json:"horizontalPodAutoscalerConfig"`
	}
	kedaHorizontal struct {
		Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior"`
	}
	kedaTrigger struct {
		Type       string                         `json:"type"`
		Name       string                         `json:"name"`
		MetricType autoscalingv2.MetricTargetType `json:"metricType"`
		Metadata   map[string]string              `json:"metadata"`
	}
)

// scaledObject is the ScaledObject of a workload.
func scaledObject(w workload, s *report.Scaling) document {
	pace, notes := behavior(w, s, "spec/advanced/horizontalPodAutoscalerConfig/behavior")
	spec := kedaSpec{
		ScaleTargetRef:  kedaTarget{APIVersion: "apps/v1", Kind: "Deployment", Name: w.component.Name},
		MinReplicaCount: w.min.replicas, MaxReplicaCount: w.max.replicas,
	}
	if pace != nil {
		spec.Advanced = &kedaAdvanced{kedaHorizontal{pace}}
		spec.PollingInterval, spec.CooldownPeriod = &s.WindowSeconds, &s.ScaleInCooldownSeconds
		notes = append(notes,
			note{"spec/pollingInterval", "the window that the run measured over"},
			note{"spec/cooldownPeriod", "the cool-down of rule scale-in; KEDA itself rests only on the way to zero replicas, which these bounds exclude"})
	}
	for i, t := range w.targets {
		spec.Triggers = append(spec.Triggers, w.trigger(t))
		notes = append(notes, note{fmt.Sprintf("spec/triggers/%d", i), t.because})
		if t.signal == scaling.QueueDepth {
			at := fmt.Sprintf("spec/triggers/%d/metadata/", i)
			notes = append(notes,
				note{at + "ignoreNullValues", "no data never scales: by default KEDA takes it for 0"},
				note{at + "query", "write the name of your queue's metric"},
				note{at + "serverAddress", "write the address of your Prometheus"},
				note{at + "threshold", "messages for each worker"})
		}
	}
	return document{
		object: kedaObject{TypeMeta: metav1.TypeMeta{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledObject"}, Metadata: kedaMetadata{w.component.Name}, Spec: spec},
		notes:  append(notes, note{"spec/minReplicaCount", w.min.because}, note{"spec/maxReplicaCount", w.max.because}),
	}
}

// trigger is what KEDA follows for a target.
func (w workload) trigger(t target) kedaTrigger {
	value := strconv.FormatInt(t.value, 10)
	if t.signal == scaling.QueueDepth {
		return kedaTrigger{Type: "prometheus", Name: "queue-depth", MetricType: autoscalingv2.AverageValueMetricType, Metadata: map[string]string{
			"serverAddress": "http://prometheus.monitoring.svc:9090", "threshold": value, "ignoreNullValues": "false",
			"query": fmt.Sprintf("sum(%s{component=%q})", wire.ComponentQueueDepth, w.queue),
		}}
	}
	return kedaTrigger{Type: t.signal, Name: t.signal, MetricType: autoscalingv2.UtilizationMetricType, Metadata: map[string]string{"value": value}}
}
