package stub

import (
	"slices"
	"strings"

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
}

// pool is a set of instances that a call can go to.
type pool struct {
	components []string
	algorithm  graph.Algorithm
	peers      []*peer
	turn       uint64
	// current says that the routes in force use it: what no longer has an instance
	// because it left the architecture is not called, and fails nothing.
	current bool
}

// pools are all pools that routes have used, by what makes them one: calls on
// their way survive a change of routes.
type pools map[string]*pool

// of is the pool of some components.
func (p pools) of(components []string, algorithm graph.Algorithm) *pool {
	key := strings.Join(append([]string{string(algorithm)}, components...), " ")
	if p[key] == nil {
		p[key] = &pool{components: components, algorithm: algorithm}
	}
	return p[key]
}

// pools are the distinct pools of the routes.
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

// chained reports whether any class has more than one step.
func (r routes) chained() bool {
	return slices.ContainsFunc(r.steps[:], func(steps []step) bool { return len(steps) > 1 })
}

// target is where the calls of a connection go.
type target struct {
	graph.Connection
	components []string
}

// targets are the connections of a component that let a class pass, and all
// components that they lead to.
type targets struct {
	connections []target
	components  []string
}

// callees are the targets of a component. Reads of a database go to its replicas
// and the primary alike.
func callees(arch graph.Architecture, component string, class graph.Class) targets {
	var all targets
	for _, c := range arch.Connections {
		if c.From != component || !passes(c, class) {
			continue
		}
		if to := targetsOf(arch, c, class); len(to) > 0 {
			all.connections = append(all.connections, target{Connection: c, components: to})
			all.components = append(all.components, to...)
		}
	}
	return all
}

// callsOf are the calls of a component: its connections in the order of the
// spec, sequential ones one after the other, parallel neighbours at once.
func callsOf(arch graph.Architecture, component string, algorithm graph.Algorithm, pools pools) routes {
	var r routes
	for class := range r.steps {
		parallel := false
		for _, t := range callees(arch, component, wire.ClassCode(class).Class()).connections {
			one := call{pool: pools.of(t.components, algorithm), percent: t.ProbabilityPercent}
			r.steps[class], parallel = appendCalls(r.steps[class], parallel, t.Connection, one)
		}
	}
	return r
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
	n.order++
	made := n.send(callOf{visit: i, pool: c.pool, more: v.step < len(v.route)}, wire.Frame{
		Op: wire.OpRequest, Class: v.class, ID: n.order, Time: v.at, Key: v.key, Request: numberOf(v.number, nth), Late: v.late, Ahead: v.ahead,
	})
	switch {
	case made:
		v.calls++
	case c.pool.current:
		v.reason = wire.ReasonNoEndpoint
	}
}

// send sends a call to an instance of its pool, if there is one.
func (n *Node) send(c callOf, f wire.Frame) bool {
	p := c.pool.pick(f.Request, n.draws)
	if p == nil {
		return false
	}
	c.at, c.bound, c.ahead = f.Time, f.Time, f.Ahead
	if c.ahead {
		c.bound += int64(n.demands.of(p.component, f))
		c.ordered = c.pool.algorithm != graph.RoundRobin
		n.visits.items[c.visit].foretell(c.bound)
	}
	p.send(c, f, n.asked)
	return true
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
	first := p.peers[p.turn%uint64(len(p.peers))]
	switch p.algorithm {
	case graph.LeastRequests:
		for i := range p.peers {
			first = lessLoaded(first, p.peers[(p.turn+uint64(i))%uint64(len(p.peers))])
		}
		return first
	case graph.PowerOfTwoChoices:
		return lessLoaded(p.peers[int(d.route.UniformAt(number, 0)*float64(len(p.peers)))], p.peers[int(d.route.UniformAt(number, 1)*float64(len(p.peers)))])
	default:
		return first
	}
}

// lessLoaded is the one with fewer open calls, a if they are even.
func lessLoaded(a, b *peer) *peer {
	if b.open() < a.open() {
		return b
	}
	return a
}
