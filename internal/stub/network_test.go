package stub

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// lagOfNetwork is how long frames are on their way.
const lagOfNetwork = int64(50 * time.Microsecond)

// network is an architecture whose replicas take their turns on one virtual clock,
// and whose frames arrive after a fixed time: what happens is the same in each run.
type network struct {
	now      int64
	nodes    []*member
	client   *client
	onTheWay timeline[delivery]
	order    uint64
	// frames and turns count what has happened.
	frames, turns int
}

// member is a replica in a network.
type member struct {
	node     *Node
	instance wire.Instance
	// next is when it takes its turn, and busy until when nothing wakes it earlier.
	next, busy int64
}

// delivery are frames that arrive at a time.
type delivery struct {
	at     int64
	order  uint64
	frames []wire.Frame
	to     *link
}

func (d delivery) when() (int64, uint64) { return d.at, d.order }

// link is one side of a connection: what it sends arrives at the other one.
type link struct {
	in     *network
	inbox  func([]wire.Frame)
	other  *link
	queued []wire.Frame
}

func (l *link) Send(f wire.Frame)          { l.queued = append(l.queued, f) }
func (l *link) Queued() bool               { return len(l.queued) > 0 }
func (*link) Unsent() iter.Seq[wire.Frame] { return func(func(wire.Frame) bool) {} }
func (*link) Close()                       {}
func (*link) Wait()                        {}

func (l *link) Flush() error {
	if len(l.queued) > 0 {
		l.in.order++
		l.in.onTheWay.add(delivery{at: l.in.now + lagOfNetwork, order: l.in.order, frames: l.queued, to: l.other})
		l.in.frames += len(l.queued)
		l.queued = nil
	}
	return nil
}

// connect makes the two sides of a connection.
func (w *network) connect(caller, callee func(self *link, frames []wire.Frame)) (ofCaller, ofCallee *link) {
	ofCaller, ofCallee = &link{in: w}, &link{in: w}
	ofCaller.other, ofCallee.other = ofCallee, ofCaller
	ofCaller.inbox = func(frames []wire.Frame) { caller(ofCaller, frames) }
	ofCallee.inbox = func(frames []wire.Frame) { callee(ofCallee, frames) }
	return ofCaller, ofCallee
}

// hears puts frames before a replica, whose next turn is now or when its tick is over.
func (m *member) hears(self *link, frames []wire.Frame) {
	m.node.input.batch(transport.Batch{Conn: self, Frames: frames})
	m.next = min(m.next, max(self.in.now, m.busy))
}

// newNetwork is an architecture at the hour one, with a client before all replicas
// of its first component.
func newNetwork(arch graph.Architecture) *network {
	w := &network{now: int64(time.Hour)}
	topology := wire.Topology{Graph: "default/shop", Revision: "1", Seed: 1, Architecture: arch}
	for _, c := range arch.Components {
		for k := range c.Replicas {
			id := fmt.Sprintf("%s-%d", c.Name, k+1)
			m := &member{instance: wire.Instance{ID: id, Component: c.Name, Pod: id, Address: id, State: wire.Ready}}
			m.node = New(Options{Component: c.Name, Pod: id, Log: discard(), Now: func() int64 { return w.now }})
			w.nodes = append(w.nodes, m)
			topology.Instances = append(topology.Instances, m.instance)
		}
	}
	for _, m := range w.nodes {
		m.node.apply(wire.Topology{Graph: topology.Graph, Revision: "1", Seed: 1, Architecture: arch})
		m.next = w.now
	}
	var dials []func()
	for _, caller := range w.nodes {
		for _, callee := range w.nodes {
			if caller.calls(callee.instance.Component) {
				dials = append(dials, w.join(caller, callee))
			}
		}
	}
	for _, dial := range dials {
		dial()
	}
	w.client = w.newClient(arch.Components[0].Name)
	return w
}

// calls reports whether a replica calls a component.
func (m *member) calls(component string) bool {
	called := slices.Contains(m.node.routes.feeds, component)
	for _, p := range m.node.routes.pools() {
		called = called || slices.Contains(p.components, component)
	}
	return called
}

