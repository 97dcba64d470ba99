package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// WriteText writes the report for a person at a terminal.
func WriteText(w io.Writer, r Report) error {
	p := &printer{w: w}
	p.head(r)
	p.requests(r)
	p.objectives(r.Objectives)
	p.decisions(r.Decisions)
	p.notices(r)
	p.explanations(r)
	p.evaluations(r.Evaluations)
	p.architecture(r)
	p.capacity(r)
	return p.err
}

// printer remembers the first error, so that the sections read as sentences.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// table writes rows of tab-separated cells in aligned columns.
func (p *printer) table(rows []string) {
	if p.err != nil {
		return
	}
	tw := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(tw, "  "+row)
	}
	p.err = tw.Flush()
}

func (p *printer) head(r Report) {
	p.line("%s on %s (%s): %s", r.Simulation, r.Graph, r.Engine, headline(r))
	if !r.Valid {
		p.line("The numbers below are not valid: %s", r.InvalidReason)
	}
}

func headline(r Report) string {
	after := (time.Duration(r.DurationSeconds * float64(time.Second))).Round(100 * time.Millisecond)
	switch r.Verdict {
	case Met:
		return fmt.Sprintf("finished after %s, every objective held", after)
	case Missed:
		return fmt.Sprintf("finished after %s, an objective was missed", after)
	case Stopped:
		return fmt.Sprintf("stopped after %s", after)
	case Failed:
		return fmt.Sprintf("failed after %s", after)
	default:
		return fmt.Sprintf("running for %s", after)
	}
}

func (p *printer) requests(r Report) {
	q := r.Requests
	p.line("\nRequests")
	p.table([]string{
		fmt.Sprintf("offered\t%d", q.Offered),
		fmt.Sprintf("answered\t%d\t%s", q.Answered, share(q.Answered, q.Offered)),
		fmt.Sprintf("failed\t%d\t%s", q.Failed, share(q.Failed, q.Offered)),
		fmt.Sprintf("dropped\t%d\t%s", q.Dropped, share(q.Dropped, q.Offered)),
	})
	l := r.LatencyMs
	p.line("\nLatency of answered requests, from the time each was due")
	p.table([]string{
		"mean\tp50\tp95\tp99",
		strings.Join([]string{Millis(l.Mean), Millis(l.P50), Millis(l.P95), Millis(l.P99)}, "\t"),
	})
}

func share(n, of int64) string {
	if of == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(of))
}

// Millis prints milliseconds with three significant digits or more.
func Millis(ms float64) string {
	switch {
	case ms >= 100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f ms", ms)
	default:
		return fmt.Sprintf("%.2f ms", ms)
	}
}

func (p *printer) objectives(objectives []Objective) {
	if len(objectives) == 0 {
		return
	}
	p.line("\nObjectives")
	rows := make([]string, 0, len(objectives))
	for _, o := range objectives {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%.4g %s\tat most %.4g %s", held(o.Met), o.Name, o.Value, o.Unit, o.Target, o.Unit))
	}
	p.table(rows)
}

func held(met bool) string {
	if met {
		return "held"
	}
	return "MISSED"
}

func (p *printer) decisions(decisions []Decision) {
	p.line("\nScaling decisions")
	if len(decisions) == 0 {
		p.line("  none")
		return
	}
	rows := make([]string, 0, 2*len(decisions))
	for _, d := range decisions {
		rows = append(rows, fmt.Sprintf("%s\t%s", Clock(d.Second), Sentence(d)))
		if d.Effect != "" {
			rows = append(rows, "\t  "+d.Effect)
		}
	}
	p.table(rows)
}

// Sentence tells a decision on one line.
func Sentence(d Decision) string {
	change := ""
	if d.From != d.To {
		change = fmt.Sprintf(" %d -> %d", d.From, d.To)
	}
	return fmt.Sprintf("%s %s%s by %s: %s", d.Action, d.Component, change, d.Rule, d.Reason)
}

// Clock prints seconds of a run as mm:ss.
func Clock(second float64) string {
	s := int(second)
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}

func (p *printer) notices(r Report) {
	if len(r.Commands) > 0 {
		p.line("\nCommands")
		for _, c := range r.Commands {
			p.line("  %s %s", c.Time.UTC().Format(time.RFC3339), c.Sentence())
		}
	}
	if len(r.Findings) > 0 {
		p.line("\nFindings")
		for _, f := range r.Findings {
			p.line("  %s: %s", f.Component, f.Message)
		}
	}
	if len(r.Alerts) > 0 {
		p.line("\nAlerts")
		for _, a := range r.Alerts {
			p.line("  %s %s: %s", a.Severity, a.Component, a.Message)
		}
	}
}

// explanations tell when and why a rule wanted something and did not get it.
func (p *printer) explanations(r Report) {
	var rows []string
	for _, e := range r.Explanations {
		if e.HeldBack() {
			rows = append(rows, fmt.Sprintf("%s-%s\t%s\t%s\t%s\t%s", Clock(e.FromSecond), Clock(e.ToSecond), e.Component, e.Rule, e.Result, e.Message))
		}
	}
	if len(rows) == 0 {
		return
	}
	p.line("\nWhat held rules back; at all other times no condition was true, or something was done")
	if r.DroppedExplanations > 0 {
		p.line("  the first %d are not kept", r.DroppedExplanations)
	}
	p.table(rows)
}

// evaluations answer why nothing more was done.
func (p *printer) evaluations(evaluations []Evaluation) {
	if len(evaluations) == 0 {
		return
	}
	p.line("\nWhat each rule last came to")
	rows := make([]string, 0, len(evaluations))
	for _, e := range evaluations {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s since %s\t%s", e.Component, e.Rule, e.Result, Clock(e.Second), e.Message))
	}
	p.table(rows)
}

func (p *printer) architecture(r Report) {
	p.line("\nFinal architecture")
	rows := []string{"COMPONENT\tTYPE\tREPLICAS\tCPU\tLATENCY\tERRORS\tFROM"}
	for _, c := range r.Components {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%d\t%s\t%s\t%s\t%s",
			c.Name, c.Type, c.Replicas, measured(c.Utilization, "%.0f %%"), measured(c.LatencyMs, "%.2f ms"), measured(c.ErrorRate, "%.2f %%"), c.Origin))
	}
	p.table(rows)
	if len(r.Connections) == 0 {
		return
	}
	edges := make([]string, 0, len(r.Connections))
	for _, c := range r.Connections {
		edges = append(edges, c.From+" -> "+c.To)
	}
	p.line("  %s", strings.Join(edges, ", "))
}

func (p *printer) capacity(r Report) {
	section := capacitySection(r)
	if len(section.text) == 0 {
		return
	}
	p.line("\n%s", section.title)
	if len(section.rows) > 0 {
		rows := []string{strings.ToUpper(strings.Join(section.head, "\t"))}
		for _, row := range section.rows {
			rows = append(rows, strings.Join(row, "\t"))
		}
		p.table(rows)
	}
	for _, line := range section.text {
		p.line("  %s", line)
	}
}

// measured prints a value, or a dash for one that was not measured.
func measured(v *float64, format string) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf(format, *v)
}
