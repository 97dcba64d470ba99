package controllers

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// What the API allows; the newest alerts and findings stay.
const (
	maxAlerts       = 100
	maxFindings     = 50
	maxEvaluations  = 400
	maxExplanations = 300
)

func (p *pass) noteAlerts(alerts []scaling.Alert) {
	for _, a := range alerts {
		at := metav1.NewMicroTime(a.Time)
		if a.Cleared {
			for i := range p.status.Alerts {
				if old := &p.status.Alerts[i]; old.Component == a.Component && old.Signal == a.Signal && old.Cleared == nil {
					old.Cleared = &at
				}
			}
			continue
		}
		severity := "Warning"
		if a.Severity == scaling.Critical {
			severity = "Critical"
		}
		p.status.Alerts = append(p.status.Alerts, v1alpha1.Alert{Time: at, Severity: severity, Component: a.Component, Signal: a.Signal, Message: desired.Cut(a.Message, 1024)})
		p.say("Warning", "Alert", "RaiseAlert", a.Message)
	}
	if extra := len(p.status.Alerts) - maxAlerts; extra > 0 {
		p.status.Alerts = slices.Delete(p.status.Alerts, 0, extra)
	}
}

func (p *pass) noteFindings(findings []scaling.Finding) {
	for _, f := range findings {
		p.status.Findings = append(p.status.Findings, v1alpha1.Finding{
			Time: metav1.NewMicroTime(f.Time), Component: f.Component, Rule: f.Rule, Message: desired.Cut(f.Message, 1024),
		})
		p.say("Normal", "Finding", "Advise", f.Message)
	}
	if extra := len(p.status.Findings) - maxFindings; extra > 0 {
		p.status.Findings = slices.Delete(p.status.Findings, 0, extra)
	}
	p.adviseCondition()
}

// adviseCondition has the last finding on each component.
func (p *pass) adviseCondition() {
	if len(p.status.Findings) == 0 {
		condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionAdvised, metav1.ConditionFalse, v1alpha1.ReasonNoFindings, "nothing was found that no rule can do by itself")
		return
	}
	last := map[string]string{}
	for _, f := range p.status.Findings {
		last[f.Component] = f.Message
	}
	words := make([]string, 0, len(last))
	for _, component := range slices.Sorted(maps.Keys(last)) {
		words = append(words, component+": "+last[component])
	}
	condition(&p.status.Conditions, p.sim.Generation, v1alpha1.ConditionAdvised, metav1.ConditionTrue, v1alpha1.ReasonFindings, strings.Join(words, "; "))
}

// Results of rules that nothing held back.
const (
	resultActed   = "Acted"
	resultNotTrue = "NotTrue"
	resultNothing = "NothingToDo"
)

// noteEvaluations says for each component what each rule came to and by which
// numbers; the time is since when that is so.
func (p *pass) noteEvaluations(records []scaling.Record) {
	type place struct{ component, rule string }
	before := map[place]v1alpha1.Evaluation{}
	for _, e := range p.status.Evaluations {
		before[place{e.Component, e.Rule}] = e
	}
	p.status.Evaluations = nil
	for _, r := range records {
		for _, rule := range r.Rules {
			e := evaluation(r, rule)
			since := metav1.NewMicroTime(r.Time)
			e.Since = &since
			if old, known := before[place{e.Component, e.Rule}]; known && old.Result == e.Result && e.Result != resultActed {
				e.Since = old.Since
			}
			p.status.Evaluations = append(p.status.Evaluations, e)
		}
	}
	if len(p.status.Evaluations) > maxEvaluations { // what is not true tells the least
		p.status.Evaluations = slices.DeleteFunc(p.status.Evaluations, func(e v1alpha1.Evaluation) bool { return e.Result == resultNotTrue })
		p.status.Evaluations = p.status.Evaluations[:min(len(p.status.Evaluations), maxEvaluations)]
	}
}

