package graph

import "fmt"

// Box is one node of the picture: a replica, or a whole component that is
// folded into one.
type Box struct {
	Component string `json:"component"`
	// Instance is the replica's stable id, empty when the component is folded.
	Instance string `json:"instance,omitempty"`
	// Replicas is how many the box stands for.
	Replicas int32 `json:"replicas"`
	Position Point `json:"position"`
}

// InstanceID is the stable id of a component's nth replica, from 1.
func InstanceID(component string, n int32) string { return fmt.Sprintf("%s-%d", component, n) }

// At is where a component's nth replica is drawn, from 1; it is not ok when
// its slot has no room for so many.
func (l Layout) At(component string, n int32) (Point, bool) {
	s, ok := l.Slot(component)
	if !ok || n < 1 || n > s.Room {
		return Point{}, false
	}
	return l.at(s, n), true
}

// Boxes are the nodes to draw, in the order of the slots. A component folds
// into one box when its slot has no room for all its replicas, and the largest
// fold first when there would be more than MaxBoxes.
func (l Layout) Boxes(live Architecture) []Box {
	limit := foldLimit(live)
	replicas := make(map[string]int32, len(live.Components))
	for _, c := range live.Components {
		replicas[c.Name] = c.Replicas
	}
	var boxes []Box
	for _, s := range l.Slots {
		n, ok := replicas[s.Component]
		if !ok {
			continue
		}
		if n > s.Room || n > limit {
			boxes = append(boxes, Box{Component: s.Component, Replicas: n, Position: s.Position})
			continue
		}
		for i := int32(1); i <= n; i++ {
			boxes = append(boxes, Box{Component: s.Component, Instance: InstanceID(s.Component, i), Replicas: 1, Position: l.at(s, i)})
		}
	}
	return boxes
}

// foldLimit is the largest number of replicas that a component may have and be drawn unfolded.
func foldLimit(live Architecture) int32 {
	for limit := int32(MaxRoom); limit > 1; limit-- {
		boxes := int32(0)
		for _, c := range live.Components {
			if c.Replicas <= limit {
				boxes += c.Replicas
			} else {
				boxes++
			}
		}
		if boxes <= MaxBoxes {
			return limit
		}
	}
	return 1
}

// Join is the whole line of a path from a box of its source to a box of its
// target, both given by their upper left corners.
func (l Layout) Join(p Path, source, target Point) []Point {
	if len(p.Points) == 0 {
		return nil
	}
	a := l.Direction.axes()
	first, last := a.turn(p.Points[0]), a.turn(p.Points[len(p.Points)-1])
	from, to := a.turn(source), a.turn(target)
	joined := []Point{a.point(a.border(from, first), from.v+a.dv/2), a.point(first.u, from.v+a.dv/2)}
	joined = append(joined, p.Points...)
	joined = append(joined, a.point(last.u, to.v+a.dv/2), a.point(a.border(to, last), to.v+a.dv/2))
	return simplified(joined)
}

// border is the side of a box that looks at a spot beside it.
func (a axes) border(corner, beside spot) int {
	if beside.u > corner.u {
		return corner.u + a.du
	}
	return corner.u
}

// simplified is a line without the points that do not bend it.
func simplified(line []Point) []Point {
	out := make([]Point, 0, len(line))
	for _, p := range line {
		if n := len(out); n > 0 && out[n-1] == p {
			continue
		}
		if n := len(out); n > 1 && onTheWay(out[n-2], out[n-1], p) {
			out[n-1] = p
			continue
		}
		out = append(out, p)
	}
	return out
}

// onTheWay reports whether b lies on the line from a to c.
func onTheWay(a, b, c Point) bool {
	p, q, r := spot{int(a.X), int(a.Y)}, spot{int(b.X), int(b.Y)}, spot{int(c.X), int(c.Y)}
	along := (q.u-p.u)*(r.u-q.u) + (q.v-p.v)*(r.v-q.v)
	return side(p, r, q) == 0 && along > 0
}
