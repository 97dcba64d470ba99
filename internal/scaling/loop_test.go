package scaling

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// loop is a fluid model of a component under the rules: work is conserved,
// replicas start late, and metrics lag and are windowed.
type loop struct {
	t        *testing.T
	settings Settings
	program  Program
	base     graph.Architecture
	startUp  time.Duration
	noise    float64
	arrivals bool // requestRate and throughput are measured
	load     func(time.Duration) float64

	random    *rand.Rand
	state     State
	log       []graph.Decision
	ready     int32
	readyAt   []time.Time
	history   []sample
	records   []Record
	overload  time.Duration
	effects   []MeasuredEffect
	replicaMs int64
}

type sample struct {
	at          time.Time
	cpu, demand float64
}

func epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func shop(replicas int32) graph.Architecture {
	capacity := graph.Capacity{Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Exponential, Mean: 10 * time.Millisecond}}
	edge := func(from, to string) graph.Connection {
		return graph.Connection{From: from, To: to, Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}
	}
	return graph.Architecture{
		Components: []graph.Component{
			{Name: "load-balancer", Type: graph.LoadBalancer, Replicas: 1, Capacity: capacity},
			{Name: "api-server", Type: graph.APIServer, Replicas: replicas, Capacity: capacity},
			{Name: "database", Type: graph.Database, Replicas: 1, Capacity: capacity, Database: &graph.DatabaseRole{}},
		},
		Connections: []graph.Connection{edge("load-balancer", "api-server"), edge("api-server", "database")},
	}
}

func mustCompile(t testingT, rules ...Rule) Program {
	t.Helper()
	program, problems := Compile(rules)
	for _, p := range problems {
		t.Fatal(p)
	}
	return program
}

func newLoop(t *testing.T, load func(time.Duration) float64) *loop {
	return &loop{
		t: t, settings: Defaults(), program: mustCompile(t, BuiltIn()...), base: shop(1),
		load: load, random: rand.New(rand.NewPCG(1, 2)), ready: 1, noise: 0.05,
	}
}

func (l *loop) run(d time.Duration) {
	for at := time.Duration(0); at <= d; at += l.settings.Interval {
		l.tick(int64(at/l.settings.Interval), epoch().Add(at), l.load(at))
	}
}

func (l *loop) tick(n int64, now time.Time, cores float64) {
	l.settle(now)
	demand := cores * (1 + l.noise*l.random.NormFloat64())
	cpu := min(100*demand/float64(l.ready), 100)
	if demand > float64(l.ready) {
		l.overload += l.settings.Interval
	}
	l.replicaMs += int64(l.ready) * l.settings.Interval.Milliseconds()
	l.history = append(l.history, sample{now, cpu, demand})
	out := Step(Input{
		Now: now, Tick: n, Simulation: "default/loop", Settings: l.settings, Program: l.program,
		Base: l.base, Log: l.log, Observations: l.observe(now), State: l.state,
	})
	l.state = out.State
	l.records = append(l.records, out.Records...)
	l.effects = append(l.effects, out.Effects...)
	for _, d := range out.Decisions {
		l.log = append(l.log, d)
		l.start(d, now)
	}
}

func (l *loop) start(d graph.Decision, now time.Time) {
	if d.Component != "api-server" || d.To == d.From || d.Added != nil {
		return
	}
	if d.To < d.From {
		l.ready = min(l.ready, d.To)
		l.readyAt = nil
		return
	}
	for range d.To - d.From {
		l.readyAt = append(l.readyAt, now.Add(l.startUp))
	}
}

func (l *loop) settle(now time.Time) {
	var later []time.Time
	for _, at := range l.readyAt {
		if at.After(now) {
			later = append(later, at)
			continue
		}
		l.ready++
	}
	l.readyAt = later
}

func (l *loop) observe(now time.Time) []Observation {
	live := graph.Fold(l.base, l.log)
	var all []Observation
	for _, c := range live.Components {
		o := Observation{Component: c.Name, Replicas: Replicas{Spec: c.Replicas, Ready: c.Replicas}}
		if c.Name == "api-server" {
			o.Replicas.Ready = l.ready
			o.Signals = l.measure(now)
		}
		all = append(all, o)
	}
	return all
}

