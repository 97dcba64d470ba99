package report

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Identified is a report of a run that has an identity of its own, such as a UID.
type Identified struct {
	ID string
	Report
}

// Comparison holds runs side by side. The first is what the others are compared with.
type Comparison struct {
	Runs []ComparedRun `json:"runs"`
	// Settings are the fields that people wrote differently.
	Settings []Difference `json:"settings"`
	// Measures of the outcome, each with the noise between repetitions.
	Measures []Measure `json:"measures"`
	// Replicas of the final architecture, of components whose sizes are not the same.
	Replicas []Difference `json:"replicas"`
}

// ComparedRun is one of the things compared.
type ComparedRun struct {
	ID string `json:"id"`
	// Name is namespace/name.
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Valid   bool    `json:"valid"`
	// Repetitions are the other runs that ask for the same.
	Repetitions int        `json:"repetitions"`
	Decisions   []Decision `json:"decisions"`
}

// Difference is what is not the same in all runs, in their order; an empty value was
// not written, or is not there.
type Difference struct {
	Field  string   `json:"field"`
	Values []string `json:"values"`
}

// Measure is one number of every run.
type Measure struct {
	Name    string   `json:"name"`
	Unit    string   `json:"unit"`
	Spreads []Spread `json:"spreads"`
	// Judgements of the others against the first.
	Judgements []Judgement `json:"judgements"`
}

