package graph

import (
	"cmp"
	"slices"
)

const (
	// candidates is how many free places a new component is tried at.
	candidates = 32
	// The cost of a candidate, in pixels of distance from the neighbours: a
	// crossing, a slot that a new path would run behind, a path that must give way.
	crossingCost, behindCost, detourCost = 90, 220, 60
)

// Extend is the layout after the architecture became live: what is new goes to
// the free place near its neighbours where its paths cross the fewest others
// and run behind the fewest slots; what is gone leaves a hole. A slot moves only
// if the user has moved it, and a path changes only if it no longer has a way.
func (l Layout) Extend(live Architecture) Layout {
	next := Layout{Direction: l.Direction, Room: l.Room, Slots: make([]Slot, 0, len(live.Components)), Paths: make([]Path, 0, len(live.Connections))}
	index := live.places()
	moved := map[string]bool{}
	for _, s := range l.Slots {
		i, stays := index[s.Component]
		if !stays {
			continue
		}
		if pin := live.Components[i].Position; pin != nil && *pin != s.Position {
			s.Position, s.Pinned, moved[s.Component] = *pin, true, true
		}
		next.Slots = append(next.Slots, s)
	}
	wanted := map[[2]string]bool{}
	for _, c := range live.Connections {
		wanted[[2]string{c.From, c.To}] = true
	}
	for _, p := range l.Paths {
		if wanted[[2]string{p.From, p.To}] && !moved[p.From] && !moved[p.To] {
			next.Paths = append(next.Paths, p)
		}
	}
	next.insertNew(live)
	next.leadPaths(live)
	return next
}

// insertNew gives every component without one a slot, those with neighbours in
// the picture first.
func (l *Layout) insertNew(live Architecture) {
	placed := map[string]bool{}
	for _, s := range l.Slots {
		placed[s.Component] = true
	}
	var waiting []Component
	for _, c := range live.Components {
		switch {
		case placed[c.Name]:
		case c.Position != nil:
			l.Slots = append(l.Slots, Slot{Component: c.Name, Position: *c.Position, Room: l.roomFor(c), Pinned: true})
		default:
			waiting = append(waiting, c)
		}
	}
	for len(waiting) > 0 {
		i := max(slices.IndexFunc(waiting, func(c Component) bool { return l.around(live, c).any() }), 0)
		l.Slots = append(l.Slots, l.insert(waiting[i], l.around(live, waiting[i])))
		waiting = slices.Delete(waiting, i, i+1)
	}
}

// neighbourhood is what a component's paths lead to, as far as it is in the picture.
type neighbourhood struct {
	callers, callees []area
	// primary is whom it replicates.
	primary *area
	// apart says that a layer stays free between it and its callees.
	apart bool
}

func (n neighbourhood) any() bool {
	return len(n.callers) > 0 || len(n.callees) > 0 || n.primary != nil
}

func (l *Layout) around(live Architecture, c Component) neighbourhood {
	a := l.Direction.axes()
	areas := func(names []string) []area {
		var found []area
		for _, name := range names {
			if s, ok := l.Slot(name); ok && name != c.Name {
				found = append(found, a.area(s))
			}
		}
		return found
	}
	n := neighbourhood{callers: areas(live.Callers(c.Name)), callees: areas(live.Callees(c.Name))}
	if s, ok := l.Slot(live.primary(c)); ok {
		n.primary = new(a.area(s))
	}
	n.apart = c.Type == CDN && !slices.ContainsFunc(live.Callees(c.Name), func(callee string) bool {
		called, _ := live.Component(callee)
		return called.Type == LoadBalancer
	}) // the balancer may come yet
	return n
}

// insert finds the slot of a new component.
func (l *Layout) insert(c Component, near neighbourhood) Slot {
	a := l.Direction.axes()
	room := l.roomFor(c)
	size := area{0, 0, a.du, a.depth(room)}
	lines := l.lines()
	best, least := area{}, -1
	for _, u := range a.columns(near) {
		for _, at := range l.freeIn(u, size, a.desired(near)) {
			if cost := l.cost(at, near, lines); least < 0 || cost < least {
				best, least = at, cost
			}
		}
	}
	return Slot{Component: c.Name, Position: a.point(best.u0, best.v0), Room: room}
}

