package station

import "time"

// Snapshot is the state of a station at one instant. Integrals and counters
// grow for ever and wrap around; differences of two snapshots (Since) are
// exact as long as one window holds less than 2^63 request-nanoseconds.
type Snapshot struct {
	Time Time

	// Busy is core time spent in service up to Time and not beyond it; Capacity
	// is core time that was there to spend. Busy/Capacity is the CPU share.
	Busy     time.Duration
	Capacity time.Duration
	// InSystemArea, WaitingArea and ConnectionsArea are the integrals over time
	// of the counts below: divided by a window's length they are its means
	// (L, Lq and mean connections in use).
	InSystemArea    time.Duration
	WaitingArea     time.Duration
	ConnectionsArea time.Duration

	// Arrived requests are Refused, Completed, TimedOut or InSystem: see Balanced.
	Arrived   uint64
	Completed uint64
	TimedOut  uint64
	// Refused counts refused arrivals by verdict.
	Refused [Verdicts]uint64
	// Late counts arrivals before the station's clock, whatever their verdict.
	Late uint64

	// InSystem requests wait or are in service; Waiting have no core yet.
	InSystem int
	Waiting  int
	// BusyCores is the number of cores in service.
	BusyCores int
	// InFlight is InSystem and the requests held after their service.
	InFlight int
	// Connections in use: InSystem cut to the pool's size.
	Connections int
	// MemoryBytes is what the memory model needs now.
	MemoryBytes int64
}

// RefusedTotal is the number of refused arrivals, whatever the reason.
func (s Snapshot) RefusedTotal() uint64 {
	var n uint64
	for _, r := range s.Refused {
		n += r
	}
	return n
}

// Balanced is the conservation law: arrivals = completed + refused + timed
// out + in system. It holds at every instant.
func (s Snapshot) Balanced() bool {
	return s.Arrived == s.Completed+s.RefusedTotal()+s.TimedOut+uint64(s.InSystem)
}

// Window is what happened between two snapshots of a station.
type Window struct {
	Length    time.Duration
	Arrived   uint64
	Completed uint64
	TimedOut  uint64
	Refused   uint64
	// Utilization is busy core time over capacity, 0 to 1.
	Utilization float64
	// InSystem, Waiting and Connections are means over the window's time.
	InSystem    float64
	Waiting     float64
	Connections float64
}

// Since is the window from an earlier snapshot of the same station to s; a
// window of no length has means of zero.
func (s Snapshot) Since(earlier Snapshot) Window {
	w := Window{
		Length:    s.Time.Sub(earlier.Time),
		Arrived:   s.Arrived - earlier.Arrived,
		Completed: s.Completed - earlier.Completed,
		TimedOut:  s.TimedOut - earlier.TimedOut,
		Refused:   s.RefusedTotal() - earlier.RefusedTotal(),
	}
	if w.Length <= 0 {
		return w
	}
	mean := func(now, then time.Duration) float64 { return float64(now-then) / float64(w.Length) }
	w.Utilization = float64(s.Busy-earlier.Busy) / float64(s.Capacity-earlier.Capacity)
	w.InSystem = mean(s.InSystemArea, earlier.InSystemArea)
	w.Waiting = mean(s.WaitingArea, earlier.WaitingArea)
	w.Connections = mean(s.ConnectionsArea, earlier.ConnectionsArea)
	return w
}
