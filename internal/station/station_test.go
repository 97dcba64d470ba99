package station

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const ms = Time(time.Millisecond)

// fixed is a configuration of c cores; the demand is given with each arrival.
func fixed(c int) Config { return Config{Cores: c, Service: Service{Default: Constant(0)}} }

func newStation(t testing.TB, config Config) *Station {
	t.Helper()
	s, err := New(0, config)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestArrivalsTakeTheCoreThatIsFreeFirst(t *testing.T) {
	s := newStation(t, fixed(2))
	want := []Visit{
		{Arrival: 0, Start: 0, Finish: 10 * ms},
		{Arrival: 1 * ms, Start: 1 * ms, Finish: 3 * ms},
		{Arrival: 2 * ms, Start: 3 * ms, Finish: 8 * ms},
		{Arrival: 2 * ms, Start: 8 * ms, Finish: 9 * ms},
		{Arrival: 20 * ms, Start: 20 * ms, Finish: 21 * ms},
	}
	demands := []time.Duration{10, 2, 5, 1, 1}
	for i, w := range want {
		got := s.Arrive(w.Arrival, demands[i]*time.Millisecond)
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("arrival %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestBusyTimeReachesToTheClockAndNotBeyond(t *testing.T) {
	s := newStation(t, fixed(2))
	s.Arrive(0, 10*time.Millisecond)
	s.Arrive(2*ms, 20*time.Millisecond)
	got := s.Observe(5 * ms)
	if want := 8 * time.Millisecond; got.Busy != want {
		t.Errorf("busy %v, want %v: 5 ms of the first and 3 ms of the second", got.Busy, want)
	}
	if want := 10 * time.Millisecond; got.Capacity != want {
		t.Errorf("capacity %v, want %v", got.Capacity, want)
	}
	got = s.Observe(30 * ms)
	if want := 30 * time.Millisecond; got.Busy != want {
		t.Errorf("busy %v after all have left, want all demand: %v", got.Busy, want)
	}
}

func TestRefusalsNameTheirReason(t *testing.T) {
	cases := map[string]struct {
		change func(*Config)
		others int // requests of 10 ms before
		want   Verdict
	}{
		"no limits":                          {func(*Config) {}, 50, Served},
		"no waiting place at all":            {func(c *Config) { c.Queue = AtMost(0) }, 2, QueueFull},
		"a free core needs no waiting place": {func(c *Config) { c.Queue = AtMost(0) }, 1, Served},
		"last waiting place":                 {func(c *Config) { c.Queue = AtMost(3) }, 4, Served},
		"queue full":                         {func(c *Config) { c.Queue = AtMost(3) }, 5, QueueFull},
		"in-flight limit":                    {func(c *Config) { c.InFlight = AtMost(4) }, 4, InFlightLimit},
		"pool fails fast":                    {func(c *Config) { c.Pool = Pool{Connections: AtMost(3), Waiting: AtMost(0)} }, 3, PoolExhausted},
		"pool lets one wait":                 {func(c *Config) { c.Pool = Pool{Connections: AtMost(3), Waiting: AtMost(1)} }, 3, Served},
		"pool without bound on waiting":      {func(c *Config) { c.Pool = Pool{Connections: AtMost(3)} }, 30, Served},
		"memory full":                        {func(c *Config) { c.Memory = Memory{Limit: 100, Base: 40, PerRequest: 20} }, 3, MemoryLimit},
		"memory just enough":                 {func(c *Config) { c.Memory = Memory{Limit: 100, Base: 40, PerRequest: 20} }, 2, Served},
		"waits in vain":                      {func(c *Config) { c.QueueTimeout = 9 * time.Millisecond }, 2, QueueTimeout},
		"served at its time-out":             {func(c *Config) { c.QueueTimeout = 10 * time.Millisecond }, 2, Served},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			config := fixed(2)
			c.change(&config)
			s := newStation(t, config)
			for range c.others {
				s.Arrive(0, 10*time.Millisecond)
			}
			if got := s.Arrive(0, 10*time.Millisecond).Verdict; got != c.want {
				t.Errorf("verdict %v, want %v", got, c.want)
			}
			if snap := s.Snapshot(); !snap.Balanced() {
				t.Errorf("arrivals are not conserved: %+v", snap)
			}
		})
	}
}

func TestTimedOutRequestsWaitUntilTheyLeaveAndTakeNoCore(t *testing.T) {
	config := fixed(1)
	config.QueueTimeout = 4 * time.Millisecond
	s := newStation(t, config)
	s.Arrive(0, 10*time.Millisecond)
	vain := s.Arrive(1*ms, 10*time.Millisecond)
	if diff := cmp.Diff(Visit{Arrival: ms, Start: 5 * ms, Finish: 5 * ms, Verdict: QueueTimeout}, vain); diff != "" {
		t.Errorf("time-out (-want +got):\n%s", diff)
	}
	served := s.Arrive(7*ms, time.Millisecond)
	if served.Start != 10*ms {
		t.Errorf("the next one starts at %v, want 10 ms: the one that left needs no core", time.Duration(served.Start))
	}
	end := s.Observe(20 * ms)
	if end.TimedOut != 1 || end.Completed != 2 || end.WaitingArea != 7*time.Millisecond {
		t.Errorf("got %d timed out, %d completed, waiting area %v; want 1, 2 and 4 ms + 3 ms", end.TimedOut, end.Completed, end.WaitingArea)
	}
}

func TestLateArrivalsAreTakenAtTheClockAndCounted(t *testing.T) {
	s := newStation(t, fixed(1))
	s.Advance(10 * ms)
	if got, want := s.Arrive(4*ms, time.Millisecond), (Visit{Arrival: 10 * ms, Start: 10 * ms, Finish: 11 * ms, Late: true}); got != want {
		t.Errorf("late arrival is %+v, want %+v", got, want)
	}
	if got := s.Arrive(10*ms, time.Millisecond); got.Late {
		t.Error("an arrival at the clock is not late")
	}
	if late := s.Snapshot().Late; late != 1 {
		t.Errorf("%d late, want 1", late)
	}
}

func TestHeldSlotsLastUntilReleased(t *testing.T) {
	config := fixed(1)
	config.InFlight = AtMost(1)
	config.Memory = Memory{Base: 100, PerRequest: 10}
	s := newStation(t, config)
	s.ArriveHolding(0, time.Millisecond)
	if got := s.Arrive(5*ms, time.Millisecond).Verdict; got != InFlightLimit {
		t.Errorf("while the slot is held an arrival is %v, want %v", got, InFlightLimit)
	}
	if snap := s.Snapshot(); snap.InSystem != 0 || snap.InFlight != 1 || snap.MemoryBytes != 110 {
		t.Errorf("in system %d, in flight %d, memory %d; want 0, 1 and 110", snap.InSystem, snap.InFlight, snap.MemoryBytes)
	}
	s.Release(8 * ms)
	if got := s.Arrive(7*ms, time.Millisecond).Verdict; got != InFlightLimit {
		t.Errorf("before the announced release an arrival is %v, want %v", got, InFlightLimit)
	}
	if got := s.Arrive(8*ms, time.Millisecond).Verdict; got != Served {
		t.Errorf("after the release an arrival is %v, want %v", got, Served)
	}
	if s.Idle() {
		t.Error("idle with a request in service")
	}
	if s.Advance(20 * ms); !s.Idle() {
		t.Error("not idle after all have left")
	}
}

func TestAddedCoresServeAtOnceAndPromisesStand(t *testing.T) {
	s := newStation(t, fixed(1))
	for range 3 {
		s.Arrive(0, 10*time.Millisecond)
	}
	if err := s.Reconfigure(5*ms, fixed(2)); err != nil {
		t.Fatal(err)
	}
	if got := s.Arrive(5*ms, 10*time.Millisecond); got.Start != 5*ms {
		t.Errorf("with a new core the next one starts at %v, want 5 ms", time.Duration(got.Start))
	}
	end := s.Observe(30 * ms)
	if want := 40 * time.Millisecond; end.Busy != want {
		t.Errorf("busy %v, want %v", end.Busy, want)
	}
	if want := 55 * time.Millisecond; end.Capacity != want {
		t.Errorf("capacity %v, want %v: 5 ms of one core and 25 ms of two", end.Capacity, want)
	}
}

func TestRemovedCoresFinishWhatTheyWereGiven(t *testing.T) {
	s := newStation(t, fixed(3))
	for _, demand := range []time.Duration{4, 10, 20} {
		s.Arrive(0, demand*time.Millisecond)
	}
	if err := s.Reconfigure(2*ms, fixed(1)); err != nil {
		t.Fatal(err)
	}
	if got := s.Arrive(2*ms, time.Millisecond); got.Start != 20*ms {
		t.Errorf("on the one core left the next one starts at %v, want 20 ms", time.Duration(got.Start))
	}
	end := s.Observe(20 * ms)
	if end.Busy != 34*time.Millisecond {
		t.Errorf("busy %v, want 34 ms: nothing promised is lost", end.Busy)
	}
	if want := 34 * time.Millisecond; end.Capacity != want {
		t.Errorf("capacity %v, want %v: removed cores count until they are done", end.Capacity, want)
	}
}

func TestChangedLimitsHoldForNewArrivals(t *testing.T) {
	s := newStation(t, fixed(1))
	for range 5 {
		s.Arrive(0, 10*time.Millisecond)
	}
	config := fixed(1)
	config.Queue = AtMost(2)
	if err := s.Reconfigure(0, config); err != nil {
		t.Fatal(err)
	}
	if got := s.Snapshot().Waiting; got != 4 {
		t.Errorf("%d wait, want the 4 of before", got)
	}
	if got := s.Arrive(0, 0).Verdict; got != QueueFull {
		t.Errorf("a new arrival is %v, want %v", got, QueueFull)
	}
	if err := s.Reconfigure(0, Config{}); err == nil {
		t.Error("a configuration without cores was accepted")
	}
}

// TestAgainstPlainSimulation replays random arrivals on random configurations
// through a simulation that is written for clarity: it finds starts by scanning
// all cores, and counts by scanning all requests.
func TestAgainstPlainSimulation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Custom(func(t *rapid.T) Limit { return AtMost(rapid.IntRange(-1, 6).Draw(t, "limit")) })
		config := fixed(rapid.IntRange(1, 5).Draw(t, "cores"))
		config.Queue, config.InFlight = limit.Draw(t, "queue"), limit.Draw(t, "inFlight")
		config.QueueTimeout = time.Duration(rapid.IntRange(0, 20).Draw(t, "timeout"))
		s, err := New(0, config)
		if err != nil {
			t.Fatal(err)
		}
		plain := plainSimulation{config: config, free: make([]Time, config.Cores)}
		var now Time
		for range rapid.IntRange(1, 80).Draw(t, "requests") {
			now += Time(rapid.IntRange(0, 6).Draw(t, "gap"))
			demand := time.Duration(rapid.IntRange(0, 20).Draw(t, "demand"))
			want, got := plain.arrive(now, demand), s.Arrive(now, demand)
			if got != want {
				t.Fatalf("%+v, want %+v", got, want)
			}
			plain.check(t, s.Observe(now))
		}
		plain.check(t, s.Observe(now+30))
		plain.check(t, s.Observe(now+100_000))
	})
}

