package scaling

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// TestTheOrderOfTheInputDecidesNothing plays one random story twice, the second
// time with rules, components and connections in another order.
func TestTheOrderOfTheInputDecidesNothing(t *testing.T) {
	base := parseGraph(t, strings.Fields("api:APIServer db:Database jobs:MessageQueue worker:Worker api>db api>jobs jobs>worker"))
	rapid.Check(t, func(t *rapid.T) {
		first, second := newRig(t), newRig(t, rapid.Permutation(BuiltIn()).Draw(t, "rules")...)
		first.base = base.Clone()
		second.base = graph.Architecture{
			Components:  rapid.Permutation(base.Components).Draw(t, "components"),
			Connections: rapid.Permutation(base.Connections).Draw(t, "connections"),
		}
		level := rapid.Float64Range(0, 150) // percent of the threshold
		for tick := range 90 {
			if tick%15 == 0 {
				for _, tr := range triggers() {
					if tr.signal == ReplicaCount {
						continue
					}
					value := tr.threshold * level.Draw(t, tr.name()) / 100
					first.set(tr.component, tr.signal, value)
					second.set(tr.component, tr.signal, value)
				}
			}
			if want, got := outcome(first.step()), outcome(second.step()); want != got {
				t.Fatalf("tick %d:\n%s\nin another order:\n%s", tick, want, got)
			}
		}
	})
}

// outcome is what a tick decided and advised, in its order.
func outcome(o Output) string {
	var out strings.Builder
	for _, d := range o.Decisions {
		fmt.Fprintln(&out, d.ID, d.Rule, d.Action, d.Component, d.From, d.To, d.Reason)
	}
	for _, f := range o.Findings {
		fmt.Fprintln(&out, f.Message)
	}
	return out.String()
}
