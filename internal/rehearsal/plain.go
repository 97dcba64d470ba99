package rehearsal

import (
	"fmt"
	"io"
	"time"

	"flashcrowd.io/flashcrowd/internal/report"
)

// plainEvery is the run time between two progress lines of a plain view.
const plainEvery = 10 * time.Second

// plainView writes one line an event, for logs and pipes.
type plainView struct {
	w    io.Writer
	next time.Duration
}

// NewPlainView writes lines to w.
func NewPlainView(w io.Writer) View { return &plainView{w: w} }

func (v *plainView) Step(text string) { fmt.Fprintln(v.w, text) }

func (v *plainView) Progress(p Progress) {
	if p.Elapsed < v.next {
		return
	}
	v.next = p.Elapsed.Truncate(plainEvery) + plainEvery
	fmt.Fprintln(v.w, p.summary())
}

func (v *plainView) Decision(d report.Decision) {
	fmt.Fprintf(v.w, "%s  %s\n", report.Clock(d.Second), report.Sentence(d))
}

func (v *plainView) Notice(second float64, text string) {
	fmt.Fprintf(v.w, "%s  %s\n", report.Clock(second), text)
}

func (v *plainView) Close() {}
