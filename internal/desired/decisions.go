package desired

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/graph"
)

// Log reads the decision log of a simulation.
func Log(simulation string, decisions []v1alpha1.Decision) ([]graph.Decision, error) {
	log := make([]graph.Decision, 0, len(decisions))
	for _, d := range decisions {
		out := graph.Decision{
			ID: d.ID, Time: d.Time.Time, Simulation: simulation, Rule: d.Rule, Action: graph.Action(d.Action),
			Component: d.Component, From: d.From, To: d.To, Reason: d.Reason,
		}
		for _, s := range d.Signals {
			out.Signals = append(out.Signals, graph.Signal{
				Name: s.Name, Value: fromMilli(s.ValueMilli), Threshold: fromMilli(s.ThresholdMilli), Window: time.Duration(s.WindowSeconds) * time.Second,
			})
		}
		if d.Added != nil {
			out.Added = &graph.Component{}
			if err := json.Unmarshal(d.Added.Raw, out.Added); err != nil {
				return nil, fmt.Errorf("reading the component that decision %d added: %w", d.ID, err)
			}
		}
		if e := d.Effect; e != nil {
			out.Effect = &graph.Effect{Signal: e.Signal, Before: fromMilli(e.BeforeMilli), After: fromMilli(e.AfterMilli), Verdict: graph.Verdict(e.Verdict)}
		}
		log = append(log, out)
	}
	return log, nil
}

// LogStatus writes the decision log into status.
func LogStatus(log []graph.Decision) ([]v1alpha1.Decision, error) {
	decisions := make([]v1alpha1.Decision, 0, len(log))
	for _, d := range log {
		out := v1alpha1.Decision{
			ID: d.ID, Time: metav1.NewMicroTime(d.Time), Rule: d.Rule, Action: v1alpha1.Action(d.Action),
			Component: d.Component, From: d.From, To: d.To, Reason: Cut(d.Reason, maxMessage),
		}
		for _, s := range d.Signals {
			if measured := milli(s.Value); measured != nil {
				out.Signals = append(out.Signals, v1alpha1.DecisionSignal{
					Name: s.Name, ValueMilli: measured, ThresholdMilli: milli(s.Threshold), WindowSeconds: int32(s.Window / time.Second),
				})
			}
		}
		if d.Added != nil {
			raw, err := json.Marshal(d.Added)
			if err != nil {
				return nil, fmt.Errorf("writing the component that decision %d added: %w", d.ID, err)
			}
			out.Added = &runtime.RawExtension{Raw: raw}
		}
		if e := d.Effect; e != nil {
			out.Effect = &v1alpha1.Effect{Signal: e.Signal, BeforeMilli: milli(e.Before), AfterMilli: milli(e.After), Verdict: string(e.Verdict)}
		}
		decisions = append(decisions, out)
	}
	return decisions, nil
}

// maxMessage is the length of messages in status.
const maxMessage = 1024

// Cut shortens a text to a number of bytes at most, at a letter's end.
func Cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	runes := []rune(text)
	for len(string(runes)) > limit-3 {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "..."
}

// milli is a value in thousandths; what is not a number is nothing.
func milli(v float64) *int64 {
	if math.IsNaN(v) || math.IsInf(v, 0) || math.Abs(v) > math.MaxInt64/2000 {
		return nil
	}
	m := int64(math.Round(v * 1000))
	return &m
}

func fromMilli(m *int64) float64 {
	if m == nil {
		return 0
	}
	return float64(*m) / 1000
}
