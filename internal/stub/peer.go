package stub

import (
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	dialTimeout = time.Second
	// deafAfter is how long a callee with open calls may be silent before it is
	// given up: one that lives says so each heartbeat.
	deafAfter = 3 * int64(time.Second)
	heartbeat = int64(500 * time.Millisecond)
	// repeatAfter is how soon a promise that does not move on is said again.
	repeatAfter = holdBack / 4
	// enough is how far ahead of the wall clock a promise is left as it is: a callee
	// runs no further than ahead, and who is awake takes a turn each half hold-back.
	enough = promiseAhead - repeatAfter
	// joinAfter is how long a new peer waits for its first call while others
	// serve: longer than an idle process promises ahead, so that what it has
	// promised to those behind it stays true.
	joinAfter = 2 * time.Duration(promiseAhead)
)

// peer is an instance that this one calls.
type peer struct {
	id, component, address string
	// way is the address and how it is reached, which names the peer.
	way  string
	conn transport.Edge
	// dialing is set while a goroutine dials; backoff paces it.
	dialing bool
	backoff transport.Backoff
	// usable says that the topology sends requests to it; drains that it asked
	// for none; leaving that it is given up once its answers are in.
	usable, drains, leaving bool
	// joins is set while others serve in its place.
	joins bool
	// beats says that it tells when it lives: plain HTTP does not.
	beats bool
	// promised is the last promise sent, at spoken on the wall clock, answered the
	// last heard about answers.
	promised, spoken, answered int64
	// heard is when it last spoke, in time that the loop was awake.
	heard int64
	calls map[uint64]callOf
	// oldest are its calls by time, if a caller asks for promises about answers;
	// unfinished are those that others follow, by where those may go. Both may hold
	// calls that were answered.
	oldest     timeline[sent]
	unfinished []unfinished
	// deadlines are the times at which its calls are given up, and taken the calls
	// that have connections.
	deadlines timeline[sent]
	taken     []holding
	// credit is what it takes if it is a worker of this queue.
	credit credit
	// serves are the pools that it is in; follows says that it was asked to promise
	// about answers, since calls follow on them; unheard that nothing it is sent is
	// ordered.
	serves           poolSet
	follows, unheard bool
	standing         standing
	// owner is the number of its id among those that keys choose from.
	owner int
}

// unfinished are calls that others follow, to some of these pools and so much
// later at the earliest.
type unfinished struct {
	after poolSet
	delay int64
	calls timeline[sent]
}

// callOf is a call that waits for its answer.
type callOf struct {
	visit uint32
	// try is the number of the call among those that may be given up or made
	// again, 0 if it is not.
	try  uint32
	pool *pool
	verb wire.Verb
	at   int64
	// bound is the time before which it is not answered.
	bound int64
	// ahead says that the answer is told before its time, ordered that it must be
	// taken at its time all the same.
	ahead, ordered bool
	// after are the pools that later steps of the visit may call.
	after poolSet
}

func (p *peer) open() int { return len(p.calls) }

// takes reports whether new calls may go to it.
func (p *peer) takes() bool { return p.conn != nil && p.usable && !p.drains && !p.leaving }

// sendTo makes a call. A peer that had nothing to answer was not silent until now.
func (n *Node) sendTo(p *peer, c callOf, f wire.Frame) {
	if p.open() == 0 {
		p.heard = max(p.heard, n.now-n.asleep)
	}
	p.calls[f.ID] = c
	if n.asked {
		p.oldest.add(sent{at: c.bound, id: f.ID})
	}
	if c.after != 0 {
		p.lineOf(c.after, 0).add(sent{at: c.bound, id: f.ID})
	}
	p.conn.Send(f)
}

// lineOf are the calls that others follow to these pools after a delay.
func (p *peer) lineOf(after poolSet, delay int64) *timeline[sent] {
	for i := range p.unfinished {
		if p.unfinished[i].after == after && p.unfinished[i].delay == delay {
			return &p.unfinished[i].calls
		}
	}
	p.unfinished = append(p.unfinished, unfinished{after: after, delay: delay})
	return &p.unfinished[len(p.unfinished)-1].calls
}

