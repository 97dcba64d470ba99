package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// document is what a page says, in whatever format it is written.
type document struct {
	title string
	lead  []string
	// warning says why the numbers cannot be believed, empty when they can.
	warning  string
	sections []section
}

// section is a headed part: sentences, then a table.
type section struct {
	title string
	text  []string
	head  []string
	rows  [][]string
	// pictures are drawn where the format can show them.
	pictures []picture
}

// pageOf is the page of a run.
func pageOf(r Report) document {
	d := document{title: r.Simulation, lead: []string{sentenceOf(r)}}
	if !r.Valid {
		d.warning = "The numbers below are not valid: " + r.InvalidReason
	}
	d.sections = []section{
		requestsSection(r), objectivesSection(r.Objectives), chartsSection(r), timelineSection(r), architectureSection(r),
		capacitySection(r), evaluationsSection(r.Evaluations), settingsSection(r.Settings),
	}
	d.sections = slices.DeleteFunc(d.sections, func(s section) bool { return len(s.text)+len(s.rows)+len(s.pictures) == 0 })
	return d
}

func sentenceOf(r Report) string {
	sentence := fmt.Sprintf("%s on %s (%s): %s.", r.Simulation, r.Graph, r.Engine, headline(r))
	if !r.StartedAt.IsZero() {
		sentence += " It began at " + r.StartedAt.UTC().Format(time.RFC3339) + "."
	}
	return sentence
}

func requestsSection(r Report) section {
	q, l := r.Requests, r.LatencyMs
	return section{
		title: "Requests", head: []string{"", "count", "share"},
		text: []string{fmt.Sprintf("Latency of answered requests, from the time each was due: mean %s, p50 %s, p95 %s, p99 %s.", Millis(l.Mean), Millis(l.P50), Millis(l.P95), Millis(l.P99))},
		rows: [][]string{
			{"offered", fmt.Sprint(q.Offered), ""},
			{"answered", fmt.Sprint(q.Answered), share(q.Answered, q.Offered)},
			{"failed", fmt.Sprint(q.Failed), share(q.Failed, q.Offered)},
			{"dropped", fmt.Sprint(q.Dropped), share(q.Dropped, q.Offered)},
		},
	}
}

func objectivesSection(objectives []Objective) section {
	s := section{title: "Objectives", head: []string{"objective", "verdict", "measured", "at most"}}
	for _, o := range objectives {
		s.rows = append(s.rows, []string{o.Name, held(o.Met), fmt.Sprintf("%.4g %s", o.Value, o.Unit), fmt.Sprintf("%.4g %s", o.Target, o.Unit)})
	}
	return s
}

// timelineSection tells decisions, alerts and findings in the order they came.
func timelineSection(r Report) section {
	type entry struct {
		at  time.Time
		row []string
	}
	second := func(at time.Time) string {
		if r.StartedAt.IsZero() {
			return ""
		}
		return Clock(max(0, at.Sub(r.StartedAt).Seconds()))
	}
	var entries []entry
	for _, d := range r.Decisions {
		entries = append(entries, entry{d.Time, []string{Clock(d.Second), change(d), d.Rule + ": " + d.Reason, d.Effect}})
	}
	for _, a := range r.Alerts {
		cleared := ""
		if !a.Cleared.IsZero() {
			cleared = "cleared at " + second(a.Cleared)
		}
		entries = append(entries, entry{a.Time, []string{second(a.Time), a.Severity + " on " + a.Component, a.Message, cleared}})
	}
	for _, f := range r.Findings {
		entries = append(entries, entry{f.Time, []string{second(f.Time), "finding on " + f.Component, f.Message, ""}})
	}
	for _, c := range r.Commands {
		entries = append(entries, entry{c.Time, []string{second(c.Time), c.Sentence(), "", ""}})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return a.at.Compare(b.at) })
	s := section{title: "Timeline", head: []string{"at", "what", "why", "effect"}}
	for _, e := range entries {
		s.rows = append(s.rows, e.row)
	}
	if len(entries) == 0 {
		s.text = []string{"Nothing was decided."}
	}
	return s
}

