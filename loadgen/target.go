package loadgen

import (
	"cmp"
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	dialTimeout = time.Second
	redialAfter = 100 * time.Millisecond
	// joinAfter is how long a new target waits for its first request while others
	// serve: longer than an idle process promises ahead, so that what it has
	// promised to those behind it stays true.
	joinAfter = 2 * promiseAhead
)

// target is an instance of the entry.
type target struct {
	id, address string
	// way is the address and how it is reached, which names the target.
	way       string
	transport graph.Transport
	conn      transport.Edge
	dialing   bool
	// silent is the time before which it was promised nothing at all.
	silent int64
	// ready says that the topology sends requests to it; drains that it asked for
	// none; leaving that it is given up once its answers are in.
	ready, drains, leaving bool
	// joins is set while others serve in its place; former says that the entry is
	// elsewhere now, and that it serves only until the new one does.
	joins, former bool
	open          int
}

func (t *target) takes() bool { return t.conn != nil && t.ready && !t.drains && !t.leaving }

func (t *target) promise(at int64) {
	if t.conn != nil && !t.leaving && !t.drains && at > t.silent {
		t.conn.Send(wire.Frame{Op: wire.OpPromise, Time: at})
	}
}

func (t *target) close() {
	if t.conn != nil {
		t.conn.Close()
		t.conn = nil
	}
}

// request is one that waits for its answer. Times are Unix nanoseconds.
type request struct {
	target *target
	class  wire.ClassCode
	due    int64
	way    way
}

// openRequests are the requests without an answer, and the order they were sent in.
type openRequests struct {
	byID  map[uint64]request
	order []uint64
	last  uint64
}

func (o *openRequests) add(q request) uint64 {
	o.last++
	o.byID[o.last] = q
	o.order = append(o.order, o.last)
	return o.last
}

// oldest is the oldest request that is still open.
func (o *openRequests) oldest() (uint64, request, bool) {
	for len(o.order) > 0 {
		id := o.order[0]
		if q, isOpen := o.byID[id]; isOpen {
			return id, q, true
		}
		o.order = o.order[1:]
	}
	o.order = nil
	return 0, request{}, false
}

// apply takes over what a topology says.
func (g *Generator) apply(t wire.Topology) {
	g.applyPlan(t)
	g.shares.know(t.Generators, g.o.Now())
	entry := make([]wire.Instance, 0, 1)
	for _, i := range t.Instances {
		if i.Component == t.Entry && i.Address != "" {
			entry = append(entry, i)
		}
	}
	seen := map[string]bool{}
	for _, i := range entry {
		way := string(t.Architecture.Transport) + " " + i.Address
		seen[way] = true
		known := g.targets[way]
		if known == nil && i.State != wire.Ready {
			continue
		}
		if known == nil {
			known = &target{id: i.ID, address: i.Address, way: way, transport: t.Architecture.Transport}
			g.targets[way] = known
		}
		known.ready, known.leaving, known.former = i.State == wire.Ready, false, false
		g.dial(known, 0)
	}
	for way, known := range g.targets {
		known.former = known.former || !seen[way]
	}
	g.refresh()
}

// applyPlan follows the plan of its own run; the end of that run ends the load.
func (g *Generator) applyPlan(t wire.Topology) {
	mine := t.Plan != nil && (g.o.Simulation == "" || t.Plan.Simulation == g.o.Simulation) && (g.uid == "" || g.uid == t.Plan.UID)
	if !mine {
		if g.plan != nil {
			stopped := *g.plan
			stopped.Stopped, stopped.Finished = true, true
			g.plan = &stopped
		}
		return
	}
	plan := *t.Plan
	switch {
	case g.sequence == nil:
		g.sequence = traffic.NewSequence(plan.Traffic, t.Seed)
	case g.plan != nil && !sameTraffic(g.plan.Traffic, plan.Traffic):
		g.sequence.Change(plan.Traffic, plan.Elapsed(g.o.Now()))
		g.o.Log.Info("traffic changed", "elapsed", plan.Elapsed(g.o.Now()))
	}
	g.plan, g.uid = &plan, plan.UID
	g.applyWays(t)
}

func sameTraffic(a, b traffic.Traffic) bool {
	return slices.Equal(a.Profile.Segments, b.Profile.Segments) && slices.Equal(a.Regions, b.Regions) &&
		a.Arrival == b.Arrival && a.Mix == b.Mix && a.Keys == b.Keys && a.Timeout == b.Timeout
}

// part gives a target up: nothing new goes there.
func (g *Generator) part(t *target) {
	if t.leaving {
		return
	}
	t.leaving = true
	if t.conn != nil {
		t.conn.Send(wire.Frame{Op: wire.OpGoodbye, Time: g.promised})
	}
}

// refresh lists the targets that take requests: the instances of the entry, those
// that have just joined only if there are no others, and those of a former entry
// until the new one takes over.
func (g *Generator) refresh() {
	var current, joining, former []*target
	for _, t := range g.targets {
		switch {
		case !t.takes():
		case t.former:
			former = append(former, t)
		case t.joins:
			joining = append(joining, t)
		default:
			current = append(current, t)
		}
	}
	for _, choice := range [][]*target{current, former, joining} {
		if g.usable = choice; len(choice) > 0 {
			break
		}
	}
	slices.SortFunc(g.usable, func(a, b *target) int { return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id)) })
	g.partFormer(len(current) > 0)
}

