package stub

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// settings are what the last topology said of this instance.
type settings struct {
	revision  string
	component graph.Component
	seed      uint64
	transport graph.Transport
	// chained are the pools on whose answers calls follow.
	chained poolSet
}

// Apply gives the node a topology; it takes effect in the next turn.
func (n *Node) Apply(t wire.Topology) { n.input.act(func() { n.apply(t) }) }

func (n *Node) apply(t wire.Topology) {
	component, found := t.Architecture.Component(n.o.Component)
	if !found {
		n.o.Log.Info("component left the architecture", "component", n.o.Component)
		return // it drains with what it knows
	}
	if n.behaviour == nil {
		b, why := n.behaviourOf(component.Type)
		if why != "" {
			n.health.set(why)
			return
		}
		n.behaviour = b
		n.queue, _ = b.(*messageQueue)
		n.worker, _ = b.(*worker)
		n.remember(n.queue != nil || n.worker != nil)
	}
	if err := n.reconfigure(t, component); err != nil {
		n.o.Log.Error("settings kept", "error", err)
		n.health.set(err.Error())
		return
	}
	n.id = n.o.Pod
	for _, i := range t.Instances {
		if i.Pod == n.o.Pod {
			n.id = i.ID
		}
	}
	n.settings = settings{
		revision: t.Revision, component: component, seed: t.Seed, transport: t.Architecture.Transport, chained: n.reroute(t.Architecture, component),
	}
	n.web.depth = depthOverHTTP(t.Architecture, component.Name)
	n.demands = n.newDemands(t, n.routes)
	n.trouble.follow(t.Plan, n.id, n.o.Component, n.o.Now())
	n.meet(t.Instances)
	n.refreshPools()
	n.queue.grant(n)
	n.worker.adopt(n, component)
	n.o.Log.Info("topology applied", "revision", t.Revision, "instance", n.id, "peers", len(n.peers))
}

// reconfigure takes over what a topology says of the component.
func (n *Node) reconfigure(t wire.Topology, component graph.Component) error {
	if n.station == nil || n.settings.seed != t.Seed {
		n.draws = newDraws(t.Seed, component.Name)
	}
	if err := n.behaviour.configure(t, component); err != nil {
		return err
	}
	return n.resize(component)
}

// resize starts the station, or changes its capacity from now on.
func (n *Node) resize(component graph.Component) error {
	config, err := n.behaviour.capacity(component)
	if err != nil {
		return err
	}
	n.connections = n.connected()
	config.Memory = withPeers(config.Memory, component.Capacity.Memory, n.connections)
	if n.station == nil {
		n.horizon = n.o.Now()
		n.station, err = station.New(station.Time(n.horizon), config)
		return err
	}
	return n.station.Reconfigure(station.Time(n.horizon), config)
}

// reroute takes over what requests call from now on; those on their way go on as
// they began. It returns the pools on whose answers calls follow.
func (n *Node) reroute(arch graph.Architecture, c graph.Component) poolSet {
	n.routes = n.behaviour.routes(arch, c, n.pools)
	if arch.Transport != graph.TransportHTTP { // over which answers come in no order, and no call could tell its turn
		n.hold(n.routes)
	}
	current := n.routes.pools()
	for _, p := range n.pools {
		p.current = slices.Contains(current, p)
	}
	return n.routes.chained()
}

// depthOverHTTP is how many components there are on the longest way to a
// component, itself included, where all are reached over HTTP; 0 with frames.
func depthOverHTTP(arch graph.Architecture, name string) int64 {
	if arch.Transport != graph.TransportHTTP {
		return 0
	}
	deepest := int64(0)
	for _, caller := range arch.Callers(name) {
		deepest = max(deepest, depthOverHTTP(arch, caller))
	}
	return deepest + 1
}

// meet dials the instances that requests may go to and lets go of the others.
func (n *Node) meet(instances []wire.Instance) {
	called := map[string]bool{}
	for _, p := range n.routes.pools() {
		for _, c := range p.components {
			called[c] = true
		}
	}
	for _, c := range n.routes.feeds {
		called[c] = true
	}
	seen := map[string]bool{}
	for _, i := range instances {
		if i.Address == "" || !called[i.Component] {
			continue
		}
		way := string(n.settings.transport) + " " + i.Address
		seen[way] = true
		p := n.peers[way]
		if p == nil && i.State != wire.Ready {
			continue
		}
		if p == nil {
			p = &peer{way: way, address: i.Address, beats: n.settings.transport != graph.TransportHTTP, calls: map[uint64]callOf{}}
			n.peers[way] = p
		}
		n.know(p, i)
		n.follow(p)
		n.dial(p, 0)
	}
	n.part(seen)
}

// know takes over what a topology says of a peer.
func (n *Node) know(p *peer, i wire.Instance) {
	usable := i.State == wire.Ready
	if p.usable && !usable && p.conn != nil && i.State == wire.Draining {
		p.conn.Send(wire.Frame{Op: wire.OpGoodbye, Time: forever})
	}
	p.id, p.component, p.usable, p.leaving = i.ID, i.Component, usable, false
	p.owner, p.serves = int(hashOf(i.ID)>>1), n.pools.serving(i.Component)
	p.unheard = p.serves == 0
}

// part lets go of peers that the topology no longer names.
func (n *Node) part(seen map[string]bool) {
	for way, p := range n.peers {
		if seen[way] {
			continue
		}
		p.leaving = true
		if p.conn != nil {
			p.conn.Send(wire.Frame{Op: wire.OpGoodbye, Time: forever})
		}
	}
}

// compareIDs orders api-server-2 before api-server-10.
func compareIDs(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// assess says whether the node is ready, and if not, why.
func (n *Node) assess() {
	if n.station == nil {
		return
	}
	why := ""
	for _, p := range n.routes.pools() {
		if len(p.peers) == 0 && p.algorithm != byKey && n.queue == nil { // a cache can be done without, a queue keeps messages until there are workers
			why = "no instance of " + p.components[0] + " answers yet"
		}
	}
	if delay := n.settings.component.StartupDelay - time.Duration(n.o.Now()-n.started); delay > 0 {
		why = "starting up"
		n.later(delay, n.assess)
	}
	if n.draining {
		why = "draining"
	}
	if why != "" && why != "draining" && n.health.wasReady() {
		return // what was ready stays so: its callers see each failure themselves
	}
	n.health.set(why)
}

// health is why the node is not ready, empty when it is.
type health struct {
	mu    sync.Mutex
	why   string
	ready bool
}

func (h *health) set(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.why, h.ready = why, h.ready || why == ""
}

func (h *health) wasReady() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ready
}

// Unready says why the node takes no requests yet, or no more; empty if it does.
func (n *Node) Unready() string {
	n.health.mu.Lock()
	defer n.health.mu.Unlock()
	return n.health.why
}
