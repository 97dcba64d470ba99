package rehearsal

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

func TestTimesAreThoseOfTheRules(t *testing.T) {
	policies := []report.RatePolicy{{Unit: "Percent", Value: 100, PeriodSeconds: 15}, {Unit: "Pods", Value: 4, PeriodSeconds: 15}}
	longer := []report.RatePolicy{{Unit: "Percent", Value: 100, PeriodSeconds: 45}, {Unit: "Pods", Value: 4, PeriodSeconds: 45}}
	queue := report.Rule{Name: "message-queue", MaxReplicas: 20}
	tests := map[string]struct {
		spec v1alpha1.AutoScaling
		want report.Scaling
	}{
		"built in": {v1alpha1.AutoScaling{}, report.Scaling{
			WindowSeconds: 10, StabilizationSeconds: 60, ScaleInCooldownSeconds: 60, ScaleOutPolicies: policies,
			Rules: []report.Rule{{Name: "api-server", MaxReplicas: 20}, queue},
		}},
		"a longer window lengthens all": {v1alpha1.AutoScaling{WindowSeconds: new(int32(30))}, report.Scaling{
			WindowSeconds: 30, StabilizationSeconds: 180, ScaleInCooldownSeconds: 180, ScaleOutPolicies: longer,
			Rules: []report.Rule{{Name: "api-server", MaxReplicas: 20}, queue},
		}},
		"a user's words": {v1alpha1.AutoScaling{Rules: []v1alpha1.Rule{
			{Name: "api-server", ForSeconds: new(int32(5)), Step: new(int32(2)), Limits: &v1alpha1.Limits{Min: new(int32(2)), Max: new(int32(6))}},
			{Name: "message-queue", Disabled: new(true)},
			{Name: "scale-in", StabilizationSeconds: new(int32(90)), CooldownSeconds: new(int32(45))},
			{Name: "mine", When: "cpu > 50", Then: "AddReplica", TargetPercent: new(int32(40))},
			{Name: "layer", When: "cpu > 50", Then: "InsertCache"},
		}}, report.Scaling{
			WindowSeconds: 10, StabilizationSeconds: 90, ScaleInCooldownSeconds: 45, ScaleOutPolicies: policies,
			Rules: []report.Rule{
				{Name: "api-server", MinReplicas: 2, MaxReplicas: 6, HoldSeconds: 5, Step: 2},
				{Name: "mine", MaxReplicas: 20, TargetPercent: 40},
			},
		}},
		"nothing is scaled in": {v1alpha1.AutoScaling{Rules: []v1alpha1.Rule{{Name: "scale-in", Disabled: new(true)}}}, report.Scaling{
			WindowSeconds: 10, StabilizationSeconds: 60, ScaleInCooldownSeconds: 60, ScaleOutPolicies: policies, NoScaleIn: true,
			Rules: []report.Rule{{Name: "api-server", MaxReplicas: 20}, queue},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(&tt.want, times(&v1alpha1.Simulation{Spec: v1alpha1.SimulationSpec{AutoScaling: tt.spec}})); diff != "" {
				t.Errorf("times (-want +got):\n%s", diff)
			}
		})
	}
}
