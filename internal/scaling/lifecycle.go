package scaling

import (
	"fmt"
	"math"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// advance moves every rule along its life: how long it has been true, and
// whether that is long enough. One False resets the timer, Unknown pauses it.
func (t *tick) advance() {
	for _, p := range t.pairs {
		t.hold(p)
		p.firing = p.fast || (p.truth == True && p.state.Held >= p.rule.For)
		if o := t.objects[objectKey(p.object, objectMode(p.mode))]; p.fast && o != nil {
			o.state.Panic = t.Now.Add(p.rule.window(t.Settings))
		}
		if p.truth == False && p.rule.KeepFiringFor > 0 && !p.state.LastTrue.IsZero() {
			p.firing = t.Now.Sub(p.state.LastTrue) < p.rule.KeepFiringFor && p.state.Held >= p.rule.For
		}
		t.noteMissing(p)
		p.state.Truth = p.truth
	}
}

func (t *tick) hold(p *pair) {
	switch p.truth {
	case True:
		if p.state.Truth == True {
			p.state.Held += t.interval()
		}
		p.state.LastTrue = t.Now
	case False:
		if p.rule.KeepFiringFor == 0 || t.Now.Sub(p.state.LastTrue) >= p.rule.KeepFiringFor {
			p.state.Held, p.state.Breach = 0, 0
			if !t.reArming(p) && t.tellAll(p) { // replicas that tell nothing yet count as idle, which is no relief
				p.state.Futile = 0
			}
		}
	}
}

// tellAll reports whether every replica of the subject is in what the rule looks at.
func (t *tick) tellAll(p *pair) bool {
	seen, _ := t.observation(p.subject.Name)
	for _, name := range p.rule.condition.signals {
		if perReplica(name) && covered(seen.Signal(name, p.rule.window(t.Settings)), seen.Replicas) < 1 {
			return false
		}
	}
	return true
}

func (t *tick) noteMissing(p *pair) {
	switch {
	case p.truth != Unknown:
		p.state.MissingSince = time.Time{}
	case p.state.MissingSince.IsZero():
		p.state.MissingSince = t.Now
	}
}

// phase is where the rule now is, for the record and the state.
func (t *tick) phase(p *pair) Phase {
	o := t.objects[objectKey(p.object, objectMode(p.mode))]
	acted := !p.state.ActedAt.IsZero()
	switch {
	case acted && o != nil && o.state.Settling:
		return Acted
	case acted && p.state.ActedAt.Equal(t.Now):
		return Acted
	case acted && (t.reArming(p) || t.Now.Sub(p.state.ActedAt) < p.rule.cooldown(t.Settings)):
		return Cooling
	case p.firing:
		return Firing
	case p.truth != False && (p.truth == True || p.state.Held > 0):
		return Pending
	}
	return Inactive
}

// reArming reports whether the rule's window still shows the time before the
// last change of what it watches, of what it changes or of a neighbour of
// these took effect. Counts of replicas are no measurements and need no window.
func (t *tick) reArming(p *pair) bool {
	if !p.rule.measures() {
		return false
	}
	start := t.Now.Add(-p.rule.window(t.Settings))
	for _, name := range t.neighbourhood(p) {
		o := t.objects[objectKey(name, objectMode(p.mode))]
		if o == nil {
			continue
		}
		if o.state.Settling || (!o.state.Effective.IsZero() && start.Before(o.state.Effective.Add(t.Settings.ScrapeLag))) {
			return true
		}
	}
	return false
}

// reArmingText says what a rule waits for.
func (t *tick) reArmingText(p *pair) string {
	return fmt.Sprintf("its window of %s still shows the time before the last change here or beside it took effect", p.rule.window(t.Settings))
}

// measures reports whether the rule looks at measurements at all.
func (r compiled) measures() bool {
	if r.Then == graph.RemoveReplica {
		return true
	}
	for _, name := range r.condition.signals {
		if name != ReplicaCount && name != ReadyCount {
			return true
		}
	}
	return false
}

// neighbourhood is the subject, its object, what calls and is called by it, and
// the caches and replicas that share a database's requests.
func (t *tick) neighbourhood(p *pair) []string {
	a := t.architecture(p.mode)
	callers := a.Callers(p.subject.Name)
	near := append([]string{p.subject.Name}, callers...)
	near = append(near, a.Callees(p.subject.Name)...)
	if p.subject.Type == graph.Database {
		for _, caller := range callers {
			near = append(near, a.Callees(caller)...)
		}
	}
	if p.object != "" && p.object != p.subject.Name {
		near = append(near, p.object)
	}
	return near
}

// bypasses reports whether a breach is so much further over than when the rule
// last acted that it need not wait for its window: one and a half times as far,
// where the first tenth does not count as far. A backlog does not: it grows with
// time for as long as the work is not done, so that more of it is no more load.
func (p *pair) bypasses() bool {
	if p.hot.signal == QueueDepth || p.hot.signal == Lag {
		return p.fast
	}
	return p.fast || (p.state.Breach > 1 && p.ratio-1 >= 1.5*max(p.state.Breach-1, 0.1) && !math.IsInf(p.ratio, 0))
}
