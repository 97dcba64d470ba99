package stub

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// maxFailures is how often a message may fail in a worker; then it is dead.
const maxFailures = 5

// messageQueue keeps what is published and delivers it to workers, as brokers with
// acknowledgement and prefetch do (AMQP 0-9-1, basic.qos). A request is accepted by
// the station, stored at the end of its service and answered then.
//
// Messages are delivered in the order of their publication, each to the worker
// whose place has been free for longest, at the later of the two times: c places
// serve as the c servers of a station do. A message that fails, or whose worker is
// lost, takes its old place in the order again.
//
// A queue that is told to end takes nothing new and ends when its messages are
// done, or says how many are lost when its grace is over.
type messageQueue struct {
	plain
	// depth bounds the messages that wait, 0 if it does not.
	depth int64
	// workers are the components that it feeds.
	workers *pool
	places  map[string]int // that one replica has, by component
	ready   timeline[message]
	// open are the messages that were delivered and not acknowledged, by call.
	open map[uint64]message
	// lag observes the seconds from publication to acknowledgement.
	lag interface {
		prometheus.Observer
		prometheus.Collector
	}
	published, acknowledged, redelivered, deadLettered uint64
}

// message is what a request left behind.
type message struct {
	published int64
	order     uint64
	// since is when it last began to wait.
	since       int64
	key, number uint64
	deliveries  uint32
	failures    uint8
	class       wire.ClassCode
	late        bool
}

func (m message) when() (int64, uint64) { return m.published, m.order }

// credit is what a worker takes: so many messages at once, and since when each
// place is free. debt are places in use that it has taken back.
type credit struct {
	granted, debt int
	free          timeline[place]
}

// place is a free place of a worker.
type place struct {
	at    int64
	order uint64
}

func (p place) when() (int64, uint64) { return p.at, p.order }

// grant takes over how many places there are, new ones from t on.
func (c *credit) grant(places int, t int64) {
	more := places - c.granted
	c.granted = places
	paid := min(max(more, 0), c.debt)
	c.debt -= paid
	for range more - paid {
		c.put(t)
	}
	for range -more {
		if len(c.free.items) > 0 {
			c.free.take()
		} else {
			c.debt++
		}
	}
}

// put frees a place at t.
func (c *credit) put(t int64) {
	if c.debt > 0 {
		c.debt--
		return
	}
	c.free.add(place{at: t, order: uint64(len(c.free.items))})
}

func newMessageQueue() *messageQueue {
	return &messageQueue{
		open: map[uint64]message{},
		lag:  prometheus.NewHistogram(histogram(wire.ComponentMessageLag, "Logical time from a message's publication to its acknowledgement.")),
	}
}

// routes lead every class to all workers: a message goes where there is a place.
func (q *messageQueue) routes(arch graph.Architecture, c graph.Component, pools pools) routes {
	q.depth, q.places = 0, map[string]int{}
	if c.Queue != nil {
		q.depth = c.Queue.DepthLimit
	}
	var workers []string
	for _, w := range arch.CalleesOfType(c.Name, graph.Worker) {
		workers = append(workers, w.Name)
		q.places[w.Name] = placesOf(w)
	}
	var r routes
	if len(workers) == 0 {
		q.workers = nil
		return r
	}
	q.workers = pools.of(workers, graph.RoundRobin)
	for class := range r.steps {
		r.steps[class] = []step{{calls: []call{{pool: q.workers, percent: 100}}}}
	}
	return r
}

// taken keeps the request from following the route itself.
func (*messageQueue) taken(v *visit) next {
	v.route = nil
	return stores
}

// store makes a message of a request that was accepted, and answers it.
func (q *messageQueue) store(n *Node, i uint32) {
	v := &n.visits.items[i]
	if v.reason = q.refusal(n); v.reason == wire.ReasonNone {
		n.order++
		q.ready.add(message{published: v.at, order: n.order, since: v.at, key: v.key, number: v.number, class: v.class, late: v.late})
		q.published++
	}
	n.end(i)
}

// refusal is why no more is stored. What is put back is never refused.
func (q *messageQueue) refusal(n *Node) wire.Reason {
	memory := n.station.Config().Memory
	switch {
	case q.depth > 0 && int64(len(q.ready.items)) >= q.depth:
		return wire.ReasonQueueFull
	case memory.Limit > 0 && n.station.Snapshot().MemoryBytes+memory.PerRequest*int64(q.undone()+1) > memory.Limit:
		return wire.ReasonMemoryLimit
	default:
		return wire.ReasonNone
	}
}

// undone is how many messages are not done.
func (q *messageQueue) undone() int {
	if q == nil {
		return 0
	}
	return len(q.ready.items) + len(q.open)
}

