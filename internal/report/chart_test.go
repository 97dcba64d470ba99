package report

import (
	"strings"
	"testing"
)

func TestCeiling(t *testing.T) {
	for value, want := range map[float64]float64{0: 1, -3: 1, 1: 1, 1.01: 2, 37: 40, 41: 50, 79: 80, 81: 100, 0.003: 0.004, 999: 1000} {
		if got := ceiling(value); got != want {
			t.Errorf("ceiling of %v is %v, want %v", value, got, want)
		}
	}
}

// TestALineBreaksWhereNothingWasMeasured, and a lone value is a dot.
func TestALineBreaksWhereNothingWasMeasured(t *testing.T) {
	same := func(v float64) float64 { return v }
	points := []point{{0, new(1.0)}, {1, new(2.0)}, {2, nil}, {3, new(4.0)}, {4, nil}}
	if got, want := pathOf(points, same, same), "M0.0 1.0L1.0 2.0M3.0 4.0h0"; got != want {
		t.Errorf("path %s, want %s", got, want)
	}
	if got := pathOf([]point{{0, nil}}, same, same); got != "" {
		t.Errorf("path %s of nothing", got)
	}
}

func TestChartsStayInTheirFrame(t *testing.T) {
	r := recorded()
	r.Decisions[1].Second = 500 // a clock that was set
	for _, p := range chartsSection(r).pictures {
		for _, s := range p.Strokes {
			if s.Class == "mark" && strings.Contains(s.Title, "SuggestSharding") && !strings.HasPrefix(s.Path, "M696.0 ") {
				t.Errorf("%s: the mark is at %s", p.Title, s.Path)
			}
		}
	}
}

func TestNothingIsDrawnOfNothing(t *testing.T) {
	none := Report{DurationSeconds: 10, Series: &Series{StepSeconds: 1, Total: map[string][]*float64{"rate": {nil, nil}}}}
	if got := chartsSection(none).pictures; len(got) > 0 {
		t.Errorf("drew %+v", got)
	}
}

// TestCountsHaveWholeTicks: there is no half a replica.
func TestCountsHaveWholeTicks(t *testing.T) {
	for peak := 1.0; peak < 60; peak++ {
		p, _ := chart("Replicas", "", []line{{"api", []point{{0, new(peak)}}}}, Report{DurationSeconds: 10})
		for _, l := range p.Labels {
			if strings.Contains(l.Text, ".") {
				t.Errorf("peak %v: a tick at %s", peak, l.Text)
			}
		}
	}
}

// TestADrawingFitsItsBoxes: the margin is all that is around them.
func TestADrawingFitsItsBoxes(t *testing.T) {
	p := drawing(recorded())
	left, top, right, bottom := p.Width, p.Height, 0, 0
	for _, b := range p.Boxes {
		left, top, right, bottom = min(left, b.X), min(top, b.Y), max(right, b.X+b.Width), max(bottom, b.Y+b.Height)
	}
	if left != 12 || top != 12 || right != p.Width-12 || bottom != p.Height-12 {
		t.Errorf("boxes from %d,%d to %d,%d in %d by %d", left, top, right, bottom, p.Width, p.Height)
	}
}
