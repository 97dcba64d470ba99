package scaling

import (
	"fmt"
	"math"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// defaultFallback is how long data is missing before a fallback acts.
const defaultFallback = 3 * time.Minute

// propose lets each firing rule say what it asks for.
func (t *tick) propose() {
	for _, p := range t.pairs {
		if p.rule.Then == graph.RemoveReplica {
			t.proposeIn(p)
			continue
		}
		if t.fallsBack(p) {
			continue
		}
		if p.firing {
			t.proposeOut(p)
		}
	}
}

func (t *tick) proposeOut(p *pair) {
	a := t.architecture(p.mode)
	switch p.rule.Then {
	case graph.SuggestSharding:
		p.advice = true
	case graph.AddReadReplica:
		if t.sharding(p) {
			p.advice = true
			return
		}
		t.resizeOrInsert(p, graph.ReadReplicaOf(p.subject, a.FreeName(p.subject.Name+"-replica")))
	case graph.AddWorkers:
		t.resizeOrInsert(p, graph.WorkersFor(a.FreeName(p.subject.Name+"-worker")))
	case graph.AddReplica:
		p.raw = t.size(p)
	default:
		t.insert(p, a)
	}
}

func (t *tick) resizeOrInsert(p *pair, added graph.Component) {
	if p.object != "" {
		p.raw = t.size(p)
		return
	}
	p.layer = &added
}

// sharding reports whether read replicas cannot help: writes are the load, or
// the replicas are at their limit.
func (t *tick) sharding(p *pair) bool {
	seen, _ := t.observation(p.subject.Name)
	reads := t.seenFor(p.rule.Then, seen, ReadRatio, p.rule.window(t.Settings))
	if reads.unknown(t.Now, t.Settings) == "" && reads.Value < 50 {
		p.detail = fmt.Sprintf("%.1f%% of requests write", 100-reads.Value)
		return true
	}
	if o := t.objects[objectKey(p.object, objectMode(p.mode))]; o != nil && o.current >= p.rule.max(t.Settings) {
		p.detail = fmt.Sprintf("all %d read replicas are in use", o.current)
		return true
	}
	if p.subject.IsReadReplica() {
		p.detail = p.subject.Name + " is a read replica itself"
		return true
	}
	return false
}

// size is the raw proposal of a rule, from the size that was measured.
func (t *tick) size(p *pair) int32 {
	o := t.objects[objectKey(p.object, objectMode(p.mode))]
	if o == nil {
		return 0
	}
	step := p.rule.Step
	switch orElse(step.Kind, Proportional) {
	case Fixed:
		return o.current + step.Count
	case Exact:
		return step.Count
	case Ladder:
		return climb(o.current, p.values[step.Signal], step.Threshold, step.Rungs)
	}
	if step.Target > 0 {
		return t.track(p, o)
	}
	switch {
	case proportional(p.hot.signal) && p.object == p.subject.Name:
		return max(ceilProduct(o.current, p.ratio*t.hidden(p)), o.current+1)
	case p.rule.Then == graph.AddWorkers:
		return max(ceilProduct(o.current, t.backlogged(p)), o.current+1)
	}
	return o.current + 1
}

// track is the size at which the signal meets its target, within the tolerance none.
func (t *tick) track(p *pair, o *object) int32 {
	value := p.values[p.rule.Step.Signal]
	if p.rule.Step.Signal == "" {
		value = p.values[p.hot.signal]
	}
	tolerance := 10.0
	if p.rule.TolerancePercent != nil {
		tolerance = float64(*p.rule.TolerancePercent)
	}
	n := Track(o.current, value/p.rule.Step.Target, tolerance/100)
	if n == o.current {
		p.notDone = WithinTolerance
		p.detail = fmt.Sprintf("ratio %.3f is within %.0f%%", value/p.rule.Step.Target, tolerance)
	}
	return n
}

// Track is the size that brings a ratio of measured to wanted back to 1:
// ceil(current x ratio), and current while the ratio is within the tolerance,
// both ends included. It is the formula of the Kubernetes HorizontalPodAutoscaler.
func Track(current int32, ratio, tolerance float64) int32 {
	const rounding = 1e-9
	if math.IsNaN(ratio) || (ratio >= 1-tolerance-rounding && ratio <= 1+tolerance+rounding) {
		return current
	}
	return ceilProduct(current, ratio)
}

// ceilProduct is ceil(n x ratio), forgiving the rounding of the product.
func ceilProduct(n int32, ratio float64) int32 {
	product := math.Ceil(float64(n)*ratio - 1e-9)
	return int32(min(max(product, 0), math.MaxInt32/2))
}

// hidden is how much more work arrives than a saturated subject finishes, at
// least 1 and at most 4: CPU alone cannot exceed 100 percent, however large the
// crowd. Where arrivals are not measured, a step that left it saturated is
// followed by a larger one.
func (t *tick) hidden(p *pair) float64 {
	if p.hot.signal != CPU {
		return 1
	}
	seen, _ := t.observation(p.subject.Name)
	window := p.rule.window(t.Settings)
	arrived, finished := seen.Signal(RequestRate, window), seen.Signal(Throughput, window)
	if arrived.unknown(t.Now, t.Settings) == "" && finished.unknown(t.Now, t.Settings) == "" && finished.Value > 0 {
		return min(max(arrived.Value/finished.Value, 1), 4)
	}
	if ceiling := 100 * saturated / p.hot.threshold; p.ratio >= ceiling && p.state.Breach >= ceiling {
		return 1.2
	}
	return 1
}

// backlogged is how many times the work of the workers a queue needs so that they
// keep up with its arrivals and empty it within the stabilization window of a
// scale-in: (arrivals + depth / window) / throughput, at most 4. It is 1 where one
// of them is not measured.
func (t *tick) backlogged(p *pair) float64 {
	seen, _ := t.observation(p.subject.Name)
	window := p.rule.window(t.Settings)
	arrived, finished, depth := seen.Signal(RequestRate, window), seen.Signal(Throughput, window), seen.Signal(QueueDepth, window)
	for _, v := range []Value{arrived, finished, depth} {
		if v.unknown(t.Now, t.Settings) != "" {
			return 1
		}
	}
	drain := t.Settings.ScaleInStabilization.Seconds()
	if finished.Value <= 0 || drain <= 0 {
		return 1
	}
	return min((arrived.Value+depth.Value/drain)/finished.Value, 4)
}

// climb is the size on the rung that the breach stands on.
func climb(current int32, value, threshold float64, rungs []Rung) int32 {
	breach := value - threshold
	for _, r := range rungs {
		if !r.holds(breach) {
			continue
		}
		change := float64(current) * float64(r.Percent) / 100
		switch {
		case r.Percent > 0:
			return current + max(int32(math.Floor(change)), 1)
		case r.Percent < 0:
			return current + min(int32(math.Ceil(change)), -1)
		}
		return current
	}
	return current
}

func (r Rung) holds(breach float64) bool {
	if breach < 0 {
		return (r.From == nil || breach > *r.From) && (r.To == nil || breach <= *r.To)
	}
	return (r.From == nil || breach >= *r.From) && (r.To == nil || breach < *r.To)
}

// fallsBack proposes the fixed size of a rule whose data was missing for long.
func (t *tick) fallsBack(p *pair) bool {
	missing := p.rule.OnMissing
	after := orElse(missing.After, defaultFallback)
	if missing.Action != Fallback || p.truth != Unknown || t.Now.Sub(p.state.MissingSince) < after {
		return false
	}
	o := t.objects[objectKey(p.object, objectMode(p.mode))]
	if o == nil || missing.Replicas < 1 || (missing.IfHigher && o.current > missing.Replicas) {
		return false
	}
	p.raw, p.firing = missing.Replicas, true
	p.detail = fmt.Sprintf("no data for %s, fallback to %d replicas", t.Now.Sub(p.state.MissingSince), missing.Replicas)
	return true
}
