package report

import (
	"fmt"
	"io"
	"strings"
)

// WriteComparison writes a comparison for a person at a terminal.
func WriteComparison(w io.Writer, c Comparison) error {
	p := &printer{w: w}
	for i, r := range c.Runs {
		p.line("%s: %s, %s", letter(i), r.Name, outcome(r))
	}
	p.differences("What was asked for", "FIELD", c.Settings)
	p.line("\nWhat came of it")
	rows := []string{"\t" + letters(len(c.Runs))}
	for _, m := range c.Measures {
		rows = append(rows, m.row())
	}
	p.table(rows)
	p.differences("Replicas at the end", "COMPONENT", c.Replicas)
	for i, r := range c.Runs {
		p.line("\nDecisions of %s", letter(i))
		if len(r.Decisions) == 0 {
			p.line("  none")
		}
		for _, d := range r.Decisions {
			p.line("  %s  %s", Clock(d.Second), Sentence(d))
		}
	}
	return p.err
}

func outcome(r ComparedRun) string {
	text := string(r.Verdict)
	if !r.Valid {
		text += ", not valid"
	}
	switch r.Repetitions {
	case 0:
		return text + ", never repeated"
	case 1:
		return text + ", repeated once"
	default:
		return fmt.Sprintf("%s, repeated %d times", text, r.Repetitions)
	}
}

// letter names the n-th run in tables.
func letter(n int) string {
	if n < 26 {
		return string(rune('A' + n))
	}
	return fmt.Sprintf("%d", n+1)
}

// letters heads the columns of runs.
func letters(n int) string {
	names := make([]string, 0, n)
	for i := range n {
		names = append(names, letter(i))
	}
	return strings.Join(names, "\t")
}

func (p *printer) differences(title, what string, all []Difference) {
	if len(all) == 0 {
		return
	}
	p.line("\n%s", title)
	rows := []string{what + "\t" + letters(len(all[0].Values))}
	for _, d := range all {
		cells := []string{d.Field}
		for _, value := range d.Values {
			cells = append(cells, orDash(value))
		}
		rows = append(rows, strings.Join(cells, "\t"))
	}
	p.table(rows)
}

// row is a measure: every side, and how it stands against the first.
func (m Measure) row() string {
	cells := []string{m.Name, m.Spreads[0].text(m.Unit)}
	for i, s := range m.Spreads[1:] {
		against := string(m.Judgements[i])
		if m.Judgements[i] != NotMeasured {
			against = fmt.Sprintf("%+.4g%s, %s", s.Mean-m.Spreads[0].Mean, after(m.Unit), against)
		}
		cells = append(cells, fmt.Sprintf("%s (%s)", s.text(m.Unit), against))
	}
	return strings.Join(cells, "\t")
}

func (s Spread) text(unit string) string {
	switch s.Runs {
	case 0:
		return "-"
	case 1:
		return fmt.Sprintf("%.4g%s", s.Mean, after(unit))
	default:
		return fmt.Sprintf("%.4g ± %.2g%s", s.Mean, s.Deviation, after(unit))
	}
}

// after is a unit as it stands after a number; counts have none.
func after(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
