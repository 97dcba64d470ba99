package report

import (
	"encoding/json"
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recorded is grown with what was measured, and with words that every form must
// show as they are.
func recorded() Report {
	r := grown()
	r.StartedAt = time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	r.EndedAt = r.StartedAt.Add(180 * time.Second)
	r.Decisions[1].Time = r.StartedAt.Add(125500 * time.Millisecond)
	r.Alerts[0].Cleared = r.StartedAt.Add(80 * time.Second)
	r.Commands = []Command{
		{Time: r.StartedAt.Add(-2 * time.Second), User: "jane@example.org", Action: ActionStarted, Generation: 1}, {Time: r.StartedAt.Add(100 * time.Second), User: "bob", Action: ActionTraffic, Generation: 2, Changes: []Change{{"traffic.requestsPerSecond", "100", "500"}}},
	}
	r.Findings[0].Message = "keys <a|b> & \"c\" are *hot*\nand [d](e)"
	r.Settings = map[string]string{"simulation.durationSeconds": "180", "graph.components[api-server].replicas": "1"}
	r.Sizes = map[string][]Size{"api-server": {{0, 1}, {45, 2}}, "database": {{0, 1}}}
	r.Series = series(10, 19)
	r.Capacity = CapacityOf(r)
	return r
}

// series climb until a replica joins; the source was away for two values.
func series(step float64, length int) *Series {
	shape := func(low, high float64) []*float64 {
		values := make([]float64, length)
		for i := range values {
			values[i] = low + (high-low)*math.Min(1, float64(i)/5)
		}
		values[7], values[8] = math.NaN(), math.Inf(1)
		return Measured(values)
	}
	return &Series{
		StepSeconds: step,
		Total: map[string][]*float64{
			"target": shape(100, 1000), "rate": shape(98, 990), "p50": shape(3, 4), "p95": shape(9, 20), "p99": shape(11, 146), "errorRate": shape(0, 1.5),
		},
		Components: map[string]map[string][]*float64{
			"api-server": {"cpu": shape(20, 95), "queueDepth": shape(0, 12)},
			"database":   {"cpu": shape(10, 30)},
		},
	}
}

func TestForms(t *testing.T) {
	starved := recorded()
	starved.Valid, starved.InvalidReason = false, "12 requests arrived late"
	compacted := grown()
	compacted.StartedAt = compacted.Decisions[0].Time.Add(-45 * time.Second)
	reports := map[string]Report{
		"recorded": recorded(), "recorded-starved": starved, "compacted": compacted,
		"idle": {Simulation: "default/idle", Graph: "default/shop", Engine: Plan, Valid: true, Verdict: Stopped},
	}
	forms := map[string]func(io.Writer, Report) error{".txt": WriteText, ".md": WriteMarkdown, ".html": WriteHTML, ".json": writeJSON}
	for name, r := range reports {
		for form, write := range forms {
			t.Run(name+form, func(t *testing.T) {
				var out strings.Builder
				if err := write(&out, r); err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join("testdata", name+form), out.String())
			})
		}
	}
}

func writeJSON(w io.Writer, r Report) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

// TestThePageNeedsNothingElse looks for what a page would load or run, and for
// words that were not escaped.
func TestThePageNeedsNothingElse(t *testing.T) {
	var out strings.Builder
	if err := WriteHTML(&out, recorded()); err != nil {
		t.Fatal(err)
	}
	for _, banned := range []string{"src=", "href=", "url(", "<script", "@import", "<a|b>", "http://", "https://"} {
		if strings.Contains(out.String(), banned) {
			t.Errorf("the page has %q in it", banned)
		}
	}
}

func TestMarkdownShowsWordsAsTheyAre(t *testing.T) {
	var out strings.Builder
	if err := WriteMarkdown(&out, recorded()); err != nil {
		t.Fatal(err)
	}
	want := `| finding on database | keys &lt;a\|b> &amp; "c" are \*hot\* and \[d\](e) |`
	if !strings.Contains(out.String(), want) {
		t.Errorf("no line has %s in\n%s", want, out.String())
	}
}

func TestWritingTellsABrokenPipe(t *testing.T) {
	for name, write := range map[string]func(io.Writer, Report) error{"Markdown": WriteMarkdown, "HTML": WriteHTML} {
		if err := write(brokenPipe{}, recorded()); err == nil {
			t.Errorf("%s: no error from a writer that is gone", name)
		}
	}
}