// earliest is the time before which no call on the line is answered.
func (p *peer) earliest(line *timeline[sent]) int64 {
	for len(line.items) > 0 {
		first := line.items[0]
		c, open := p.calls[first.id]
		if open && c.bound <= first.at {
			return first.at
		}
		line.take()
		if open {
			line.add(sent{at: c.bound, id: first.id})
		}
	}
	return forever
}

// promise says that no call before t follows. One that cannot move on, since
// answers are awaited, is said again: a caller that is silent is not waited for.
func (p *peer) promise(t, now int64) {
	if p.conn == nil || p.leaving || p.promised >= now+enough {
		return
	}
	if held := p.promised < now-repeatAfter && p.spoken < now-repeatAfter; t > p.promised || held {
		p.promised, p.spoken = max(p.promised, t), now
		p.conn.Send(wire.Frame{Op: wire.OpPromise, Time: p.promised})
	}
}

// close ends the connection; its last batch is ignored then.
func (n *Node) close(p *peer) {
	if p.conn != nil {
		delete(n.callees, p.conn)
		p.conn.Close()
		p.conn = nil
	}
}

// followUp is when a call that follows on an answer is made at the earliest, and
// where it may go.
type followUp struct {
	to poolSet
	at int64
}

// promisePeers tells each peer what follows at the earliest, when all else is
// known up to t: calls of later steps leave at the times of answers to come.
func (n *Node) promisePeers(t int64) {
	n.followUps = n.followUps[:0]
	for _, p := range n.peers {
		for i := range p.unfinished {
			line := &p.unfinished[i]
			if first := p.earliest(&line.calls); first < t {
				n.followUps = append(n.followUps, followUp{to: line.after, at: max(first, min(t, p.answered)) + line.delay})
			}
		}
	}
	for _, p := range n.peers {
		known := t
		for _, f := range n.followUps {
			if f.to&p.serves != 0 && p.beats { // over HTTP what follows has no time, and makes no promise false
				known = min(known, f.at)
			}
		}
		p.promise(known, n.now)
	}
}

// beFollowed begins to promise callers about answers, for which peers have to.
func (n *Node) beFollowed() {
	n.remember(true)
	if n.followed || n.queue != nil {
		return
	}
	n.followed = true
	for _, p := range n.peers {
		n.follow(p)
	}
}

// remember begins to keep the calls by time, once a caller asks for promises
// about answers.
func (n *Node) remember(asked bool) {
	if !asked || n.asked {
		return
	}
	n.asked = true
	for _, p := range n.peers {
		for id, c := range p.calls {
			p.oldest.add(sent{at: c.bound, id: id})
		}
	}
}

// earliestCall is the time before which no call is answered.
func (n *Node) earliestCall() int64 {
	earliest := n.departure()
	for _, p := range n.peers {
		earliest = min(earliest, max(p.earliest(&p.oldest), p.answered))
	}
	return earliest
}

// receiveAnswer takes a frame of a callee.
func (n *Node) receiveAnswer(p *peer, f wire.Frame) {
	p.heard = n.now - n.asleep
	switch f.Op {
	case wire.OpAnswer:
		if c, known := p.calls[f.ID]; known {
			n.hasten(c.ahead, f.Time)
			n.receiveOutcome(p, c, n.inTime(p, c, f))
		}
	case wire.OpPromise:
		if f.ID == 0 {
			p.answered = max(p.answered, f.Time)
		} else {
			n.foretell(p, f.ID, f.Time)
		}
	case wire.OpCredit:
		p.credit.grant(int(f.ID), f.Time)
	case wire.OpDrain:
		p.drains = true
		n.refreshPools()
		if p.conn != nil {
			p.conn.Send(wire.Frame{Op: wire.OpGoodbye, Time: forever})
		}
	}
}

