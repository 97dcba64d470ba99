package graph

import "slices"

// viewWidth and viewHeight are the canvas that a direction is picked for.
const viewWidth, viewHeight = 1280, 720

// Tidy is a fresh full pass over an architecture: components in layers along
// the flow, ordered for few crossings, in the direction that fits a canvas
// larger. Components that the user placed stay there.
func Tidy(a Architecture) Layout {
	g := inLayers(a)
	g.order()
	across, down := drawn(a, g, LeftToRight), drawn(a, g, TopToBottom)
	layout := across
	if down.fit() > across.fit() {
		layout = down
	}
	return layout.pinned(a)
}

// fit is how large a layout can be shown on the canvas, in thousandths.
func (l Layout) fit() int {
	bounds := l.Bounds()
	width, height := int(bounds.Max.X-bounds.Min.X), int(bounds.Max.Y-bounds.Min.Y)
	return min(viewWidth*1000/max(width, 1), viewHeight*1000/max(height, 1))
}

// drawn is an ordered graph in a direction.
func drawn(a Architecture, g *layered, d Direction) Layout {
	rooms, scaling := rooms(a)
	layout := Layout{Direction: d, Room: scaling, Slots: make([]Slot, len(a.Components)), Paths: make([]Path, 0, len(a.Connections))}
	axes := d.axes()
	p := place(g, axes, rooms)
	first := 0
	for i := range a.Components {
		if top := p.v[i] - p.up[i]; i == 0 || top < first {
			first = top
		}
	}
	at := func(v int) spot {
		return spot{axes.origin.u + g.layer[v]*axes.pitch, axes.origin.v + floorDiv(p.v[v]-p.up[v]-first, scale)}
	}
	for i, c := range a.Components {
		corner := at(i)
		layout.Slots[i] = Slot{Component: c.Name, Position: axes.point(corner.u, corner.v), Room: rooms[i]}
	}
	for i, c := range a.Connections {
		if chain := g.chains[i]; chain != nil {
			layout.Paths = append(layout.Paths, layout.along(c, chain, at))
		}
	}
	return layout
}

// along is the path of a connection through its chain of nodes.
func (l Layout) along(c Connection, chain []int, at func(int) spot) Path {
	a := l.Direction.axes()
	from, to := a.area(l.Slots[chain[0]]), a.area(l.Slots[chain[len(chain)-1]])
	points := []spot{a.out(from)}
	for _, dummy := range chain[1 : len(chain)-1] {
		s := at(dummy)
		points = append(points, spot{s.u - PathLead, s.v}, spot{s.u + a.du + PathLead, s.v})
	}
	return a.path(c, append(points, a.in(to)))
}

// path is a connection's path along spots.
func (a axes) path(c Connection, spots []spot) Path {
	points := make([]Point, len(spots))
	for i, s := range spots {
		points[i] = a.point(s.u, s.v)
	}
	return Path{From: c.From, To: c.To, Points: simplified(points)}
}

// pinned moves what the user placed there, makes way for it, and leads the
// paths that this bent or left without a way around. When most was placed by
// hand, the rest goes where its neighbours are.
func (l Layout) pinned(a Architecture) Layout {
	byHand := 0
	for _, c := range a.Components {
		if c.Position != nil {
			byHand++
		}
	}
	if byHand == 0 {
		return l.Extend(a)
	}
	kept := Layout{Direction: l.Direction, Room: l.Room}
	for i, c := range a.Components {
		if c.Position != nil {
			kept.Slots = append(kept.Slots, Slot{Component: c.Name, Position: *c.Position, Room: l.Slots[i].Room, Pinned: true})
		}
	}
	if 2*byHand <= len(a.Components) {
		axes := l.Direction.axes()
		for i, c := range a.Components {
			if c.Position == nil && kept.free(axes.area(l.Slots[i])) {
				kept.Slots = append(kept.Slots, l.Slots[i])
			}
		}
	}
	kept.Paths = slices.DeleteFunc(l.Paths, func(p Path) bool {
		from, _ := kept.Slot(p.From)
		to, _ := kept.Slot(p.To)
		return !slices.Contains(l.Slots, from) || !slices.Contains(l.Slots, to)
	})
	return kept.Extend(a).sorted(a)
}

// sorted puts the slots in the order of the components.
func (l Layout) sorted(a Architecture) Layout {
	index := a.places()
	slices.SortStableFunc(l.Slots, func(s, t Slot) int { return index[s.Component] - index[t.Component] })
	return l
}
