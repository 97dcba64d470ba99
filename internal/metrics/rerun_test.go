package metrics

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"flashcrowd.io/flashcrowd/internal/scaling"
)

// past answers as a source does that has sampled one pod each second for ever: what
// it says depends on how far back it is asked.
type past struct {
	t *testing.T
	// busy is the CPU in percent at each moment.
	busy func(time.Time) float64
	// asked are the ranges of the last query.
	asked []time.Duration
}

var ranges = regexp.MustCompile(`\[([0-9a-z]+)\]`)

func (p *past) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var at float64
	if _, err := fmt.Sscan(r.FormValue("time"), &at); err != nil {
		p.t.Errorf("time %q: %v", r.FormValue("time"), err)
	}
	now := time.UnixMilli(int64(at * 1000))
	p.asked = nil
	for _, found := range ranges.FindAllStringSubmatch(r.FormValue("query"), -1) {
		d, err := model.ParseDuration(found[1])
		if err != nil {
			p.t.Errorf("range %s: %v", found[0], err)
		}
		p.asked = append(p.asked, time.Duration(d))
	}
	samples := []map[string]any{sample("7", "component", "api")} // what a query of the user's own gives
	if len(p.asked) > 0 {
		n, sum, last := 0, 0.0, now.Truncate(time.Second)
		for s := last; s.After(now.Add(-p.asked[0])); s = s.Add(-time.Second) {
			n, sum = n+1, sum+p.busy(s)
		}
		samples = []map[string]any{
			sample(fmt.Sprint(n), "signal", "samples", "component", "api", "pod", "a"), sample(fmt.Sprint(last.Unix()), "signal", "last", "component", "api", "pod", "a"),
			sample(fmt.Sprint(sum/float64(max(n, 1))), "signal", "cpu", "component", "api", "pod", "a"),
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": samples}})
}

// TestARunIsNotMeasuredByTheOneBeforeIt begins a calm run three seconds after a
// saturating one ended on the same graph, and looks at each second of it.
func TestARunIsNotMeasuredByTheOneBeforeIt(t *testing.T) {
	source := &past{t: t, busy: func(at time.Time) float64 {
		if at.After(noon.Add(-3 * time.Second)) {
			return 30
		}
		return 95
	}}
	c := answering(t, source.ServeHTTP)
	long := 20 * time.Second
	for elapsed := -time.Second; elapsed <= 30*time.Second; elapsed += 500 * time.Millisecond {
		q := question()
		q.Components = q.Components[:1]
		q.Since, q.At, q.Simulation, q.Entry = noon, noon.Add(elapsed), "run", "api"
		q.Further = []time.Duration{long}
		q.Queries = []Query{{Query: scaling.Query{Name: "own", PromQL: "max(own)"}, Window: long}}
		list, err := c.Observe(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, reach := range source.asked {
			if reach > elapsed {
				t.Errorf("at %s the source is asked for the last %s: that is before the run", elapsed, reach)
			}
		}
		for _, want := range []struct {
			signal string
			window time.Duration
			value  float64
		}{{scaling.CPU, q.Window, 30}, {scaling.CPU, long, 30}, {"own", long, 7}} {
			got := list[0].Signal(want.signal, want.window)
			known := got.Missing == "" && got.Coverage >= scaling.Defaults().MinCoverage
			if known != (elapsed >= want.window*8/10) {
				t.Errorf("%s over %s is %+v at %s: want it known from four fifths of the window on", want.signal, want.window, got, elapsed)
			}
			if known && (got.Value != want.value || got.First.Before(noon)) {
				t.Errorf("%s over %s is %+v at %s, want %v of this run", want.signal, want.window, got, elapsed, want.value)
			}
		}
	}
}

// TestASummaryIsOfItsRunAlone looks at a run that has the name of an earlier one.
func TestASummaryIsOfItsRunAlone(t *testing.T) {
	source := &past{t: t, busy: func(time.Time) float64 { return 0 }}
	c := answering(t, source.ServeHTTP)
	for _, elapsed := range []time.Duration{100 * time.Millisecond, 2500 * time.Millisecond, time.Minute} {
		_, _ = c.Summarize(t.Context(), Run{Namespace: "default", Simulation: "run", Start: noon, At: noon.Add(elapsed)})
		if len(source.asked) == 0 {
			t.Error("nothing was asked")
		}
		for _, reach := range source.asked {
			if reach > elapsed {
				t.Errorf("after %s the source is asked for the last %s: that is before the run", elapsed, reach)
			}
		}
	}
}
