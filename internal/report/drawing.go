package report

import (
	"fmt"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// drawing is the final architecture, laid out as on the canvas.
func drawing(r Report) picture {
	var a graph.Architecture
	for _, c := range r.Components {
		a.Components = append(a.Components, graph.Component{Name: c.Name, Type: graph.ComponentType(c.Type), Replicas: c.Replicas})
	}
	for _, c := range r.Connections {
		a.Connections = append(a.Connections, graph.Connection{From: c.From, To: c.To})
	}
	layout := graph.Tidy(a)
	bounds := drawn(layout)
	const margin = 12
	x := func(v int32) int { return int(v-bounds.Min.X) + margin }
	y := func(v int32) int { return int(v-bounds.Min.Y) + margin }
	p := picture{Title: "Final architecture", Width: int(bounds.Max.X-bounds.Min.X) + 2*margin, Height: int(bounds.Max.Y-bounds.Min.Y) + 2*margin}
	center := map[string][2]int{}
	for _, s := range layout.Slots {
		center[s.Component] = [2]int{x(s.Position.X) + graph.BoxWidth/2, y(s.Position.Y) + graph.BoxHeight/2}
	}
	for _, path := range layout.Paths {
		var b strings.Builder
		fmt.Fprintf(&b, "M%d %d", center[path.From][0], center[path.From][1])
		for _, point := range path.Points {
			fmt.Fprintf(&b, "L%d %d", x(point.X), y(point.Y))
		}
		fmt.Fprintf(&b, "L%d %d", center[path.To][0], center[path.To][1])
		p.Strokes = append(p.Strokes, stroke{"edge", b.String(), path.From + " -> " + path.To})
	}
	for _, c := range r.Components {
		at := center[c.Name]
		p.Boxes = append(p.Boxes, box{at[0] - graph.BoxWidth/2, at[1] - graph.BoxHeight/2, graph.BoxWidth, graph.BoxHeight})
		for i, text := range []string{c.Name, fmt.Sprintf("%s x %d", c.Type, c.Replicas), "CPU " + measured(c.Utilization, "%.0f %%") + ", from " + c.Origin} {
			p.Labels = append(p.Labels, label{at[0], at[1] - 18 + 20*i, "middle", text})
		}
	}
	return p
}

// drawn is the rectangle around what a report draws: one box of each component, and
// not the room that a canvas keeps for more.
func drawn(layout graph.Layout) graph.Rect {
	var bounds graph.Rect
	some := false
	include := func(x, y int32) {
		if !some {
			bounds, some = graph.Rect{Min: graph.Point{X: x, Y: y}, Max: graph.Point{X: x, Y: y}}, true
			return
		}
		bounds.Min = graph.Point{X: min(bounds.Min.X, x), Y: min(bounds.Min.Y, y)}
		bounds.Max = graph.Point{X: max(bounds.Max.X, x), Y: max(bounds.Max.Y, y)}
	}
	for _, s := range layout.Slots {
		include(s.Position.X, s.Position.Y)
		include(s.Position.X+graph.BoxWidth, s.Position.Y+graph.BoxHeight)
	}
	for _, path := range layout.Paths {
		for _, point := range path.Points {
			include(point.X, point.Y)
		}
	}
	return bounds
}
