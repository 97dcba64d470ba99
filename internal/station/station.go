// Package station models one replica's capacity as a queueing station: c
// virtual cores behind a first-come-first-served queue, on explicit timestamps.
//
// Arrive computes a request's start and finish the moment it arrives
// (the Kiefer-Wolfowitz recursion: it gets the core that is free first), so
// there is no goroutine per core, no sleep and no event calendar. The
// same code runs live, where the caller paces logical time by the wall clock,
// and on a virtual clock. Everything is an argument: time, service demand,
// random draws. A Station is not safe for concurrent use.
//
// Cores and slots are released differently. A core is released when the
// service ends, also if the request then calls another component: cores model
// CPU, and a call costs none while it waits (so a chain of stations is a
// Jackson network). A slot, which the in-flight limit and memory count, is
// released at the same time for Arrive, and only by Release for
// ArriveHolding: that models the thread, worker or buffer that a request keeps
// during its downstream calls.
package station

import "time"

// Station is the state of one replica.
type Station struct {
	config  Config
	servers int
	clock   Time
	// free holds the instants at which each server has done all that it was
	// given: the Kiefer-Wolfowitz vector, as a heap.
	free timeHeap
	// waiting holds the requests without a core in order of arrival, which is
	// also the order in which they leave the queue.
	waiting queue
	// service holds the finishes of requests on a core.
	service departures
	// releases holds announced ends of held slots beyond the clock.
	releases timeHeap
	// held counts requests past their service that still hold a slot.
	held  int
	state Snapshot
}

// New is an empty station whose clock stands at start.
func New(start Time, config Config) (*Station, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	s := &Station{clock: start}
	s.state.Time = start
	s.adopt(config)
	return s, nil
}

// Config is the configuration in force.
func (s *Station) Config() Config { return s.config }

// Clock is the latest instant the station has reached.
func (s *Station) Clock() Time { return s.clock }

// Arrive takes a request that arrives at t and needs a core for demand.
// Arrivals must not decrease in t: one before the clock is taken at the
// clock and marked Late.
func (s *Station) Arrive(t Time, demand time.Duration) Visit {
	return s.take(t, demand, leaves)
}

// ArriveHolding is Arrive for a request that, if served, keeps its in-flight
// slot after its finish until Release. Requests that were not served hold nothing.
func (s *Station) ArriveHolding(t Time, demand time.Duration) Visit {
	return s.take(t, demand, holds)
}

// Release gives back, at t, the slot of one request of ArriveHolding; t must
// not be before the request's finish. A t before the clock takes effect at the clock.
func (s *Station) Release(t Time) { s.releases.push(max(t, s.clock)) }

// Advance moves the clock to t, if that is ahead: nothing may arrive before t
// any more without being late.
func (s *Station) Advance(t Time) {
	for {
		next, what := s.next()
		if next > t {
			break
		}
		s.pass(next)
		s.happen(what)
	}
	if t > s.clock {
		s.pass(t)
	}
}

// Observe advances the clock to t and is the state then. Live, t must not be
// ahead of the instant up to which all arrivals are known.
func (s *Station) Observe(t Time) Snapshot {
	s.Advance(t)
	return s.Snapshot()
}

// Snapshot is the state at the clock, right after the last arrival.
func (s *Station) Snapshot() Snapshot {
	snap := s.state
	snap.Time = s.clock
	snap.Waiting, snap.BusyCores = s.waiting.len(), s.service.len()
	snap.InSystem = snap.Waiting + snap.BusyCores
	snap.InFlight = snap.InSystem + s.held
	snap.Connections = s.config.Pool.Connections.clip(snap.InSystem)
	snap.MemoryBytes = s.memory(snap.InFlight)
	return snap
}

// Idle says that no request is in flight.
func (s *Station) Idle() bool {
	return s.waiting.len() == 0 && s.service.len() == 0 && s.held == 0
}

// Reconfigure changes the capacity at t, or at the clock if that is ahead.
// What was promised stays promised: visits already returned keep their start
// and finish, and the new configuration holds for requests that arrive from
// then on. Added cores are free at once. Removed cores are those that would
// be free first, and finish what they were given; until they have, they count
// as capacity. Requests above a lowered limit stay.
func (s *Station) Reconfigure(t Time, config Config) error {
	if err := config.Validate(); err != nil {
		return err
	}
	s.Advance(t)
	s.adopt(config)
	return nil
}

// adopt makes the number of servers that of config and takes it into force.
func (s *Station) adopt(config Config) {
	s.config, s.servers = config, config.servers()
	for s.free.len() > s.servers {
		s.free.pop()
	}
	for s.free.len() < s.servers {
		s.free.push(s.clock)
	}
	s.service.reserve(s.servers)
}

// take decides on one arrival.
func (s *Station) take(t Time, demand time.Duration, after fate) Visit {
	late := t < s.clock
	if late {
		t = s.clock
		s.state.Late++
	}
	s.Advance(t)
	s.state.Arrived++
	start := max(t, s.free.top())
	if verdict := s.refusal(start > t); verdict != Served {
		s.state.Refused[verdict]++
		return Visit{Arrival: t, Start: t, Finish: t, Verdict: verdict, Late: late}
	}
	if d := s.config.QueueTimeout; d > 0 && start.Sub(t) > d {
		leave := t.Add(d)
		s.waiting.push(waiter{leave: leave, finish: leave, fate: abandons})
		return Visit{Arrival: t, Start: leave, Finish: leave, Verdict: QueueTimeout, Late: late}
	}
	finish := start.Add(max(demand, 0))
	s.free.replaceTop(finish)
	if start > t {
		s.waiting.push(waiter{leave: start, finish: finish, fate: after})
	} else {
		s.service.push(departure{at: finish, fate: after})
	}
	return Visit{Arrival: t, Start: start, Finish: finish, Verdict: Served, Late: late}
}

// refusal is why an arrival at the clock is refused, or Served. A request that
// would have to wait needs a waiting place.
func (s *Station) refusal(waits bool) Verdict {
	c := &s.config
	inSystem := s.waiting.len() + s.service.len()
	inFlight := inSystem + s.held
	switch {
	case c.InFlight.reached(inFlight):
		return InFlightLimit
	case c.Memory.Limit > 0 && s.memory(inFlight+1) > c.Memory.Limit:
		return MemoryLimit
	case c.poolExhausted(inSystem):
		return PoolExhausted
	case waits && c.Queue.reached(s.waiting.len()):
		return QueueFull
	}
	return Served
}

// poolExhausted says that a request finds neither a connection nor a place to
// wait for one among inSystem others.
func (c *Config) poolExhausted(inSystem int) bool {
	connections, bounded := c.Pool.Connections.Bound()
	return bounded && inSystem >= connections && c.Pool.Waiting.reached(inSystem-connections)
}

// memory is what inFlight requests need.
func (s *Station) memory(inFlight int) int64 {
	return s.config.Memory.Base + s.config.Memory.PerRequest*int64(inFlight)
}

// pass moves the clock to t, during which nothing happened, and adds up the integrals.
func (s *Station) pass(t Time) {
	d := t.Sub(s.clock)
	if d <= 0 {
		return
	}
	busy, waiting := s.service.len(), s.waiting.len()
	s.state.Busy += time.Duration(busy) * d
	s.state.Capacity += time.Duration(max(busy, s.config.Cores)) * d
	s.state.InSystemArea += time.Duration(busy+waiting) * d
	s.state.WaitingArea += time.Duration(waiting) * d
	s.state.ConnectionsArea += time.Duration(s.config.Pool.Connections.clip(busy+waiting)) * d
	s.clock = t
}
