package station

import "time"

// Time is logical time in nanoseconds since the Unix epoch, or since the start
// of a virtual clock.
type Time int64

// Add is t moved by d.
func (t Time) Add(d time.Duration) Time { return t + Time(d) }

// Sub is the duration from u to t.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t - u) }

// Verdict is what a station did with a request.
type Verdict uint8

// The verdicts. Every one but Served and QueueTimeout refuses the request at
// its arrival; QueueTimeout lets it wait in vain.
const (
	Served        Verdict = iota
	QueueTimeout          // left unserved after waiting QueueTimeout
	QueueFull             // all waiting places taken
	InFlightLimit         // all in-flight slots taken
	PoolExhausted         // all connections and places to wait for one taken
	MemoryLimit           // no memory for one more request

	// Verdicts is the number of verdicts.
	Verdicts = int(MemoryLimit) + 1
)

var verdictNames = [Verdicts]string{
	"served", "queue_timeout", "queue_full", "in_flight_limit", "pool_exhausted", "memory_limit",
}

// String is the verdict as metrics and messages name it, such as "queue_full".
func (v Verdict) String() string {
	if int(v) < Verdicts {
		return verdictNames[v]
	}
	return "unknown"
}

// Refused says that the request never entered the station.
func (v Verdict) Refused() bool { return v > QueueTimeout }

// Visit is one request's way through a station, known in full when it arrives.
type Visit struct {
	// Arrival is when the station took it: its own time, or the station's
	// clock if it came Late.
	Arrival Time
	// Start is when it got a core. It is Finish for requests that were not served.
	Start Time
	// Finish is when it leaves: at the end of service, at its time-out, or at
	// once if refused.
	Finish  Time
	Verdict Verdict
	// Late says that it arrived before the station's clock, so that the
	// station could no longer serve it in order.
	Late bool
}

// Wait is the time from arrival to service, or to leaving unserved.
func (v Visit) Wait() time.Duration { return v.Start.Sub(v.Arrival) }

// Sojourn is the time from arrival to leaving.
func (v Visit) Sojourn() time.Duration { return v.Finish.Sub(v.Arrival) }
