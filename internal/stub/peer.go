package stub

import (
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	dialTimeout = time.Second
	// redialAfter a connection was refused or lost.
	redialAfter = 100 * time.Millisecond
	// joinAfter is how long a new peer waits for its first call while others
	// serve: longer than an idle process promises ahead, so that what it has
	// promised to those behind it stays true.
	joinAfter = 2 * time.Duration(promiseAhead)
)

// peer is an instance that this one calls.
type peer struct {
	id, component, address string
	conn                   *transport.Conn
	// dialing is set while a goroutine dials; retryAt is when the next may.
	dialing bool
	// usable says that the topology sends requests to it; drains that it asked
	// for none; leaving that it is given up once its answers are in.
	usable, drains, leaving bool
	// joins is set while others serve in its place.
	joins bool
	// promised is the last promise sent, answered the last heard about answers.
	promised, answered int64
	calls              map[uint64]callOf
}

// callOf is a call that waits for its answer.
type callOf struct {
	visit uint32
	at    int64
}

func (p *peer) open() int { return len(p.calls) }

// takes reports whether new calls may go to it.
func (p *peer) takes() bool { return p.conn != nil && p.usable && !p.drains && !p.leaving }

func (p *peer) send(id uint64, visit uint32, f wire.Frame) {
	p.calls[id] = callOf{visit: visit, at: f.Time}
	p.conn.Send(f)
}

// promise says that no call before t follows.
func (p *peer) promise(t int64) {
	if p.conn != nil && t > p.promised && !p.leaving {
		p.promised = t
		p.conn.Send(wire.Frame{Op: wire.OpPromise, Time: t})
	}
}

// close ends the connection; its last batch is ignored then.
func (p *peer) close() {
	if p.conn != nil {
		p.conn.Close()
		p.conn = nil
	}
}

// promiseTo is what can be promised to a peer when all else is known up to t:
// calls of later steps leave at the times of answers to come.
func (n *Node) promiseTo(p *peer, t int64) int64 {
	if !n.settings.chains {
		return t
	}
	for _, other := range n.peers {
		for _, c := range other.calls {
			if c.at < t && n.visits.items[c.visit].step < len(n.routes.steps[n.visits.items[c.visit].class]) {
				t = max(c.at, min(t, other.answered))
			}
		}
	}
	return t
}

// earliestCall is the earliest call without an answer.
func (n *Node) earliestCall() int64 {
	earliest := forever
	for _, p := range n.peers {
		for _, c := range p.calls {
			earliest = min(earliest, c.at)
		}
	}
	return earliest
}

func (n *Node) peerOf(c *transport.Conn) *peer {
	for _, p := range n.peers {
		if p.conn == c {
			return p
		}
	}
	return nil
}

// receiveAnswer takes a frame of a callee.
func (n *Node) receiveAnswer(p *peer, f wire.Frame) {
	switch f.Op {
	case wire.OpAnswer:
		c, known := p.calls[f.ID]
		if !known {
			return
		}
		delete(p.calls, f.ID)
		n.counts.call(p.component, f.Outcome)
		n.answered(c.visit, f.Time, f.Reason, f.Late)
	case wire.OpPromise:
		p.answered = max(p.answered, f.Time)
	case wire.OpDrain:
		p.drains = true
		n.refreshPools()
		if p.conn != nil {
			p.conn.Send(wire.Frame{Op: wire.OpGoodbye, Time: forever})
		}
	}
}

// answered takes one answer for a visit.
func (n *Node) answered(i uint32, at int64, reason wire.Reason, late bool) {
	v := &n.visits.items[i]
	v.calls--
	v.at = max(v.at, at)
	v.late = v.late || late
	if reason != wire.ReasonNone {
		v.reason = reason
	}
	if v.calls == 0 {
		n.proceed(i)
	}
}

// losePeer fails the calls of a connection that ended and dials again.
func (n *Node) losePeer(p *peer) {
	p.close()
	n.refreshPools()
	calls := p.calls
	p.calls = map[uint64]callOf{}
	ids := make([]uint64, 0, len(calls))
	for id := range calls {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		n.counts.call(p.component, wire.Failed)
		n.answered(calls[id].visit, max(calls[id].at, n.horizon), wire.ReasonConnectionLost, false)
	}
	n.dial(p, redialAfter)
}

// dial connects to a peer after a pause, in a goroutine of its own.
func (n *Node) dial(p *peer, after time.Duration) {
	if p.dialing || p.conn != nil || p.leaving || p.address == "" || n.closing() {
		return
	}
	p.dialing = true
	hello := wire.Hello{From: n.id, Promise: n.horizon, AnswerPromises: n.settings.chains}
	p.joins = n.replaceable(p)
	if p.joins {
		hello.Promise += int64(joinAfter)
	}
	n.running.Go(func() {
		if after > 0 {
			select {
			case <-n.input.closed():
			case <-time.After(after):
			}
		}
		conn, err := transport.Dial(p.address, hello, dialTimeout, n.input.batch)
		n.input.act(func() { n.dialed(p, conn, err) })
	})
}

// dialed takes the outcome of a dial.
func (n *Node) dialed(p *peer, conn *transport.Conn, err error) {
	p.dialing = false
	switch {
	case err != nil && !p.leaving:
		n.dial(p, redialAfter)
	case err != nil:
	case p.leaving || n.closing() || n.peers[p.address] != p:
		conn.Close()
	default:
		p.conn, p.promised, p.answered, p.drains = conn, conn.Hello.Promise, 0, false
		if p.joins {
			n.later(joinAfter, func() { n.joined(p) })
		}
		n.refreshPools()
	}
}

// replaceable reports whether other peers serve all that a new one would.
func (n *Node) replaceable(p *peer) bool {
	for _, pool := range n.routes.pools() {
		if slices.Contains(pool.components, p.component) && len(pool.peers) == 0 {
			return false
		}
	}
	return true
}

// joined gives a new peer its share.
func (n *Node) joined(p *peer) {
	p.joins = false
	n.refreshPools()
}

// later leaves something for the loop to do after a pause.
func (n *Node) later(pause time.Duration, f func()) {
	n.running.Go(func() {
		select {
		case <-n.input.closed():
		case <-time.After(pause):
			n.input.act(f)
		}
	})
}

// refreshPools lists for each pool the peers that take calls.
func (n *Node) refreshPools() {
	for _, pool := range n.routes.pools() {
		pool.peers = pool.peers[:0]
		for _, p := range n.peers {
			if p.takes() && slices.Contains(pool.components, p.component) {
				pool.peers = append(pool.peers, p)
			}
		}
		if served := slices.DeleteFunc(slices.Clone(pool.peers), func(p *peer) bool { return p.joins }); len(served) > 0 {
			pool.peers = served
		}
		slices.SortFunc(pool.peers, func(a, b *peer) int { return compareIDs(a.id, b.id) })
	}
	n.assess()
}
