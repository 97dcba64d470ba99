package scaling

import (
	"fmt"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// proposeIn says what a scale-in rule can spare: the smallest size at which no
// other rule fires. The raw recommendation of every tick is remembered, and
// the largest of the stabilization window counts.
func (t *tick) proposeIn(p *pair) {
	o := t.objects[objectKey(p.object, objectMode(p.mode))]
	if o == nil {
		return
	}
	window := p.rule.stabilization(t.Settings)
	floor := max(o.state.Baseline, p.rule.Limits.Min, 1)
	spare, known := t.smallestSafe(o, floor)
	switch {
	case p.truth == Unknown || !known:
		p.notDone, p.detail = NoData, "what the other rules look at is not known"
	case t.reArming(p):
		p.notDone, p.detail = ReArming, t.reArmingText(p)
	case p.truth == False:
		p.notDone = StillPending
	}
	raw := o.current
	if p.notDone == "" {
		raw = t.stepIn(p, o, spare)
	}
	if o.state.In == nil {
		o.state.InSince = t.Now
	}
	o.state.In = pushMax(keepRecommendations(o.state.In, t.Now, window), Recommendation{t.Now, raw})
	if p.notDone != "" {
		return
	}
	p.raw = raw
	switch {
	case raw >= o.current:
		p.notDone, p.detail = WouldFlap, t.wouldFireText(o, max(o.current-1, floor))
	case t.Now.Sub(t.state.ObservedSince) < window:
		p.notDone, p.detail = Recovering, fmt.Sprintf("observed for %s of %s", t.Now.Sub(t.state.ObservedSince), window)
	case o.state.In[0].N >= o.current:
		p.notDone, p.detail = Stabilized, fmt.Sprintf("%d replicas were needed within the last %s", o.state.In[0].N, window)
	case t.Now.Sub(o.state.InSince) < window:
		p.notDone, p.detail = Stabilized, fmt.Sprintf("%d replicas would do, for %s of %s", raw, t.Now.Sub(o.state.InSince), window)
	}
}

// stepIn applies the rule's own step, never below what can be spared.
func (t *tick) stepIn(p *pair, o *object, spare int32) int32 {
	step := p.rule.Step
	switch step.Kind {
	case Fixed:
		return max(o.current-step.Count, spare)
	case Exact:
		return max(min(step.Count, o.current), spare)
	case Ladder:
		return max(climb(o.current, p.values[step.Signal], step.Threshold, step.Rungs), spare)
	}
	return spare
}

// keepRecommendations drops what is older than the window (now-window, now].
func keepRecommendations(all []Recommendation, now time.Time, window time.Duration) []Recommendation {
	for len(all) > 0 && !all[0].Time.After(now.Add(-window)) {
		all = all[1:]
	}
	return all
}

// pushMax appends to a list whose first is the maximum: what a later and
// larger one makes irrelevant is dropped, so that the list stays short.
func pushMax(all []Recommendation, r Recommendation) []Recommendation {
	for len(all) > 0 && all[len(all)-1].N <= r.N {
		all = all[:len(all)-1]
	}
	return append(all, r)
}

// pushMin is pushMax for the minimum.
func pushMin(all []Recommendation, r Recommendation) []Recommendation {
	for len(all) > 0 && all[len(all)-1].N >= r.N {
		all = all[:len(all)-1]
	}
	return append(all, r)
}

// stabilizedOut is the smallest recommendation within the scale-out window,
// which is the raw one where there is no window.
func (t *tick) stabilizedOut(o *object, p *pair, raw int32) int32 {
	window := p.rule.stabilization(t.Settings)
	if window <= 0 {
		return raw
	}
	if t.Now.Sub(t.state.ObservedSince) < window {
		return o.current
	}
	return max(min(raw, o.state.Out[0].N), o.current)
}

// rememberOut stores this tick's raw recommendation of every object that grows.
func (t *tick) rememberOut(o *object, raw int32) {
	longest := t.Settings.ScaleOutStabilization
	for _, p := range t.growers(o) {
		longest = max(longest, p.rule.stabilization(t.Settings))
	}
	if longest <= 0 {
		o.state.Out = nil
		return
	}
	o.state.Out = pushMin(keepRecommendations(o.state.Out, t.Now, longest), Recommendation{t.Now, raw})
}

// keepWithin drops changes older than the longest period of a policy.
func keepWithin(all []Change, now time.Time, period time.Duration) []Change {
	for len(all) > 0 && now.Sub(all[0].Time) >= period {
		all = all[1:]
	}
	return all
}

func longestPeriod(p Program, s Settings) time.Duration {
	longest := time.Duration(0)
	for _, r := range p.rules {
		for _, policy := range r.policies(s) {
			longest = max(longest, policy.Period)
		}
	}
	return longest
}

// resizes reports whether an action can change the size of a component that is there.
func resizes(a graph.Action) bool {
	return a == graph.AddReplica || a == graph.AddReadReplica || a == graph.AddWorkers
}
