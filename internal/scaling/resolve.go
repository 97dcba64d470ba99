package scaling

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// enforceLimits corrects sizes outside the limits that a rule states, before
// any measurement is asked. What the user asked for is not taken away.
func (t *tick) enforceLimits() {
	for _, o := range t.sortedObjects() {
		for _, p := range t.growers(o) {
			limits := p.rule.Limits
			switch {
			case o.current == 0 || p.mode == Suspended || o.result != None || !resizes(p.rule.Then):
			case limits.Min > o.current:
				t.resize(o, p, limits.Min, fmt.Sprintf("Below the minimum: %d replicas, at least %d wanted", o.current, limits.Min))
			case limits.Max > 0 && o.current > limits.Max && o.current > o.state.Baseline:
				n := max(limits.Max, o.state.Baseline)
				t.resize(o, p, n, fmt.Sprintf("Above the maximum: %d replicas, at most %d wanted", o.current, n))
			}
		}
	}
}

// scaleOut takes the largest proposal for each object; objects nearest the
// bottleneck go first, which matters where the budget is short.
func (t *tick) scaleOut() {
	for _, o := range t.byUtilization() {
		winner := t.largest(o)
		if winner == nil {
			t.rememberOut(o, o.current)
			continue
		}
		t.rememberOut(o, winner.raw)
		if o.result != None {
			winner.notDone = Outvoted
			continue
		}
		t.grow(o, winner)
	}
}

func (t *tick) byUtilization() []*object {
	all := t.sortedObjects()
	slices.SortStableFunc(all, func(a, b *object) int {
		return cmp.Compare(known(t.utilization(b.name)), known(t.utilization(a.name)))
	})
	return all
}

func known(value float64) float64 {
	if math.IsNaN(value) {
		return -1
	}
	return value
}

// largest is the rule with the largest proposal, the first by name among equals; the others are outvoted.
func (t *tick) largest(o *object) *pair {
	var winner *pair
	for _, p := range t.pairsOf(o) {
		if !resizes(p.rule.Then) || !p.asks() || p.raw == 0 {
			continue
		}
		if winner == nil || p.raw > winner.raw {
			winner = p
		}
	}
	for _, p := range t.pairsOf(o) {
		if winner != nil && p != winner && resizes(p.rule.Then) && p.asks() && p.raw > 0 {
			p.notDone, p.detail = Outvoted, winner.rule.Name+" asks for more"
		}
	}
	return winner
}

// grow brings a proposal through the limits, in this order.
func (t *tick) grow(o *object, p *pair) {
	n := p.raw
	o.log("aggregate", n, "", fmt.Sprintf("%s asks for %d", p.rule.Name, n))
	n = o.cut(p, "stabilize", n, t.stabilizedOut(o, p, n), Stabilized)
	n = o.cut(p, "rate limit", n, limitOut(o.current, o.state.Changes, p.rule.policies(t.Settings), t.Now), RateLimited)
	n = o.cut(p, "downstream", n, t.downstreamLimit(o), DownstreamLimit)
	n = o.cut(p, "bounds", n, max(p.rule.max(t.Settings), o.state.Baseline), AtMax)
	n = o.cut(p, "budget", n, t.budget(o), OverBudget)
	if o.notDone == AtMax {
		t.held[key(o.name, "at-max")] = fmt.Sprintf("%s is at its maximum of %d replicas and needs %d", o.name, n, p.raw)
	}
	if n <= o.current {
		p.notDone = orElse(o.notDone, p.notDone)
		return
	}
	t.resize(o, p, n, outReason(p, o.current, n))
}

func (o *object) log(step string, n int32, cut NotDone, detail string) {
	o.pipeline = append(o.pipeline, PipelineLog{Step: step, N: n, Cut: cut != "", Detail: detail})
}

// cut lowers n to a limit and notes which limit it was.
func (o *object) cut(p *pair, step string, n, limit int32, why NotDone) int32 {
	if limit >= n {
		o.log(step, n, "", "")
		return n
	}
	n = max(limit, o.current)
	o.notDone = why
	o.log(step, n, why, fmt.Sprintf("at most %d", limit))
	p.detail = fmt.Sprintf("%s allows at most %d", step, limit)
	return n
}

