package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// spoken is a record of api as one rule left it, at a second.
func spoken(second int, result scaling.Result, held scaling.NotDone, detail string) scaling.Record {
	r := scaling.Record{
		Component: "api", Time: noon.Add(time.Duration(second) * time.Second), Result: result, NotDone: held,
		Rules: []scaling.RuleRecord{{Rule: "mine", Compared: "cpu 40 (> 80)"}},
	}
	if held != "" || result != scaling.None {
		r.Rule, r.Reason = "mine", "mine: "+detail
	}
	return r
}

func TestExplanationsCoverEveryInterval(t *testing.T) {
	sim := simulation("run", time.Minute, started)
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon}
	records := []scaling.Record{
		spoken(0, scaling.None, scaling.NoData, "cpu: not measured"), spoken(1, scaling.None, "", ""), spoken(2, scaling.None, "", ""),
		spoken(3, scaling.None, scaling.StillPending, "true for 1s of 2s"), spoken(4, scaling.None, scaling.StillPending, "true for 2s of 2s"),
		spoken(5, scaling.ScaleOut, "", "CPU overload"), spoken(6, scaling.ScaleOut, "", "CPU overload"),
		spoken(7, scaling.None, scaling.AtMax, string(scaling.AtMax)), spoken(8, scaling.None, "", ""),
	}
	for _, r := range records {
		p.noteExplanations([]scaling.Record{r})
	}
	var got []string
	for _, e := range p.status.Explanations {
		got = append(got, strings.TrimSpace(fmt.Sprint(e.Time.Sub(noon).Seconds(), " ", e.Result, " ", e.Rule, ": ", e.Message)))
	}
	want := []string{
		"0 Unknown mine: cpu: not measured; cpu 40 (> 80)",
		"1 NotTrue : mine: cpu 40 (> 80)",
		"3 Pending mine: true for 1s of 2s; cpu 40 (> 80)",
		"5 ScaleOut mine: CPU overload",
		"6 ScaleOut mine: CPU overload",
		"7 AtMax mine: at its maximum; cpu 40 (> 80)",
		"8 NotTrue : mine: cpu 40 (> 80)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("explanations (-want +got):\n%s", diff)
	}
}

func TestTheRecordWithMoreToSayExplainsAComponent(t *testing.T) {
	quiet, held, acted := spoken(0, scaling.None, "", ""), spoken(0, scaling.None, scaling.InDryRun, ""), spoken(0, scaling.ScaleIn, "", "Low load")
	other := scaling.Record{Component: "db", Result: scaling.None}
	for _, tt := range []struct {
		records []scaling.Record
		want    scaling.Record
	}{{[]scaling.Record{quiet, other, held}, held}, {[]scaling.Record{held, other, acted}, acted}, {[]scaling.Record{acted, other, held}, acted}} {
		if got := telling(tt.records); len(got) != 2 || got[0].Result != tt.want.Result || got[0].NotDone != tt.want.NotDone || got[1].Component != "db" {
			t.Errorf("%+v, want %+v and that of db", got, tt.want)
		}
	}
}

func TestExplanationsAreBoundedAndEachComponentKeepsItsLast(t *testing.T) {
	sim := simulation("run", time.Minute, started)
	p := &pass{sim: &sim, status: sim.Status.DeepCopy(), now: noon}
	quiet := scaling.Record{Component: "db", Time: noon, Result: scaling.None}
	for second := range maxExplanations + 10 {
		p.noteExplanations([]scaling.Record{quiet, spoken(second, scaling.ScaleOut, "", "CPU overload")})
	}
	kept := p.status.Explanations
	if len(kept) != maxExplanations || p.status.DroppedExplanations != 11 {
		t.Fatalf("%d explanations and %d dropped, want %d and 11", len(kept), p.status.DroppedExplanations, maxExplanations)
	}
	if kept[0].Component != "db" || kept[1].Time.Sub(noon) != 11*time.Second {
		t.Errorf("the oldest are %+v, want the only one of db, then those of api from second 11 on", kept[:2])
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
