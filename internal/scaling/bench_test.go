package scaling

import (
	"fmt"
	"testing"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// BenchmarkThousandRules is the cost of one tick of 1,000 pairs of rule and
// component: ten rules over a hundred API servers.
func BenchmarkThousandRules(b *testing.B) {
	var rules []Rule
	for i := range 10 {
		rules = append(rules, hot(func(r *Rule) { r.Name = fmt.Sprintf("rule-%d", i) }))
	}
	r := newRig(b, rules...)
	r.base = graph.Architecture{}
	for i := range 100 {
		c := graph.Component{Name: fmt.Sprintf("api-%d", i), Type: graph.APIServer, Replicas: 3}
		r.base.Components = append(r.base.Components, c)
		r.set(c.Name, CPU, 60).set(c.Name, Memory, 40)
	}
	r.step()
	in := r.input()
	b.ReportAllocs()
	for b.Loop() {
		Step(in)
	}
}

// BenchmarkHundredComponents is the cost of one tick of the built-in rules
// over a hundred components with three replicas each.
func BenchmarkHundredComponents(b *testing.B) {
	r := newRig(b)
	r.base = graph.Architecture{}
	for i := range 100 {
		c := graph.Component{Name: fmt.Sprintf("service-%d", i), Type: graph.APIServer, Replicas: 3}
		r.base.Components = append(r.base.Components, c)
		if i > 0 {
			r.base.Connections = append(r.base.Connections, graph.Connection{From: fmt.Sprintf("service-%d", (i-1)/2), To: c.Name, Calls: 1})
		}
		for _, name := range SignalNames() {
			r.set(c.Name, name, 40)
		}
	}
	r.step()
	in := r.input()
	b.ReportAllocs()
	for b.Loop() {
		Step(in)
	}
}
