package stub

import (
	"flashcrowd.io/flashcrowd/internal/wire"
)

// connections are those that a replica holds to what one connection of the
// architecture leads to. A call takes one until it is answered or given up, and
// waits while all are taken, first come first served, for a time at most.
//
// Waits are in logical time: one that is free from a time on serves whoever waited
// then, whenever that is heard of. So that it is heard of early, callees are asked
// to tell such answers as soon as they know them.
type connections struct {
	target     string
	size, open int
	// free are the times from which those are free that calls have given back.
	free    timeline[sent]
	waiting timeline[waiter]
	// waits are the calls that had to wait, and waited for how long they did, in
	// nanoseconds.
	waits, waited int64
}

// waiter is a call that waits for a connection since a time, until another.
type waiter struct {
	at, until int64
	order     uint64
	try       uint32
}

func (w waiter) when() (int64, uint64) { return w.at, w.order }

// first is the time from which one is free, 0 for one that no call ever had, and
// forever if all are taken.
func (c *connections) first() int64 {
	if c.open+len(c.free.items) < c.size {
		return 0
	}
	return c.free.first(forever)
}

// take takes one; there must be one that is free.
func (c *connections) take() {
	if c.open+len(c.free.items) >= c.size {
		c.free.take()
	}
	c.open++
}

// give gives one back at a time, unless there are fewer by now.
func (c *connections) give(at int64, order uint64) {
	if c.open--; c.open+len(c.free.items) < c.size {
		c.free.add(sent{at: at, id: order})
	}
}

// resize changes how many there are. For those that wait new ones are free from a
// time on.
func (c *connections) resize(size int, at int64) {
	for ; c.size < size && len(c.waiting.items) > 0; c.size++ {
		c.free.add(sent{at: at})
	}
	c.size = size
	for c.open+len(c.free.items) > c.size && len(c.free.items) > 0 {
		c.free.take()
	}
}

// left notes that the first that waits does so no more.
func (c *connections) left(at int64) {
	w := c.waiting.take()
	c.waits++
	c.waited += at - w.at
}

// hold gives calls of the routes the connections that they take. Those of earlier
// routes stay for calls on their way.
func (n *Node) hold(r routes) {
	for _, steps := range r.steps {
		for _, s := range steps {
			for i := range s.calls {
				if c := &s.calls[i]; c.poolSize > 0 {
					c.connections = n.connectionsTo(c.poolName, int(c.poolSize))
				}
			}
		}
	}
}

func (n *Node) connectionsTo(target string, size int) *connections {
	for _, c := range n.held {
		if c.target == target {
			from := n.horizon
			for _, p := range n.peers {
				from = max(from, p.promised) // what waits leaves no earlier than was promised
			}
			c.resize(size, from)
			return c
		}
	}
	c := &connections{target: target, size: size}
	n.held = append(n.held, c)
	return c
}

// lend gives connections to calls that wait for them, as far as it is known when
// they are free, and fails those that have waited for too long.
func (n *Node) lend(now int64) {
	for _, c := range n.held {
		for lent := true; lent && len(c.waiting.items) > 0; {
			lent = n.lendFirst(c, now)
		}
	}
}

// lendFirst ends the wait of the first that waits, and reports whether it is over.
func (n *Node) lendFirst(c *connections, now int64) bool {
	w, free := c.waiting.items[0], c.first()
	heard := n.takenUntil(c, func(p *peer) int64 { return n.heardOut(p, now) })
	switch at := max(w.at, free); {
	case free <= max(w.at, heard) && at <= w.until:
		c.left(at)
		if !n.place(w.try, at) {
			n.refuse(w.try, at, wire.ReasonNoEndpoint)
		}
	case max(w.at, min(free, heard)) > w.until:
		c.left(w.until)
		n.refuse(w.try, w.until, wire.ReasonPoolExhausted)
	default:
		return false
	}
	return true
}

// takenUntil is the time before which no call gives its connection back, by what a
// peer's answers are known up to.
func (n *Node) takenUntil(c *connections, answered func(*peer) int64) int64 {
	earliest := forever
	for _, p := range n.peers {
		for i := range p.taken {
			if p.taken[i].of == c {
				if first := p.earliest(&p.taken[i].calls); first < forever {
					earliest = min(earliest, max(first, answered(p)))
				}
			}
		}
	}
	return earliest
}

// departure is the time before which no call that waits gets a connection.
func (n *Node) departure() int64 {
	earliest := forever
	for _, c := range n.held {
		if len(c.waiting.items) > 0 {
			free := min(c.first(), n.takenUntil(c, func(p *peer) int64 { return p.answered }))
			earliest = min(earliest, max(c.waiting.first(forever), free))
		}
	}
	return earliest
}

// waits reports whether any call waits for a connection.
func (n *Node) waits() bool {
	for _, c := range n.held {
		if len(c.waiting.items) > 0 {
			return true
		}
	}
	return false
}

// holding are the calls to a peer that have connections of some kind.
type holding struct {
	of    *connections
	calls timeline[sent]
}

// hold notes a call that has one of some connections.
func (p *peer) hold(c *connections, call sent) {
	for i := range p.taken {
		if p.taken[i].of == c {
			p.taken[i].calls.add(call)
			return
		}
	}
	p.taken = append(p.taken, holding{of: c})
	p.taken[len(p.taken)-1].calls.add(call)
}
