package scaling

import (
	"math"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// expect remembers a decision so that its effect is measured once it settled.
func (t *tick) expect(p *pair, d graph.Decision, changed string) {
	signal := p.hot.signal
	if signal == "" && d.Action == graph.RemoveReplica {
		signal = CPU
	}
	if signal == "" || signal == ReplicaCount || signal == ReadyCount {
		return
	}
	seen, _ := t.observation(p.subject.Name)
	before := p.values[signal]
	if _, measured := p.values[signal]; !measured {
		before = t.utilization(p.subject.Name)
	}
	if math.IsNaN(before) || math.IsInf(before, 0) {
		return
	}
	rate := seen.Signal(RequestRate, p.rule.window(t.Settings))
	e := PendingEffect{
		Decision: d.ID, Rule: p.rule.Name, Subject: p.subject.Name, Object: changed, In: d.To < d.From,
		Signal: signal, Window: p.rule.window(t.Settings), Before: before, Since: t.Now,
	}
	if rate.unknown(t.Now, t.Settings) == "" && t.Now.Sub(t.state.ObservedSince) >= e.Window+t.Settings.ScrapeLag {
		e.Rate = rate.Value // before that the window holds time without traffic
	}
	t.state.Effects = append(t.state.Effects, e)
	if excess := len(t.state.Effects) - maxEffects; excess > 0 {
		t.state.Effects = t.state.Effects[excess:]
	}
}

// maxEffects bounds the actions that wait for their measurement.
const maxEffects = 64

// measureEffects compares, for every action that settled a whole window ago,
// the signal that triggered it with what it was.
func (t *tick) measureEffects() {
	var waiting []PendingEffect
	for _, e := range t.state.Effects {
		o := t.objects[objectKey(e.Object, Act)]
		if o == nil {
			continue
		}
		if o.state.Settling || t.Now.Sub(o.state.Effective) < e.Window+t.Settings.ScrapeLag {
			waiting = append(waiting, e)
			continue
		}
		seen, _ := t.observation(t.measuredAt(e))
		after := t.seenFor(t.Program.actionOf(e.Rule), seen, e.Signal, e.Window)
		if after.unknown(t.Now, t.Settings) != "" {
			waiting = append(waiting, e)
			continue
		}
		t.conclude(e, after.Value, seen)
	}
	t.state.Effects = waiting
}

// measuredAt is where an effect shows: at the subject, or at the entry for what
// is measured of the clients, whichever component stands there by now.
func (t *tick) measuredAt(e PendingEffect) string {
	if entry, ok := graph.Entry(t.live); ok && e.Signal == GeoLatency {
		return entry
	}
	return e.Subject
}

func (t *tick) conclude(e PendingEffect, after float64, seen Observation) {
	verdict := t.verdict(e, after, seen)
	t.out.Effects = append(t.out.Effects, MeasuredEffect{e.Decision, graph.Effect{Signal: e.Signal, Before: e.Before, After: after, Verdict: verdict}})
	if e.In {
		return
	}
	rule := t.state.Rules[key(e.Rule, e.Subject)]
	switch {
	case verdict == graph.Helped:
		rule.Futile = 0
	case e.Signal != CPU || after < 100*saturated:
		rule.Futile++ // CPU at its ceiling before and after tells nothing
	}
	t.state.Rules[key(e.Rule, e.Subject)] = rule
}

// grew reports whether a rate of requests is higher by more than a tenth and by
// more than chance: the ratio of two Poisson counts n and m has a relative
// deviation of sqrt(1/n + 1/m), of which three are allowed.
func grew(before, after float64, window time.Duration) bool {
	n, m := before*window.Seconds(), after*window.Seconds()
	return after > before*(1+max(0.1, 3*math.Sqrt(1/n+1/m)))
}

// verdict says whether the action helped. Where the load rose meanwhile, the
// signal is compared per request: holding the line under twice the load is help.
func (t *tick) verdict(e PendingEffect, after float64, seen Observation) graph.Verdict {
	margin := t.Settings.EffectPercent / 100
	if e.In {
		if after > e.Before*(1+margin) && after > 100*saturated {
			return graph.Worse
		}
		return graph.Helped
	}
	rate := seen.Signal(RequestRate, e.Window)
	if e.Rate > 0 && rate.unknown(t.Now, t.Settings) == "" && grew(e.Rate, rate.Value, e.Window) {
		after *= e.Rate / rate.Value
	}
	switch {
	case after <= e.Before*(1-margin):
		return graph.Helped
	case after > e.Before*(1+margin):
		return graph.Worse
	}
	return graph.NoEffect
}
