package stub

import (
	"cmp"
	"slices"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// maxCallsOfStep bounds the calls that one step makes: those of all parallel
// connections of a component.
const maxCallsOfStep = 10_000

// routes are the steps of each class: what a request of the class calls, one
// step after the other.
type routes struct{ steps [wire.Classes][]step }

// step is a set of calls that are made at once.
type step struct{ calls []call }

// call is one call to a set of components; Percent is its chance.
type call struct {
	pool    *pool
	percent int32
	edge    uint32
}

// pool is a set of instances that a call can go to.
type pool struct {
	components []string
	algorithm  graph.Algorithm
	peers      []*peer
	turn       uint64
}

// calls reports whether a class calls anything.
func (r routes) calls(class wire.ClassCode) bool { return len(r.steps[class]) > 0 }

// pools are the distinct pools of all routes.
func (r routes) pools() []*pool {
	var pools []*pool
	for _, steps := range r.steps {
		for _, s := range steps {
			for _, c := range s.calls {
				if !slices.Contains(pools, c.pool) {
					pools = append(pools, c.pool)
				}
			}
		}
	}
	return pools
}

// routesOf are the routes of a component: its connections in the order of the
// spec, sequential ones one after the other, parallel neighbours at once. Reads
// of a database go to its replicas and the primary alike.
func routesOf(arch graph.Architecture, component string) routes {
	self, _ := arch.Component(component)
	algorithm := graph.RoundRobin
	if self.LoadBalancer != nil {
		algorithm = self.LoadBalancer.Algorithm
	}
	var r routes
	shared := map[string]*pool{}
	for class := range r.steps {
		code := wire.ClassCode(class)
		var parallel bool
		for i, c := range arch.Connections {
			if c.From != component || !passes(c, code.Class()) {
				continue
			}
			targets := targetsOf(arch, c, code.Class())
			if len(targets) == 0 {
				continue
			}
			p := poolOf(shared, targets, algorithm)
			r.steps[class], parallel = appendCalls(r.steps[class], parallel, c, call{pool: p, percent: c.ProbabilityPercent, edge: uint32(i)})
		}
	}
	return r
}

func poolOf(shared map[string]*pool, components []string, algorithm graph.Algorithm) *pool {
	key := ""
	for _, c := range components {
		key += c + " "
	}
	if shared[key] == nil {
		shared[key] = &pool{components: components, algorithm: algorithm}
	}
	return shared[key]
}

func passes(c graph.Connection, class graph.Class) bool {
	return len(c.Classes) == 0 || slices.Contains(c.Classes, class)
}

// targetsOf are the components that a connection's calls go to. A read replica
// is served through the connection to its primary, so that each request reads once.
func targetsOf(arch graph.Architecture, c graph.Connection, class graph.Class) []string {
	if target, _ := arch.Component(c.To); target.Database != nil && target.Database.ReplicaOf != "" {
		if connects(arch, c.From, target.Database.ReplicaOf, class) {
			return nil
		}
		return []string{c.To}
	}
	targets := []string{c.To}
	if class != graph.Read {
		return targets
	}
	for _, other := range arch.Connections {
		if replica, _ := arch.Component(other.To); other.From == c.From && passes(other, class) && replica.Database != nil && replica.Database.ReplicaOf == c.To {
			targets = append(targets, other.To)
		}
	}
	return targets
}

func connects(arch graph.Architecture, from, to string, class graph.Class) bool {
	return slices.ContainsFunc(arch.Connections, func(c graph.Connection) bool { return c.From == from && c.To == to && passes(c, class) })
}

// appendCalls adds a connection's calls to the steps.
func appendCalls(steps []step, parallel bool, c graph.Connection, one call) ([]step, bool) {
	n := int(max(1, c.Calls))
	if c.Mode != graph.Parallel {
		for range n {
			steps = append(steps, step{calls: []call{one}})
		}
		return steps, false
	}
	if !parallel {
		steps = append(steps, step{})
	}
	last := &steps[len(steps)-1]
	for range n {
		last.calls = append(last.calls, one)
	}
	return steps, true
}

// call makes one call of a visit, unless chance says no.
func (n *Node) call(i uint32, c call, nth int) {
	v := &n.visits.items[i]
	if c.percent < 100 && n.draws.calls.UniformAt(v.number, uint32(nth))*100 >= float64(c.percent) {
		return
	}
	p := c.pool.pick(v.number, n.draws)
	if p == nil {
		v.reason = wire.ReasonNoEndpoint
		return
	}
	v.calls++
	n.order++
	p.send(n.order, i, wire.Frame{
		Op: wire.OpRequest, Class: v.class, ID: n.order, Time: v.at, Key: v.key, Request: numberOf(v.number, nth), Late: v.late,
	})
}

// numberOf is the number of a request's nth call: the first keeps the request's
// own, so that its draws can be told from the run alone; more calls to the same
// component must not draw alike.
func numberOf(number uint64, nth int) uint64 {
	return number + uint64(nth-maxCallsOfStep)<<40
}

// pick chooses the instance of a call, nil if none takes any.
func (p *pool) pick(number uint64, d draws) *peer {
	if len(p.peers) == 0 {
		return nil
	}
	p.turn++
	switch p.algorithm {
	case graph.LeastRequests:
		first := int(p.turn % uint64(len(p.peers)))
		return slices.MinFunc(append(p.peers[first:len(p.peers):len(p.peers)], p.peers[:first]...), lessLoaded)
	case graph.PowerOfTwoChoices:
		a := p.peers[int(d.route.UniformAt(number, 0)*float64(len(p.peers)))]
		b := p.peers[int(d.route.UniformAt(number, 1)*float64(len(p.peers)))]
		return slices.MinFunc([]*peer{a, b}, lessLoaded)
	default:
		return p.peers[p.turn%uint64(len(p.peers))]
	}
}

func lessLoaded(a, b *peer) int { return cmp.Compare(a.open(), b.open()) }
