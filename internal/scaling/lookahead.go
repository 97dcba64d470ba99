package scaling

import (
	"fmt"
	"math"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// saturated is the utilisation from which a queue is taken to grow without end.
const saturated = 0.98

// look predicts the signals of a subject when a component goes from one size
// to another under the same load.
type look struct {
	subject  graph.Component
	object   graph.Component // zero is the subject itself
	from, to int32
	cpu      float64 // utilisation of what changes size, percent; NaN is unknown
}

// predict is the expected value of a signal at the new size.
func (l look) predict(name string, value float64) float64 {
	switch reads := l.object.IsReadReplica() && l.object.Name != l.subject.Name; {
	case l.to < 1 || (l.from < 1 && !reads):
		return math.NaN()
	case reads:
		return l.predictReads(name, value)
	case l.object.Type == graph.Worker && l.object.Name != l.subject.Name:
		return l.predictQueue(name, value)
	}
	return l.predictOwn(name, value)
}

func (l look) predictOwn(name string, value float64) float64 {
	factor := float64(l.from) / float64(l.to)
	switch name {
	case CPU, Connections:
		return value * factor
	case Memory:
		base := l.baseMemory()
		return base + max(value-base, 0)*factor
	case Latency, LatencyP95, LatencyP99:
		return value * l.slowdown(factor)
	case QueueDepth, Lag:
		if l.cpu*factor >= 100*saturated {
			return math.Inf(1)
		}
		return value * factor
	case ReplicaCount, ReadyCount:
		return float64(l.to)
	}
	return value
}

// predictQueue is a queue whose workers change: it drains or it grows.
func (l look) predictQueue(name string, value float64) float64 {
	if name != QueueDepth && name != Lag {
		return value
	}
	busy := l.cpu * float64(l.from) / float64(l.to)
	if busy >= 100*saturated {
		return math.Inf(1)
	}
	return value + 0*busy // NaN where the workers are not measured
}

// predictReads is a primary whose read replicas change: reads go round over all of them.
func (l look) predictReads(name string, value float64) float64 {
	factor := float64(1+l.from) / float64(1+l.to)
	switch name {
	case CPU, Connections:
		return value * factor
	case Latency, LatencyP95, LatencyP99:
		return value * l.slowdown(factor)
	}
	return value
}

// baseMemory is the percent of the limit that a replica takes without any request.
func (l look) baseMemory() float64 {
	m := l.subject.Capacity.Memory
	if m.LimitBytes <= 0 {
		return 0
	}
	return 100 * float64(m.BaseBytes) / float64(m.LimitBytes)
}

// slowdown is the ratio of the mean time in an M/M/c station at factor times
// its utilisation to that at the measured one.
func (l look) slowdown(factor float64) float64 {
	if math.IsNaN(l.cpu) {
		return math.NaN()
	}
	now := min(l.cpu/100, saturated)
	then := now * factor
	if then >= saturated {
		if factor > 1 {
			return math.Inf(1)
		}
		return 1
	}
	c := float64(max(l.subject.Capacity.Cores, 1))
	return residence(then, c) / residence(now, c)
}

// residence is the mean time in an M/M/c station in units of the service time,
// by Sakasegawa's approximation (1977).
func residence(rho, c float64) float64 {
	return 1 + math.Pow(rho, math.Sqrt(2*(c+1))-1)/(c*(1-rho))
}

// smallestSafe is the smallest size from floor on at which no rule that makes
// the object larger would fire, with the margin left. It is the current size if
// there is none, and not ok if a rule's signals are not known.
func (t *tick) smallestSafe(o *object, floor int32) (int32, bool) {
	rules := t.growers(o)
	if len(rules) == 0 {
		return o.current, false
	}
	for n := max(floor, 1); n < o.current; n++ {
		fires, known := t.wouldFire(rules, o, n)
		if !known {
			return o.current, false
		}
		if !fires {
			return n, true
		}
	}
	return o.current, true
}

// growers are the rules that make an object larger.
func (t *tick) growers(o *object) []*pair {
	var rules []*pair
	for _, p := range t.pairsOf(o) {
		if adds(p.rule.Then) {
			rules = append(rules, p)
		}
	}
	return rules
}

func (t *tick) wouldFire(rules []*pair, o *object, n int32) (fires, known bool) {
	for _, p := range rules {
		switch truth, _ := p.rule.condition.evaluate(t.predicted(p, o, n)); truth {
		case True:
			return true, true
		case Unknown:
			return false, false
		}
	}
	return false, true
}

// wouldFireText names a rule that would fire at a size, with the values that it
// is predicted to see; empty if none would.
func (t *tick) wouldFireText(o *object, n int32) string {
	for _, p := range t.growers(o) {
		predicted := t.predicted(p, o, n)
		if truth, _ := p.rule.condition.evaluate(predicted); truth == True {
			at := &pair{rule: p.rule, values: predicted}
			return fmt.Sprintf("at %d replicas rule %s would fire: %s", n, p.rule.Name, comparedText(at))
		}
	}
	return ""
}

// predicted are the signals of a pair at another size of the object, made
// worse by the margin; replicas without samples count as fully busy.
func (t *tick) predicted(p *pair, o *object, n int32) values {
	object, _ := t.architecture(o.mode).Component(o.name)
	l := look{subject: p.subject, object: object, from: o.current, to: n, cpu: t.cautious(o)}
	predicted := values{}
	for name, value := range p.values {
		value = t.pessimistic(p, name, value)
		predicted[name] = l.predict(name, value)
	}
	for _, c := range p.rule.condition.terms {
		if c.above() && c.signal != ReplicaCount && c.signal != ReadyCount {
			predicted[c.signal] *= 1 + t.Settings.LookAheadPercent/100
		}
	}
	return predicted
}

// pessimistic turns a per-replica mean in which missing replicas counted as
// idle into one in which they count as fully busy.
func (t *tick) pessimistic(p *pair, name string, value float64) float64 {
	if !perReplica(name) {
		return value
	}
	seen, _ := t.observation(p.subject.Name)
	share := covered(seen.Signal(name, p.rule.window(t.Settings)), seen.Replicas)
	return value + 100*(1-share)
}

// cautious is the utilisation of an object with missing replicas counted as fully busy.
func (t *tick) cautious(o *object) float64 {
	seen, _ := t.observation(o.name)
	share := covered(seen.Signal(CPU, t.Settings.Window), seen.Replicas)
	value := t.utilization(o.name)
	if live, ok := t.live.Component(o.name); o.mode == DryRun && ok {
		value *= float64(live.Replicas) / float64(max(o.current, 1))
	}
	return value*share + 100*(1-share)
}
