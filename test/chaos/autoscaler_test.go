package chaos

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// An autoscaler of the user's owns the size of what it scales: the rules leave it
// alone and say so, the size is nobody else's, and once it is gone the rules act.
func TestWhatAnAutoscalerScalesIsLeftAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour, nil)
	r.begin(t, 3600, "")
	theirs := create(t, &autoscalingv2.HorizontalPodAutoscaler{}, r.namespace, "theirs", `
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop-api}
  maxReplicas: 5
`)
	accepted := func() string {
		return condition(readSimulation(t, r.namespace, "run").Status.Conditions, v1alpha1.ConditionAutoScalingAccepted)
	}
	eventually(t, patience, "the run names the autoscaler", func() bool {
		return strings.HasPrefix(accepted(), "False AmbiguousOwner: HorizontalPodAutoscaler "+r.namespace+"/theirs scales component api")
	})
	r.load.percent.Store(150)
	eventually(t, patience, "an evaluation says why nothing is done", func() bool {
		return slices.ContainsFunc(readSimulation(t, r.namespace, "run").Status.Evaluations, func(e v1alpha1.Evaluation) bool {
			return e.Component == "api" && e.Result == "AmbiguousOwner"
		})
	})
	three := int32(3)
	change(t, owned(t, r, &appsv1.Deployment{}, "shop-api"), func(d *appsv1.Deployment) { d.Spec.Replicas = &three })
	eventually(t, patience, "the graph has the size of the autoscaler", func() bool { return readGraph(t, r.namespace, "shop").Status.Replicas == "4/4" })
	writes := r.ledger.count("apply Deployment shop-api")
	throughout(t, 2*time.Second, "nobody fights over it", func() bool {
		return replicas(t, r.namespace, "shop-api") == 3 && r.ledger.count("apply Deployment shop-api") == writes
	})
	for _, d := range readSimulation(t, r.namespace, "run").Status.Decisions {
		if d.Action == "AddReplica" {
			t.Errorf("the rules decided %+v", d)
		}
	}
	remove(t, theirs)
	eventually(t, patience, "the rules act", func() bool {
		return replicas(t, r.namespace, "shop-api") == 2 && strings.HasPrefix(accepted(), "True")
	})
}