type plainSimulation struct {
	config Config
	free   []Time
	visits []Visit
}

func (p *plainSimulation) arrive(t Time, demand time.Duration) Visit {
	core := 0
	for i := range p.free {
		if p.free[i] < p.free[core] {
			core = i
		}
	}
	start := max(t, p.free[core])
	waiting, busy := p.at(t)
	v := Visit{Arrival: t, Start: start, Finish: start.Add(demand)}
	switch d := p.config.QueueTimeout; {
	case p.config.InFlight.reached(waiting + busy):
		v = Visit{Arrival: t, Start: t, Finish: t, Verdict: InFlightLimit}
	case start > t && p.config.Queue.reached(waiting):
		v = Visit{Arrival: t, Start: t, Finish: t, Verdict: QueueFull}
	case d > 0 && start > t.Add(d):
		v = Visit{Arrival: t, Start: t.Add(d), Finish: t.Add(d), Verdict: QueueTimeout}
	default:
		p.free[core] = v.Finish
	}
	p.visits = append(p.visits, v)
	return v
}

// at counts the requests that wait and are served at t.
func (p *plainSimulation) at(t Time) (waiting, busy int) {
	for _, v := range p.visits {
		switch {
		case v.Start > t:
			waiting++
		case v.Finish > t:
			busy++
		}
	}
	return waiting, busy
}