// receiveOutcome takes an answer at once, or keeps it until its time.
func (n *Node) receiveOutcome(p *peer, c callOf, f wire.Frame) {
	if !c.ordered {
		n.take(p, f)
		return
	}
	inOrder := n.queue != nil || n.visits.items[c.visit].ahead // as whoever waits ahead for what follows needs it
	if inOrder && f.Time < n.horizon && (f.Reason == wire.ReasonNone || f.Reason == wire.ReasonError) {
		n.counts.late++ // what was refused took no time, which nobody could know
	}
	n.foretell(p, f.ID, f.Time)
	n.tries.know(c.try)
	n.order++
	n.early.add(early{at: f.Time, order: n.order, peer: p, frame: f})
}

// foretell notes that a call is not answered before t, and tells who waits for it.
func (n *Node) foretell(p *peer, id uint64, t int64) {
	c, open := p.calls[id]
	if !open {
		return
	}
	if t = min(t, n.tries.deadline(c.try)); t <= c.bound {
		return
	}
	c.bound = t
	p.calls[id] = c
	if n.queue == nil {
		n.visits.items[c.visit].foretell(t)
	}
}

// take takes the answer of an open call.
func (n *Node) take(p *peer, f wire.Frame) {
	c := p.calls[f.ID]
	delete(p.calls, f.ID)
	n.counts.call(p.component, f.Outcome)
	if n.queue != nil {
		n.queue.settle(p, f)
		return
	}
	n.judge(p, f.Reason)
	n.answered(c, f)
}

// answered takes one answer for a visit. What a cache aside has to say is only
// whether it was a hit: one that fails is as good as one that has nothing.
func (n *Node) answered(c callOf, f wire.Frame) {
	if c.try != 0 && n.again(c, f) {
		return
	}
	v := &n.visits.items[c.visit]
	v.calls--
	v.at = max(v.at, f.Time+v.way/2)
	v.network += f.Network + v.way
	v.late = v.late || f.Late
	switch c.verb {
	case wire.VerbServe:
		v.miss = v.miss || f.Miss
		if f.Reason != wire.ReasonNone {
			v.reason = f.Reason
		}
	case wire.VerbGet:
		v.hit = f.Reason == wire.ReasonNone && !f.Miss
	}
	if v.calls == 0 {
		n.proceed(c.visit)
	}
}

// losePeer gives up a connection that ended or is deaf, and dials again. Answers
// that were told ahead and are due were given; what else was open is lost.
func (n *Node) losePeer(p *peer) {
	edge := p.conn
	n.close(p)
	n.refreshPools()
	for _, e := range n.early.remove(func(e early) bool { return e.peer == p }) {
		if e.at <= n.now+ahead {
			n.take(p, e.frame)
		}
	}
	calls := p.calls
	p.calls, p.oldest, p.unfinished, p.deadlines, p.taken, p.credit = map[uint64]callOf{}, timeline[sent]{}, nil, timeline[sent]{}, nil, credit{}
	if n.queue != nil {
		n.queue.lose(n, p, calls)
	} else {
		n.loseCalls(p, calls, edge)
	}
	n.dial(p, p.backoff.Next(rand.Float64()))
}

