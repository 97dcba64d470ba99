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
	// behind is how far a queue runs behind the wall clock: what its workers know of
	// their messages is heard before the queue gets there.
	behind = int64(3 * time.Millisecond)
	// hurry is how old a message or its answer is when others already wait for it.
	hurry = 2 * behind
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
	// Dial connects to callees; nil does so by TCP.
	Dial transport.Dialer
	// Crash ends the process without a word; a fault of the run asks for it.
	Crash func()
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
	// early are answers of peers that came before their time and must be taken in
	// order.
	early  timeline[early]
	order  uint64
	visits slab
	// tries are the calls that may be given up or made again, retries when those
	// that failed are made again, and held the connections that calls take.
	tries     tries
	retries   timeline[retry]
	held      []*connections
	peers     map[string]*peer
	routes    routes
	pools     pools
	followUps []followUp
	demands   demands
	web       webCaller
	// queue and worker are the behaviour if it is of that type, nil otherwise.
	queue  *messageQueue
	worker *worker
	// hurried says that frames of this turn should have come before it.
	hurried bool
	// roused says that a peer has spoken or was dialled in this turn.
	roused bool
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
	trouble  trouble
	// connections is how many the memory was last counted with.
	connections int
	// asked says that calls are kept by time, for promises about answers, and
	// followed that some caller asked for such.
	asked, followed bool
	started         int64
	running         sync.WaitGroup
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
	conn transport.Edge
	// promise is the logical time before which no request follows.
	promise int64
	// heard is when it last spoke, in time that the loop was awake.
	heard int64
	// open counts its requests here, but for writes to copy, which nobody answers;
	// over says that it sends nothing new.
	open int
	over bool
	// chained says that it makes further calls at the times of answers, and wants
	// promises about them.
	chained bool
	// credit is the most that it may have open if it is a queue, 0 otherwise.
	credit int
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
	n.now, n.hurried, n.roused = now, false, false
	for _, act := range taken.acts {
		act()
	}
	if n.trouble.crashes(now) {
		n.o.Log.Info("instance crashes as planned", "instance", n.id)
		n.o.Crash()
	}
	for i := range taken.frames {
		n.receive(taken.frames[i], now)
	}
	n.countPeers()
	n.expire(now)
	n.lend(now)
	n.advance(now)
	n.lend(now)
	n.listen(now)
	n.rouse(now)
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
		n.roused = true
		n.receiveAnswer(p, in.frame)
	}
}

func (n *Node) receiveCall(up *upstream, f wire.Frame) {
	switch f.Op {
	case wire.OpRequest:
		if f.Verb != wire.VerbReplicate {
			up.open++
		}
		n.hasten(f.Ahead, f.Time)
		n.come(f.Time, request{up: up, id: f.ID, class: f.Class, verb: f.Verb, region: f.Region, key: f.Key, number: f.Request, late: f.Late, ahead: f.Ahead})
	case wire.OpFollow:
		up.chained = true
		n.beFollowed()
	case wire.OpPromise:
		up.promise = max(up.promise, f.Time)
	case wire.OpGoodbye:
		up.over, up.promise = true, forever
	}
}

