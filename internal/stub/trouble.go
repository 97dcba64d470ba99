package stub

import (
	"strconv"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/internal/fault"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// trouble is what the run has in store for this replica, and how cold it is.
type trouble struct {
	plan wire.Plan
	me   fault.Instance
	// first is the logical time of the first request, 0 before it.
	first int64
	// looked is the time of the plan up to which crashes were looked for.
	looked time.Duration
}

// follow takes over the faults of a plan. Crashes from before a process began
// are not its own.
func (t *trouble) follow(plan *wire.Plan, id, component string, now int64) {
	again := plan != nil && plan.UID == t.plan.UID
	t.me = fault.Instance{Component: component, Number: numberOfID(id)}
	if plan == nil {
		t.plan = wire.Plan{}
		return
	}
	t.plan = *plan
	if !again {
		t.looked = t.elapsed(now)
	}
}

// numberOfID is the number at the end of an instance's id, such as 2 of api-server-2; 1 if it has none.
func numberOfID(id string) int32 {
	n, err := strconv.ParseInt(id[strings.LastIndexByte(id, '-')+1:], 10, 32)
	if err != nil || n < 1 {
		return 1
	}
	return int32(n)
}

// elapsed is the time of the plan at a time in Unix nanoseconds.
func (t *trouble) elapsed(at int64) time.Duration { return t.plan.Elapsed(time.Unix(0, at)) }

// runs reports whether faults can befall anything: a plan that has not begun, or
// has ended, has none.
func (t *trouble) runs(elapsed time.Duration) bool {
	return len(t.plan.Faults) > 0 && !t.plan.Start.IsZero() && !t.plan.Stopped && !t.plan.Finished && elapsed < t.plan.Duration
}

// of is what a request meets that arrives at a logical time.
func (t *trouble) of(at int64) fault.Trouble {
	if len(t.plan.Faults) == 0 {
		return fault.Trouble{}
	}
	elapsed := t.elapsed(at)
	if !t.runs(elapsed) {
		return fault.Trouble{}
	}
	return t.plan.Faults.Trouble(t.me, elapsed)
}

// stretch is the service time of a request in a replica that may still be cold.
func (t *trouble) stretch(demand time.Duration, at int64, w *graph.WarmUp) time.Duration {
	if t.first == 0 {
		t.first = at
	}
	if w == nil || at-t.first >= int64(w.Duration) {
		return demand
	}
	return demand + demand*time.Duration(w.SlowdownPercent)/100
}

// crashes reports whether a crash is due at a time.
func (t *trouble) crashes(now int64) bool {
	if len(t.plan.Faults) == 0 {
		return false
	}
	before, elapsed := t.looked, t.elapsed(now)
	t.looked = max(before, elapsed)
	return t.runs(elapsed) && t.plan.Faults.Crashes(t.me, before, elapsed)
}

// nextCrash is when the next crash is due, or forever.
func (t *trouble) nextCrash() int64 {
	if !t.plan.PausedAt.IsZero() || !t.runs(t.looked) {
		return forever
	}
	at, ok := t.plan.Faults.NextCrash(t.me, t.looked)
	if !ok {
		return forever
	}
	return t.plan.Start.Add(t.plan.PausedFor + at).UnixNano()
}

// errorRate is the share of requests that fail by themselves while in trouble.
func errorRate(own station.PPM, t fault.Trouble) station.PPM {
	return max(own, station.PPM(t.ErrorRatePPM))
}
