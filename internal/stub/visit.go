package stub

import (
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// request is what a caller asks.
type request struct {
	up    *upstream
	web   *webCall
	id    uint64
	class wire.ClassCode
	key   uint64
	// number of the request in the run, which keys its draws.
	number uint64
	late   bool
}

// visit is a request that this replica took.
type visit struct {
	request
	// arrived and served are logical times: when it came and when its own
	// service was done.
	arrived, served int64
	// at is the logical time that its calls have reached.
	at int64
	// step is the next step of its route, calls how many answers are outstanding.
	step, calls int
	reason      wire.Reason
	holds       bool
	next        uint32 // of the free list
}

// slab keeps visits without allocating for each.
type slab struct {
	items []visit
	free  uint32 // index + 1 of the first free one
	used  int
}

func (s *slab) put(v visit) uint32 {
	s.used++
	if s.free == 0 {
		s.items = append(s.items, v)
		return uint32(len(s.items) - 1)
	}
	i := s.free - 1
	s.free = s.items[i].next
	s.items[i] = v
	return i
}

func (s *slab) drop(i uint32) {
	s.used--
	s.items[i] = visit{next: s.free}
	s.free = i + 1
}

// draws are the random streams of the component in this run.
type draws struct{ service, fails, calls, route station.Stream }

func newDraws(seed uint64, component string) draws {
	return draws{
		service: station.NewStream(seed, component, station.ForService),
		fails:   station.NewStream(seed, component, station.ForError),
		calls:   station.NewStream(seed, component, station.ForCall),
		route:   station.NewStream(seed, component, station.ForRoute),
	}
}

// arrive gives a request to the station.
func (n *Node) arrive(a arrival) {
	r := a.request
	n.counts.arrived[r.class]++
	demand := n.station.Config().Service.Demand(uint8(r.class), n.draws.service.Uniform(r.number))
	holds := n.routes.calls(r.class)
	var taken station.Visit
	if holds {
		taken = n.station.ArriveHolding(station.Time(a.at), demand)
	} else {
		taken = n.station.Arrive(station.Time(a.at), demand)
	}
	v := visit{request: r, arrived: a.at, served: int64(taken.Finish), at: int64(taken.Finish)}
	v.late = v.late || taken.Late
	if taken.Late {
		n.counts.late++
	}
	if taken.Verdict != station.Served {
		v.reason = reasonOf(taken.Verdict)
	} else {
		v.holds = holds
		if c := n.settings.component; c.BurnCPU {
			n.burner.add(n, int(c.Capacity.Cores), demand)
		}
	}
	n.schedule(v.served, n.visits.put(v), served)
}

func (n *Node) schedule(at int64, visit uint32, what stage) {
	n.order++
	n.due.add(event{at: at, order: n.order, visit: visit, what: what})
}

func reasonOf(v station.Verdict) wire.Reason {
	switch v {
	case station.QueueTimeout:
		return wire.ReasonQueueTimeout
	case station.QueueFull:
		return wire.ReasonQueueFull
	case station.InFlightLimit:
		return wire.ReasonInFlightLimit
	case station.PoolExhausted:
		return wire.ReasonPoolExhausted
	case station.MemoryLimit:
		return wire.ReasonMemoryLimit
	default:
		return wire.ReasonNone
	}
}

// goOn takes a visit to its next stage.
func (n *Node) goOn(e event) {
	v := &n.visits.items[e.visit]
	if e.what == answers {
		n.answer(e.visit)
		return
	}
	if v.reason == wire.ReasonNone && n.station.Config().ErrorRate.Includes(n.draws.fails.Stratified(v.number)) {
		v.reason = wire.ReasonError
	}
	n.proceed(e.visit)
}

// proceed makes the calls of the visit's next step, or ends it when there is
// none or something has failed.
func (n *Node) proceed(i uint32) {
	for {
		v := &n.visits.items[i]
		if v.reason != wire.ReasonNone || v.step >= len(n.routes.steps[v.class]) {
			n.end(i)
			return
		}
		step := n.routes.steps[v.class][v.step]
		v.step++
		for c := range step.calls {
			n.call(i, step.calls[c], v.step*maxCallsOfStep+c)
		}
		if n.visits.items[i].calls > 0 {
			return
		}
	}
}

// end answers the visit at the time its calls reached.
func (n *Node) end(i uint32) {
	v := &n.visits.items[i]
	if v.holds {
		n.station.Release(station.Time(v.at))
		v.holds = false
	}
	if v.at > n.horizon {
		n.schedule(v.at, i, answers)
		return
	}
	n.answer(i)
}

// answer sends the answer and counts the visit.
func (n *Node) answer(i uint32) {
	v := &n.visits.items[i]
	outcome := wire.Answered
	if v.reason != wire.ReasonNone {
		outcome = wire.Failed
	}
	n.counts.ended[v.class][v.reason]++
	n.meters.done(v, n.o.Now())
	switch {
	case v.web != nil:
		v.web.answer(webAnswer{start: v.arrived, finish: v.at, reason: v.reason, late: v.late})
	case v.up.conn != nil:
		v.up.open--
		v.up.conn.Send(wire.Frame{Op: wire.OpAnswer, ID: v.id, Class: v.class, Outcome: outcome, Reason: v.reason, Late: v.late, Time: v.at, Request: v.number})
	}
	n.visits.drop(i)
}
