package controllers

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

func TestEvaluationsAnswerWhyNothingHappened(t *testing.T) {
	numbers := "cpu 85 (> 80), memory 30 (> 85)"
	tests := map[string]struct {
		rule            scaling.RuleRecord
		pipeline        []scaling.PipelineLog
		result, message string
	}{
		"not true":             {scaling.RuleRecord{Truth: scaling.False, Compared: numbers}, nil, "NotTrue", numbers},
		"acted":                {scaling.RuleRecord{Truth: scaling.True, Acted: true, Detail: "CPU overload", Compared: numbers}, nil, "Acted", "CPU overload; " + numbers},
		"suppressed, no words": {scaling.RuleRecord{Truth: scaling.True, Suppressed: scaling.AlreadyThere}, nil, "AlreadyThere", "what it inserts is there already"},
		"not measured":         {scaling.RuleRecord{Truth: scaling.Unknown, Suppressed: scaling.NoData, Detail: "cpu: stale", Compared: "cpu ? (> 80)"}, nil, "Unknown", "cpu: stale; cpu ? (> 80)"},
		"cut by a limit": {
			scaling.RuleRecord{Truth: scaling.True, Suppressed: scaling.AtMax, Detail: "bounds allows at most 3", Compared: numbers},
			[]scaling.PipelineLog{{Step: "stabilize", N: 5}, {Step: "bounds", N: 3, Cut: true, Detail: "at most 3"}},
			"AtMax", "bounds allows at most 3; " + numbers + "; bounds cut to at most 3",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := evaluation(scaling.Record{Component: "api", Pipeline: tt.pipeline}, tt.rule)
			if got.Result != tt.result || got.Message != tt.message {
				t.Errorf("%s: %q, want %s: %q", got.Result, got.Message, tt.result, tt.message)
			}
		})
	}
}

func TestEvaluationsKeepSinceWhenTheyHold(t *testing.T) {
	sim := simulation("run", time.Minute, started)
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon}
	at := func(second int, truth scaling.Truth) scaling.Record {
		return scaling.Record{Component: "api", Time: noon.Add(time.Duration(second) * time.Second), Rules: []scaling.RuleRecord{{Rule: "mine", Truth: truth}, {Rule: "other", Truth: scaling.False}}}
	}
	for second, truth := range []scaling.Truth{scaling.False, scaling.False, scaling.True, scaling.True} {
		p.noteEvaluations([]scaling.Record{at(second, truth)})
	}
	if len(p.status.Evaluations) != 2 {
		t.Fatalf("evaluations %+v, want one for each rule", p.status.Evaluations)
	}
	for i, want := range []int{2, 0} {
		if got := p.status.Evaluations[i].Since; !got.Time.Equal(noon.Add(time.Duration(want) * time.Second)) {
			t.Errorf("rule %s holds since %s, want second %d", p.status.Evaluations[i].Rule, got, want)
		}
	}
}

func TestEvaluationsAreBounded(t *testing.T) {
	sim := simulation("run", time.Minute, started)
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon}
	var records []scaling.Record
	for range maxEvaluations {
		records = append(records, scaling.Record{Component: "api", Rules: []scaling.RuleRecord{{Rule: "quiet", Truth: scaling.False}, {Rule: "held", Truth: scaling.True, Suppressed: scaling.AtMax}}})
	}
	p.noteEvaluations(records)
	for _, e := range p.status.Evaluations {
		if e.Rule != "held" {
			t.Errorf("%+v is kept where there is no room", e)
			break
		}
	}
	if len(p.status.Evaluations) != maxEvaluations {
		t.Errorf("%d evaluations, want %d", len(p.status.Evaluations), maxEvaluations)
	}
}

func TestFindingsAreACondition(t *testing.T) {
	sim := simulation("run", time.Minute, started)
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon}
	p.noteFindings(nil)
	if c := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionAdvised); c == nil || c.Status != metav1.ConditionFalse {
		t.Errorf("condition %+v without findings, want False", c)
	}
	p.noteFindings([]scaling.Finding{{Time: noon, Component: "db", Rule: "database", Message: "consider sharding db: latency 600 > 500 and 60.0% of requests write"}})
	p.noteFindings(nil)
	c := meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionAdvised)
	if c == nil || c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, "60.0% of requests write") {
		t.Errorf("condition %+v, want True with the numbers", c)
	}
	if len(p.notes) != 1 || p.notes[0].reason != "Finding" {
		t.Errorf("events %+v, want one", p.notes)
	}
}
