package projection

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/scaling"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Moment is what decisions are told from.
type Moment struct {
	Now           time.Time
	Simulation    *v1alpha1.Simulation
	Architectures Architectures
	// Picture and Canvas are those of the live architecture.
	Picture Picture
	Canvas  wire.Canvas
	// First is set when the dashboard sees the run for the first time: what has
	// happened before has happened at a time that nobody saw.
	First bool
}

// Decisions are all decisions of a run with their stages. held are those that
// were told before: a stage that was reached stays reached.
func (m Moment) Decisions(held []wire.ScalingDecision) []wire.ScalingDecision {
	all := []wire.ScalingDecision{}
	for i, d := range m.Architectures.Log {
		all = append(all, m.logged(i, d, find(held, decisionID(d.ID))))
	}
	return append(all, m.heldBack(held)...)
}

func find(list []wire.ScalingDecision, id string) *wire.ScalingDecision {
	if at := slices.IndexFunc(list, func(d wire.ScalingDecision) bool { return d.ID == id }); at >= 0 {
		return &list[at]
	}
	return nil
}

// logged is the ith decision of the log.
func (m Moment) logged(i int, d graph.Decision, before *wire.ScalingDecision) wire.ScalingDecision {
	out := wire.ScalingDecision{
		ID: decisionID(d.ID), Rule: d.Rule, Action: string(d.Action), Component: d.Component, From: d.From, To: d.To, Reason: d.Reason,
		Signals: signals(d.Signals), Alternatives: []wire.Alternative{}, Made: m.made(i), Open: true,
		Stage: wire.StageApplied, Stages: []wire.StageReached{{Stage: wire.StageApplied, At: d.Time.UnixMilli()}},
	}
	switch {
	case before != nil:
		out.Stage, out.Stages, out.Alternatives, out.ReadySeconds = before.Stage, before.Stages, before.Alternatives, before.ReadySeconds
	case !m.First:
		out.Alternatives = m.alternatives(d)
	}
	m.answer(&out, d)
	m.settle(&out, d)
	return out
}

// answer notes when everything that a decision made answers.
func (m Moment) answer(out *wire.ScalingDecision, d graph.Decision) {
	if out.Stage != wire.StageApplied || d.Action == graph.SuggestSharding || !m.answers(out.Made) {
		return
	}
	out.Stage = wire.StageReady
	if m.First { // it has answered for some time that nobody saw
		return
	}
	seconds := m.Now.Sub(d.Time).Seconds()
	out.ReadySeconds = &seconds
	out.Stages = append(slices.Clone(out.Stages), wire.StageReached{Stage: wire.StageReady, At: m.Now.UnixMilli()})
}

// settle notes the effect.
func (m Moment) settle(out *wire.ScalingDecision, d graph.Decision) {
	if d.Effect == nil {
		out.Open = !Finished(m.Simulation)
		return
	}
	out.Open = false
	unit := unitOf(d.Effect.Signal)
	out.Effect = &wire.DecisionEffect{Signal: d.Effect.Signal, Unit: unit, Before: d.Effect.Before, After: d.Effect.After, Verdict: string(d.Effect.Verdict)}
	if out.Stage != wire.StageEffect {
		out.Stage = wire.StageEffect
		at := m.Now
		if ended := m.Simulation.Status.CompletionTime; ended != nil && ended.Time.Before(at) {
			at = ended.Time
		}
		if !m.First {
			out.Stages = append(slices.Clone(out.Stages), wire.StageReached{Stage: wire.StageEffect, At: at.UnixMilli()})
		}
	}
}

// made are the ids of what the ith decision of the log made.
func (m Moment) made(i int) []string {
	a := m.Architectures
	before, after := graph.Fold(a.Base, a.Log[:i]), graph.Fold(a.Base, a.Log[:i+1])
	ids := []string{}
	for _, t := range touched(before, after) {
		if _, there := before.Component(t.name); !there {
			ids = append(ids, t.name)
		}
		for n := t.from; n < t.to; n++ {
			ids = append(ids, fmt.Sprintf("%s-%d", t.name, n+1))
		}
	}
	return ids
}

