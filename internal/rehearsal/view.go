// Package rehearsal carries a run from manifests to its report: it applies
// them, shows the run while it lasts, and tells how it ended.
package rehearsal

import (
	"fmt"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/internal/report"
)

// View shows a run while it lasts. Calls come from one goroutine.
type View interface {
	// Step tells what is being done before traffic flows.
	Step(text string)
	// Progress shows the newest state of the run.
	Progress(p Progress)
	// Decision shows a scaling decision once.
	Decision(d report.Decision)
	// Notice shows an alert, a finding or a change of stage once.
	Notice(second float64, text string)
	// Close leaves the terminal as a reader expects it.
	Close()
}

// Progress is the state of a run at one moment.
type Progress struct {
	Stage    string
	Elapsed  time.Duration
	Duration time.Duration
	// Rate is offered requests per second; the latencies are milliseconds and
	// the error share percent, all end to end so far.
	Rate         float64
	P50Ms, P99Ms float64
	ErrorPercent float64
	Components   []ComponentProgress
}

// ComponentProgress is one component of the live architecture.
type ComponentProgress struct {
	Name           string
	Ready, Desired int32
}

// summary is one line about the run.
func (p Progress) summary() string {
	return fmt.Sprintf("%s/%s  %s req/s  p50 %s  p99 %s  errors %.2f %%  %s",
		report.Clock(p.Elapsed.Seconds()), report.Clock(p.Duration.Seconds()), thousands(p.Rate),
		report.Millis(p.P50Ms), report.Millis(p.P99Ms), p.ErrorPercent, p.replicas())
}

// replicas lists the components with their replicas, those not ready yet as ready/desired.
func (p Progress) replicas() string {
	words := make([]string, 0, len(p.Components))
	for _, c := range p.Components {
		switch {
		case c.Ready != c.Desired:
			words = append(words, fmt.Sprintf("%s %d/%d", c.Name, c.Ready, c.Desired))
		case c.Desired != 1:
			words = append(words, fmt.Sprintf("%s x%d", c.Name, c.Desired))
		default:
			words = append(words, c.Name)
		}
	}
	return strings.Join(words, ", ")
}

// share is how much of the run has passed, 0 to 1.
func (p Progress) share() float64 {
	if p.Duration <= 0 {
		return 0
	}
	return min(1, p.Elapsed.Seconds()/p.Duration.Seconds())
}

// thousands prints a whole number with separators.
func thousands(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