// partFormer gives up targets that the entry no longer has, once it has others,
// and closes those whose answers are in.
func (g *Generator) partFormer(replaced bool) {
	for way, t := range g.targets {
		if t.former && (replaced || !t.takes()) {
			g.part(t)
		}
		if t.leaving && t.open == 0 {
			t.close()
			delete(g.targets, way)
		}
	}
}

// pick takes the targets in turn.
func (g *Generator) pick() *target {
	if len(g.usable) == 0 {
		return nil
	}
	g.turn++
	return g.usable[g.turn%uint64(len(g.usable))]
}

func (g *Generator) dial(t *target, after time.Duration) {
	if t.dialing || t.conn != nil || t.leaving {
		return
	}
	t.dialing = true
	hello := wire.Hello{From: "generator", Promise: g.promised}
	t.joins = len(g.usable) > 0
	if t.joins {
		hello.Promise = max(hello.Promise, g.o.Now().Add(joinAfter).UnixNano())
	}
	t.silent = hello.Promise
	g.running.Go(func() {
		if after > 0 {
			select {
			case <-g.stopping:
				return
			case <-time.After(after):
			}
		}
		if err := g.connect(t, hello); err != nil {
			g.act(func() { g.missed(t) })
		}
	})
}

// connect dials as the architecture's transport wants it, and meets the connection
// before its first frame comes.
func (g *Generator) connect(t *target, hello wire.Hello) error {
	if t.transport == graph.TransportHTTP {
		edge, err := transport.DialHTTP(t.address, dialTimeout, func() int64 { return g.o.Now().UnixNano() }, g.batch)
		if err == nil {
			g.meet(t, edge)
		}
		return err
	}
	_, err := transport.Dial(t.address, hello, dialTimeout, func(c *transport.Conn) { g.meet(t, c) }, g.poller)
	return err
}

// meet leaves a connection to the loop, unless that has ended.
func (g *Generator) meet(t *target, conn transport.Edge) {
	select {
	case <-g.stopping:
		conn.Close()
	default:
		g.act(func() { g.dialed(t, conn) })
	}
}

// missed dials again after a pause.
func (g *Generator) missed(t *target) {
	t.dialing = false
	g.dial(t, redialAfter)
}

func (g *Generator) dialed(t *target, conn transport.Edge) {
	t.dialing = false
	switch {
	case t.leaving || g.targets[t.way] != t:
		conn.Close()
	default:
		t.conn, t.drains = conn, false
		if t.joins {
			g.later(joinAfter, func() { g.joined(t) })
		}
		g.refresh()
	}
}

// joined gives a new target its share.
func (g *Generator) joined(t *target) {
	t.joins = false
	g.refresh()
}

// later leaves something for the loop to do after a pause.
func (g *Generator) later(pause time.Duration, f func()) {
	g.running.Go(func() {
		select {
		case <-g.stopping:
		case <-time.After(pause):
			g.act(f)
		}
	})
}

// receive takes one frame of a target.
func (g *Generator) receive(d delivery) {
	var from *target
	for _, t := range g.targets {
		if t.conn == d.conn {
			from = t
		}
	}
	switch {
	case from == nil:
	case d.err != nil:
		g.lose(from)
	case d.frame.Op == wire.OpAnswer:
		g.answer(d.frame)
	case d.frame.Op == wire.OpDrain:
		from.drains = true
		from.conn.Send(wire.Frame{Op: wire.OpGoodbye, Time: g.promised})
		g.refresh()
	}
}

// answer ends a request.
func (g *Generator) answer(f wire.Frame) {
	q, isOpen := g.open.byID[f.ID]
	if !isOpen {
		return
	}
	latency := time.Duration(f.Time + q.way.roundTrip/2 - q.due)
	switch {
	case f.Outcome != wire.Answered:
		g.end(f.ID, q, wire.Failed, f.Reason)
	case latency > g.plan.Traffic.Timeout:
		g.end(f.ID, q, wire.Failed, wire.ReasonTimeout)
	default:
		g.meters.latency(q, latency, g.o.Now().Sub(time.Unix(0, q.due)))
		if q.way.network != nil {
			q.way.network.Observe(float64(q.way.roundTrip+f.Network) / 1e9)
		}
		g.end(f.ID, q, wire.Answered, wire.ReasonNone)
	}
	if f.Late {
		g.meters.late.Inc()
	}
}

func (g *Generator) end(id uint64, q request, outcome wire.OutcomeCode, reason wire.Reason) {
	delete(g.open.byID, id)
	q.target.open--
	if q.target.leaving && q.target.open == 0 {
		g.refresh()
	}
	g.meters.ended(q, outcome, reason)
	g.meters.inFlight.Set(float64(len(g.open.byID)))
}

// lose fails what was on its way over a connection that ended, and dials again.
func (g *Generator) lose(t *target) {
	t.close()
	for id, q := range g.open.byID {
		if q.target == t {
			g.end(id, q, wire.Failed, wire.ReasonConnectionLost)
		}
	}
	g.refresh()
	g.dial(t, redialAfter)
}

// expire gives up requests whose client gave up long ago, so that an answer
// that never comes holds nothing.
func (g *Generator) expire(now time.Time) {
	for {
		id, q, open := g.open.oldest()
		if !open || now.UnixNano()-q.due < int64(g.plan.Traffic.Timeout+lost) {
			return
		}
		g.end(id, q, wire.Failed, wire.ReasonTimeout)
	}
}