// loseCalls ends the open calls of a lost connection. Those that were certainly
// not sent go to other instances; the others fail.
func (n *Node) loseCalls(p *peer, calls map[uint64]callOf, edge transport.Edge) {
	for f := range edge.Unsent() {
		if c, open := calls[f.ID]; f.Op == wire.OpRequest && open && n.send(c, f) {
			delete(calls, f.ID)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(calls)) {
		n.counts.call(p.component, wire.Failed)
		n.judge(p, wire.ReasonConnectionLost)
		lost := wire.Frame{Time: max(calls[id].at, n.horizon), Reason: wire.ReasonConnectionLost}
		n.answered(calls[id], n.inTime(p, calls[id], lost))
	}
}

// listen gives up peers that are deaf, and tells callers that this one is not.
func (n *Node) listen(now int64) {
	for _, p := range n.peers {
		if p.conn != nil && p.open() > 0 && now-n.asleep-p.heard > deafAfter && p.beats {
			n.o.Log.Info("instance is silent", "instance", p.id, "calls", p.open())
			n.losePeer(p)
		}
	}
	for _, up := range n.upstreams {
		if up.open > 0 && now-up.spoken > heartbeat {
			up.spoken = now
			up.conn.Send(wire.Frame{Op: wire.OpPromise, Time: up.answered})
		}
	}
}

// dial connects to a peer after a pause, in a goroutine of its own.
func (n *Node) dial(p *peer, after time.Duration) {
	if p.dialing || p.conn != nil || p.leaving || p.address == "" || n.closing() {
		return
	}
	p.dialing = true
	hello := n.hello(p)
	connect := n.connector(p.address, hello, func(conn transport.Edge) {
		n.input.act(func() { n.dialed(p, conn, hello) })
	})
	n.running.Go(func() {
		if after > 0 {
			select {
			case <-n.input.closed():
			case <-time.After(after):
			}
		}
		if err := connect(); err != nil {
			n.input.act(func() { n.missed(p) })
		}
	})
}

// hello introduces the node to a peer.
func (n *Node) hello(p *peer) wire.Hello {
	hello := wire.Hello{From: n.id, Promise: n.horizon, AnswerPromises: n.follows(p)}
	p.joins = n.queue == nil && n.replaceable(p) // a worker says itself from when on it takes messages
	switch {
	case p.unheard:
		hello.Promise = forever
	case p.joins:
		hello.Promise += int64(joinAfter)
	}
	return hello
}

// follows reports whether a peer must promise about answers: calls follow on them,
// or callers wait to hear what follows here.
func (n *Node) follows(p *peer) bool { return p.serves&n.settings.chained != 0 || n.followed }

// follow asks a peer to promise about answers, if calls follow on them now.
func (n *Node) follow(p *peer) {
	if p.conn != nil && !p.follows && n.follows(p) {
		p.follows = true
		p.conn.Send(wire.Frame{Op: wire.OpFollow})
	}
}

// connector dials as the architecture's transport wants it. The connection is met
// before its first frame comes: what a worker says first is its credit.
func (n *Node) connector(address string, hello wire.Hello, meet func(transport.Edge)) func() error {
	if n.settings.transport == graph.TransportHTTP {
		return func() error {
			edge, err := n.o.Dial.DialHTTP(address, dialTimeout, n.o.Now, n.input.batch)
			if err == nil {
				meet(edge)
			}
			return err
		}
	}
	return func() error {
		_, err := n.o.Dial.Dial(address, hello, dialTimeout, func(c *transport.Conn) { meet(c) }, n.input.batch)
		return err
	}
}

// missed dials again after a pause.
func (n *Node) missed(p *peer) {
	p.dialing = false
	if !p.leaving {
		n.dial(p, p.backoff.Next(rand.Float64()))
	}
}

// dialed takes the connection that a dial made.
func (n *Node) dialed(p *peer, conn transport.Edge, hello wire.Hello) {
	p.dialing = false
	switch {
	case p.leaving || n.closing() || n.peers[p.way] != p:
		conn.Close()
	default:
		p.backoff.Reset()
		n.roused = true // others' requests wait there until it is told what comes from here
		n.callees[conn] = p
		p.conn, p.promised, p.answered, p.drains = conn, hello.Promise, 0, false
		p.follows = hello.AnswerPromises
		n.follow(p)
		p.heard = n.now - n.asleep
		n.queue.grant(n)
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

// refreshPools lists for each pool the peers that take calls: those that are well
// and have joined, as long as there are such.
func (n *Node) refreshPools() {
	for _, pool := range n.pools {
		pool.peers = pool.peers[:0]
		for _, p := range n.peers {
			if p.takes() && slices.Contains(pool.components, p.component) {
				pool.peers = append(pool.peers, p)
			}
		}
		pool.leave(func(p *peer) bool { return p.standing.ejected })
		pool.leave(func(p *peer) bool { return p.joins })
		slices.SortFunc(pool.peers, func(a, b *peer) int { return compareIDs(a.id, b.id) })
		pool.owners = pool.owners[:0]
		for _, p := range pool.peers {
			pool.owners = append(pool.owners, p.owner)
		}
	}
	n.assess()
}

// leave leaves some peers out, unless none would be left.
func (p *pool) leave(out func(*peer) bool) {
	if rest := slices.DeleteFunc(slices.Clone(p.peers), out); len(rest) > 0 {
		p.peers = rest
	}
}
