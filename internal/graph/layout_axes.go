package graph

// axes are the measures of a direction. Layout is worked out in turned
// coordinates: u runs along the flow, v across it, and replicas stack along v.
type axes struct {
	direction Direction
	// du and dv are the size of a box.
	du, dv int
	// pitch is the distance of layers, gap that of slots in a layer, stackGap that of boxes in a slot.
	pitch, gap, stackGap int
	// origin is where the first slot of the first layer begins.
	origin spot
}

// spot is a point in turned coordinates.
type spot struct{ u, v int }

// area is a rectangle in turned coordinates.
type area struct{ u0, v0, u1, v1 int }

func (d Direction) axes() axes {
	if d == TopToBottom {
		return axes{direction: d, du: BoxHeight, dv: BoxWidth, pitch: BoxHeight + 110, gap: 40, stackGap: 18, origin: spot{originY, originX}}
	}
	return axes{direction: d, du: BoxWidth, dv: BoxHeight, pitch: BoxWidth + 110, gap: 40, stackGap: 18, origin: spot{originX, originY}}
}

func (a axes) turn(p Point) spot {
	if a.direction == TopToBottom {
		return spot{u: int(p.Y), v: int(p.X)}
	}
	return spot{u: int(p.X), v: int(p.Y)}
}

func (a axes) point(u, v int) Point {
	if a.direction == TopToBottom {
		return Point{X: int32(v), Y: int32(u)}
	}
	return Point{X: int32(u), Y: int32(v)}
}

// depth is how far a slot with room for n boxes reaches along v.
func (a axes) depth(n int32) int { return int(n)*(a.dv+a.stackGap) - a.stackGap }

func (a axes) area(s Slot) area {
	at := a.turn(s.Position)
	return area{at.u, at.v, at.u + a.du, at.v + a.depth(s.Room)}
}

// line is where paths of a slot meet it: the middle of its first box.
func (a axes) line(r area) int { return r.v0 + a.dv/2 }

// out and in are where a path with the flow leaves a slot and comes to one.
func (a axes) out(r area) spot { return spot{r.u1 + PathLead, a.line(r)} }
func (a axes) in(r area) spot  { return spot{r.u0 - PathLead, a.line(r)} }

// grown is the area with a margin on every side.
func (r area) grown(margin int) area {
	return area{r.u0 - margin, r.v0 - margin, r.u1 + margin, r.v1 + margin}
}

// overlaps reports whether two areas share more than a border.
func (r area) overlaps(o area) bool {
	return r.u0 < o.u1 && o.u0 < r.u1 && r.v0 < o.v1 && o.v0 < r.v1
}

// holds reports whether a spot is inside, the border aside.
func (r area) holds(s spot) bool { return r.u0 < s.u && s.u < r.u1 && r.v0 < s.v && s.v < r.v1 }

// crossedBy reports whether the line from p to q runs through the inside of the area.
func (r area) crossedBy(p, q spot) bool {
	if max(p.u, q.u) <= r.u0 || min(p.u, q.u) >= r.u1 || max(p.v, q.v) <= r.v0 || min(p.v, q.v) >= r.v1 {
		return false
	}
	sides := [4]int{side(p, q, spot{r.u0, r.v0}), side(p, q, spot{r.u0, r.v1}), side(p, q, spot{r.u1, r.v0}), side(p, q, spot{r.u1, r.v1})}
	least, most := sides[0], sides[0]
	for _, s := range sides[1:] {
		least, most = min(least, s), max(most, s)
	}
	return p == q || (least < 0 && most > 0)
}

// side tells on which side of the line from p to q a spot is: 1, -1, or 0 on it.
func side(p, q, s spot) int {
	cross := (q.u-p.u)*(s.v-p.v) - (q.v-p.v)*(s.u-p.u)
	switch {
	case cross > 0:
		return 1
	case cross < 0:
		return -1
	}
	return 0
}

// crosses reports whether two lines cross at a point inside both.
func crosses(p, q, r, s spot) bool {
	if max(p.u, q.u) < min(r.u, s.u) || max(r.u, s.u) < min(p.u, q.u) || max(p.v, q.v) < min(r.v, s.v) || max(r.v, s.v) < min(p.v, q.v) {
		return false
	}
	return side(p, q, r)*side(p, q, s) < 0 && side(r, s, p)*side(r, s, q) < 0
}