func (p *plainSimulation) check(t *rapid.T, got Snapshot) {
	t.Helper()
	if !got.Balanced() {
		t.Fatalf("arrivals are not conserved: %+v", got)
	}
	waiting, busy := p.at(got.Time)
	if got.Waiting != waiting || got.BusyCores != busy {
		t.Fatalf("at %d %d wait and %d are served, want %d and %d", got.Time, got.Waiting, got.BusyCores, waiting, busy)
	}
	var inSystem, waited, served time.Duration
	for _, v := range p.visits {
		inSystem += min(v.Finish, got.Time).Sub(v.Arrival)
		waited += min(v.Start, got.Time).Sub(v.Arrival)
		served += max(0, min(v.Finish, got.Time).Sub(v.Start))
	}
	if got.InSystemArea != inSystem || got.WaitingArea != waited || got.Busy != served {
		t.Fatalf("integrals %v, %v, %v; want %v, %v, %v", got.InSystemArea, got.WaitingArea, got.Busy, inSystem, waited, served)
	}
}

func TestWindowsAreDifferencesOfSnapshots(t *testing.T) {
	s := newStation(t, fixed(2))
	s.Arrive(0, 6*time.Millisecond)
	before := s.Observe(4 * ms)
	s.Arrive(4*ms, 4*time.Millisecond)
	s.Arrive(4*ms, 4*time.Millisecond)
	got := s.Observe(14 * ms).Since(before)
	want := Window{Length: 10 * time.Millisecond, Arrived: 2, Completed: 3, Utilization: 0.5, InSystem: 1.2, Waiting: 0.2, Connections: 1.2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigurationsThatMakeNoSense(t *testing.T) {
	cases := map[string]func(*Config){
		"no cores":            func(c *Config) { c.Cores = 0 },
		"too many cores":      func(c *Config) { c.Cores = MaxCores + 1 },
		"no service time":     func(c *Config) { c.Service.Default = nil },
		"negative time-out":   func(c *Config) { c.QueueTimeout = -1 },
		"no connections":      func(c *Config) { c.Pool.Connections = AtMost(0) },
		"negative memory":     func(c *Config) { c.Memory.Base = -1 },
		"more than all fails": func(c *Config) { c.ErrorRate = Always + 1 },
	}
	for name, spoil := range cases {
		config := fixed(1)
		spoil(&config)
		if _, err := New(0, config); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
