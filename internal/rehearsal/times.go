package rehearsal

import (
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// times are those that the rules of a run kept to, with their sizes.
func times(sim *v1alpha1.Simulation) *report.Scaling {
	s := scaling.Defaults()
	if w := sim.Spec.AutoScaling.WindowSeconds; w != nil {
		s = s.Scaled(float64(*w) / s.Window.Seconds()) // times grow with the window
		s.Window = time.Duration(*w) * time.Second
	}
	out := &report.Scaling{
		WindowSeconds: inSeconds(s.Window), StabilizationSeconds: inSeconds(s.ScaleInStabilization), ScaleInCooldownSeconds: inSeconds(s.ScaleInCooldown),
	}
	for _, p := range s.ScaleOutPolicies {
		out.ScaleOutPolicies = append(out.ScaleOutPolicies, report.RatePolicy{Unit: string(p.Unit), Value: p.Value, PeriodSeconds: inSeconds(p.Period)})
	}
	for _, rule := range desired.Rules(sim.Spec.AutoScaling.Rules) {
		switch {
		case rule.Disabled && rule.Name == scaling.RuleScaleIn:
			out.NoScaleIn = true
		case rule.Disabled:
		case rule.Name == scaling.RuleScaleIn:
			out.StabilizationSeconds = orSeconds(rule.Stabilization, out.StabilizationSeconds)
			out.ScaleInCooldownSeconds = orSeconds(rule.Cooldown, out.ScaleInCooldownSeconds)
		case rule.Then == graph.AddReplica || rule.Then == graph.AddWorkers:
			out.Rules = append(out.Rules, ruleOf(rule, s))
		}
	}
	return out
}

// ruleOf is what a rule that adds replicas keeps to.
func ruleOf(rule scaling.Rule, s scaling.Settings) report.Rule {
	out := report.Rule{
		Name: rule.Name, MinReplicas: rule.Limits.Min, MaxReplicas: s.MaxReplicas, TargetPercent: rule.Step.Target,
		HoldSeconds: max(inSeconds(rule.For), orSeconds(rule.Stabilization, inSeconds(s.ScaleOutStabilization))),
	}
	if rule.Limits.Max > 0 {
		out.MaxReplicas = rule.Limits.Max
	}
	if rule.Step.Kind == scaling.Fixed {
		out.Step = rule.Step.Count
	}
	return out
}

func inSeconds(d time.Duration) int32 { return int32(d / time.Second) }

func orSeconds(d *time.Duration, otherwise int32) int32 {
	if d == nil {
		return otherwise
	}
	return inSeconds(*d)
}
