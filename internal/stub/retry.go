package stub

import (
	"flashcrowd.io/flashcrowd/internal/wire"
)

// A call may have a timeout and retries, both in logical time. It is given up at
// its deadline whatever the wall clock says: an answer whose time is later counts
// as none, and a call without an answer is given up once none can come in time.
// The callee is told nothing and does its work all the same, as a server does
// whose client has gone.
//
// A retry goes to the pool that its call went to. What is promised to a peer thus
// waits for its own answers, and moves on by the least back-off at a time: the
// lookahead of conservative synchronisation.

// drawOfPause and drawOfAttempt key the draws of a call's pauses and of its
// attempts' numbers.
const drawOfPause, drawOfAttempt = 1 << 30, 1 << 31

// try is a call that may be given up or made again.
type try struct {
	visit uint32
	call  call
	nth   int
	after poolSet
	// failed is how many attempts failed, and reason why the last of them did.
	failed int
	reason wire.Reason
	// deadline is the latest time of an answer, as the callee counts, and known
	// says that the answer has come and waits for its time.
	deadline int64
	known    bool
	// holds says that it has one of the call's connections.
	holds bool
	next  uint32 // of the free list
}

// tries keeps calls without allocating for each; their numbers begin at 1.
type tries struct {
	items []try
	free  uint32
}

func (s *tries) put(t try) uint32 {
	if s.free == 0 {
		s.items = append(s.items, t)
		return uint32(len(s.items))
	}
	k := s.free
	s.free = s.of(k).next
	*s.of(k) = t
	return k
}

func (s *tries) of(k uint32) *try { return &s.items[k-1] }

func (s *tries) drop(k uint32) {
	*s.of(k) = try{next: s.free}
	s.free = k
}

// deadline is when a call is given up, forever if it is not.
func (s *tries) deadline(k uint32) int64 {
	if k == 0 {
		return forever
	}
	return s.of(k).deadline
}

// know notes that the answer of a call has come.
func (s *tries) know(k uint32) {
	if k != 0 {
		s.of(k).known = true
	}
}

// retry is a call that is made again at a time.
type retry struct {
	at    int64
	order uint64
	try   uint32
}

func (r retry) when() (int64, uint64) { return r.at, r.order }

// leastPause is the shortest that a call waits before it is made again, in
// nanoseconds.
func (c call) leastPause() int64 { return int64(min(c.retries.Backoff, c.retries.MaxBackoff)) / 2 }

// pause is how long a call waits after so many failures, draw being in [0, 1).
// Half of the back-off is certain and half drawn, so that callers that failed
// together do not come back together.
func (c call) pause(failed int, draw float64) int64 {
	most := min(int64(c.retries.MaxBackoff), int64(c.retries.Backoff)<<(failed-1))
	return most/2 + int64(draw*float64(most-most/2))
}

// mostSpare is the most that a budget of retries keeps, in hundredths of one.
const mostSpare = 100 * 100

// earn adds to the budget what a call is worth.
func (c call) earn() { c.pool.spare = min(c.pool.spare+c.retries.BudgetPercent, mostSpare) }

// spend takes a retry from the budget, if there is a budget, and reports whether
// it pays for it.
func (c call) spend() bool {
	switch {
	case c.retries.BudgetPercent == 0:
		return true
	case c.pool.spare < 100:
		return false
	default:
		c.pool.spare -= 100
		return true
	}
}

// try makes the first attempt of a call, and reports whether anything follows.
func (n *Node) try(t try, at int64) bool {
	k := n.tries.put(t)
	t.call.earn()
	if n.attempt(k, at) || t.call.pool.current && n.fails(k, wire.ReasonNoEndpoint, at) {
		return true
	}
	n.tries.drop(k)
	return false
}

// attempt makes a call at a time, or leaves it waiting for a connection. It reports
// whether anything follows.
func (n *Node) attempt(k uint32, at int64) bool {
	t := n.tries.of(k)
	t.deadline, t.known = forever, false
	if c := t.call.connections; c != nil && (len(c.waiting.items) > 0 || c.first() > at) {
		n.order++
		c.waiting.add(waiter{at: at, until: at + int64(t.call.poolTimeout), order: n.order, try: k})
		return true
	}
	return n.place(k, at)
}

// place sends a call to an instance of its pool, if there is one.
func (n *Node) place(k uint32, at int64) bool {
	t := n.tries.of(k)
	v := &n.visits.items[t.visit]
	f := n.frameOf(v, t.call, n.numberOfAttempt(v.number, t.nth, t.failed), at)
	if t.call.timeout > 0 {
		t.deadline = f.Time + int64(t.call.timeout) - v.way
	}
	if !n.send(callOf{visit: t.visit, try: k, pool: t.call.pool, verb: t.call.verb, after: t.after}, f) {
		return false
	}
	if t.call.connections != nil {
		t.call.connections.take()
		t.holds = true
	}
	return true
}

// numberOfAttempt is the number of a request's nth call after so many failures.
// The upper bits are drawn: sums would make an attempt of one tier and one of the
// next the same number, and what failed once would fail in every tier.
func (n *Node) numberOfAttempt(number uint64, nth, failed int) uint64 {
	first := numberOf(number, nth)
	if failed == 0 {
		return first
	}
	drawn := uint64(n.draws.calls.UniformAt(first, drawOfAttempt+uint32(failed)) * (1 << bitsOfCalls))
	return drawn<<bitsOfRequest | first&(1<<bitsOfRequest-1)
}

