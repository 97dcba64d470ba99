package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// picture is a drawing in marks that SVG has.
type picture struct {
	Title         string
	Width, Height int
	Strokes       []stroke
	Boxes         []box
	Labels        []label
	Legend        []legendEntry
}

// stroke is a path; Class says how it looks.
type stroke struct{ Class, Path, Title string }

type box struct{ X, Y, Width, Height int }

// label is text that is anchored at its start, middle or end.
type label struct {
	X, Y         int
	Anchor, Text string
}

type legendEntry struct{ Class, Text string }

// line is one series of a chart.
type line struct {
	name   string
	values []point
}

// point is a value at a second of the run; nil is not measured.
type point struct {
	second float64
	value  *float64
}

// The measures of a chart, in pixels.
const (
	chartWidth, chartHeight                     = 720, 200
	chartLeft, chartRight, chartTop, chartFloor = 56, 696, 12, 172
	// times that the axis of a chart names.
	times = 5
	// colors are how many lines of a chart look different.
	colors = 8
)

// chartsSection are the charts of a run, each with its decisions marked.
func chartsSection(r Report) section {
	s := section{title: "Charts"}
	draw := func(title, unit string, lines []line) {
		if p, some := chart(title, unit, lines, r); some {
			s.pictures = append(s.pictures, p)
		}
	}
	if r.Series != nil {
		total := func(names ...string) []line {
			var lines []line
			for _, name := range names {
				lines = append(lines, line{name, r.Series.points(r.Series.Total[name])})
			}
			return lines
		}
		draw("Requests offered", "req/s", total(seriesTarget, seriesRate))
		draw("Latency", "ms", total(seriesP50, seriesP95, seriesP99))
		draw("Errors", "%", total(seriesErrors))
		draw("CPU", "%", r.Series.columns(seriesCPU))
		draw("Queue", "requests", r.Series.columns(seriesQueue))
	}
	draw("Replicas, as decided", "", replicaLines(r))
	return s
}

func (s Series) points(values []*float64) []point {
	points := make([]point, len(values))
	for i, v := range values {
		points[i] = point{float64(i) * s.StepSeconds, v}
	}
	return points
}

// columns are one column of every component.
func (s Series) columns(column string) []line {
	var lines []line
	for _, name := range sortedKeys(s.Components) {
		lines = append(lines, line{name, s.points(s.Components[name][column])})
	}
	return lines
}

// replicaLines are the sizes as steps.
func replicaLines(r Report) []line {
	var lines []line
	for _, name := range sortedKeys(r.Sizes) {
		var points []point
		before := 0.0
		for i, s := range r.Sizes[name] {
			if i > 0 {
				points = append(points, point{s.Second, new(before)})
			}
			before = float64(s.Replicas)
			points = append(points, point{s.Second, new(before)})
		}
		lines = append(lines, line{name, append(points, point{r.seconds(), new(before)})})
	}
	return lines
}

// chart draws lines over the time of the run; there is none without a value.
func chart(title, unit string, lines []line, r Report) (picture, bool) {
	top, end, some := 0.0, r.seconds(), false
	for _, l := range lines {
		for _, p := range l.values {
			if p.value != nil {
				top, some = max(top, *p.value), true
				end = max(end, p.second)
			}
		}
	}
	if !some || end <= 0 {
		return picture{}, false
	}
	top, parts := ceiling(top), 4
	if unit == "" { // counts have whole ticks
		parts = int(min(top, 4))
		top = math.Ceil(top/float64(parts)) * float64(parts)
	}
	x := func(second float64) float64 { return chartLeft + min(1, second/end)*(chartRight-chartLeft) }
	y := func(value float64) float64 { return chartFloor - value/top*(chartFloor-chartTop) }
	p := picture{Title: title, Width: chartWidth, Height: chartHeight}
	if unit != "" {
		p.Title += " (" + unit + ")"
	}
	p.grid(top, end, parts, y, x)
	for _, d := range r.Decisions {
		p.Strokes = append(p.Strokes, stroke{"mark", fmt.Sprintf("M%.1f %dV%d", x(d.Second), chartTop, chartFloor), Clock(d.Second) + " " + Sentence(d)})
	}
	for i, l := range lines {
		class := "c" + strconv.Itoa(i%colors)
		if path := pathOf(l.values, x, y); path != "" {
			p.Strokes = append(p.Strokes, stroke{class, path, l.name})
			p.Legend = append(p.Legend, legendEntry{class, l.name})
		}
	}
	return p, true
}

// grid draws the axes with their numbers.
func (p *picture) grid(top, end float64, parts int, y, x func(float64) float64) {
	for i := range parts + 1 {
		value := top * float64(i) / float64(parts)
		p.Strokes = append(p.Strokes, stroke{"grid", fmt.Sprintf("M%d %.1fH%d", chartLeft, y(value), chartRight), ""})
		p.Labels = append(p.Labels, label{chartLeft - 6, int(y(value)) + 4, "end", strconv.FormatFloat(value, 'g', 4, 64)})
	}
	for i := range times {
		second := end * float64(i) / (times - 1)
		p.Labels = append(p.Labels, label{int(x(second)), chartFloor + 18, "middle", Clock(second)})
	}
}

// pathOf breaks where nothing was measured; a value between two breaks is a dot.
func pathOf(points []point, x, y func(float64) float64) string {
	var b strings.Builder
	run := 0
	end := func() {
		if run == 1 {
			b.WriteString("h0")
		}
		run = 0
	}
	for _, p := range points {
		if p.value == nil {
			end()
			continue
		}
		command := "L"
		if run == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", command, x(p.second), y(*p.value))
		run++
	}
	end()
	return b.String()
}

// ceiling is the next of 1, 2, 4, 5, 8 and 10 times a power of ten.
func ceiling(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, step := range []float64{1, 2, 4, 5, 8} {
		if v <= step*power {
			return step * power
		}
	}
	return 10 * power
}
