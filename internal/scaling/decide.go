package scaling

import (
	"math"
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// resize decides a new size of an object.
func (t *tick) resize(o *object, p *pair, n int32, reason string) {
	d := graph.Decision{Action: p.rule.Then, Component: p.subject.Name, From: o.current, To: n, Reason: reason}
	switch {
	case n < o.current:
		d.Action, d.Component = graph.RemoveReplica, o.name
		o.result = ScaleIn
	default:
		o.result = ScaleOut
	}
	if d.Action == graph.AddReadReplica || d.Action == graph.AddWorkers {
		object, _ := t.architecture(o.mode).Component(o.name)
		d.Added = &object
	}
	o.rule, o.to, o.reason = p.rule.Name, n, reason
	t.noteChange(o, n)
	t.decide(p, d, o.name)
}

// noteChange remembers a change for cool-downs, rate policies and the flap budget.
func (t *tick) noteChange(o *object, n int32) {
	out := n > o.current
	o.state.Changes = append(o.state.Changes, Change{t.Now, n - o.current})
	turned := (out && o.state.ChangedIn.After(o.state.ChangedOut)) || (!out && o.state.ChangedOut.After(o.state.ChangedIn))
	if out {
		o.state.ChangedOut = t.Now
	} else {
		o.state.ChangedIn = t.Now
	}
	o.state.Settling, o.state.Effective = true, time.Time{}
	o.state.In = nil
	if turned {
		t.noteReversal(o)
	}
}

// noteReversal spends the flap budget.
func (t *tick) noteReversal(o *object) {
	flap := t.Settings.Flap
	for len(o.state.Reversals) > 0 && t.Now.Sub(o.state.Reversals[0]) >= flap.Window {
		o.state.Reversals = o.state.Reversals[1:]
	}
	o.state.Reversals = append(o.state.Reversals, t.Now)
	if flap.Reversals > 0 && int32(len(o.state.Reversals)) >= flap.Reversals {
		o.state.Frozen = t.Now.Add(flap.Freeze)
	}
}

// insertLayer decides a structural change.
func (t *tick) insertLayer(p *pair) {
	d := graph.Decision{Action: p.rule.Then, Component: p.subject.Name, Added: p.layer, Reason: layerReason(p)}
	d.To = 1
	if o := t.objects[objectKey(p.subject.Name, objectMode(p.mode))]; o != nil && o.result == None {
		o.result, o.rule, o.reason = Structural, p.rule.Name, d.Reason
	}
	t.decide(p, d, p.layer.Name)
}

// decide completes a decision and hands it to whom its mode says.
func (t *tick) decide(p *pair, d graph.Decision, changed string) {
	t.nextID++
	d.ID, d.Time, d.Simulation, d.Rule = t.nextID, t.Now, t.Simulation, p.rule.Name
	d.Signals = p.signals(t.Settings)
	p.state.ActedAt, p.state.Breach, p.state.Held = t.Now, p.ratio, 0
	p.state.Firings++
	p.did = d.Reason
	if p.mode == DryRun {
		p.notDone = InDryRun
		t.out.DryRun = append(t.out.DryRun, d)
		t.state.Virtual = graph.Compact(t.live, append(t.state.Virtual, d))
		return
	}
	t.out.Decisions = append(t.out.Decisions, d)
	t.expect(p, d, changed)
}

// signals are the known values that the decision rests on.
func (p *pair) signals(s Settings) []graph.Signal {
	var all []graph.Signal
	for _, name := range p.rule.signals() {
		value := p.values[name]
		if math.IsNaN(value) || math.IsInf(value, 0) {
			continue
		}
		signal := graph.Signal{Name: name, Value: value}
		if at := slices.IndexFunc(p.rule.condition.terms, func(c term) bool { return c.signal == name }); at >= 0 {
			signal.Threshold = p.rule.condition.terms[at].threshold
		}
		if name != ReplicaCount && name != ReadyCount {
			signal.Window = p.rule.window(s)
		}
		all = append(all, signal)
	}
	return all
}
