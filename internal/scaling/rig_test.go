package scaling

import (
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// testingT is what tests, benchmarks and properties share.
type testingT interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

// rig drives Step tick by tick with signals set by hand. Replicas are ready
// the tick after a decision unless a size is pinned.
type rig struct {
	t        testingT
	settings Settings
	program  Program
	base     graph.Architecture
	log      []graph.Decision
	state    State
	now      time.Time
	ticks    int64
	signals  map[string]map[string]float64
	unknown  map[string]map[string]string
	pinned   map[string]int32
	covered  map[string][]string
	owner    string
	last     Output
	fast     time.Duration
	seen     func(Input)
	effects  []MeasuredEffect
}

func newRig(t testingT, rules ...Rule) *rig {
	if len(rules) == 0 {
		rules = BuiltIn()
	}
	return &rig{
		t: t, settings: Defaults(), program: mustCompile(t, rules...), base: shop(1), now: epoch(),
		signals: map[string]map[string]float64{}, unknown: map[string]map[string]string{},
		pinned: map[string]int32{}, covered: map[string][]string{},
	}
}

func (r *rig) set(component, signal string, value float64) *rig {
	if r.signals[component] == nil {
		r.signals[component] = map[string]float64{}
	}
	r.signals[component][signal] = value
	delete(r.unknown[component], signal)
	return r
}

func (r *rig) lose(component, signal string) *rig {
	delete(r.signals[component], signal)
	return r
}

func (r *rig) idle(component string) *rig {
	return r.set(component, CPU, 20).set(component, Memory, 20).set(component, Latency, 10).set(component, Connections, 10)
}

func (r *rig) live() graph.Architecture { return graph.Fold(r.base, r.log) }

func (r *rig) size(component string) int32 {
	c, _ := r.live().Component(component)
	return c.Replicas
}

func (r *rig) observations() []Observation {
	var all []Observation
	for _, c := range r.live().Components {
		o := Observation{Component: c.Name, Replicas: Replicas{Spec: c.Replicas, Ready: c.Replicas}}
		if n, ok := r.pinned[c.Name]; ok {
			o.Replicas.Ready = n
			o.Replicas.Warming = max(c.Replicas-n, 0)
		}
		if c.Name == "api-server" {
			o.OtherOwner = r.owner
		}
		for _, name := range SignalNames() {
			if value, ok := r.signals[c.Name][name]; ok {
				o.Signals = append(o.Signals, r.measurement(name, value, r.covered[c.Name])...)
			}
		}
		all = append(all, o)
	}
	return all
}

func (r *rig) measurement(name string, value float64, replicas []string) []Measurement {
	v := Value{Value: value, N: 10, First: r.now.Add(-9 * time.Second), Last: r.now, Coverage: 1, Window: r.settings.Window, Replicas: replicas}
	all := []Measurement{{name, v}}
	for _, c := range r.program.rules {
		if w := c.window(r.settings); w != r.settings.Window {
			v.Window = w
			all = append(all, Measurement{name, v})
		}
	}
	if r.fast > 0 {
		v.Window = r.fast
		all = append(all, Measurement{name, v})
	}
	return all
}

func (r *rig) input() Input {
	return Input{
		Now: r.now, Tick: r.ticks, Simulation: "default/rig", Settings: r.settings, Program: r.program,
		Base: r.base, Log: slices.Clone(r.log), Observations: r.observations(), State: r.state,
	}
}

// step runs one tick, carries its decisions out and lets a second pass.
func (r *rig) step() Output {
	in := r.input()
	if r.seen != nil {
		r.seen(in)
	}
	r.last = Step(in)
	r.state = r.last.State
	r.log = append(r.log, r.last.Decisions...)
	r.effects = append(r.effects, r.last.Effects...)
	r.now = r.now.Add(r.settings.Interval)
	r.ticks++
	return r.last
}

// run steps for a duration and returns the decisions of it.
func (r *rig) run(d time.Duration) []graph.Decision {
	var all []graph.Decision
	for end := r.now.Add(d); r.now.Before(end); {
		all = append(all, r.step().Decisions...)
	}
	return all
}

func (r *rig) record(component string) Record {
	for _, record := range r.last.Records {
		if record.Component == component {
			return record
		}
	}
	return Record{}
}

func (r *rig) rule(component, rule string) RuleRecord {
	for _, found := range r.record(component).Rules {
		if found.Rule == rule {
			return found
		}
	}
	return RuleRecord{}
}

func (r *rig) wantSuppressed(component, rule string, want NotDone) {
	r.t.Helper()
	if got := r.rule(component, rule).Suppressed; got != want {
		r.t.Errorf("rule %s on %s is suppressed by %q, want %q (record %+v)", rule, component, got, want, r.record(component))
	}
}

// rearms reports whether a change of the component is younger than a window.
func (r *rig) rearms(component string) bool {
	o := r.state.Objects[component]
	return o.Settling || (!o.Effective.IsZero() && r.now.Sub(o.Effective) <= r.settings.Window)
}

// wantVerdicts wants the effects that were measured so far.
func (r *rig) wantVerdicts(want ...graph.Verdict) {
	r.t.Helper()
	var got []graph.Verdict
	for _, e := range r.effects {
		got = append(got, e.Effect.Verdict)
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("verdicts %v, want %v: %+v", got, want, r.effects)
	}
}

func (r *rig) wantSize(component string, want int32) {
	r.t.Helper()
	if got := r.size(component); got != want {
		r.t.Errorf("%s has %d replicas, want %d; record %+v", component, got, want, r.record(component))
	}
}

func (r *rig) wantDecisions(got []graph.Decision, want ...graph.Action) {
	r.t.Helper()
	var actions []graph.Action
	for _, d := range got {
		actions = append(actions, d.Action)
	}
	if !slices.Equal(actions, want) {
		r.t.Errorf("decisions %v, want %v: %+v", actions, want, got)
	}
}

// hot is the api-server rule alone, with changes to it.
func hot(change ...func(*Rule)) Rule {
	rule := Rule{Name: "hot", Select: Selector{Types: []graph.ComponentType{graph.APIServer}}, When: "cpu > 80 || memory > 85", Then: graph.AddReplica}
	for _, c := range change {
		c(&rule)
	}
	return rule
}

func shrink() Rule {
	return Rule{Name: "shrink", Select: Selector{ScaledOut: true}, Then: graph.RemoveReplica}
}

// grown is a rig whose api-server was scaled out to n by a decision long ago.
func grown(t testingT, n int32, rules ...Rule) *rig {
	r := newRig(t, rules...)
	r.log = []graph.Decision{{ID: 1, Rule: "hot", Action: graph.AddReplica, Component: "api-server", From: 1, To: n}}
	return r.idle("api-server")
}