// downstreamLimit is the largest size that keeps the declared limits of peers.
func (t *tick) downstreamLimit(o *object) int32 {
	limit := int32(math.MaxInt32)
	for _, l := range t.Settings.PeerLimits {
		target, ok := t.architecture(o.mode).Component(l.Target)
		if l.Caller == o.name && l.PerReplica > 0 && ok {
			limit = min(limit, l.Limit*target.Replicas/l.PerReplica)
		}
	}
	return limit
}

// budget is the largest size of an object that the whole architecture can afford.
func (t *tick) budget(o *object) int32 {
	limit := int32(math.MaxInt32)
	replicas, cores := t.spent(o.mode)
	component, _ := t.architecture(o.mode).Component(o.name)
	if b := t.Settings.Budget.MaxReplicas; b > 0 {
		limit = min(limit, o.current+max(b-replicas, 0))
	}
	if b := t.Settings.Budget.MaxCores; b > 0 {
		limit = min(limit, o.current+max(b-cores, 0)/max(component.Capacity.Cores, 1))
	}
	return limit
}

// spent counts the replicas and cores of the architecture with this tick's decisions.
func (t *tick) spent(m Mode) (replicas, cores int32) {
	for _, c := range t.architecture(m).Components {
		n := c.Replicas
		if o := t.objects[objectKey(c.Name, m)]; o != nil {
			n = o.to
		}
		replicas += n
		cores += n * c.Capacity.Cores
	}
	return replicas, cores
}

// restructure carries out at most one layer per tick: by priority, then by name.
func (t *tick) restructure() {
	var asking []*pair
	for _, p := range t.pairs {
		if p.layer != nil && p.asks() {
			asking = append(asking, p)
		}
	}
	slices.SortStableFunc(asking, func(a, b *pair) int {
		return cmp.Or(cmp.Compare(a.rule.Priority, b.rule.Priority), strings.Compare(a.rule.Name, b.rule.Name), strings.Compare(a.subject.Name, b.subject.Name))
	})
	done := map[Mode]bool{}
	for _, p := range asking {
		switch m := objectMode(p.mode); {
		case done[m]:
			p.notDone = OneAtATime
		case t.unaffordable(p):
			p.notDone = OverBudget
		default:
			done[m] = true
			t.insertLayer(p)
		}
	}
}

func (t *tick) unaffordable(p *pair) bool {
	replicas, cores := t.spent(objectMode(p.mode))
	b := t.Settings.Budget
	return (b.MaxReplicas > 0 && replicas+1 > b.MaxReplicas) || (b.MaxCores > 0 && cores+p.layer.Capacity.Cores > b.MaxCores)
}

// scaleIn removes what every rule can spare: the largest of the proposals.
func (t *tick) scaleIn() {
	for _, o := range t.sortedObjects() {
		keeps := t.keepsMost(o)
		if keeps == nil || o.result != None {
			continue
		}
		n := max(keeps.raw, o.state.In[0].N)
		o.log("aggregate", keeps.raw, "", fmt.Sprintf("%s can do with %d", keeps.rule.Name, keeps.raw))
		o.log("stabilize", n, "", "")
		n = o.raise(keeps, "rate limit", n, limitIn(o.current, o.state.Changes, keeps.rule.policies(t.Settings), t.Now), RateLimited)
		n = o.raise(keeps, "bounds", n, max(o.state.Baseline, keeps.rule.Limits.Min, 1), AtMin)
		if n >= o.current {
			keeps.notDone = orElse(o.notDone, Stabilized)
			continue
		}
		t.resize(o, keeps, n, t.inReason(o, n))
	}
}

func (o *object) raise(p *pair, step string, n, limit int32, why NotDone) int32 {
	if limit <= n {
		o.log(step, n, "", "")
		return n
	}
	n = min(limit, o.current)
	o.notDone = why
	o.log(step, n, why, fmt.Sprintf("at least %d", limit))
	p.detail = fmt.Sprintf("%s allows no less than %d", step, limit)
	return n
}

// keepsMost is the scale-in rule that keeps the most; one that is held back or
// does not know holds all back.
func (t *tick) keepsMost(o *object) *pair {
	var most *pair
	for _, p := range t.pairsOf(o) {
		if p.rule.Then != graph.RemoveReplica {
			if p.asks() {
				return nil // something wants it larger
			}
			continue
		}
		if !p.asks() {
			return nil
		}
		if most == nil || p.raw > most.raw {
			most = p
		}
	}
	return most
}
