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
	verb  wire.Verb
	// region of the client.
	region uint8
	key    uint64
	// number of the request in the run, which keys its draws.
	number uint64
	late   bool
	// shift is how much later than its time it was taken, and committed when what
	// it replicates was.
	shift, committed int64
	// ahead says that the caller wants the answer as soon as it is known.
	ahead bool
}

// visit is a request that this replica took.
type visit struct {
	request
	// arrived and served are logical times: when it came and when its own
	// service was done.
	arrived, served int64
	// at is the logical time that its calls have reached, way the round trip
	// between regions that each takes, and network how much of the time such took.
	at, way, network int64
	// hit says that the cache asked last had the key, miss that this one has not.
	hit, miss bool
	// route is what it calls, as the routes were when it arrived; step is the next
	// step of it, calls how many answers are outstanding.
	route       []step
	step, calls int
	reason      wire.Reason
	// holds says that it keeps its slot, slow that the station had to take it
	// after its time.
	holds, slow bool
	// then is what becomes of it when its time has come.
	then next
	// told is the time before which it is not answered, as its caller knows.
	told int64
	next uint32 // of the free list
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

// arrive takes a request in, unless it has to wait before the station.
func (n *Node) arrive(a arrival) {
	if a.request.verb == wire.VerbReplicate {
		n.applyWrite(a)
		return
	}
	n.counts.arrived[a.request.class]++
	if n.behaviour.admits(a) {
		n.begin(a, a.at)
	}
}

// begin gives a request to the station at a time. What becomes of it here is
// known at once: a visit that calls nothing is ready to leave at the end of its
// service.
func (n *Node) begin(a arrival, at int64) {
	r, config := a.request, n.station.Config()
	route := n.routes.steps[r.class]
	own := demandOf(config.Service, n.draws.service, r.class, r.number)
	demand := n.trouble.stretch(own, at, n.settings.component.WarmUp)
	v := visit{request: r, arrived: a.at, route: route, told: a.at + int64(own)}
	v.take(n.station, at, demand, len(route) > 0)
	if v.slow {
		n.counts.late++
	}
	if v.reason == wire.ReasonNone {
		n.burn(demand)
		met := n.trouble.of(at)
		if errorRate(config.ErrorRate, met).Includes(n.draws.fails.Stratified(r.number)) {
			v.reason = wire.ReasonError
		} else if v.then = n.behaviour.taken(&v); v.then == answers {
			v.route = nil
		}
		v.served += int64(met.Latency)
		v.at = v.served
	}
	i := n.visits.put(v)
	if v.reason != wire.ReasonNone || len(v.route) == 0 && v.then != stores {
		n.end(i)
		return
	}
	n.visits.items[i].foretell(v.at)
	n.await(i)
}

// await leaves a visit until its time.
func (n *Node) await(i uint32) {
	n.order++
	n.due.add(event{at: n.visits.items[i].at, order: n.order, visit: i})
}

// demandOf is the service time that a request draws in a component.
func demandOf(s station.Service, draws station.Stream, class wire.ClassCode, number uint64) time.Duration {
	return s.Demand(uint8(class), draws.Uniform(number))
}

// goOn goes on with a visit whose time has come.
func (n *Node) goOn(i uint32) {
	switch n.visits.items[i].then {
	case stores:
		n.queue.store(n, i)
	case leaves:
		n.worker.release(n, i)
	default:
		n.proceed(i)
	}
}

// foretell tells a caller that waits for the answer that it does not come before t.
func (v *visit) foretell(t int64) {
	t -= v.shift
	if !v.ahead || t <= v.told || v.up.conn == nil {
		return
	}
	v.told = t
	v.up.conn.Send(wire.Frame{Op: wire.OpPromise, ID: v.id, Time: t})
}

// take lets the station take the visit; held visits keep their slot until they end.
func (v *visit) take(s *station.Station, at int64, demand time.Duration, held bool) {
	var taken station.Visit
	if held {
		taken = s.ArriveHolding(station.Time(at), demand)
	} else {
		taken = s.Arrive(station.Time(at), demand)
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
		v.foretell(v.at)
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
	if v.ahead {
		v.reply(n.now)
	}
	if n.worker != nil {
		v.then = leaves
		n.await(i)
		return
	}
	n.depart(i)
}

// depart lets the visit leave when the wall clock has reached its time.
func (n *Node) depart(i uint32) {
	n.order++
	n.leaving.add(event{at: n.visits.items[i].at, order: n.order, visit: i})
}

// reply sends the answer of a visit over frames.
func (v *visit) reply(now int64) {
	if v.up.conn == nil {
		return
	}
	outcome := wire.Answered
	if v.reason != wire.ReasonNone {
		outcome = wire.Failed
	}
	v.up.spoken = now
	v.up.conn.Send(wire.Frame{
		Op: wire.OpAnswer, ID: v.id, Class: v.class, Outcome: outcome, Reason: v.reason, Late: v.late, Miss: v.miss,
		Time: v.at - v.shift, Network: v.network, Request: v.number,
	})
}

// answer answers the visit, unless it was answered ahead, and counts it.
func (n *Node) answer(i uint32) {
	v := &n.visits.items[i]
	n.counts.ended[v.class][v.reason]++
	n.meters.done(v, n.now)
	n.behaviour.left(v)
	switch {
	case v.web != nil:
		v.web.answer(webAnswer{
			start: v.arrived - v.shift, finish: v.at - v.shift, network: v.network, reason: v.reason, verb: v.verb, late: v.late, miss: v.miss,
		})
	case !v.ahead:
		v.reply(n.now)
	}
	if v.up != nil && v.then != leaves {
		v.up.open--
	}
	n.visits.drop(i)
}
