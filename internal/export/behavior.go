package export

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"

	"flashcrowd.io/flashcrowd/internal/report"
)

// The largest times that autoscaling/v2 takes, in seconds.
const (
	longestStabilization = 3600
	longestPeriod        = 1800
)

// behavior is how fast a workload may grow and shrink, nil where a run does not
// tell. notes are on paths below at.
func behavior(w workload, s *report.Scaling, at string) (*autoscalingv2.HorizontalPodAutoscalerBehavior, []note) {
	if s == nil {
		return nil, nil
	}
	up, upNotes := growth(w, s, at+"/scaleUp")
	down, downNotes := shrinking(s, at+"/scaleDown")
	return &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: up, ScaleDown: down}, append(upNotes, downNotes...)
}

func growth(w workload, s *report.Scaling, at string) (*autoscalingv2.HPAScalingRules, []note) {
	hold, notes := bounded(w.rule.HoldSeconds, longestStabilization, at+"/stabilizationWindowSeconds", "how long a larger size must be asked for first")
	up := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &hold}
	policies, reason := s.ScaleOutPolicies, "the rates that the run kept to; the largest counts"
	if w.rule.Step > 0 {
		policies = []report.RatePolicy{{Unit: string(autoscalingv2.PodsScalingPolicy), Value: w.rule.Step, PeriodSeconds: max(1, s.WindowSeconds)}}
		reason = fmt.Sprintf("the fixed step of rule %s, at most one for each window", w.rule.Name)
	}
	for i, p := range policies {
		period, cut := bounded(p.PeriodSeconds, longestPeriod, fmt.Sprintf("%s/policies/%d/periodSeconds", at, i), "")
		up.Policies = append(up.Policies, autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.HPAScalingPolicyType(p.Unit), Value: p.Value, PeriodSeconds: period})
		notes = append(notes, cut...)
	}
	if len(up.Policies) > 0 {
		largest := autoscalingv2.MaxChangePolicySelect
		up.SelectPolicy = &largest
		notes = append(notes, note{at + "/policies", reason})
	}
	if w.rule.TargetPercent == 0 {
		none := resource.MustParse("0")
		up.Tolerance = &none
		notes = append(notes, note{at + "/tolerance", "a rule acts as soon as its threshold is crossed; Kubernetes before 1.35 ignores this and waits for 10 % more"})
	}
	return up, notes
}

func shrinking(s *report.Scaling, at string) (*autoscalingv2.HPAScalingRules, []note) {
	if s.NoScaleIn {
		never := autoscalingv2.DisabledPolicySelect
		return &autoscalingv2.HPAScalingRules{SelectPolicy: &never}, []note{{at + "/selectPolicy", "rule scale-in was off"}}
	}
	reason := fmt.Sprintf("rule scale-in looked back %d s and rested %d s after a change", s.StabilizationSeconds, s.ScaleInCooldownSeconds)
	window, notes := bounded(max(s.StabilizationSeconds, s.ScaleInCooldownSeconds), longestStabilization, at+"/stabilizationWindowSeconds", reason)
	return &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &window}, notes
}

// bounded cuts a time to what the API takes, and says so. Without a reason there
// is a note only on what was cut.
func bounded(value, longest int32, path, reason string) (int32, []note) {
	if value > longest {
		return longest, []note{{path, fmt.Sprintf("%d s in the run, cut to the most that Kubernetes takes", value)}}
	}
	if reason == "" {
		return value, nil
	}
	return value, []note{{path, reason}}
}
