package scaling

import (
	"math"
	"slices"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// evaluate finds the truth of every rule for every component it watches.
func (t *tick) evaluate() {
	for _, rule := range t.Program.rules {
		m := rule.mode(t.Settings)
		architecture := t.architecture(m)
		for _, c := range architecture.Components {
			if !rule.Select.picks(c, architecture) || !speaksForItself(rule, c) {
				continue
			}
			p := &pair{rule: rule, mode: m, subject: c, state: t.state.Rules[key(rule.Name, c.Name)]}
			p.object = objectOf(rule.Then, c, architecture)
			if rule.Select.ScaledOut && !t.scaledOut(p) {
				continue
			}
			t.measure(p)
			t.judge(p)
			t.pairs = append(t.pairs, p)
			if p.object != "" {
				at := objectKey(p.object, objectMode(m))
				t.byKey[at] = append(t.byKey[at], p)
			}
		}
	}
}

// objectOf is the component whose size an action changes, empty if there is none yet.
func objectOf(action graph.Action, subject graph.Component, a graph.Architecture) string {
	switch action {
	case graph.AddReplica, graph.RemoveReplica:
		return subject.Name
	case graph.AddWorkers:
		if workers := a.CalleesOfType(subject.Name, graph.Worker); len(workers) > 0 {
			return workers[0].Name
		}
	case graph.AddReadReplica:
		if replicas := a.ReadReplicas(subject.Name); len(replicas) > 0 {
			return replicas[0].Name
		}
	}
	return ""
}

func (t *tick) scaledOut(p *pair) bool {
	o := t.objects[objectKey(p.object, objectMode(p.mode))]
	return o != nil && o.current > o.state.Baseline
}

// measure gathers the signals of a pair; what is not known is NaN.
func (t *tick) measure(p *pair) {
	p.values = values{}
	seen, _ := t.observation(p.subject.Name)
	for _, name := range p.rule.signals() {
		switch name {
		case ReplicaCount:
			p.values[name] = float64(p.subject.Replicas)
		case ReadyCount:
			p.values[name] = float64(seen.Replicas.Ready)
		default:
			p.values[name] = t.signal(p, seen, name)
		}
	}
}

// signals are those of the condition, the step and the words of the reason.
func (r compiled) signals() []string {
	all := r.condition.signals
	if r.Step.Signal != "" && !slices.Contains(all, r.Step.Signal) {
		all = append(slices.Clone(all), r.Step.Signal)
	}
	return all
}

func (t *tick) signal(p *pair, seen Observation, name string) float64 {
	measured := t.seenFor(p.rule.Then, seen, name, p.rule.window(t.Settings))
	why := measured.unknown(t.Now, t.Settings)
	p.inputs = append(p.inputs, told(name, measured, why))
	if why != "" {
		if p.rule.OnMissing.Action == Assume {
			return p.rule.OnMissing.Assumed
		}
		return math.NaN()
	}
	value := t.scaledToVirtual(p, name, measured.Value)
	if perReplica(name) {
		value *= covered(measured, seen.Replicas)
	}
	return value
}

// covered is the share of replicas that a per-replica mean stands for when a
// scale-out is asked: those without samples count as idle.
func covered(v Value, r Replicas) float64 {
	all := max(r.Ready, r.Spec-r.Terminating)
	if v.Replicas == nil || all <= int32(len(v.Replicas)) || all < 1 {
		return 1
	}
	return float64(len(v.Replicas)) / float64(all)
}

// scaledToVirtual is what a signal would be at the size a dry run has reached.
func (t *tick) scaledToVirtual(p *pair, name string, value float64) float64 {
	if p.mode != DryRun {
		return value
	}
	subject, object := p.subject, p.subject
	if asOne(p.rule.Then) && p.object != "" {
		object, _ = t.virtual.Component(p.object)
	}
	live, _ := t.live.Component(object.Name) // none of a read replica that is virtual altogether
	if live.Replicas == object.Replicas {
		return value
	}
	l := look{subject: subject, object: object, from: live.Replicas, to: object.Replicas, cpu: t.utilization(subject.Name)}
	return l.predict(name, value)
}

// told is a measurement fit for a record: never NaN, and it says why it is missing.
func told(name string, v Value, why string) Measurement {
	v.Missing = why
	if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
		v.Value = 0
	}
	return Measurement{Signal: name, Value: v}
}

// perReplica reports whether a signal is a mean over replicas.
func perReplica(name string) bool { return name == CPU || name == Memory || name == Connections }

// proportional reports whether a signal falls in proportion as replicas are added.
func proportional(name string) bool { return perReplica(name) }

// judge evaluates the condition and finds the comparison that is furthest exceeded.
func (t *tick) judge(p *pair) {
	p.truth, p.problem = p.rule.condition.evaluate(p.values)
	p.hot, p.ratio = hottest(p.rule.condition.terms, p.values)
	if p.rule.Fast != nil && t.panics(p) {
		p.fast, p.truth = true, True
	}
}

// hottest is the true comparison that is furthest exceeded, proportional signals first.
func hottest(terms []term, v values) (term, float64) {
	var hot term
	var most float64
	for _, c := range terms {
		value := v[c.signal]
		if !c.holds(value) {
			continue
		}
		ratio := excess(c, value)
		if hot.signal == "" || rank(c, ratio) > rank(hot, most) {
			hot, most = c, ratio
		}
	}
	return hot, most
}

func rank(c term, ratio float64) float64 {
	if proportional(c.signal) {
		return ratio + 1e9
	}
	return ratio
}

// excess is how far beyond its threshold a value is, as a ratio of at least 1.
func excess(c term, value float64) float64 {
	switch {
	case c.above() && c.threshold > 0:
		return value / c.threshold
	case !c.above() && value > 0:
		return c.threshold / value
	}
	return 1
}

// panics looks at the short window of the fast path.
func (t *tick) panics(p *pair) bool {
	seen, _ := t.observation(p.subject.Name)
	for _, c := range p.rule.condition.terms {
		v := seen.Signal(c.signal, p.rule.Fast.Window)
		if v.unknown(t.Now, t.Settings) != "" || !c.above() || v.Value < c.threshold*p.rule.Fast.Factor {
			continue
		}
		p.hot, p.ratio = c, excess(c, v.Value)
		p.values[c.signal] = v.Value
		return true
	}
	return false
}

// utilization is the CPU of a component in percent over the settings' window, NaN if unknown.
func (t *tick) utilization(name string) float64 {
	seen, _ := t.observation(name)
	v := seen.Signal(CPU, t.Settings.Window)
	if v.unknown(t.Now, t.Settings) != "" {
		return math.NaN()
	}
	return v.Value
}
