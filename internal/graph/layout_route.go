package graph

import (
	"container/heap"
	"slices"
)

const (
	// bendCost is how many pixels of detour a bend is worth.
	bendCost = 60
	// skirt is how far around two slots a way between them is looked for first.
	skirt = 500
)

// leadPaths gives every connection a path that runs through no slot.
func (l *Layout) leadPaths(live Architecture) {
	a := l.Direction.axes()
	slots := make(map[string]area, len(l.Slots))
	blocked := make([]area, len(l.Slots))
	for i, s := range l.Slots {
		slots[s.Component] = a.area(s)
		blocked[i] = slots[s.Component].grown(clearance)
	}
	known := make(map[[2]string]Path, len(l.Paths))
	for _, p := range l.Paths {
		known[[2]string{p.From, p.To}] = p
	}
	l.Paths = l.Paths[:0:0]
	for _, c := range live.Connections {
		from, found := slots[c.From]
		to, alsoFound := slots[c.To]
		key := [2]string{c.From, c.To}
		if !found || !alsoFound || c.From == c.To {
			continue
		}
		p, has := known[key]
		if !has || a.hit(p, blocked) {
			p = a.path(c, a.way(a.exit(from, to), a.entrance(from, to), blocked))
		}
		known[key] = p
		l.Paths = append(l.Paths, p)
	}
}

// hit reports whether a path runs through an area.
func (a axes) hit(p Path, blocked []area) bool {
	for i := 1; i < len(p.Points); i++ {
		if !unblocked(a.turn(p.Points[i-1]), a.turn(p.Points[i]), blocked) {
			return true
		}
	}
	return false
}

// unblocked reports whether a straight line runs through none of the areas.
func unblocked(p, q spot, blocked []area) bool {
	return !slices.ContainsFunc(blocked, func(r area) bool { return r.crossedBy(p, q) })
}

// way is a line from one spot to another around areas: the shortest along the
// borders of what stands between, and then drawn taut. Areas that hold an end,
// as when the user put a node upon another, are no obstacle.
func (a axes) way(from, to spot, blocked []area) []spot {
	if unblocked(from, to, blocked) {
		return []spot{from, to}
	}
	open := slices.DeleteFunc(slices.Clone(blocked), func(r area) bool { return r.holds(from) || r.holds(to) })
	for _, reach := range []int{skirt, 4 * skirt} {
		near := area{min(from.u, to.u), min(from.v, to.v), max(from.u, to.u), max(from.v, to.v)}.grown(reach)
		between := slices.DeleteFunc(slices.Clone(open), func(r area) bool { return !r.overlaps(near) })
		if way := newMaze(from, to, between, near).solve(); way != nil {
			return taut(way, open)
		}
	}
	if way := newMaze(from, to, open, area{}).solve(); way != nil {
		return taut(way, open)
	}
	return []spot{from, to}
}

// taut leaves out the bends that a straight line can skip.
func taut(way []spot, blocked []area) []spot {
	out := way[:1:1]
	for i := 0; i < len(way)-1; {
		j := len(way) - 1
		for j > i+1 && !unblocked(way[i], way[j], blocked) {
			j--
		}
		out, i = append(out, way[j]), j
	}
	return out
}

// maze is the grid of lines along the borders of areas.
type maze struct {
	us, vs   []int
	from, to int
	// alongU and alongV say whether the step from a crossing to the next one is walled.
	alongU, alongV []bool
}

// newMaze is the maze of areas, of lines inside near only unless that is empty.
func newMaze(from, to spot, blocked []area, near area) *maze {
	inside := func(s spot) bool { return near == (area{}) || near.holds(s) }
	m := &maze{us: []int{from.u, to.u}, vs: []int{from.v, to.v}}
	for _, r := range blocked {
		for _, s := range []spot{{r.u0, r.v0}, {r.u1, r.v1}} {
			if inside(spot{s.u, from.v}) {
				m.us = append(m.us, s.u)
			}
			if inside(spot{from.u, s.v}) {
				m.vs = append(m.vs, s.v)
			}
		}
	}
	m.us, m.vs = distinct(m.us), distinct(m.vs)
	m.from, m.to = m.cross(from), m.cross(to)
	m.alongU, m.alongV = make([]bool, len(m.us)*len(m.vs)), make([]bool, len(m.us)*len(m.vs))
	for _, r := range blocked {
		m.wall(r)
	}
	return m
}

func distinct(all []int) []int {
	slices.Sort(all)
	return slices.Compact(all)
}