// answers reports whether all of some components and instances are there and ready.
func (m Moment) answers(ids []string) bool {
	ready := map[string]bool{}
	for _, n := range m.Canvas.Nodes {
		ready[n.ID] = true
		for _, i := range n.Instances {
			ready[i.ID] = i.Ready
		}
	}
	return !slices.ContainsFunc(ids, func(id string) bool { return !ready[id] })
}

func signals(list []graph.Signal) []wire.DecisionSignal {
	out := []wire.DecisionSignal{}
	for _, s := range list {
		signal := wire.DecisionSignal{Name: s.Name, Unit: unitOf(s.Name), Value: s.Value, WindowSeconds: s.Window.Seconds()}
		if s.Threshold != 0 {
			signal.Threshold = &s.Threshold
		}
		out = append(out, signal)
	}
	return out
}

func unitOf(signal string) string {
	switch signal {
	case scaling.CPU, scaling.Memory, scaling.Connections, scaling.ErrorRate, scaling.ReadRatio, scaling.WriteRatio, scaling.StaticRatio, scaling.DownstreamShare:
		return "%"
	case scaling.Latency, scaling.LatencyP95, scaling.LatencyP99, "geoLatency":
		return "ms"
	case scaling.RequestRate, scaling.Throughput:
		return "req/s"
	case "lag":
		return "s"
	default:
		return ""
	}
}

// alternatives are the other rules that were judged for the component.
func (m Moment) alternatives(d graph.Decision) []wire.Alternative {
	out := []wire.Alternative{}
	for _, e := range m.Simulation.Status.Evaluations {
		if e.Component == d.Component && e.Rule != d.Rule && e.Message != "" {
			out = append(out, wire.Alternative{Rule: e.Rule, Result: e.Result, Message: e.Message})
		}
	}
	return out
}

// constraints are the results of evaluations in which a rule wanted to act and
// something kept it from it.
func constraints() []scaling.NotDone {
	return []scaling.NotDone{
		scaling.StillPending, scaling.InCooldown, scaling.RateLimited, scaling.AtMax, scaling.WouldFlap, scaling.WrongBottleneck, scaling.DownstreamLimit,
		scaling.OverBudget, scaling.NoEffect, scaling.FlapFrozen, scaling.InSuspension, scaling.InDryRun, scaling.Outvoted, scaling.OneAtATime, scaling.Exhausted,
	}
}

// reopened is how soon a rule that wants to act again is the same decision still.
const reopened = 30 * time.Second

// heldBack are the decisions that rules wanted and did not carry out: those of
// now, and those told before, which are closed when nothing holds them any more.
func (m Moment) heldBack(held []wire.ScalingDecision) []wire.ScalingDecision {
	var all []wire.ScalingDecision
	for _, d := range held {
		if d.ID[0] == 'h' {
			d.Open, d.Ghost = false, nil
			all = append(all, d)
		}
	}
	if Finished(m.Simulation) {
		return all
	}
	for _, e := range m.Simulation.Status.Evaluations {
		if e.Rule == "none" || !slices.Contains(constraints(), scaling.NotDone(e.Result)) {
			continue
		}
		all = m.hold(all, e)
	}
	return all
}