// change is what a decision did, without why.
func change(d Decision) string {
	what := d.Action + " " + d.Component
	if d.Added != "" {
		what += " (" + d.Added + ")"
	}
	if d.From != d.To {
		what += fmt.Sprintf(" %d -> %d", d.From, d.To)
	}
	return what
}

func architectureSection(r Report) section {
	s := section{title: "Final architecture", head: []string{"component", "type", "replicas", "CPU", "latency", "errors", "from"}}
	for _, c := range r.Components {
		s.rows = append(s.rows, []string{
			c.Name, c.Type, fmt.Sprint(c.Replicas), measured(c.Utilization, "%.0f %%"), measured(c.LatencyMs, "%.2f ms"), measured(c.ErrorRate, "%.2f %%"), c.Origin,
		})
	}
	edges := make([]string, 0, len(r.Connections))
	for _, c := range r.Connections {
		edges = append(edges, c.From+" -> "+c.To)
	}
	if len(edges) > 0 {
		s.text = []string{"Requests flow " + strings.Join(edges, ", ") + "."}
		s.pictures = []picture{drawing(r)}
	}
	return s
}

func capacitySection(r Report) section {
	c := r.Capacity
	if c == nil {
		return section{title: "Capacity and waste", text: capacityText(r)}
	}
	s := section{title: "Capacity and waste", text: capacityText(r), head: []string{"component", "peak", "replica-seconds", "needed", "spare", "short"}}
	for _, one := range c.Components {
		needed, spare, short := "-", "-", "-"
		if one.Use != nil {
			needed, spare, short = whole(one.Use.NeededReplicaSeconds), whole(one.Use.SpareReplicaSeconds), whole(one.Use.ShortReplicaSeconds)
		}
		s.rows = append(s.rows, []string{one.Name, fmt.Sprint(one.Peak), whole(one.ReplicaSeconds), needed, spare, short})
	}
	return s
}

// capacityText is empty of a run that never began.
func capacityText(r Report) []string {
	c := r.Capacity
	switch {
	case c == nil && r.seconds() > 0 && len(r.Components) > 0:
		return []string{"What ran for how long is not known: superseded decisions were dropped from the log."}
	case c == nil:
		return nil
	}
	text := []string{fmt.Sprintf("%s replica-seconds ran; every component at its peak for the whole run would have been %s.", whole(c.ReplicaSeconds), whole(c.PeakReplicaSeconds))}
	u := c.uses()
	if u == nil {
		why := r.Unmeasured
		if why == "" {
			why = "no CPU was measured"
		}
		return append(text, "How much of it was needed is not known: "+why+".")
	}
	text = append(text, fmt.Sprintf("Replicas at most %d %% busy would have needed %s of what was measured: %s were spare, at least %s short.",
		SufficientPercent, whole(u.NeededReplicaSeconds), whole(u.SpareReplicaSeconds), whole(u.ShortReplicaSeconds)))
	return append(text, "Need is an estimate by CPU alone, in the architecture of each moment; connections, memory and queues are not in it.")
}

func whole(v float64) string { return fmt.Sprintf("%.0f", v) }

func evaluationsSection(evaluations []Evaluation) section {
	s := section{title: "What each rule last came to", head: []string{"component", "rule", "result", "since", "why"}}
	for _, e := range evaluations {
		s.rows = append(s.rows, []string{e.Component, e.Rule, e.Result, Clock(e.Second), e.Message})
	}
	return s
}

func settingsSection(settings map[string]string) section {
	s := section{title: "What was played", head: []string{"field", "value"}}
	for _, key := range sortedKeys(settings) {
		s.rows = append(s.rows, []string{key, settings[key]})
	}
	return s
}

// WriteMarkdown writes the report for a pull request or a wiki.
func WriteMarkdown(w io.Writer, r Report) error { return writeMarkdown(w, pageOf(r)) }

// WriteHTML writes the report as one page that needs nothing else.
func WriteHTML(w io.Writer, r Report) error { return writeHTML(w, pageOf(r)) }
