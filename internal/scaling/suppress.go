package scaling

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// suppress drops the proposals of single rules, and says why.
func (t *tick) suppress() {
	for _, p := range t.pairs {
		if !p.asks() {
			t.explainSilence(p)
			continue
		}
		if reason, detail := t.guard(p); reason != "" {
			p.notDone = reason
			if detail != "" {
				p.detail = detail
			}
		}
	}
}

// asks reports whether the rule proposes something that nothing has suppressed yet.
func (p *pair) asks() bool {
	return p.notDone == "" && (p.raw > 0 || p.layer != nil || p.advice)
}

func (t *tick) explainSilence(p *pair) {
	switch {
	case p.notDone != "":
	case p.truth == Unknown:
		p.notDone, p.detail = NoData, p.missing()
	case p.truth == True && !p.firing:
		p.notDone, p.detail = StillPending, fmt.Sprintf("true for %s of %s", p.state.Held, p.rule.For)
	}
}

// missing names the signals that are not known.
func (p *pair) missing() string {
	var gone []string
	for _, m := range p.inputs {
		if m.Missing != "" {
			gone = append(gone, m.Signal+": "+m.Missing)
		}
	}
	if p.problem != "" {
		gone = append(gone, p.problem)
	}
	return strings.Join(gone, ", ")
}

// guard is the first reason that holds the proposal back, in this order.
func (t *tick) guard(p *pair) (NotDone, string) {
	o := t.objects[objectKey(orElse(p.object, p.subject.Name), objectMode(p.mode))]
	seen, _ := t.observation(orElse(p.object, p.subject.Name))
	in := p.rule.Then == graph.RemoveReplica
	switch {
	case p.mode == Suspended, in && t.Settings.Suspend.ScaleIn, !in && !p.advice && t.Settings.Suspend.ScaleOut:
		return InSuspension, ""
	case o != nil && o.current == 0:
		return ScaledToZero, "a human set zero replicas"
	case seen.OtherOwner != "":
		return AmbiguousOwner, seen.OtherOwner + " scales it too"
	case p.rule.Limits.MaxFirings > 0 && p.state.Firings >= p.rule.Limits.MaxFirings:
		return Exhausted, fmt.Sprintf("acted %d times", p.state.Firings)
	case p.truth != Unknown && !in && t.reArming(p) && !p.bypasses():
		return ReArming, t.reArmingText(p)
	case t.cooling(p, o, in):
		return InCooldown, fmt.Sprintf("rests for %s after the last change", p.rule.cooldown(t.Settings))
	case !in && t.Settings.MaxNoEffect > 0 && p.state.Futile >= t.Settings.MaxNoEffect:
		t.held[key(p.subject.Name, "no-effect:"+p.rule.Name)] = fmt.Sprintf("%s: rule %s stopped, its last %d actions had no effect", p.subject.Name, p.rule.Name, p.state.Futile)
		return NoEffect, fmt.Sprintf("the last %d actions had no effect", p.state.Futile)
	}
	if in {
		return t.guardIn(o, seen)
	}
	return t.bottleneck(p)
}

// cooling compares with the last change of the object: in either direction for
// a scale-in, a scale-out only for itself, so that it never waits for a scale-in.
func (t *tick) cooling(p *pair, o *object, in bool) bool {
	cooldown := p.rule.cooldown(t.Settings)
	if in && o != nil {
		last := o.state.ChangedIn
		if o.state.ChangedOut.After(last) {
			last = o.state.ChangedOut
		}
		return !last.IsZero() && t.Now.Sub(last) < cooldown
	}
	return !p.state.ActedAt.IsZero() && t.Now.Sub(p.state.ActedAt) < cooldown
}

// guardIn are the vetoes of a scale-in.
func (t *tick) guardIn(o *object, seen Observation) (NotDone, string) {
	component, _ := t.architecture(o.mode).Component(o.name)
	inFlight := seen.Signal(InFlight, t.Settings.Window)
	limit := float64(component.Capacity.MaxInFlight) * float64(max(o.current, 1))
	switch {
	case t.Now.Before(o.state.Frozen):
		return FlapFrozen, "until " + o.state.Frozen.UTC().Format("15:04:05")
	case t.Now.Before(o.state.Panic):
		return Stabilized, "the fast path was active"
	case limit > 0 && inFlight.unknown(t.Now, t.Settings) == "" && inFlight.Value > limit*t.Settings.OccupancyPercent/100:
		return Busy, fmt.Sprintf("%.0f of %.0f places taken", inFlight.Value, limit)
	}
	return "", ""
}

// bottleneck refuses to scale a component for a latency that it spends waiting for another.
func (t *tick) bottleneck(p *pair) (NotDone, string) {
	if p.rule.IgnoreBottleneck || !strings.HasPrefix(p.hot.signal, Latency) || !resizes(p.rule.Then) {
		return "", ""
	}
	seen, _ := t.observation(p.subject.Name)
	share := seen.Signal(DownstreamShare, p.rule.window(t.Settings))
	own := t.utilization(p.subject.Name)
	if share.unknown(t.Now, t.Settings) != "" || math.IsNaN(own) || own >= 50 || share.Value < 70 {
		return "", ""
	}
	name, busiest := t.busiest()
	return WrongBottleneck, fmt.Sprintf("%s is %.1f%% busy and waits %.0f%% of the time; %s is the busiest at %.1f%%", p.subject.Name, own, share.Value, name, busiest)
}

// busiest is the component with the highest utilisation, the first by name among equals.
func (t *tick) busiest() (string, float64) {
	names := make([]string, 0, len(t.live.Components))
	for _, c := range t.live.Components {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	best, most := "", -1.0
	for _, name := range names {
		if u := t.utilization(name); u > most {
			best, most = name, u
		}
	}
	return best, most
}
