package rehearsal

import (
	"fmt"
	"io"
	"strings"

	"flashcrowd.io/flashcrowd/internal/report"
)

// Terminal control sequences (ECMA-48): erase the line, hide and show the cursor.
const (
	eraseLine  = "\r\x1b[2K"
	hideCursor = "\x1b[?25l"
	showCursor = "\x1b[?25h"
)

// liveView keeps two lines at the bottom of a terminal, a bar and the numbers,
// and lets events scroll above them.
type liveView struct {
	w     io.Writer
	width func() int
	lines []string
}

// NewLiveView draws on a terminal whose width in columns it asks before each frame.
func NewLiveView(w io.Writer, width func() int) View {
	fmt.Fprint(w, hideCursor)
	return &liveView{w: w, width: width}
}

func (v *liveView) Step(text string) { v.redraw([]string{text}) }

func (v *liveView) Progress(p Progress) {
	v.redraw([]string{bar(p.share(), v.width()-1), p.summary()})
}

func (v *liveView) Decision(d report.Decision) {
	v.above(report.Clock(d.Second) + "  " + report.Sentence(d))
}

func (v *liveView) Notice(second float64, text string) {
	v.above(report.Clock(second) + "  " + text)
}

func (v *liveView) Close() {
	v.erase()
	v.lines = nil
	fmt.Fprint(v.w, showCursor)
}

// above prints a line that stays, over the lines that are redrawn.
func (v *liveView) above(text string) {
	lines := v.lines
	v.erase()
	fmt.Fprintln(v.w, text)
	v.lines = nil
	v.redraw(lines)
}

// redraw replaces the bottom lines; each is cut to the width, since a wrapped
// line could not be erased.
func (v *liveView) redraw(lines []string) {
	v.erase()
	cut := make([]string, len(lines))
	for i, line := range lines {
		cut[i] = truncate(line, v.width()-1)
	}
	fmt.Fprint(v.w, strings.Join(cut, "\n"))
	v.lines = lines
}

// erase leaves the cursor at the start of the first bottom line.
func (v *liveView) erase() {
	if len(v.lines) == 0 {
		return
	}
	fmt.Fprint(v.w, eraseLine)
	for range len(v.lines) - 1 {
		fmt.Fprint(v.w, "\x1b[1A"+eraseLine)
	}
}

// bar draws the share of the run that has passed.
func bar(share float64, width int) string {
	cells := max(10, width-2)
	done := int(share * float64(cells))
	return "[" + strings.Repeat("=", done) + strings.Repeat(" ", cells-done) + "]"
}

func truncate(line string, width int) string {
	runes := []rune(line)
	if width <= 0 || len(runes) <= width {
		return line
	}
	return string(runes[:width])
}
