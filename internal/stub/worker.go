package stub

import (
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// worker pulls messages: it grants each queue credit for as many as it works on
// at once, and its answers are the acknowledgements. What several queues send
// beyond that waits for a place, first come first served. A place is kept until
// the message is done, calls to other components included.
type worker struct {
	plain
	concurrency, working int
	waiting              []waiting
}

// waiting is a message without a place; told is the time before which it is not
// answered, as its queue knows.
type waiting struct {
	arrival
	told int64
}

// capacity has no limits of its own: credit bounds what can wait.
func (*worker) capacity(c graph.Component) (station.Config, error) {
	c.Capacity.MaxInFlight, c.Capacity.QueueLimit, c.Capacity.QueueTimeout = 0, nil, 0
	return capacityOf(c)
}

// state counts what waits for a place.
func (w *worker) state(_ graph.Component, s station.Snapshot) station.Snapshot {
	s.Waiting += len(w.waiting)
	return s
}

// admits lets a message in while there is a place.
func (w *worker) admits(a arrival) bool {
	if w.working >= w.concurrency {
		w.waiting = append(w.waiting, waiting{arrival: a, told: a.at})
		return false
	}
	w.working++
	return true
}

// release gives the place of a message that is done to the next one.
func (w *worker) release(n *Node, i uint32) {
	v := n.visits.items[i]
	if v.up != nil {
		v.up.open--
	}
	n.depart(i)
	w.working--
	w.fill(n, max(v.at, int64(n.station.Clock())))
}

// fill gives free places to those that wait.
func (w *worker) fill(n *Node, t int64) {
	for len(w.waiting) > 0 && w.working < w.concurrency {
		next := w.waiting[0].arrival
		w.waiting = w.waiting[1:]
		w.working++
		n.begin(next, t)
	}
}

// placesOf is how many messages one replica of a worker works on at once.
func placesOf(c graph.Component) int {
	if c.Worker == nil {
		return 1
	}
	return max(1, int(c.Worker.Concurrency))
}

// adopt takes over how many messages are worked on at once, and says so.
func (w *worker) adopt(n *Node, c graph.Component) {
	if w == nil {
		return
	}
	w.concurrency = placesOf(c)
	w.fill(n, n.horizon)
	for _, up := range n.upstreams {
		w.grant(n, up)
	}
}

// meet grants a queue its credit.
func (w *worker) meet(n *Node, up *upstream) {
	if w != nil && n.station != nil {
		w.grant(n, up)
	}
}

// grant tells a queue how many messages are taken at once. More are taken from the
// time on up to which nothing more was promised to peers.
func (w *worker) grant(n *Node, up *upstream) {
	from := n.horizon
	for _, p := range n.peers {
		from = max(from, p.promised)
	}
	if up.credit == 0 {
		up.promise = max(up.promise, from)
	}
	up.credit = max(up.credit, w.concurrency) // what was granted may be on its way still
	up.conn.Send(wire.Frame{Op: wire.OpCredit, ID: uint64(w.concurrency), Time: from})
}

// promise tells queues that what waits is not done before anything that is in
// work: a queue goes no further than its earliest message could be done.
func (w *worker) promise(n *Node) {
	if w == nil || len(w.waiting) == 0 {
		return
	}
	earliest := n.earliest()
	for i := range w.waiting {
		m := &w.waiting[i]
		if !m.request.ahead || earliest <= m.told || m.request.up.conn == nil {
			continue
		}
		m.told = earliest
		m.request.up.conn.Send(wire.Frame{Op: wire.OpPromise, ID: m.request.id, Time: earliest})
	}
}

// outside is how many messages wait outside of the station.
func (w *worker) outside() int {
	if w == nil {
		return 0
	}
	return len(w.waiting)
}