// hold opens the decision that an evaluation held back, or takes it further.
func (m Moment) hold(all []wire.ScalingDecision, e v1alpha1.Evaluation) []wire.ScalingDecision {
	stage := wire.StageHeld
	if scaling.NotDone(e.Result) == scaling.StillPending {
		stage = wire.StageSeen
	}
	since := m.Now
	if e.Since != nil {
		since = e.Since.Time
	}
	at := slices.IndexFunc(all, func(d wire.ScalingDecision) bool {
		last := time.UnixMilli(d.Stages[len(d.Stages)-1].At)
		return d.Component == e.Component && d.Rule == e.Rule && since.Sub(last) < reopened
	})
	if at < 0 {
		all = append(all, wire.ScalingDecision{
			ID: fmt.Sprintf("h/%s/%s/%d", e.Component, e.Rule, since.UnixMilli()), Rule: e.Rule, Component: e.Component,
			Signals: []wire.DecisionSignal{}, Alternatives: []wire.Alternative{}, Made: []string{}, Stages: []wire.StageReached{},
		})
		at = len(all) - 1
	}
	d := &all[at]
	constraint := e.Result
	if stage == wire.StageSeen {
		constraint = ""
	}
	if d.Stage != stage {
		d.Stages = append(slices.Clone(d.Stages), wire.StageReached{Stage: stage, At: since.UnixMilli()})
	}
	if d.Stage != stage || d.Constraint != constraint { // its numbers change every second, and are no news
		d.Reason = cmp.Or(e.Message, e.Rule+": "+e.Result)
	}
	d.Open, d.Stage, d.Action, d.Constraint = true, stage, string(m.action(e.Rule)), constraint
	if n := slices.IndexFunc(m.Canvas.Nodes, func(n wire.Node) bool { return n.ID == e.Component }); n >= 0 {
		d.From, d.To = m.Canvas.Nodes[n].Replicas, m.Canvas.Nodes[n].Replicas
	}
	m.haunt(d)
	return all
}

// action is what a rule does, by its name.
func (m Moment) action(rule string) graph.Action {
	for _, r := range m.Simulation.Spec.AutoScaling.Rules {
		if r.Name == rule && r.Then != "" {
			return graph.Action(r.Then)
		}
	}
	for _, r := range scaling.BuiltIn() {
		if r.Name == rule {
			return r.Then
		}
	}
	return ""
}

// haunt gives a held decision the ghost of what it would add: one more replica,
// or the component that it would insert, where the layout would put it.
func (m Moment) haunt(d *wire.ScalingDecision) {
	live := m.Architectures.Live()
	would, ok := proposal(live, graph.Action(d.Action), d.Component)
	if !ok {
		return
	}
	would.ID = 1 << 40 // what it would add is by no user
	next := graph.Fold(live, []graph.Decision{would})
	picture := m.Picture.With(next)
	for _, t := range touched(live, next) {
		c, there := next.Component(t.name)
		if !there || t.to <= t.from {
			continue
		}
		d.From, d.To = t.from, t.to
		ghost := node(c, picture, nil)
		ghost.Origin = wire.NodeOrigin{Rule: d.Rule, Decision: d.ID}
		for n := t.from + 1; n <= t.to; n++ {
			at, _ := picture.Place(c.Name, n)
			ghost.Instances = append(ghost.Instances, wire.NodeReplica{ID: fmt.Sprintf("%s-%d", c.Name, n), Position: at})
		}
		d.Ghost = &ghost
		return
	}
}

// proposal is the decision that an action on a component would be.
func proposal(live graph.Architecture, action graph.Action, component string) (graph.Decision, bool) {
	c, there := live.Component(component)
	d := graph.Decision{Action: action, Component: component, From: c.Replicas, To: c.Replicas + 1}
	var added graph.Component
	switch action {
	case graph.AddReplica, graph.AddWorkers:
		return d, there
	case graph.InsertLoadBalancer:
		added = graph.BalancerFor(live.FreeName("load-balancer"))
	case graph.InsertCache:
		added = graph.CacheFor(live.FreeName(component + "-cache"))
	case graph.InsertCDN:
		added = graph.CDNFor(live.FreeName("cdn"))
	case graph.AddReadReplica:
		if replicas := live.ReadReplicas(component); len(replicas) > 0 {
			d.From, d.To = replicas[0].Replicas, replicas[0].Replicas+1
			return d, there
		}
		added = graph.ReadReplicaOf(c, live.FreeName(component+"-replica"))
		d.From, d.To = 0, 1
	default:
		return d, false
	}
	d.Added = &added
	return d, there
}