func (l *loop) measure(now time.Time) []Measurement {
	end := now.Add(-l.settings.ScrapeLag)
	var cpu, demand, served float64
	var n int64
	for _, s := range l.history {
		if s.at.After(end.Add(-l.settings.Window)) && !s.at.After(end) {
			cpu += s.cpu
			demand += s.demand
			n++
		}
	}
	served = cpu / 100 * float64(l.ready)
	whole := int64(l.settings.Window / l.settings.Interval)
	v := func(sum float64) Value {
		return Value{Value: sum / math.Max(float64(n), 1), N: n, Last: end, Coverage: float64(n) / float64(whole), Window: l.settings.Window}
	}
	all := []Measurement{{CPU, v(cpu)}, {Memory, v(30 * float64(n))}}
	if l.arrivals {
		all = append(all, Measurement{RequestRate, v(100 * demand)}, Measurement{Throughput, v(100 * served)})
	}
	return all
}

// sizes are the sizes of the api server in the order of the decisions.
func (l *loop) sizes() []int32 {
	var sizes []int32
	for _, d := range l.log {
		if d.Component == "api-server" && d.Added == nil {
			sizes = append(sizes, d.To)
		}
	}
	return sizes
}

func reversals(from int32, sizes []int32) int {
	turns, up := 0, true
	for i, n := range sizes {
		if i > 0 && (n > from) != up {
			turns++
		}
		up, from = n > from, n
	}
	return turns
}

// production are intervals as long as in the published comparison.
func production(s Settings) Settings {
	s = s.Scaled(5)
	s.Interval, s.Window, s.ScrapeLag, s.StaleAfter = time.Second, 30*time.Second, 15*time.Second, 30*time.Second
	return s
}

func TestConstantLoadSettlesInOneChangeAndStays(t *testing.T) {
	for name, settings := range map[string]Settings{"rehearsal": Defaults(), "production": production(Defaults())} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, func(time.Duration) float64 { return 0.85 })
			l.settings, l.startUp = settings, 30*time.Second
			l.run(2 * time.Hour)
			if got := l.sizes(); len(got) != 1 || got[0] != 2 {
				t.Errorf("sizes = %v, want one change to 2", got)
			}
		})
	}
}

// crowd is a flash crowd: one core, eight within a minute, half an hour there,
// and back within a quarter of an hour.
func crowd(at time.Duration) float64 {
	ramp := func(from, to time.Duration) float64 {
		return min(max(float64(at-from)/float64(to-from), 0), 1)
	}
	return 1 + 7*ramp(30*time.Minute, 31*time.Minute) - 7*ramp(61*time.Minute, 76*time.Minute)
}

// TestFlashCrowdCostsFewOperations plays the crowd at production's pace, and
// five times faster with the intervals of a rehearsal, which are five times shorter.
func TestFlashCrowdCostsFewOperations(t *testing.T) {
	tests := map[string]struct {
		settings Settings
		pace     time.Duration
		arrivals bool
	}{
		"production":                         {production(Defaults()), 1, false},
		"production, arrivals are measured":  {production(Defaults()), 1, true},
		"a rehearsal":                        {Defaults(), 5, false},
		"a rehearsal, arrivals are measured": {Defaults(), 5, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t, func(at time.Duration) float64 { return crowd(at * test.pace) })
			l.settings, l.startUp, l.arrivals = test.settings, 30*time.Second/test.pace, test.arrivals
			l.run(2 * time.Hour / test.pace)
			got := l.sizes()
			t.Logf("sizes %v, overload %s, replica-minutes %d", got, l.overload, l.replicaMs/60000)
			if len(got) > 11 || reversals(1, got) > 1 {
				t.Errorf("%d operations and %d reversals, want at most 11 and 1", len(got), reversals(1, got))
			}
			if last := got[len(got)-1]; last != 2 {
				t.Errorf("ends with %d replicas, want 2", last)
			}
		})
	}
}