// evaluation is the last word of one rule on one component: what it did, or what
// held it back, then the numbers it looked at and each limit that cut a size.
func evaluation(r scaling.Record, rule scaling.RuleRecord) v1alpha1.Evaluation {
	e := v1alpha1.Evaluation{Component: r.Component, Rule: rule.Rule}
	words := rule.Detail
	switch {
	case rule.Suppressed != "":
		e.Result = string(rule.Suppressed)
		if words == "" {
			words = rule.Suppressed.Words()
		}
	case rule.Acted:
		e.Result = resultActed
	case rule.Truth == scaling.False:
		e.Result = resultNotTrue
	default:
		e.Result = resultNothing
	}
	parts := []string{words, rule.Compared}
	for _, step := range r.Pipeline {
		if step.Cut {
			parts = append(parts, step.Step+" cut to "+step.Detail)
		}
	}
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	e.Message = desired.Cut(strings.Join(parts, "; "), 1024)
	return e
}

// noteExplanations keeps what was done to each component and why nothing was, from
// when on: an entry holds until the next of its component.
func (p *pass) noteExplanations(records []scaling.Record) {
	last := map[string]v1alpha1.Explanation{}
	for _, e := range p.status.Explanations {
		last[e.Component] = e
	}
	for _, r := range telling(records) {
		e := explanation(r)
		if old, known := last[e.Component]; known && old.Result == e.Result && old.Rule == e.Rule && r.Result == scaling.None {
			continue
		}
		p.status.Explanations = append(p.status.Explanations, e)
	}
	if extra := len(p.status.Explanations) - maxExplanations; extra > 0 {
		p.status.Explanations = forgetOldest(p.status.Explanations, extra)
		p.status.DroppedExplanations += int64(extra)
	}
}

// telling is one record for each component, in their order: a component that one
// rule changes and another only would change has two, of which the one with more
// to say counts.
func telling(records []scaling.Record) []scaling.Record {
	weight := func(r scaling.Record) int {
		switch {
		case r.Result != scaling.None:
			return 2
		case r.NotDone != "":
			return 1
		}
		return 0
	}
	var one []scaling.Record
	at := map[string]int{}
	for _, r := range records {
		i, known := at[r.Component]
		switch {
		case !known:
			at[r.Component] = len(one)
			one = append(one, r)
		case weight(r) > weight(one[i]):
			one[i] = r
		}
	}
	return one
}

func explanation(r scaling.Record) v1alpha1.Explanation {
	e := v1alpha1.Explanation{Component: r.Component, Time: metav1.NewMicroTime(r.Time), Rule: r.Rule}
	compared := map[string]string{}
	var all []string
	for _, rule := range r.Rules {
		compared[rule.Rule] = rule.Compared
		if rule.Compared != "" {
			all = append(all, rule.Rule+": "+rule.Compared)
		}
	}
	words := strings.TrimPrefix(r.Reason, r.Rule+": ")
	switch {
	case r.NotDone != "":
		e.Result = string(r.NotDone)
		if words == "" || words == e.Result {
			words = r.NotDone.Words()
		}
		if numbers := compared[r.Rule]; numbers != "" && !strings.Contains(words, numbers) {
			words += "; " + numbers
		}
	case r.Result != scaling.None:
		e.Result = string(r.Result)
	default:
		e.Result, words = resultNotTrue, strings.Join(all, "; ")
	}
	e.Message = desired.Cut(words, 256)
	return e
}

// forgetOldest drops the n oldest that do not hold any more.
func forgetOldest(all []v1alpha1.Explanation, n int) []v1alpha1.Explanation {
	later := map[string]int{}
	for _, e := range all {
		later[e.Component]++
	}
	return slices.DeleteFunc(all, func(e v1alpha1.Explanation) bool {
		later[e.Component]--
		if n == 0 || later[e.Component] == 0 {
			return false
		}
		n--
		return true
	})
}