// cross is the crossing at a spot.
func (m *maze) cross(s spot) int {
	i, _ := slices.BinarySearch(m.us, s.u)
	j, _ := slices.BinarySearch(m.vs, s.v)
	return j*len(m.us) + i
}

func (m *maze) spot(at int) spot { return spot{m.us[at%len(m.us)], m.vs[at/len(m.us)]} }

// wall closes the steps through the inside of an area.
func (m *maze) wall(r area) {
	u0, u1 := within(m.us, r.u0, r.u1)
	v0, v1 := within(m.vs, r.v0, r.v1)
	for j := v0; j < v1; j++ {
		for i := max(u0-1, 0); i < u1; i++ {
			m.alongU[j*len(m.us)+i] = true
		}
	}
	for j := max(v0-1, 0); j < v1; j++ {
		for i := u0; i < u1; i++ {
			m.alongV[j*len(m.us)+i] = true
		}
	}
}

// within are the lines strictly between two places, from the first to the one after the last.
func within(lines []int, low, high int) (first, end int) {
	first, _ = slices.BinarySearch(lines, low+1)
	end, _ = slices.BinarySearch(lines, high)
	return first, end
}

// step is a crossing reached along u or v, at a cost so far and a bound of the whole.
type step struct {
	at         int
	acrossFlow bool
	cost, sum  int
	order      int
}

// frontier are the steps to go on from, cheapest first, older ones before younger.
type frontier []step

func (f frontier) Len() int { return len(f) }
func (f frontier) Less(i, j int) bool {
	return f[i].sum < f[j].sum || (f[i].sum == f[j].sum && f[i].order < f[j].order)
}
func (f frontier) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *frontier) Push(x any)   { *f = append(*f, x.(step)) }
func (f *frontier) Pop() any {
	old := *f
	last := old[len(old)-1]
	*f = old[:len(old)-1]
	return last
}

// solve is the cheapest way through, nil if there is none.
func (m *maze) solve() []spot {
	n := len(m.us) * len(m.vs)
	cost, came := make([]int, 2*n), make([]int, 2*n)
	for i := range cost {
		cost[i] = -1
	}
	queue := &frontier{}
	order := 0
	reach := func(at int, across bool, c, from int) {
		k := state(at, across)
		if cost[k] >= 0 && cost[k] <= c {
			return
		}
		cost[k], came[k] = c, from
		order++
		heap.Push(queue, step{at, across, c, c + m.left(at), order})
	}
	reach(m.from, false, 0, -1)
	for queue.Len() > 0 {
		s, ok := heap.Pop(queue).(step)
		if !ok || s.cost > cost[state(s.at, s.acrossFlow)] {
			continue
		}
		if s.at == m.to {
			return m.back(came, state(s.at, s.acrossFlow))
		}
		for _, next := range m.steps(s.at) {
			c := s.cost + m.length(s.at, next.at)
			if next.acrossFlow != s.acrossFlow {
				c += bendCost
			}
			reach(next.at, next.acrossFlow, c, state(s.at, s.acrossFlow))
		}
	}
	return nil
}

// state is a crossing and the direction it was reached in, as one number.
func state(at int, acrossFlow bool) int {
	if acrossFlow {
		return 2*at + 1
	}
	return 2 * at
}

// steps are the open ways on from a crossing.
func (m *maze) steps(at int) []step {
	width := len(m.us)
	var steps []step
	if at%width+1 < width && !m.alongU[at] {
		steps = append(steps, step{at: at + 1})
	}
	if at%width > 0 && !m.alongU[at-1] {
		steps = append(steps, step{at: at - 1})
	}
	if at+width < len(m.alongV) && !m.alongV[at] {
		steps = append(steps, step{at: at + width, acrossFlow: true})
	}
	if at >= width && !m.alongV[at-width] {
		steps = append(steps, step{at: at - width, acrossFlow: true})
	}
	return steps
}

func (m *maze) length(p, q int) int {
	a, b := m.spot(p), m.spot(q)
	return distance(a.u, b.u) + distance(a.v, b.v)
}

// left is the least that a way from a crossing can still cost.
func (m *maze) left(at int) int { return m.length(at, m.to) }

// back is the way that led to a state.
func (m *maze) back(came []int, k int) []spot {
	var way []spot
	for ; k >= 0; k = came[k] {
		way = append(way, m.spot(k/2))
	}
	slices.Reverse(way)
	return way
}
