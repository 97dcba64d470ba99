package history

import (
	"encoding/json"
	"time"
)

// pending is what waits to be written. Samples beyond the bound are dropped, the
// oldest first, and a gap says so; nothing else is ever dropped, for it is as
// little as the runs' own status: a row that comes again replaces itself.
type pending struct {
	limit   int
	users   []User
	runs    []Run
	events  []Event
	samples []Sample
	gaps    map[string]Gap
}

// offer takes a batch in.
func (p *pending) offer(b Batch) {
	p.users = last(append(p.users, b.Users...), User.ID)
	p.runs = last(append(p.runs, b.Runs...), func(r Run) string { return r.ID })
	p.events = last(append(p.events, b.Events...), Event.ID)
	p.samples = append(p.samples, b.Samples...)
	if over := len(p.samples) - p.limit; over > 0 {
		p.drop(p.samples[:over])
		p.samples = append([]Sample(nil), p.samples[over:]...)
	}
}

// drop notes samples as missing.
func (p *pending) drop(samples []Sample) {
	if p.gaps == nil {
		p.gaps = map[string]Gap{}
	}
	for _, s := range samples {
		p.gaps[s.Run] = widened(p.gaps[s.Run], s.At)
	}
}

// widened is a gap with one more row.
func widened(g Gap, at time.Time) Gap {
	if g.Rows == 0 {
		return Gap{From: at, To: at, Rows: 1, Reason: "the database was away for longer than there was room to wait"}
	}
	if at.Before(g.From) {
		g.From = at
	}
	if at.After(g.To) {
		g.To = at
	}
	g.Rows++
	return g
}

// take gives up to so many samples with everything else, to be written or given
// back by offer. What comes of gaps are events.
func (p *pending) take(samples int) Batch {
	n := min(samples, len(p.samples))
	b := Batch{Users: p.users, Runs: p.runs, Events: append(p.events, gapEvents(p.gaps)...), Samples: p.samples[:n:n]}
	p.users, p.runs, p.events, p.samples, p.gaps = nil, nil, nil, p.samples[n:], nil
	return b
}

// restore puts back what was taken and not written, before what came since.
func (p *pending) restore(b Batch) {
	since := *p
	*p = pending{limit: p.limit, gaps: p.gaps}
	p.offer(b)
	p.offer(Batch{Users: since.users, Runs: since.runs, Events: since.events, Samples: since.samples})
}

func (p *pending) empty() bool {
	return len(p.users)+len(p.runs)+len(p.events)+len(p.samples)+len(p.gaps) == 0
}

// gapEvents are told apart by where they begin.
func gapEvents(gaps map[string]Gap) []Event {
	events := make([]Event, 0, len(gaps))
	for run, g := range gaps {
		data, err := json.Marshal(g)
		if err != nil {
			panic(err) // times and numbers always encode
		}
		events = append(events, Event{Run: run, Type: EventGap, Sequence: g.From.UnixMicro(), At: g.From, Data: data})
	}
	return events
}
