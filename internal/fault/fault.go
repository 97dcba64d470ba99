// Package fault says what goes wrong in a run, on purpose and on time. It is
// pure: a fault is data, and what it does follows from the time of the plan, so
// every process of a run comes to the same answer without being told again.
package fault

import "time"

// Kind is what goes wrong.
type Kind string

// The kinds.
const (
	// Slow makes requests of a component wait longer, without work: as a lossy
	// network does.
	Slow Kind = "Slow"
	// Failing makes requests of a component fail.
	Failing Kind = "Failing"
	// Crash ends instances of a component without a word; they are started again.
	Crash Kind = "Crash"
	// MetricsOutage takes the measurements away from the rules.
	MetricsOutage Kind = "MetricsOutage"
	// MetricsDelay shows the rules measurements that are old.
	MetricsDelay Kind = "MetricsDelay"
)

// Fault is one thing that goes wrong: from At on for Duration, and again every
// Every if that is set. All times are of the plan, pauses not counted.
type Fault struct {
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// At is when it begins; Duration how long it lasts, which a Crash has not.
	At       time.Duration `json:"at"`
	Duration time.Duration `json:"duration,omitempty"`
	// Every is the time from one beginning to the next; 0 is once.
	Every time.Duration `json:"every,omitempty"`
	// Component that it befalls, and how many of its instances, the first ones by
	// number; 0 is all.
	Component string `json:"component,omitempty"`
	Instances int32  `json:"instances,omitempty"`
	// Latency that a Slow component adds to each request.
	Latency time.Duration `json:"latency,omitempty"`
	// ErrorRatePPM is the share of requests that a Failing component fails, in parts
	// per million.
	ErrorRatePPM int32 `json:"errorRatePPM,omitempty"`
	// Delay is how old measurements are.
	Delay time.Duration `json:"delay,omitempty"`
}

// begun is how often it has begun by a time, and how long ago that was last.
func (f Fault) begun(elapsed time.Duration) (times int64, ago time.Duration) {
	since := elapsed - f.At
	switch {
	case since < 0:
		return 0, 0
	case f.Every <= 0:
		return 1, since
	default:
		return int64(since/f.Every) + 1, since % f.Every
	}
}

// active reports whether it lasts at a time.
func (f Fault) active(elapsed time.Duration) bool {
	times, ago := f.begun(elapsed)
	return times > 0 && ago < f.Duration
}

// befalls reports whether it is about an instance; numbers begin with 1.
func (f Fault) befalls(i Instance) bool {
	return f.Component == i.Component && (f.Instances == 0 || i.Number <= f.Instances)
}

// Instance is one replica: the component and its number, which begins with 1.
type Instance struct {
	Component string
	Number    int32
}

// Plan is all that goes wrong in a run.
type Plan []Fault

// Trouble is what an instance's requests meet at a time.
type Trouble struct {
	// Latency that each request waits longer.
	Latency time.Duration
	// ErrorRatePPM is the share of requests that fail, in parts per million.
	ErrorRatePPM int32
}

// Trouble is what befalls an instance at a time: latencies add up, and of error
// rates the highest counts.
func (p Plan) Trouble(i Instance, elapsed time.Duration) Trouble {
	var t Trouble
	for _, f := range p {
		if !f.befalls(i) || !f.active(elapsed) {
			continue
		}
		switch f.Kind {
		case Slow:
			t.Latency += f.Latency
		case Failing:
			t.ErrorRatePPM = max(t.ErrorRatePPM, f.ErrorRatePPM)
		}
	}
	return t
}

// Crashes reports whether an instance is to crash after one time and up to another.
func (p Plan) Crashes(i Instance, after, upTo time.Duration) bool {
	for _, f := range p {
		if f.Kind != Crash || !f.befalls(i) {
			continue
		}
		before, _ := f.begun(after)
		if by, _ := f.begun(upTo); by > before {
			return true
		}
	}
	return false
}

// NextCrash is the first time after a time at which an instance is to crash.
func (p Plan) NextCrash(i Instance, after time.Duration) (at time.Duration, ok bool) {
	for _, f := range p {
		if f.Kind != Crash || !f.befalls(i) {
			continue
		}
		next := f.At
		if times, _ := f.begun(after); times > 0 {
			if f.Every <= 0 {
				continue
			}
			next += time.Duration(times) * f.Every
		}
		if !ok || next < at {
			at, ok = next, true
		}
	}
	return at, ok
}

// Sight is what the rules see of the measurements.
type Sight struct {
	// Out says that they see none.
	Out bool
	// Delay is how old they are.
	Delay time.Duration
}

// Sight is how well the rules see at a time; of delays the longest counts.
func (p Plan) Sight(elapsed time.Duration) Sight {
	var s Sight
	for _, f := range p {
		if !f.active(elapsed) {
			continue
		}
		switch f.Kind {
		case MetricsOutage:
			s.Out = true
		case MetricsDelay:
			s.Delay = max(s.Delay, f.Delay)
		}
	}
	return s
}