// Spread is what a run and its repetitions came to: their mean and, of two or more,
// the sample's standard deviation. None that can be believed is no run.
type Spread struct {
	Runs      int     `json:"runs"`
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

// Judgement says what a difference is worth.
type Judgement string

// The judgements.
const (
	// Differs: chance alone gives so large a difference in less than 5 of 100 cases.
	Differs Judgement = "differs"
	// WithinNoise: repeating one and the same run may differ as much.
	WithinNoise Judgement = "within noise"
	// NoiseUnknown: a side has no repetition to know the noise by.
	NoiseUnknown Judgement = "noise unknown"
	// NotMeasured: a side has no number.
	NotMeasured Judgement = "not measured"
)

// ErrOneRun says that there is nothing to compare with.
var ErrOneRun = errors.New("name at least two different runs to compare")

// Compare holds runs against the first of them; their repetitions are found among all.
func Compare(named, all []Identified) (Comparison, error) {
	if len(named) < 2 {
		return Comparison{}, ErrOneRun
	}
	c := Comparison{Runs: []ComparedRun{}, Measures: []Measure{}}
	var sides [][]Report
	for i, r := range named {
		if slices.ContainsFunc(named[:i], func(earlier Identified) bool { return earlier.ID == r.ID }) {
			return Comparison{}, ErrOneRun
		}
		repeated := repetitions(r, named, all)
		sides = append(sides, append([]Report{r.Report}, repeated...))
		c.Runs = append(c.Runs, ComparedRun{ID: r.ID, Name: r.Simulation, Verdict: r.Verdict, Valid: r.Valid, Repetitions: len(repeated), Decisions: r.Decisions})
	}
	c.Settings, c.Replicas = differences(named, asked), differences(named, sizes)
	for _, q := range quantities() {
		if m, ok := q.measure(sides); ok {
			c.Measures = append(c.Measures, m)
		}
	}
	return c, nil
}

// repetitions are the runs that came to their end and ask for the same, beside those
// that are compared.
func repetitions(of Identified, named, all []Identified) []Report {
	var same []Report
	for _, r := range all {
		ended := r.Verdict == Met || r.Verdict == Missed
		compared := slices.ContainsFunc(named, func(n Identified) bool { return n.ID == r.ID })
		if ended && !compared && len(of.Settings) > 0 && maps.Equal(asked(r.Report), asked(of.Report)) {
			same = append(same, r.Report)
		}
	}
	return same
}

// asked are the settings without what does not make a run another experiment.
func asked(r Report) map[string]string {
	settings := maps.Clone(r.Settings)
	delete(settings, "simulation.seed")
	delete(settings, "simulation.state")
	return settings
}

// sizes are the final replicas by component.
func sizes(r Report) map[string]string {
	all := map[string]string{}
	for _, c := range r.Components {
		all[c.Name] = fmt.Sprint(c.Replicas)
	}
	return all
}

// differences are the fields that are not the same in all runs, by name.
func differences(named []Identified, fields func(Report) map[string]string) []Difference {
	var of []map[string]string
	names := map[string]bool{}
	for _, r := range named {
		values := fields(r.Report)
		of = append(of, values)
		for name := range values {
			names[name] = true
		}
	}
	out := []Difference{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		d := Difference{Field: name}
		for _, values := range of {
			d.Values = append(d.Values, values[name])
		}
		if len(slices.Compact(slices.Clone(d.Values))) > 1 {
			out = append(out, d)
		}
	}
	return out
}

// quantity is a number that runs are compared by; false is not measured.
type quantity struct {
	name, unit string
	of         func(Report) (float64, bool)
}

func quantities() []quantity {
	latency := func(of func(LatencyMs) float64) func(Report) (float64, bool) {
		return func(r Report) (float64, bool) { return of(r.LatencyMs), r.Requests.Answered > 0 }
	}
	return []quantity{
		{"latency mean", "ms", latency(func(l LatencyMs) float64 { return l.Mean })},
		{"latency p50", "ms", latency(func(l LatencyMs) float64 { return l.P50 })},
		{"latency p95", "ms", latency(func(l LatencyMs) float64 { return l.P95 })},
		{"latency p99", "ms", latency(func(l LatencyMs) float64 { return l.P99 })},
		{"not answered", "%", func(r Report) (float64, bool) {
			return 100 * float64(r.Requests.Failed+r.Requests.Dropped) / float64(max(r.Requests.Offered, 1)), r.Requests.Offered > 0
		}},
		{"decisions", "", func(r Report) (float64, bool) { return float64(len(r.Decisions)), true }},
		{"capacity", "replica-s", func(r Report) (float64, bool) {
			if r.Capacity == nil {
				return 0, false
			}
			return r.Capacity.ReplicaSeconds, true
		}},
	}
}

// measure is the quantity of every side, if any has it.
func (q quantity) measure(sides [][]Report) (Measure, bool) {
	m := Measure{Name: q.name, Unit: q.unit, Judgements: []Judgement{}}
	some := false
	for i, runs := range sides {
		m.Spreads = append(m.Spreads, spreadOf(runs, q.of))
		some = some || m.Spreads[i].Runs > 0
		if i > 0 {
			m.Judgements = append(m.Judgements, judge(m.Spreads[0], m.Spreads[i]))
		}
	}
	return m, some
}

// spreadOf a number over the runs whose numbers can be believed.
func spreadOf(runs []Report, of func(Report) (float64, bool)) Spread {
	var values []float64
	sum := 0.0
	for _, r := range runs {
		if v, ok := of(r); ok && r.Valid {
			values = append(values, v)
			sum += v
		}
	}
	s := Spread{Runs: len(values)}
	if s.Runs == 0 {
		return s
	}
	s.Mean = sum / float64(s.Runs)
	if s.Runs > 1 {
		squares := 0.0
		for _, v := range values {
			squares += (v - s.Mean) * (v - s.Mean)
		}
		s.Deviation = math.Sqrt(squares / float64(s.Runs-1))
	}
	return s
}

// judge is Welch's t-test at 5 %, two-sided (Welch, Biometrika 34, 1947): it does
// not take the two sides to be equally noisy.
func judge(a, b Spread) Judgement {
	switch {
	case a.Runs == 0 || b.Runs == 0:
		return NotMeasured
	case a.Runs < 2 || b.Runs < 2:
		return NoiseUnknown
	}
	va, vb := a.Deviation*a.Deviation/float64(a.Runs), b.Deviation*b.Deviation/float64(b.Runs)
	difference := math.Abs(a.Mean - b.Mean)
	if va+vb == 0 {
		if difference == 0 {
			return WithinNoise
		}
		return Differs
	}
	freedom := (va + vb) * (va + vb) / (va*va/float64(a.Runs-1) + vb*vb/float64(b.Runs-1))
	if difference > quantile(freedom)*math.Sqrt(va+vb) {
		return Differs
	}
	return WithinNoise
}

// quantile is the 97.5 % quantile of Student's t with the next lower whole degrees of
// freedom, which errs towards noise.
func quantile(freedom float64) float64 {
	students := []float64{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086}
	return students[min(max(int(freedom), 1), len(students))-1]
}
