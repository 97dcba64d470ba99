package stub

import (
	"time"

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
	// route is what it calls, as the routes were when it arrived; step is the next
	// step of it, calls how many answers are outstanding.
	route       []step
	step, calls int
	reason      wire.Reason
	// holds says that it keeps its slot, slow that the station had to take it
	// after its time.
	holds, slow bool
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

// arrive gives a request to the station. What becomes of it here is known at
// once: a visit that calls nothing is ready to leave at the end of its service.
func (n *Node) arrive(a arrival) {
	r, config := a.request, n.station.Config()
	n.counts.arrived[r.class]++
	route := n.routes.steps[r.class]
	demand := n.trouble.stretch(config.Service.Demand(uint8(r.class), n.draws.service.Uniform(r.number)), a.at, n.settings.component.WarmUp)
	v := visit{request: r, arrived: a.at, route: route}
	v.take(n.station, demand, len(route) > 0)
	if v.slow {
		n.counts.late++
	}
	if v.reason == wire.ReasonNone {
		n.burn(demand)
		if n.behaviour.taken(&v) == answers {
			v.route = nil
		}
		met := n.trouble.of(a.at)
		if errorRate(config.ErrorRate, met).Includes(n.draws.fails.Stratified(r.number)) {
			v.reason = wire.ReasonError
		}
		v.served += int64(met.Latency)
		v.at = v.served
	}
	i := n.visits.put(v)
	if v.reason != wire.ReasonNone || len(v.route) == 0 {
		n.end(i)
		return
	}
	n.order++
	n.due.add(event{at: v.at, order: n.order, visit: i})
}

// take lets the station take the visit; held visits keep their slot until they end.
func (v *visit) take(s *station.Station, demand time.Duration, held bool) {
	var taken station.Visit
	if held {
		taken = s.ArriveHolding(station.Time(v.arrived), demand)
	} else {
		taken = s.Arrive(station.Time(v.arrived), demand)
	}
	v.served, v.at = int64(taken.Finish), int64(taken.Finish)
	v.slow, v.late = taken.Late, v.late || taken.Late
	v.reason = reasonOf(taken.Verdict)
	v.holds = held && taken.Verdict == station.Served
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

// proceed makes the calls of the visit's next step, or ends it when there is
// none or something has failed.
func (n *Node) proceed(i uint32) {
	for {
		v := &n.visits.items[i]
		if v.reason != wire.ReasonNone || v.step >= len(v.route) {
			n.end(i)
			return
		}
		step := v.route[v.step]
		v.step++
		for c := range step.calls {
			n.call(i, step.calls[c], v.step*maxCallsOfStep+c)
		}
		if v.calls > 0 {
			return
		}
	}
}

// end lets the visit leave at the time that its calls have reached.
func (n *Node) end(i uint32) {
	v := &n.visits.items[i]
	if v.holds {
		n.station.Release(station.Time(v.at))
		v.holds = false
	}
	n.order++
	n.leaving.add(event{at: v.at, order: n.order, visit: i})
}

// answer sends the answer and counts the visit.
func (n *Node) answer(i uint32) {
	v := &n.visits.items[i]
	outcome := wire.Answered
	if v.reason != wire.ReasonNone {
		outcome = wire.Failed
	}
	n.counts.ended[v.class][v.reason]++
	n.meters.done(v, n.now)
	switch {
	case v.web != nil:
		v.web.answer(webAnswer{start: v.arrived, finish: v.at, reason: v.reason, late: v.late})
	case v.up.conn != nil:
		v.up.open--
		v.up.spoken = n.now
		v.up.conn.Send(wire.Frame{Op: wire.OpAnswer, ID: v.id, Class: v.class, Outcome: outcome, Reason: v.reason, Late: v.late, Time: v.at, Request: v.number})
	}
	n.visits.drop(i)
}
