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
	tick = int64(time.Millisecond)
	// ahead is how far the horizon may run before the wall clock.
	ahead = int64(2 * time.Millisecond)
	// holdBack is how long a caller may be silent before others are served as if
	// it had nothing to send.
	holdBack = int64(100 * time.Millisecond)
	// holdBackOfChains is how long a caller that speaks may be behind when what it
	// promises waits for answers: on a way that leads back to this replica the two
	// would wait for each other.
	holdBackOfChains = 2 * holdBack
	// holdBackOfSlow is how long a caller that speaks may be behind at all: it may
	// itself be holding back, or be short of CPU time.
	holdBackOfSlow = int64(time.Second)
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
	behaviour behaviour
	station   *station.Station
	draws     draws
	upstreams map[transport.Edge]*upstream
	callees   map[transport.Edge]*peer
	pending   timeline[arrival]
	due       timeline[event]
	leaving   timeline[event]
	order     uint64
	visits    slab
	peers     map[string]*peer
	routes    routes
	pools     pools
	web       webCaller
	// now is the wall clock at the turn's start.
	now     int64
	horizon int64
	// asleep is for how long the loop did not run though it wanted to: callers were
	// not silent for that long, they were not listened to.
	asleep int64
	// heard is when any caller was last heard, on the wall clock.
	heard    int64
	draining bool
	counts   counters
	burner   burner
	// asked says that some caller asks for promises about answers.
	asked   bool
	started int64
	running sync.WaitGroup
	// afterTurn are closed at the turn's end.
	afterTurn []chan struct{}
}

// New is a node that waits for its first topology.
func New(o Options) *Node {
	n := &Node{
		o: o, upstreams: map[transport.Edge]*upstream{}, callees: map[transport.Edge]*peer{}, peers: map[string]*peer{}, pools: pools{},
		meters: newMeters(), started: o.Now(),
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
	// heard is when it last spoke, in time that the loop was awake.
	heard int64
	// open counts its requests here; over says that it sends nothing new.
	open int
	over bool
	// answered is the last promise made to it about answers, spoken when it was
	// last told anything.
	answered, spoken int64
}

// turn does everything that can be done now and tells how long to wait: until
// a logical time on the wall clock, or for ever.
func (n *Node) turn() (wake int64, handled int) {
	taken := n.input.take()
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.o.Now()
	n.now = now
	for _, act := range taken.acts {
		act()
	}
	for i := range taken.frames {
		n.receive(taken.frames[i], now)
	}
	n.advance(now)
	n.listen(now)
	n.promise(now)
	n.flush()
	n.settle()
	for _, turned := range n.afterTurn {
		close(turned)
	}
	n.afterTurn = n.afterTurn[:0]
	return n.wake(now), len(taken.frames) + len(taken.acts)
}

// receive takes one frame.
func (n *Node) receive(in inbound, now int64) {
	if in.err != nil {
		n.lose(in.conn)
		return
	}
	if up := n.upstreams[in.conn]; up != nil {
		n.heard, up.heard = now, now-n.asleep
		n.receiveCall(up, in.frame)
		return
	}
	if p := n.callees[in.conn]; p != nil {
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
func (n *Node) lose(c transport.Edge) {
	if up := n.upstreams[c]; up != nil {
		up.over, up.promise, up.conn = true, forever, nil
		delete(n.upstreams, c)
		return
	}
	if p := n.callees[c]; p != nil {
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
			n.proceed(n.due.take().visit)
			continue
		}
		n.arrive(n.pending.take())
	}
	n.station.Advance(station.Time(n.horizon))
	n.leave(max(n.horizon, now))
}

// leave sends the answers that are due. Nothing depends on their order, so the
// wall clock lets them go too when the horizon is behind it.
func (n *Node) leave(until int64) {
	for n.leaving.first(forever) <= until {
		n.answer(n.leaving.take().visit)
	}
}

// horizonAt is the logical time up to which everything is known, or was waited
// for long enough.
func (n *Node) horizonAt(now int64) int64 { return min(n.promised(now), now+ahead) }

// promised is the time before which no caller sends anything more, as far as it
// is waited for.
func (n *Node) promised(now int64) int64 {
	known := n.web.promised(now)
	for _, up := range n.upstreams {
		if up.promise < known {
			known = min(known, max(up.promise, now-n.patience(up, now)))
		}
	}
	return known
}

// patience is how long a caller is waited for.
func (n *Node) patience(up *upstream, now int64) int64 {
	switch {
	case now-n.asleep-up.heard >= holdBack:
		return holdBack
	case up.conn.Hello.AnswerPromises:
		return holdBackOfChains
	default:
		return holdBackOfSlow
	}
}

// promise tells peers, and callers that asked, what follows at the earliest.
func (n *Node) promise(now int64) {
	if n.station == nil {
		return
	}
	quiet := min(n.pending.first(forever), n.due.first(forever))
	known := max(n.horizon, min(n.promised(now), quiet, now+promiseAhead))
	chained := n.promiseTo(known)
	for _, p := range n.peers {
		if p.beats {
			p.promise(chained)
		} else { // over HTTP what follows on answers makes no promise false: it has no time
			p.promise(known)
		}
	}
	for _, up := range n.upstreams {
		if !up.conn.Hello.AnswerPromises {
			continue
		}
		if t := min(n.horizon, n.earliestCall()); t > up.answered {
			up.answered, up.spoken = t, now
			up.conn.Send(wire.Frame{Op: wire.OpPromise, Time: t})
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
	for again := true; again; { // what a lost peer leaves unsent goes to others
		again = false
		for _, p := range n.peers {
			if p.conn != nil && p.conn.Flush() != nil {
				n.losePeer(p)
				again = true
			}
		}
	}
}

// recheck is how often it is looked again whether a caller is still waited for.
const recheck = int64(5 * time.Millisecond)

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
		next = max(next+holdBack, now+recheck)
	}
	next = min(next, n.leaving.first(forever))
	if n.visits.used > 0 {
		next = min(next, now+heartbeat)
	}
	if now-n.heard < int64(time.Second) {
		next = min(next, now+holdBack/2) // awake, so that a stall of this process shows
	}
	if n.visits.used > 0 && n.web.active(now) {
		next = min(next, now+ahead) // HTTP callers promise nothing: time itself must pass on
	}
	return next
}

// settle lets go of connections that have nothing left to do.
func (n *Node) settle() {
	for way, p := range n.peers {
		if p.leaving && p.open() == 0 {
			n.close(p)
			delete(n.peers, way)
		}
	}
}
