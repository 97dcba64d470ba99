package controllers

import (
	"context"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// otherOwner names the autoscaler of the user's that scales a component, empty
// if none does. KEDA's are there too: it scales through one of these.
func (s scene) otherOwner(component string) string {
	for _, h := range s.autoscalers {
		if ref := h.Spec.ScaleTargetRef; ref.Kind == "Deployment" && ref.Name == desired.WorkloadName(s.graph.Name, component) {
			return "HorizontalPodAutoscaler " + key(&h)
		}
	}
	return ""
}

// adopted is the live architecture with the sizes that autoscalers of the user's
// chose: writing ours over theirs would never end.
func (r *GraphReconciler) adopted(ctx context.Context, s scene, live graph.Architecture) (graph.Architecture, error) {
	live.Components = slices.Clone(live.Components)
	for i, c := range live.Components {
		if s.otherOwner(c.Name) == "" {
			continue
		}
		var d appsv1.Deployment
		err := r.client.Get(ctx, client.ObjectKey{Namespace: s.graph.Namespace, Name: desired.WorkloadName(s.graph.Name, c.Name)}, &d)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return live, fmt.Errorf("reading the size of %s: %w", c.Name, err)
		case d.Spec.Replicas != nil:
			live.Components[i].Replicas = *d.Spec.Replicas
		}
	}
	return live, nil
}

// graphOfAutoscaler wakes the graph whose workload an autoscaler scales.
func (r *GraphReconciler) graphOfAutoscaler(ctx context.Context, o client.Object) []ctrl.Request {
	h, ok := o.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return nil
	}
	var d appsv1.Deployment
	if err := r.client.Get(ctx, client.ObjectKey{Namespace: h.Namespace, Name: h.Spec.ScaleTargetRef.Name}, &d); err != nil {
		return nil // what is not there is no graph's
	}
	return graphOfLabels(ctx, &d)
}

// yield leaves what other autoscalers own to them.
func (s scene) yield(observations []scaling.Observation) {
	for i := range observations {
		observations[i].OtherOwner = s.otherOwner(observations[i].Component)
	}
}

// ambiguous says which components have a second autoscaler, and reports whether
// there are any.
func (p *pass) ambiguous(live graph.Architecture) bool {
	var words []string
	for _, c := range live.Components {
		if owner := p.scene.otherOwner(c.Name); owner != "" {
			words = append(words, owner+" scales component "+c.Name)
		}
	}
	if len(words) == 0 {
		return false
	}
	condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionAutoScalingAccepted, metav1.ConditionFalse, v1alpha1.ReasonAmbiguousOwner,
		strings.Join(words, "; ")+": no rule touches what it scales; delete it to leave that to the rules")
	return true
}