// longestFree is the worker whose place has been free for longest, nil if none
// takes a message. What the order of places does not decide, the id does.
func (q *messageQueue) longestFree() *peer {
	if q.workers == nil {
		return nil
	}
	var first *peer
	for _, p := range q.workers.peers {
		if len(p.credit.free.items) > 0 && (first == nil || p.credit.free.first(forever) < first.credit.free.first(forever)) {
			first = p
		}
	}
	return first
}

// nextDelivery is when the next message is delivered. Promises to the worker hold
// even where a loss or a late answer comes to light after them.
func (q *messageQueue) nextDelivery() int64 {
	if q == nil || len(q.ready.items) == 0 {
		return forever
	}
	p := q.longestFree()
	if p == nil {
		return forever
	}
	return max(q.ready.items[0].since, p.credit.free.first(forever), p.promised)
}

// deliver delivers the next message at its time.
func (q *messageQueue) deliver(n *Node, at int64) {
	p := q.longestFree()
	p.credit.free.take()
	m := q.ready.take()
	m.deliveries++
	n.order++
	f := wire.Frame{
		Op: wire.OpRequest, Class: m.class, ID: n.order, Time: at, Key: m.key, Late: m.late, Ahead: true,
		Request: numberOf(m.number, maxCallsOfStep+int(m.deliveries)-1),
	}
	q.open[f.ID] = m
	n.sendTo(p, callOf{pool: q.workers, at: at, bound: at + int64(n.demands.of(p.component, f)), ahead: true, ordered: true}, f)
}

// settle takes the answer of a worker: its place is free again.
func (q *messageQueue) settle(p *peer, f wire.Frame) {
	m := q.open[f.ID]
	delete(q.open, f.ID)
	p.credit.put(f.Time)
	switch {
	case f.Outcome == wire.Answered:
		q.acknowledged++
		q.lag.Observe(float64(f.Time-m.published) / 1e9)
	case m.failures+1 >= maxFailures:
		q.deadLettered++
	default:
		m.failures++
		q.putBack(m, f.Time)
	}
}

// putBack lets a message wait again, where it stood.
func (q *messageQueue) putBack(m message, t int64) {
	q.redelivered++
	m.since = t
	q.ready.add(m)
}

// lose puts back what a lost worker had not acknowledged.
func (q *messageQueue) lose(n *Node, p *peer, calls map[uint64]callOf) {
	for _, id := range slices.Sorted(maps.Keys(calls)) {
		n.counts.call(p.component, wire.Failed)
		m := q.open[id]
		delete(q.open, id)
		q.putBack(m, max(n.horizon, n.now))
	}
}

// grant gives credit for workers that speak HTTP as the architecture has it: they
// cannot say so themselves.
func (q *messageQueue) grant(n *Node) {
	if q == nil {
		return
	}
	for _, p := range n.peers {
		if p.conn != nil && !p.beats {
			p.credit.grant(q.places[p.component], n.horizon)
		}
	}
}

// promised is the time up to which all is known, when callers promise known:
// nothing beyond the earliest time at which a message could be done, as far as its
// worker is waited for.
func (q *messageQueue) promised(n *Node, known, now int64) int64 {
	if q == nil {
		return known
	}
	for _, p := range n.peers {
		if bound := p.earliest(&p.oldest); bound < known {
			patience := holdBackOfSlow
			if !p.beats || now-n.asleep-p.heard >= holdBack {
				patience = holdBack
			}
			known = min(known, max(bound, now-patience))
		}
	}
	return known
}

// state has the messages in place of the few requests that are being accepted.
func (q *messageQueue) state(c graph.Component, s station.Snapshot) station.Snapshot {
	s.Waiting = len(q.ready.items)
	s.MemoryBytes += c.Capacity.Memory.PerRequestBytes * int64(q.undone())
	return s
}

func (q *messageQueue) collect(_ graph.Component, s station.Snapshot, out chan<- prometheus.Metric) {
	age := 0.0
	if len(q.ready.items) > 0 {
		age = max(0, float64(int64(s.Time)-q.ready.items[0].published)/1e9)
	}
	out <- gauge(wire.ComponentUnacknowledged, "Messages that were delivered and are not acknowledged.", float64(len(q.open)))
	out <- gauge(wire.ComponentOldestMessage, "Age of the oldest message that waits, 0 if none does.", age)
	out <- counter(wire.ComponentAcknowledged, "Messages that a worker has done.", float64(q.acknowledged))
	out <- counter(wire.ComponentRedelivered, "Messages put back because they failed or their worker was lost.", float64(q.redelivered))
	out <- counter(wire.ComponentDeadLettered, "Messages given up because they failed too often.", float64(q.deadLettered))
	q.lag.Collect(out)
}
