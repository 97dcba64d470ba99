package station

import "math"

// never is later than every event.
const never = Time(math.MaxInt64)

// fate is what becomes of a request that leaves the queue or a core.
type fate uint8

const (
	leaves   fate = iota // leaves the replica when its service ends
	holds                // keeps its slot until Release
	abandons             // leaves the queue unserved
)

// event is a kind of thing that happens to a station between arrivals.
type event uint8

const (
	serviceEnds event = iota
	waitingEnds
	slotReleased
)

// next is the earliest event ahead. At one instant, services end before
// waiting ends, so that a core is never counted twice.
func (s *Station) next() (Time, event) {
	at, what := s.service.next(), serviceEnds
	if t := s.waiting.next(); t < at {
		at, what = t, waitingEnds
	}
	if s.releases.len() > 0 && s.releases.top() < at {
		at, what = s.releases.top(), slotReleased
	}
	return at, what
}

// happen carries out the event ahead.
func (s *Station) happen(what event) {
	switch what {
	case serviceEnds:
		s.state.Completed++
		if s.service.pop().fate == holds {
			s.held++
		}
	case waitingEnds:
		w := s.waiting.pop()
		if w.fate == abandons {
			s.state.TimedOut++
			return
		}
		s.service.push(departure{at: w.finish, fate: w.fate})
	case slotReleased:
		s.releases.pop()
		s.held--
	}
}

// waiter is a request without a core: at leave it gets one until finish, or abandons.
type waiter struct {
	leave  Time
	finish Time
	fate   fate
}

// queue is a first-in-first-out ring of waiters that grows by doubling. Waiters
// leave in order: each leaves at the lesser of its start and its
// time-out, and both are non-decreasing in order of arrival.
type queue struct {
	ring []waiter // its length is a power of two, or zero
	head int
	size int
}

func (q *queue) len() int { return q.size }

func (q *queue) next() Time {
	if q.size == 0 {
		return never
	}
	return q.ring[q.head].leave
}

func (q *queue) push(w waiter) {
	if q.size == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.size)&(len(q.ring)-1)] = w
	q.size++
}

func (q *queue) pop() waiter {
	w := q.ring[q.head]
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.size--
	return w
}

func (q *queue) grow() {
	ring := make([]waiter, max(16, 2*len(q.ring)))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}
