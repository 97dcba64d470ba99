package projection

import (
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Picture is where an architecture is drawn. A new component takes a free slot
// and moves no other.
type Picture struct{ layout graph.Layout }

// Draw is the picture of the user's architecture.
func Draw(base graph.Architecture) Picture { return Picture{layout: graph.Tidy(base)} }

// With is the picture after the architecture has grown or shrunk.
func (p Picture) With(live graph.Architecture) Picture { return Picture{layout: p.layout.Extend(live)} }

// Direction in which requests flow.
func (p Picture) Direction() wire.Direction { return wire.Direction(p.layout.Direction) }

// Place is the upper left corner of a component's nth box, and whether the user
// put it there. One for which the slot has no room lies on the first.
func (p Picture) Place(component string, n int32) (at wire.XY, pinned bool) {
	slot, known := p.layout.Slot(component)
	if !known {
		return wire.XY{}, false
	}
	corner, room := p.layout.At(component, n)
	if !room {
		corner = slot.Position
	}
	return wire.XY{X: corner.X, Y: corner.Y}, slot.Pinned
}

// Route is the points that a connection passes between its two ends.
func (p Picture) Route(from, to string) []wire.XY {
	route := []wire.XY{}
	for _, path := range p.layout.Paths {
		if path.From == from && path.To == to {
			for _, point := range path.Points {
				route = append(route, wire.XY{X: point.X, Y: point.Y})
			}
		}
	}
	return route
}