// join introduces a replica to one that it calls; what it returns connects the two.
func (w *network) join(caller, callee *member) (dial func()) {
	n := caller.node
	p := &peer{way: callee.instance.ID, beats: true, calls: map[uint64]callOf{}}
	n.peers[p.way] = p
	n.know(p, callee.instance)
	hello := n.hello(p)
	return func() {
		ofCaller, ofCallee := w.connect(caller.hears, callee.hears)
		n.dialed(p, ofCaller, hello)
		callee.node.called(ofCallee, hello)
	}
}

// pass lets time pass, one turn or delivery after the other.
func (w *network) pass(d time.Duration) {
	for until := w.now + int64(d); ; {
		next, turning := until, (*member)(nil)
		for _, m := range w.nodes {
			if m.next < next {
				next, turning = m.next, m
			}
		}
		if at := min(w.onTheWay.first(forever), w.client.next()); at <= next && at < until {
			w.now = max(w.now, at)
			w.client.act()
			for w.onTheWay.first(forever) <= w.now {
				came := w.onTheWay.take()
				came.to.inbox(came.frames)
			}
			continue
		}
		w.now = max(w.now, next)
		if turning == nil {
			return
		}
		w.turn(turning)
	}
}

// turn lets a replica take its turn, as its loop does.
func (w *network) turn(m *member) {
	w.turns++
	wake, handled := m.node.turn()
	m.busy = w.now
	if handled > busyTurn && !m.node.hurried {
		m.busy += tick
	}
	m.next = max(w.now+min(max(wake-w.now, shortest), longest), m.busy)
}

// client asks the replicas of the entry in turn, and promises as a generator does.
type client struct {
	in    *network
	links []*link
	asks  []wire.Frame
	// spoken is when it last spoke, and promised the time before which it then said
	// that nothing follows.
	spoken, promised int64

	over    bool
	answers map[uint64]heard
}

// heard is an answer and when it came.
type heard struct {
	wire.Frame

	at int64
}

func (w *network) newClient(entry string) *client {
	c := &client{in: w, over: true, answers: map[uint64]heard{}}
	for _, m := range w.nodes {
		if m.instance.Component != entry {
			continue
		}
		mine, theirs := w.connect(c.hears, m.hears)
		m.node.called(theirs, wire.Hello{From: "client", Promise: w.now})
		c.links = append(c.links, mine)
	}
	return c
}

func (c *client) hears(_ *link, frames []wire.Frame) {
	for _, f := range frames {
		if f.Op == wire.OpAnswer {
			c.answers[f.ID] = heard{Frame: f, at: c.in.now}
		}
	}
}

// next is when the client has something to say.
func (c *client) next() int64 {
	switch {
	case c.over:
		return forever
	case len(c.asks) > 0:
		return min(c.asks[0].Time, c.spoken+holdBack/2)
	default:
		return c.spoken + holdBack/2
	}
}

func (c *client) act() {
	if c.next() > c.in.now {
		return
	}
	for len(c.asks) > 0 && c.asks[0].Time <= c.in.now {
		c.links[c.asks[0].ID%uint64(len(c.links))].Send(c.asks[0])
		c.asks = c.asks[1:]
	}
	c.spoken = c.in.now
	c.promised = c.in.now + promiseAhead
	if len(c.asks) > 0 {
		c.promised = min(c.promised, c.asks[0].Time)
	}
	for _, l := range c.links {
		l.Send(wire.Frame{Op: wire.OpPromise, Time: c.promised})
		_ = l.Flush()
	}
}

// ask sends requests at times from now on, or from when it has promised, speaks until so long after the last of
// them, and then falls silent.
func (c *client) ask(t rapid.TB, requests []wire.Frame, rest time.Duration) (begin int64, answers []heard) {
	t.Helper()
	begin, c.over = max(c.in.now, c.promised), false
	clear(c.answers)
	for _, f := range requests {
		f.Time += begin
		c.asks = append(c.asks, f)
	}
	c.in.pass(time.Duration(begin-c.in.now+requests[len(requests)-1].Time) + rest)
	c.over = true
	if len(c.answers) != len(requests) {
		t.Fatalf("%d of %d requests were answered", len(c.answers), len(requests))
	}
	for _, id := range slices.Sorted(maps.Keys(c.answers)) {
		answers = append(answers, c.answers[id])
	}
	return begin, answers
}
