package stub

import (
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// maxCallsOfStep bounds the calls that one step makes: those of all parallel
// connections of a component.
const maxCallsOfStep = 10_000

// routes are the steps of each class: what a request of the class calls, one
// step after the other.
type routes struct {
	steps [wire.Classes][]step
	// feeds are components that get what is written here, beside what requests call.
	feeds []string
}

// step is a set of calls that are made at once.
type step struct {
	calls []call
	// after are the pools that calls of later steps may go to, as far as they are
	// ordered.
	after poolSet
}

// call is one call to a set of components; percent is its chance, and draw keys
// the draw that decides.
type call struct {
	pool    *pool
	verb    wire.Verb
	percent int32
	draw    uint32
	onMiss  bool
	// timeout after which it is given up, 0 for never, and retries of what failed.
	timeout time.Duration
	retries graph.Retries
	// connections that it takes one of, by name and size, nil if nothing bounds them,
	// and how long it waits for one.
	connections *connections
	poolName    string
	poolSize    int32
	poolTimeout time.Duration
}

// guarded says that the call may be given up, made again, or wait for a connection.
func (c call) guarded() bool { return c.timeout > 0 || c.retries.Count > 0 || c.connections != nil }

// aside says that the call is to a cache that does not matter if it fails.
func (c call) aside() bool { return c.verb != wire.VerbServe }

// byKey is the algorithm of pools of caches: each key has its instance, and one
// that joins takes over its share of the keys and no others.
const byKey graph.Algorithm = "ByKey"

// pool is a set of instances that a call can go to.
type pool struct {
	components []string
	algorithm  graph.Algorithm
	peers      []*peer
	// owners are the numbers of the peers' ids, if keys choose among them.
	owners []int
	turn   uint64
	// spare are the retries that its calls have earned and not spent, in hundredths.
	spare int32
	// bit is the pool in sets of pools.
	bit poolSet
	// current says that the routes in force use it: what no longer has an instance
	// because it left the architecture is not called, and fails nothing.
	current bool
}

// poolSet is a set of pools by their bits. More than 64 pools share bits, which
// promises less than it could.
type poolSet uint64

// pools are all pools that routes have used, by what makes them one: calls on
// their way survive a change of routes.
type pools map[string]*pool

// of is the pool of some components.
func (p pools) of(components []string, algorithm graph.Algorithm) *pool {
	key := strings.Join(append([]string{string(algorithm)}, components...), " ")
	if p[key] == nil {
		p[key] = &pool{components: components, algorithm: algorithm, spare: mostSpare, bit: 1 << (len(p) % 64)}
	}
	return p[key]
}

// serving are the pools that a component is in.
func (p pools) serving(component string) poolSet {
	var set poolSet
	for _, pool := range p {
		if slices.Contains(pool.components, component) {
			set |= pool.bit
		}
	}
	return set
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

// chained are the pools of calls that others follow, whose answers thus say what
// follows at the earliest, or that are given up when no answer can come in time.
func (r routes) chained() poolSet {
	var set poolSet
	for _, steps := range r.steps {
		for _, s := range steps {
			for _, c := range s.calls {
				if s.after != 0 || c.guarded() {
					set |= c.pool.bit
				}
			}
		}
	}
	return set
}

// callsOf are the calls of a component by its itineraries.
func callsOf(arch graph.Architecture, component string, algorithm graph.Algorithm, pools pools) routes {
	var r routes
	for class := range r.steps {
		for _, s := range graph.Itinerary(arch, component, wire.ClassCode(class).Class()) {
			r.steps[class] = append(r.steps[class], stepOf(arch, s, algorithm, pools))
		}
		var after poolSet
		for i := len(r.steps[class]) - 1; i >= 0; i-- {
			r.steps[class][i].after = after
			after |= r.steps[class][i].ordered()
		}
	}
	return r
}

func stepOf(arch graph.Architecture, s graph.Step, algorithm graph.Algorithm, pools pools) step {
	var out step
	for _, c := range s.Calls {
		how := algorithm
		if target, _ := arch.Component(c.Targets[0]); target.Type == graph.Cache {
			how = byKey
		}
		out.calls = append(out.calls, call{
			pool: pools.of(c.Targets, how), verb: verbOf(c.Verb), percent: c.ProbabilityPercent, draw: uint32(hashOf(c.Draw)), onMiss: c.OnMiss,
			timeout: c.Timeout, retries: c.Retries, poolName: c.Pool, poolSize: c.PoolSize, poolTimeout: c.PoolTimeout,
		})
	}
	return out
}

// ordered are the pools that the step's ordered calls go to.
func (s step) ordered() poolSet {
	var set poolSet
	for _, c := range s.calls {
		if c.verb.Ordered() {
			set |= c.pool.bit
		}
	}
	return set
}

func verbOf(v graph.Verb) wire.Verb {
	switch v {
	case graph.Get:
		return wire.VerbGet
	case graph.Set:
		return wire.VerbSet
	case graph.Delete:
		return wire.VerbDelete
	default:
		return wire.VerbServe
	}
}

func hashOf(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return h.Sum64()
}

// call makes one call of a visit, unless it is needless or chance says no.
func (n *Node) call(i uint32, c call, nth int) {
	v := &n.visits.items[i]
	switch {
	case c.verb == wire.VerbGet:
		v.hit = false
	case c.onMiss && v.hit:
		return
	}
	if c.percent < 100 && n.draws.calls.UniformAt(v.number, c.draw)*100 >= float64(c.percent) {
		return
	}
	var made bool
	if after := v.route[v.step-1].after; c.guarded() {
		made = n.try(try{visit: i, call: c, nth: nth, after: after}, v.at)
	} else {
		made = n.send(callOf{visit: i, pool: c.pool, verb: c.verb, after: after}, n.frameOf(v, c, numberOf(v.number, nth), v.at))
	}
	switch {
	case made:
		v.calls++
	case c.pool.current && !c.aside():
		v.reason = wire.ReasonNoEndpoint
	}
}

// frameOf is the request of a call that a visit makes at a time, by its number.
func (n *Node) frameOf(v *visit, c call, number uint64, at int64) wire.Frame {
	verb := c.verb
	if verb == wire.VerbServe {
		verb = v.verb // a balancer passes on what it was asked
	}
	n.order++
	return wire.Frame{
		Op: wire.OpRequest, Class: v.class, Verb: verb, Region: v.region, ID: n.order, Time: at + v.way/2, Key: v.key,
		Request: number, Late: v.late, Ahead: v.ahead || c.connections != nil,
	}
}

// send sends a call to an instance of its pool, if there is one.
func (n *Node) send(c callOf, f wire.Frame) bool {
	p := c.pool.pick(f.Request, f.Key, n.draws)
	if p == nil {
		return false
	}
	c.at, c.bound, c.ahead = f.Time, f.Time, f.Ahead
	if c.ahead {
		c.bound += int64(n.demands.of(p.component, f))
		c.ordered = c.pool.algorithm == graph.LeastRequests || c.pool.algorithm == graph.PowerOfTwoChoices
	}
	if c.try != 0 {
		n.guard(p, &c, f)
	}
	if c.ahead {
		n.visits.items[c.visit].foretell(c.bound)
	}
	n.sendTo(p, c, f)
	return true
}

// numberOf is the number of a request's nth call: the first keeps the request's
// own, so that its draws can be told from the run alone; more calls to the same
// component must not draw alike.
func numberOf(number uint64, nth int) uint64 {
	return number + uint64(nth-maxCallsOfStep)<<bitsOfRequest
}

// A number is that of the request in the run in its lower bits, and that of the
// call in its upper ones.
const bitsOfRequest, bitsOfCalls = 40, 24

// pick chooses the instance of a call, nil if none takes any.
func (p *pool) pick(number, key uint64, d draws) *peer {
	if len(p.peers) == 0 {
		return nil
	}
	if p.algorithm == byKey {
		return p.peers[slices.Index(p.owners, traffic.Owner(key, p.owners))]
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