// columns are where along the flow a component may stand: between its callers
// and its callees if there is a layer between them, else beside one of them.
func (a axes) columns(near neighbourhood) []int {
	if near.primary != nil {
		return []int{near.primary.u0}
	}
	if !near.any() {
		return []int{a.origin.u}
	}
	after, before := 0, 0
	for i, r := range near.callers {
		if i == 0 || r.u0 > after {
			after = r.u0
		}
	}
	for i, r := range near.callees {
		if i == 0 || r.u0 < before {
			before = r.u0
		}
	}
	switch {
	case len(near.callees) == 0:
		return []int{after + a.pitch}
	case len(near.callers) == 0 && near.apart:
		return []int{before - 2*a.pitch}
	case len(near.callers) == 0:
		return []int{before - a.pitch}
	case before-after < 2*a.pitch:
		return []int{before, after}
	}
	var columns []int
	for u := after + a.pitch; u <= before-a.pitch; u += a.pitch {
		columns = append(columns, u)
	}
	return columns
}

// desired is the middle of the neighbours across the flow.
func (a axes) desired(near neighbourhood) int {
	sum, n := 0, 0
	for _, r := range slices.Concat(near.callers, near.callees) {
		sum, n = sum+r.v0, n+1
	}
	if near.primary != nil {
		sum, n = sum+near.primary.v0, n+1
	}
	if n == 0 {
		return a.origin.v
	}
	return floorDiv(sum, n)
}

// freeIn are the free places of a column nearest to the desired one.
func (l *Layout) freeIn(u int, size area, desired int) []area {
	a := l.Direction.axes()
	starts := []int{desired}
	for _, s := range l.Slots {
		r := a.area(s)
		if r.u0 < u+size.u1+2*PathLead && u-2*PathLead < r.u1 {
			starts = append(starts, r.v1+a.gap, r.v0-a.gap-size.v1)
		}
	}
	slices.SortFunc(starts, func(s, t int) int {
		return cmp.Or(cmp.Compare(distance(s, desired), distance(t, desired)), cmp.Compare(t, s))
	})
	var free []area
	for _, v := range slices.Compact(starts) {
		at := area{u, v, u + size.u1, v + size.v1}
		if len(free) < candidates && l.free(at) {
			free = append(free, at)
		}
	}
	return free
}

// free reports whether no slot is near an area.
func (l *Layout) free(at area) bool {
	a := l.Direction.axes()
	around := area{at.u0 - 2*PathLead, at.v0 - a.gap, at.u1 + 2*PathLead, at.v1 + a.gap}
	return !slices.ContainsFunc(l.Slots, func(s Slot) bool { return around.overlaps(a.area(s)) })
}

func distance(a, b int) int { return max(a-b, b-a) }

// line is a straight piece of a path.
type line struct{ p, q spot }

// lines are the pieces of all paths.
func (l *Layout) lines() []line {
	a := l.Direction.axes()
	var lines []line
	for _, path := range l.Paths {
		for i := 1; i < len(path.Points); i++ {
			lines = append(lines, line{a.turn(path.Points[i-1]), a.turn(path.Points[i])})
		}
	}
	return lines
}

// cost is what a place would cost in distance, crossings, slots hidden behind and detours.
func (l *Layout) cost(at area, near neighbourhood, lines []line) int {
	a := l.Direction.axes()
	cost := 0
	var fresh []line
	for _, r := range near.callers {
		fresh = append(fresh, a.straight(r, at))
	}
	for _, r := range near.callees {
		fresh = append(fresh, a.straight(at, r))
	}
	if near.primary != nil {
		cost += distance(near.primary.v0, at.v0)
	}
	reach := at.grown(clearance)
	for _, old := range lines {
		if reach.crossedBy(old.p, old.q) {
			cost += detourCost
		}
		for _, f := range fresh {
			if crosses(f.p, f.q, old.p, old.q) {
				cost += crossingCost
			}
		}
	}
	for _, f := range fresh {
		cost += distance(f.p.v, f.q.v)
		for _, s := range l.Slots {
			if a.area(s).crossedBy(f.p, f.q) {
				cost += behindCost
			}
		}
	}
	return cost
}

// straight is the line that a path from one slot to another would take with nothing in its way.
func (a axes) straight(from, to area) line {
	return line{a.exit(from, to), a.entrance(from, to)}
}

// exit and entrance are where a path leaves one slot and comes to another:
// with the flow where the other lies ahead, else at the sides that face.
func (a axes) exit(from, to area) spot {
	if from.u1+2*PathLead <= to.u0 {
		return a.out(from)
	}
	return a.in(from)
}

func (a axes) entrance(from, to area) spot {
	if to.u1+2*PathLead <= from.u0 {
		return a.out(to)
	}
	return a.in(to)
}