// guard notes when a call is given up, and that another may follow it.
func (n *Node) guard(p *peer, c *callOf, f wire.Frame) {
	t := n.tries.of(c.try)
	c.bound = min(c.bound, t.deadline)
	if t.failed > 0 {
		add(&n.counts.retries, p.component)
	}
	switch {
	case t.deadline == forever:
	case p.beats:
		p.deadlines.add(sent{at: t.deadline, id: f.ID})
	default: // a call over HTTP may have to go long after its time, and has its time from then on
		p.deadlines.add(sent{at: max(t.deadline, n.now+int64(t.call.timeout)), id: f.ID})
	}
	if t.failed < int(t.call.retries.Count) && t.call.verb.Ordered() {
		p.lineOf(t.call.pool.bit, t.call.leastPause()).add(sent{at: c.bound, id: f.ID})
	}
	if t.call.connections != nil {
		p.hold(t.call.connections, sent{at: c.bound, id: f.ID})
	}
}

// inTime is the answer of a call as its caller has it: one after the deadline is
// that it was given up.
func (n *Node) inTime(p *peer, c callOf, f wire.Frame) wire.Frame {
	if deadline := n.tries.deadline(c.try); f.Time > deadline {
		return n.giveUp(p, f.ID, deadline)
	}
	return f
}

// giveUp is the outcome of a call without an answer in time.
func (n *Node) giveUp(p *peer, id uint64, deadline int64) wire.Frame {
	add(&n.counts.timeouts, p.component)
	return wire.Frame{Op: wire.OpAnswer, ID: id, Time: deadline, Outcome: wire.Failed, Reason: wire.ReasonTimeout}
}

// again takes the outcome of an attempt, and reports whether another follows.
func (n *Node) again(c callOf, f wire.Frame) bool {
	v := &n.visits.items[c.visit]
	if t := n.tries.of(c.try); t.holds {
		n.order++
		t.call.connections.give(f.Time+v.way/2, n.order)
		t.holds = false
	}
	if f.Reason != wire.ReasonNone && n.fails(c.try, f.Reason, f.Time+v.way/2) {
		v.network += f.Network + v.way
		v.late = v.late || f.Late
		return true
	}
	n.tries.drop(c.try)
	return false
}

// fails plans the next attempt of a call that failed at a time, and reports
// whether there is one.
func (n *Node) fails(k uint32, reason wire.Reason, at int64) bool {
	t := n.tries.of(k)
	if t.failed >= int(t.call.retries.Count) {
		return false
	}
	t.failed++
	t.reason = reason
	v := &n.visits.items[t.visit]
	at += t.call.pause(t.failed, n.draws.calls.UniformAt(numberOf(v.number, t.nth), drawOfPause+uint32(t.failed)))
	n.order++
	n.retries.add(retry{at: at, order: n.order, try: k})
	v.foretell(at)
	return true
}

// retry makes a call again. One that finds no instance has failed anew, and one
// that the budget does not pay for has failed for good. It is asked now and not at
// the failure, of which answers tell in no order.
func (n *Node) retry(r retry) {
	t := n.tries.of(r.try)
	switch {
	case !t.call.spend():
		t.failed = int(t.call.retries.Count)
	case n.attempt(r.try, r.at):
		return
	default:
		t.reason = wire.ReasonNoEndpoint
	}
	n.refuse(r.try, r.at, t.reason)
}

// refuse fails an attempt of which nothing travelled.
func (n *Node) refuse(k uint32, at int64, reason wire.Reason) {
	t := n.tries.of(k)
	way := n.visits.items[t.visit].way
	n.answered(callOf{visit: t.visit, try: k, pool: t.call.pool, verb: t.call.verb}, wire.Frame{
		Time: at - way/2, Network: -way, Outcome: wire.Failed, Reason: reason,
	})
}

// expire gives up calls whose deadline no answer can keep any more.
func (n *Node) expire(now int64) {
	for _, p := range n.peers {
		for p.deadline(n.tries) < n.heardOut(p, now) {
			d := p.deadlines.take()
			c := p.calls[d.id]
			outcome := n.giveUp(p, d.id, n.tries.deadline(c.try))
			if p.beats && d.at >= p.answered { // its answer may come yet: the host is too slow to tell
				n.counts.late++
				outcome.Late = true
			}
			n.receiveOutcome(p, c, outcome)
		}
	}
}

// deadline is the earliest at which a call is given up that waits for its answer.
func (p *peer) deadline(tries tries) int64 {
	for len(p.deadlines.items) > 0 {
		first := p.deadlines.items[0]
		if c, open := p.calls[first.id]; open && !tries.of(c.try).known {
			return first.at
		}
		p.deadlines.take()
	}
	return forever
}

// heardOut is the time before which every answer of a peer has come, as far as it
// is waited for.
func (n *Node) heardOut(p *peer, now int64) int64 {
	patience := holdBackOfSlow
	switch {
	case !p.beats: // plain HTTP promises nothing, and is behind by what all hold back on the way
		patience = (n.web.depth+2)*holdBack + n.web.behind
	case now-n.asleep-p.heard >= holdBack:
		patience = holdBack
	}
	return max(p.answered, now-patience)
}

// wakeOfTries is when it is looked again whether calls can be given up, and when
// the horizon reaches what callers promised: one that asked waits to hear of it.
func (n *Node) wakeOfTries(now int64) int64 {
	wake := forever
	for _, p := range n.peers {
		if deadline := p.deadline(n.tries); deadline < forever {
			wake = min(wake, max(deadline, now+recheck))
		}
	}
	if n.waits() {
		wake = min(wake, now+recheck)
	}
	if n.asked && n.visits.used > 0 {
		if known := n.promised(now); known > n.horizon {
			wake = min(wake, known-n.lead())
		}
	}
	return wake
}
