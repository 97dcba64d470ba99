package stub

import (
	"log/slog"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	// tick is the shortest turn at a high rate: frames of a tick share their writes.
	tick = time.Millisecond
	// ahead is how far the horizon may run before the wall clock.
	ahead = int64(2 * time.Millisecond)
	// holdBack is how long a request waits for a caller that has not promised.
	holdBack = int64(100 * time.Millisecond)
	// promiseAhead is how far promises may run before the wall clock.
	promiseAhead = int64(150 * time.Millisecond)
	// busyTurn is how many frames of a turn make the next one wait for its tick.
	busyTurn = 2
)

// forever is a time that never comes.
const forever = int64(1) << 62

// Options are what a node works with.
type Options struct {
	// Component it is a replica of, and the pod it runs in.
	Component, Pod string
	Log            *slog.Logger
	// Now is the wall clock in nanoseconds since the Unix epoch.
	Now func() int64
}

// Node is one replica.
type Node struct {
	o      Options
	input  input
	health health
	meters *meters

	// mu is held by the loop during a turn, and by whoever reads the counters.
	mu        sync.Mutex
	id        string
	settings  settings
	station   *station.Station
	draws     draws
	upstreams map[*transport.Conn]*upstream
	pending   timeline[arrival]
	due       timeline[event]
	order     uint64
	visits    slab
	peers     map[string]*peer
	routes    routes
	web       webCaller
	horizon   int64
	draining  bool
	counts    counters
	burner    burner
	started   int64
	running   sync.WaitGroup
}

// New is a node that waits for its first topology.
func New(o Options) *Node {
	n := &Node{
		o: o, upstreams: map[*transport.Conn]*upstream{}, peers: map[string]*peer{}, meters: newMeters(), started: o.Now(),
	}
	n.input.signal, n.input.ending = make(chan struct{}, 1), make(chan struct{})
	n.health.set("no topology yet")
	return n
}

// upstream is a caller.
type upstream struct {
	conn *transport.Conn
	// promise is the logical time before which no request follows.
	promise int64
	// open counts its requests here; over says that it sends nothing new.
	open int
	over bool
	// answered is the last promise made to it about answers.
	answered int64
}

// turn does everything that can be done now and tells how long to wait: until
// a logical time on the wall clock, or for ever.
func (n *Node) turn() (wake int64, handled int) {
	taken := n.input.take()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, act := range taken.acts {
		act()
	}
	for i := range taken.frames {
		n.receive(taken.frames[i])
	}
	now := n.o.Now()
	n.advance(now)
	n.promise(now)
	n.flush()
	n.settle()
	return n.wake(now), len(taken.frames) + len(taken.acts)
}

// receive takes one frame.
func (n *Node) receive(in inbound) {
	if in.err != nil {
		n.lose(in.conn)
		return
	}
	if up := n.upstreams[in.conn]; up != nil {
		n.receiveCall(up, in.frame)
		return
	}
	if p := n.peerOf(in.conn); p != nil {
		n.receiveAnswer(p, in.frame)
	}
}

func (n *Node) receiveCall(up *upstream, f wire.Frame) {
	switch f.Op {
	case wire.OpRequest:
		up.open++
		n.enqueue(f.Time, request{up: up, id: f.ID, class: f.Class, key: f.Key, number: f.Request, late: f.Late})
	case wire.OpPromise:
		up.promise = max(up.promise, f.Time)
	case wire.OpGoodbye:
		up.over, up.promise = true, forever
	}
}

func (n *Node) enqueue(at int64, r request) {
	n.order++
	n.pending.add(arrival{at: at, order: n.order, request: r})
}

// lose forgets a connection that ended.
func (n *Node) lose(c *transport.Conn) {
	if up := n.upstreams[c]; up != nil {
		up.over, up.promise, up.conn = true, forever, nil
		delete(n.upstreams, c)
		return
	}
	if p := n.peerOf(c); p != nil {
		n.losePeer(p)
	}
}

// advance serves everything up to the horizon in logical order.
func (n *Node) advance(now int64) {
	if n.station == nil {
		return
	}
	n.horizon = max(n.horizon, n.horizonAt(now))
	for {
		arrives, goesOn := n.pending.first(forever), n.due.first(forever)
		if min(arrives, goesOn) > n.horizon {
			break
		}
		if goesOn <= arrives {
			e := n.due.take()
			n.goOn(e)
			continue
		}
		n.arrive(n.pending.take())
	}
	n.station.Advance(station.Time(n.horizon))
}

// horizonAt is the logical time up to which everything is known, or the
// hold-back has passed.
func (n *Node) horizonAt(now int64) int64 {
	return max(min(n.promised(now), now+ahead), now-holdBack)
}

// promised is the time before which no caller sends anything more.
func (n *Node) promised(now int64) int64 {
	known := n.web.promised(now)
	for _, up := range n.upstreams {
		known = min(known, up.promise)
	}
	return known
}

// promise tells peers, and callers that asked, what follows at the earliest.
func (n *Node) promise(now int64) {
	if n.station == nil {
		return
	}
	quiet := min(n.pending.first(forever), n.due.first(forever))
	known := max(n.horizon, min(n.promised(now), quiet, now+promiseAhead))
	for _, p := range n.peers {
		p.promise(n.promiseTo(p, known))
	}
	for _, up := range n.upstreams {
		if up.conn.Hello.AnswerPromises && n.horizon > up.answered {
			up.answered = min(n.horizon, n.earliestCall())
			up.conn.Send(wire.Frame{Op: wire.OpPromise, Time: up.answered})
		}
	}
}

// flush writes what the turn queued, one write for each connection.
func (n *Node) flush() {
	for _, up := range n.upstreams {
		if up.conn.Flush() != nil {
			n.lose(up.conn)
		}
	}
	for _, p := range n.peers {
		if p.conn != nil && p.conn.Flush() != nil {
			n.losePeer(p)
		}
	}
}

// wake is when the next turn has something to do without hearing anything.
func (n *Node) wake(now int64) int64 {
	if n.station == nil {
		return forever
	}
	next := min(n.pending.first(forever), n.due.first(forever))
	switch {
	case next == forever:
	case next <= n.promised(now):
		next -= ahead
	default:
		next += holdBack
	}
	if n.visits.used > 0 && n.web.active(now) {
		next = min(next, now+ahead) // HTTP callers promise nothing: time itself must pass on
	}
	return next
}

// settle lets go of connections that have nothing left to do.
func (n *Node) settle() {
	for address, p := range n.peers {
		if p.leaving && p.open() == 0 {
			p.close()
			delete(n.peers, address)
		}
	}
}
