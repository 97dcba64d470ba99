package desired

import (
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// Rules lays the user's rules over the built-in ones: one named like a built-in
// rule changes only what it sets.
func Rules(users []v1alpha1.Rule) []scaling.Rule {
	rules := scaling.BuiltIn()
	for _, user := range users {
		at := slices.IndexFunc(rules, func(r scaling.Rule) bool { return r.Name == user.Name })
		if at < 0 {
			rules = append(rules, scaling.Rule{Name: user.Name})
			at = len(rules) - 1
		}
		rules[at] = override(rules[at], user)
	}
	return rules
}

// override sets what the user's rule sets.
func override(r scaling.Rule, user v1alpha1.Rule) scaling.Rule {
	r.Disabled = value(user.Disabled, r.Disabled)
	if s := user.Select; s != nil {
		r.Select = scaling.Selector{Names: s.Names}
		for _, t := range s.Types {
			r.Select.Types = append(r.Select.Types, graph.ComponentType(t))
		}
	}
	r.When = or(user.When, r.When)
	r.Then = graph.Action(or(string(user.Then), string(r.Then)))
	if user.ForSeconds != nil {
		r.For = seconds(user.ForSeconds)
	}
	if user.WindowSeconds != nil {
		r.Window = seconds(user.WindowSeconds)
	}
	if user.Step != nil {
		r.Step = scaling.StepSize{Kind: scaling.Fixed, Count: *user.Step}
	}
	if user.TargetPercent != nil {
		r.Step = scaling.StepSize{Kind: scaling.Proportional, Target: float64(*user.TargetPercent)}
	}
	r.Cooldown = orDuration(user.CooldownSeconds, r.Cooldown)
	r.Stabilization = orDuration(user.StabilizationSeconds, r.Stabilization)
	if l := user.Limits; l != nil {
		r.Limits.Min, r.Limits.Max = value(l.Min, r.Limits.Min), value(l.Max, r.Limits.Max)
	}
	for _, s := range user.Signals {
		r.Queries = append(r.Queries, scaling.Query{Name: s.Name, PromQL: s.Query})
	}
	return r
}

func orDuration(s *int32, otherwise *time.Duration) *time.Duration {
	if s == nil {
		return otherwise
	}
	d := seconds(s)
	return &d
}
