package history

import "slices"

// pending is what waits to be written. Samples beyond the limit are dropped, the
// oldest first, and a gap says so; nothing else is ever dropped, for it is as
// little as the runs' own status: a row that comes again replaces itself.
type pending struct {
	limit int
	taken
}

// taken is what is to be written in one transaction.
type taken struct {
	Batch
	// gaps that dropping left, to which later ones are joined until they are written.
	gaps map[gapKey]Gap
}

// gapKey is what a gap is in. A component has one sample at a time, so that no two
// of its gaps begin alike.
type gapKey struct{ run, component string }

// offer takes a batch in.
func (p *pending) offer(b Batch) {
	p.Users = last(append(p.Users, b.Users...), User.ID)
	p.Runs = last(append(p.Runs, named(p.Runs, b.Runs)...), func(r Run) string { return r.ID })
	p.Events = last(append(p.Events, b.Events...), Event.ID)
	p.Samples = append(p.Samples, b.Samples...)
	over := len(p.Samples) - p.limit
	if over <= 0 {
		return
	}
	for _, s := range p.Samples[:over] {
		p.lose(gapKey{s.Run, s.Component}, Gap{From: s.At, To: s.At, Rows: 1})
	}
	p.Samples = append([]Sample(nil), p.Samples[over:]...)
}

// named are runs with their users, whom a later row of a run need not know.
func named(before, later []Run) []Run {
	users := map[string]string{}
	for _, r := range before {
		users[r.ID] = r.User
	}
	later = slices.Clone(later)
	for i, r := range later {
		if r.User == "" {
			later[i].User = users[r.ID]
		}
	}
	return later
}

// lose joins a gap to the one that is told already.
func (p *pending) lose(key gapKey, g Gap) {
	if p.gaps == nil {
		p.gaps = map[gapKey]Gap{}
	}
	if told, ok := p.gaps[key]; ok {
		g = told.with(g)
	}
	p.gaps[key] = g
}

// with is both gaps as one.
func (g Gap) with(other Gap) Gap {
	g.Rows += other.Rows
	if other.From.Before(g.From) {
		g.From = other.From
	}
	if other.To.After(g.To) {
		g.To = other.To
	}
	return g
}

// take gives up to so many samples with everything else, to be written or restored.
func (p *pending) take(samples int) taken {
	n := min(samples, len(p.Samples))
	out := p.taken
	out.Samples = p.Samples[:n:n]
	p.taken = taken{Batch: Batch{Samples: p.Samples[n:]}}
	return out
}

// restore puts back what was taken and not written, before what came since.
func (p *pending) restore(t taken) {
	since := p.taken
	p.taken = taken{gaps: t.gaps}
	for key, g := range since.gaps {
		p.lose(key, g)
	}
	p.offer(t.Batch)
	p.offer(since.Batch)
}

func (p *pending) empty() bool { return p.Empty() && len(p.gaps) == 0 }

// rows are the batch with its gaps as events.
func (t taken) rows() Batch {
	b := t.Batch
	b.Events = append([]Event(nil), b.Events...)
	for key, g := range t.gaps {
		g.Reason = "the database was away for longer than there was room to wait"
		b.Events = append(b.Events, g.event(key.run, key.component))
	}
	return b
}
