package graph

// Layout is where an architecture is drawn. It is a value of the architecture
// alone: no clock and no randomness, whole numbers throughout, so the same
// input is the same picture on every machine. Replica counts change nothing in
// it: every component holds a slot that its replicas stack up in.
type Layout struct {
	Direction Direction `json:"direction"`
	// Room is how many boxes a component that scales has room for, 1 to MaxRoom.
	Room int32 `json:"room"`
	// Slots are the places of the components, in the order they came.
	Slots []Slot `json:"slots"`
	// Paths are how connections run, in the order they came.
	Paths []Path `json:"paths"`
}

// Direction is the way requests flow over the picture.
type Direction string

// The directions.
const (
	LeftToRight Direction = "LR"
	TopToBottom Direction = "TB"
)

// Slot is the place that a component holds, whatever its replicas do.
type Slot struct {
	Component string `json:"component"`
	// Position is the upper left corner of its first box.
	Position Point `json:"position"`
	// Room is how many boxes the slot has room for: down from the first one in a
	// layout from left to right, rightwards in one from top to bottom.
	Room int32 `json:"room"`
	// Pinned slots are where the user put them.
	Pinned bool `json:"pinned,omitempty"`
}

// Path is how a connection runs: from a point beside its source's slot to one
// beside its target's, past every other slot. Join leads it to the boxes.
type Path struct {
	From   string  `json:"from"`
	To     string  `json:"to"`
	Points []Point `json:"points"`
}

// The measures of a picture, in pixels.
const (
	// BoxWidth is how wide every node is.
	BoxWidth = 190
	// BoxHeight is how high every node is.
	BoxHeight = 92
	// PathLead is the strip around a slot in which paths end and fan out to its boxes.
	PathLead = 24
	// MaxRoom is how many replicas are ever drawn as boxes of their own.
	MaxRoom = 6
	// MaxBoxes is how many boxes are drawn before the largest components fold.
	MaxBoxes = 40

	originX, originY = 100, 140
	// clearance is how far a path keeps from slots that are not its own.
	clearance = 10
)

// Lay is the layout of the live architecture of a decision log, the one that
// Fold makes of the same arguments: a full pass over base, then one insertion
// for each component that a decision added. A later decision moves nothing, so
// who sees the log from its start and who comes late see the same picture, and
// a compacted log gives the same one.
func Lay(base Architecture, log []Decision) Layout {
	layout := Tidy(base)
	live := base.Clone()
	for _, d := range log {
		if live.apply(d) == "" && d.Added != nil {
			layout = layout.Extend(live)
		}
	}
	return layout.Extend(live)
}

// Slot is the place of a component.
func (l Layout) Slot(component string) (Slot, bool) {
	for _, s := range l.Slots {
		if s.Component == component {
			return s, true
		}
	}
	return Slot{}, false
}

// Rect is an upright rectangle: its upper left and its lower right corner.
type Rect struct {
	Min Point `json:"min"`
	Max Point `json:"max"`
}

// Bounds are the rectangle around every slot, the reserved room included.
func (l Layout) Bounds() Rect {
	var bounds Rect
	for i, s := range l.Slots {
		r := l.Area(s)
		if i == 0 {
			bounds = r
			continue
		}
		bounds.Min = Point{X: min(bounds.Min.X, r.Min.X), Y: min(bounds.Min.Y, r.Min.Y)}
		bounds.Max = Point{X: max(bounds.Max.X, r.Max.X), Y: max(bounds.Max.Y, r.Max.Y)}
	}
	return bounds
}

// Area is the rectangle that a slot reserves.
func (l Layout) Area(s Slot) Rect {
	last := l.at(s, s.Room)
	return Rect{Min: s.Position, Max: Point{X: last.X + BoxWidth, Y: last.Y + BoxHeight}}
}

// at is the upper left corner of a slot's nth box, from 1.
func (l Layout) at(s Slot, n int32) Point {
	a := l.Direction.axes()
	start := a.turn(s.Position)
	return a.point(start.u, start.v+int(n-1)*(a.dv+a.stackGap))
}

// roomFor is the room that a new component gets in a layout.
func (l Layout) roomFor(c Component) int32 {
	if l.Room <= 1 {
		return 1
	}
	return c.room(l.Room, MaxRoom)
}

// room is how many boxes a component gets when one that scales is given room
// for some and one with more replicas than the limit folds.
func (c Component) room(scaling, limit int32) int32 {
	shown := max(c.Replicas, 1)
	if shown > limit {
		shown = 1
	}
	if c.scales() {
		return max(scaling, shown)
	}
	return shown
}

// scales reports whether the built-in rules give a component more replicas.
func (c Component) scales() bool {
	return c.Type == APIServer || c.Type == Worker || c.IsReadReplica()
}

// rooms are how many boxes each component gets, and how many one that scales:
// the most for which all slots together hold no more than are ever drawn at once.
func rooms(a Architecture) (each []int32, scaling int32) {
	limit := foldLimit(a)
	each = make([]int32, len(a.Components))
	for scaling = MaxRoom; ; scaling-- {
		boxes := int32(0)
		for i, c := range a.Components {
			each[i] = c.room(scaling, limit)
			boxes += each[i]
		}
		if boxes <= MaxBoxes || scaling == 1 {
			return each, scaling
		}
	}
}