// come puts a request into the order of the others. What no promise holds for is
// taken now if its time has passed, and shifted back for its answer.
func (n *Node) come(at int64, r request) {
	if r.verb == wire.VerbReplicate {
		r.committed = at
		at += lagOf(n.settings.component)
	}
	if !r.verb.Ordered() && at < n.horizon {
		r.shift = n.horizon - at
	}
	n.enqueue(at+r.shift, r)
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

// hasten notes a frame that others wait for already.
func (n *Node) hasten(ahead bool, at int64) {
	n.hurried = n.hurried || ahead && at < n.now-hurry
}

// advance serves everything up to the horizon in logical order. What is served
// may show that the horizon lies further.
func (n *Node) advance(now int64) {
	if n.station == nil {
		return
	}
	for {
		reached, next := n.horizonAt(now), n.next()
		if n.queue != nil {
			reached = min(reached, next) // what it delivers then may bound how far it goes
		}
		n.horizon = max(n.horizon, reached)
		if next > n.horizon {
			break
		}
		for n.happen() {
		}
	}
	n.station.Advance(station.Time(n.horizon))
	n.leave(max(n.horizon, now))
}

// next is the time of the earliest thing that is known to happen.
func (n *Node) next() int64 {
	return min(n.pending.first(forever), n.due.first(forever), n.early.first(forever), n.retries.first(forever), n.queue.nextDelivery())
}

// happen lets the earliest thing happen that is not beyond the horizon, and
// reports whether there was one. Of what happens at one time, visits go on first,
// so that a place that one leaves is free for another.
func (n *Node) happen() bool {
	next := n.next()
	switch {
	case next > n.horizon:
		return false
	case n.due.first(forever) == next:
		n.goOn(n.due.take().visit)
	case n.early.first(forever) == next:
		e := n.early.take()
		n.take(e.peer, e.frame)
	case n.retries.first(forever) == next:
		n.retry(n.retries.take())
	case n.pending.first(forever) == next:
		n.arrive(n.pending.take())
	default:
		n.queue.deliver(n, next)
	}
	return true
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
func (n *Node) horizonAt(now int64) int64 { return min(n.promised(now), now+n.lead()) }

// lead is how far the horizon may run before the wall clock.
func (n *Node) lead() int64 {
	if n.queue != nil {
		return -behind
	}
	return ahead
}

// promised is the time before which no caller sends anything more, as far as it
// is waited for.
func (n *Node) promised(now int64) int64 {
	known := n.web.promised(now)
	for _, up := range n.upstreams {
		if promise := n.promiseOf(up); promise < known {
			known = min(known, max(promise, now-n.patience(up, now)))
		}
	}
	return n.queue.promised(n, known, now)
}

// promiseOf is the time before which a caller sends nothing more. A queue whose
// credit is used up cannot send before something of it here is done, whatever it
// has promised.
func (n *Node) promiseOf(up *upstream) int64 {
	if up.credit > 0 && up.open >= up.credit {
		return max(up.promise, n.earliest())
	}
	return up.promise
}

// earliest is the time before which nothing ends that is in work here.
func (n *Node) earliest() int64 { return min(n.next(), n.earliestCall()) }

// patience is how long a caller is waited for.
func (n *Node) patience(up *upstream, now int64) int64 {
	switch {
	case now-n.asleep-up.heard >= holdBack:
		return holdBack
	case up.chained:
		return holdBackOfChains
	default:
		return holdBackOfSlow
	}
}

// promise tells peers, and callers that asked, what follows at the earliest. A
// caller without open requests is told nothing: no answer follows, its next request
// is itself the time before which none does, and replicas that answered each other's
// promises would keep each other awake for ever.
func (n *Node) promise(now int64) {
	if n.station == nil || n.rests(now) {
		return
	}
	known := max(n.horizon, min(n.promised(now), n.next(), now+promiseAhead))
	n.promisePeers(min(known, n.departure()))
	for _, up := range n.upstreams {
		if !up.chained || up.open == 0 {
			continue
		}
		if t := min(n.horizon, n.earliestCall()); t > up.answered {
			up.answered, up.spoken = t, now
			up.conn.Send(wire.Frame{Op: wire.OpPromise, Time: t})
		}
	}
	n.worker.promise(n)
}

// awakeFor is how long a node goes on after it has last heard a caller.
const awakeFor = int64(time.Second)

// rests reports whether nothing happens here of which a peer should know: a turn
// for a scrape or a topology is no reason to wake others. One that waits says so.
func (n *Node) rests(now int64) bool {
	return !n.roused && now-n.heard >= awakeFor && !n.web.active(now) && n.visits.used == 0 && n.next() == forever && n.queue.undone() == 0
}

// rouse speaks to callers that are silent while requests of others wait for what
// they promise: one that is idle sleeps, and any frame wakes it.
func (n *Node) rouse(now int64) {
	next := n.next()
	if n.station == nil || next > now+n.lead() {
		return
	}
	for _, up := range n.upstreams {
		if n.promiseOf(up) < next && now-n.asleep-up.heard > holdBack/2 && now-up.spoken > repeatAfter {
			up.spoken = now
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
	next := n.next()
	switch {
	case next == forever:
	case next <= n.promised(now):
		next -= n.lead()
	default:
		next = max(next+holdBack, now+recheck)
	}
	next = min(next, n.leaving.first(forever), n.trouble.nextCrash(), n.wakeOfTries(now))
	if n.visits.used > 0 {
		next = min(next, now+heartbeat)
	}
	if now-n.heard < awakeFor {
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
