package stub

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestPausesDoubleUpToTheirMost(t *testing.T) {
	c := call{retries: graph.Retries{Count: 5, Backoff: 20 * ms, MaxBackoff: 70 * ms}}
	for _, tt := range []struct {
		failed int
		draw   float64
		want   time.Duration
	}{{1, 0, 10 * ms}, {1, 0.5, 15 * ms}, {2, 0, 20 * ms}, {2, 0.5, 30 * ms}, {3, 0, 35 * ms}, {10, 0.5, 52500 * time.Microsecond}} {
		if got := time.Duration(c.pause(tt.failed, tt.draw)); got != tt.want {
			t.Errorf("pause after %d failures with draw %v is %v, want %v", tt.failed, tt.draw, got, tt.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		c := call{retries: graph.Retries{
			Backoff:    time.Duration(rapid.Int64Range(int64(10*ms), int64(30*time.Second)).Draw(t, "backoff")),
			MaxBackoff: time.Duration(rapid.Int64Range(int64(10*ms), int64(30*time.Second)).Draw(t, "most")),
		}}
		pause := c.pause(rapid.IntRange(1, 10).Draw(t, "failed"), rapid.Float64Range(0, 0.999).Draw(t, "draw"))
		if pause < c.leastPause() || pause > int64(c.retries.MaxBackoff) {
			t.Fatalf("pause %d, least %d, of %+v", pause, c.leastPause(), c.retries)
		}
	})
}

func TestABudgetPaysForAShareOfTheCalls(t *testing.T) {
	free := call{pool: &pool{}, retries: graph.Retries{Count: 1}}
	if free.earn(); !free.spend() || free.pool.spare != 0 {
		t.Error("without a budget every retry is paid for")
	}
	rapid.Check(t, func(t *rapid.T) {
		percent := rapid.Int32Range(1, 100).Draw(t, "percent")
		c := call{pool: pools{}.of([]string{"db"}, graph.RoundRobin), retries: graph.Retries{Count: 1, BudgetPercent: percent}}
		calls, retries := int32(0), int32(0)
		for range rapid.IntRange(1, 2000).Draw(t, "calls") {
			calls++
			c.earn()
			for range rapid.IntRange(0, 3).Draw(t, "wanted") {
				if spare := c.pool.spare; c.spend() {
					retries++
				} else if spare >= 100 {
					t.Fatalf("a retry was refused with %d hundredths spare", spare)
				}
			}
			if 100*(retries-mostSpare/100) > percent*calls {
				t.Fatalf("%d retries of %d calls with a budget of %d %%", retries, calls, percent)
			}
		}
	})
}

func TestACallThatTheBudgetDoesNotPayForFails(t *testing.T) {
	w := newClockwork(patient(50*ms, graph.Retries{Count: 2, Backoff: 20 * ms, MaxBackoff: 20 * ms, BudgetPercent: 1}))
	db := w.callee("db", ms, func(wire.Frame) scriptedOutcome { return scriptedOutcome{took: 5 * ms, fails: true} })
	w.callee("log", ms, func(wire.Frame) scriptedOutcome { return scriptedOutcome{took: ms} })
	w.node.routes.pools()[0].spare = 100
	answers := w.run(t, w.come(100*ms, 200*ms))
	if len(db.attempts) != 3 {
		t.Errorf("%d attempts, want two of the first call and one of the second", len(db.attempts))
	}
	for k, a := range answers {
		// 1 ms of the API server, 5 ms each attempt, a pause of 10 to 20 ms after each.
		attempts := time.Duration(2 - k)
		least, most := ms+attempts*15*ms, ms+attempts*25*ms
		if took := time.Duration(a.finish - a.start); a.reason != wire.ReasonError || took < least || took > most {
			t.Errorf("request %d: %q after %v, want %q after %v to %v", k, a.reason, took, wire.ReasonError, least, most)
		}
	}
}

func TestAttemptsOfDifferentTiersDrawApart(t *testing.T) {
	api, shop := newClockwork(patient(0, graph.Retries{})).node, newClockwork(patient(0, graph.Retries{})).node
	shop.draws = newDraws(1, "shop")
	seen := map[uint64]string{}
	for number := range uint64(50) {
		for i := range 11 {
			for j := range 11 {
				attempt, who := shop.numberOfAttempt(api.numberOfAttempt(number, maxCallsOfStep, i), maxCallsOfStep, j), fmt.Sprint(number, i, j)
				if other, taken := seen[attempt]; taken {
					t.Errorf("attempts %s and %s have the same number", other, who)
				}
				if attempt%(1<<bitsOfRequest) != number {
					t.Errorf("attempt %s is not of its request any more", who)
				}
				seen[attempt] = who
			}
		}
	}
}

// clockwork is a node on a virtual clock with scripted callees.
type clockwork struct {
	now     int64
	node    *Node
	callees []*scripted
}

// scriptedOutcome is what a callee makes of an attempt.
type scriptedOutcome struct {
	took  time.Duration
	fails bool
}

// scripted is a callee that answers as a script says, so long after its time on
// the wall clock as lag says, and promises what it knows.
type scripted struct {
	deadEdge

	work     *clockwork
	peer     *peer
	lag      int64
	script   func(f wire.Frame) scriptedOutcome
	promised int64
	broken   []string
	attempts []wire.Frame
	answers  timeline[early]
	// ahead are answers that are told once the times of their calls are reached.
	ahead    timeline[early]
	onTheWay []delayed
}

// delayed are frames that arrive at a time.
type delayed struct {
	at     int64
	frames []wire.Frame
}

func (s *scripted) Send(f wire.Frame) {
	switch f.Op {
	case wire.OpPromise:
		s.promised = max(s.promised, f.Time)
	case wire.OpRequest:
		if f.Time < s.promised {
			s.broken = append(s.broken, fmt.Sprintf("a call at %d after the promise %d", f.Time, s.promised))
		}
		s.attempts = append(s.attempts, f)
		o := s.script(f)
		answer := wire.Frame{Op: wire.OpAnswer, ID: f.ID, Time: f.Time + int64(o.took)}
		if o.fails {
			answer.Outcome, answer.Reason = wire.Failed, wire.ReasonError
		}
		if f.Ahead {
			s.ahead.add(early{at: f.Time, order: f.ID, frame: answer})
			return
		}
		s.answers.add(early{at: answer.Time, order: f.ID, frame: answer})
	}
}

// beat sends what is due and brings what has arrived.
func (s *scripted) beat() {
	var frames []wire.Frame
	for s.answers.first(forever) <= s.work.now {
		frames = append(frames, s.answers.take().frame)
	}
	for s.ahead.first(forever) <= min(s.promised, s.work.now+ahead) {
		frames = append(frames, s.ahead.take().frame)
	}
	frames = append(frames, wire.Frame{Op: wire.OpPromise, Time: min(s.promised, s.work.now, s.answers.first(forever), s.ahead.first(forever))})
	s.onTheWay = append(s.onTheWay, delayed{at: s.work.now + s.lag, frames: frames})
	for len(s.onTheWay) > 0 && s.onTheWay[0].at <= s.work.now {
		s.work.node.input.batch(transport.Batch{Conn: s, Frames: s.onTheWay[0].frames})
		s.onTheWay = s.onTheWay[1:]
	}
}

// newClockwork is a replica of the first component of an architecture, at the hour one.
func newClockwork(arch graph.Architecture) *clockwork {
	w := &clockwork{now: int64(time.Hour)}
	w.node = New(Options{Component: arch.Components[0].Name, Pod: "pod", Log: discard(), Now: func() int64 { return w.now }})
	w.node.apply(wire.Topology{Revision: "1", Seed: 1, Architecture: arch})
	return w
}

// callee stands for the only instance of a component.
func (w *clockwork) callee(component string, lag time.Duration, script func(wire.Frame) scriptedOutcome) *scripted {
	s := &scripted{work: w, lag: int64(lag), script: script, peer: &peer{
		id: component + "-1", component: component, way: component, usable: true, beats: true, calls: map[uint64]callOf{}, serves: w.node.pools.serving(component), heard: w.now,
	}}
	s.peer.conn = s
	w.node.peers[component], w.node.callees[s] = s.peer, s.peer
	w.node.refreshPools()
	w.callees = append(w.callees, s)
	return s
}

// step lets a time pass.
func (w *clockwork) step(d time.Duration) {
	w.now += int64(d)
	for _, s := range w.callees {
		s.beat()
	}
	w.node.turn()
}

// patient is an API server that calls a database with a timeout and retries, and then a log.
func patient(timeout time.Duration, retries graph.Retries) graph.Architecture {
	capacity := constant(ms)
	capacity.Cores = 64
	return graph.Architecture{
		Components: []graph.Component{
			{Name: "api", Type: graph.APIServer, Replicas: 1, Capacity: capacity},
			{Name: "db", Type: graph.Database, Replicas: 1, Capacity: capacity},
			{Name: "log", Type: graph.APIServer, Replicas: 1, Capacity: capacity},
		},
		Connections: []graph.Connection{
			{From: "api", To: "db", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100, Timeout: timeout, Retries: retries},
			{From: "api", To: "log", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100},
		},
	}
}

// asked is a request with where its answer comes.
type asked struct {
	at   int64
	call *webCall
}

// come lets requests come at times from now on.
func (w *clockwork) come(after ...time.Duration) []asked {
	var all []asked
	for k, d := range after {
		a := asked{at: w.now + int64(d), call: &webCall{done: make(chan webAnswer, 1)}}
		w.node.input.act(func() { w.node.come(a.at, request{web: a.call, number: uint64(k)}) })
		all = append(all, a)
	}
	return all
}

// run lets time pass until every request is answered, and no attempt is on its way.
func (w *clockwork) run(t interface{ Fatalf(string, ...any) }, requests []asked) []webAnswer {
	answers := make([]webAnswer, len(requests))
	for range 200_000 {
		if w.node.counts.sum() == uint64(len(requests)) {
			for k, a := range requests {
				answers[k] = <-a.call.done
			}
			return answers
		}
		w.step(ms)
	}
	t.Fatalf("%d of %d requests ended", w.node.counts.sum(), len(requests))
	return nil
}

// sum is how many requests ended.
func (c *counters) sum() uint64 {
	n := uint64(0)
	for _, class := range c.ended {
		for _, ended := range class {
			n += ended
		}
	}
	return n
}

func TestACallIsGivenUpAtItsTime(t *testing.T) {
	retries := graph.Retries{Count: 2, Backoff: 20 * ms, MaxBackoff: 20 * ms}
	for name, tt := range map[string]struct {
		timeout  time.Duration
		retries  graph.Retries
		outcomes []scriptedOutcome
		attempts int
		reason   wire.Reason
		// least and most are the time from arrival to answer: 1 ms of the API
		// server, the attempts, pauses of 10 to 20 ms, 1 ms of the log.
		least, most time.Duration
	}{
		"in time":                       {50 * ms, retries, []scriptedOutcome{{took: 49 * ms}}, 1, wire.ReasonNone, 51 * ms, 51 * ms},
		"at the last moment":            {50 * ms, retries, []scriptedOutcome{{took: 50 * ms}}, 1, wire.ReasonNone, 52 * ms, 52 * ms},
		"too late without retries":      {50 * ms, graph.Retries{}, []scriptedOutcome{{took: 51 * ms}}, 1, wire.ReasonTimeout, 51 * ms, 51 * ms},
		"far too late":                  {50 * ms, graph.Retries{}, []scriptedOutcome{{took: 3 * time.Second}}, 1, wire.ReasonTimeout, 51 * ms, 51 * ms},
		"a failure without retries":     {50 * ms, graph.Retries{}, []scriptedOutcome{{took: 5 * ms, fails: true}}, 1, wire.ReasonError, 6 * ms, 6 * ms},
		"the second attempt helps":      {50 * ms, retries, []scriptedOutcome{{took: 90 * ms}, {took: 5 * ms}}, 2, wire.ReasonNone, 67 * ms, 77 * ms},
		"a failure is retried at once":  {50 * ms, retries, []scriptedOutcome{{took: 5 * ms, fails: true}, {took: 5 * ms}}, 2, wire.ReasonNone, 22 * ms, 32 * ms},
		"retries without a timeout":     {0, retries, []scriptedOutcome{{took: 500 * ms, fails: true}, {took: 5 * ms}}, 2, wire.ReasonNone, 517 * ms, 527 * ms},
		"nothing helps":                 {50 * ms, retries, []scriptedOutcome{{took: 90 * ms}, {took: 90 * ms}, {took: 90 * ms}}, 3, wire.ReasonTimeout, 171 * ms, 191 * ms},
		"the last failure is what ends": {50 * ms, retries, []scriptedOutcome{{took: 90 * ms}, {took: 90 * ms}, {took: 9 * ms, fails: true}}, 3, wire.ReasonError, 130 * ms, 150 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			w := newClockwork(patient(tt.timeout, tt.retries))
			tried := 0
			db := w.callee("db", ms, func(wire.Frame) scriptedOutcome { tried++; return tt.outcomes[tried-1] })
			log := w.callee("log", ms, func(wire.Frame) scriptedOutcome { return scriptedOutcome{took: ms} })
			a := w.run(t, w.come(100*ms))[0]
			took := time.Duration(a.finish - a.start)
			if a.reason != tt.reason || took < tt.least || took > tt.most || len(db.attempts) != tt.attempts {
				t.Errorf("%q after %v and %d attempts, want %q after %v to %v and %d", a.reason, took, len(db.attempts), tt.reason, tt.least, tt.most, tt.attempts)
			}
			if want := map[bool]int{true: 1}[tt.reason == wire.ReasonNone]; len(log.attempts) != want {
				t.Errorf("what follows was called %d times, want %d", len(log.attempts), want)
			}
			if w.node.counts.late > 0 || len(db.broken)+len(log.broken) > 0 {
				t.Errorf("%d late, broken promises %v %v", w.node.counts.late, db.broken, log.broken)
			}
		})
	}
}

func TestEveryRequestEndsOnceAndAsItsAttemptsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		timeout := time.Duration(rapid.SampledFrom([]int{0, 5, 20, 60}).Draw(t, "timeout")) * ms
		retries := graph.Retries{
			Count: rapid.Int32Range(0, 4).Draw(t, "retries"), MaxBackoff: 60 * ms,
			Backoff: time.Duration(rapid.IntRange(10, 80).Draw(t, "backoff")) * ms,
		}
		lag, slowest := time.Duration(rapid.IntRange(0, 3).Draw(t, "lag"))*ms, rapid.Float64Range(1, 100).Draw(t, "slowest")
		took := station.NewStream(rapid.Uint64().Draw(t, "seed"), "db", station.ForService)
		script := func(f wire.Frame) scriptedOutcome {
			return scriptedOutcome{took: time.Duration(took.Uniform(f.Request) * slowest * float64(ms)), fails: took.UniformAt(f.Request, 1) < 0.3}
		}
		w := newClockwork(patient(timeout, retries))
		db := w.callee("db", lag, script)
		log := w.callee("log", lag, func(wire.Frame) scriptedOutcome { return scriptedOutcome{took: ms} })
		times := rapid.SliceOfN(rapid.IntRange(5, 400), 1, 30).Draw(t, "times")
		var after []time.Duration
		for _, at := range times {
			after = append(after, time.Duration(at)*ms)
		}
		requests := w.come(after...)
		answers := w.run(t, requests)

		attempts := map[uint64][]wire.Frame{}
		for _, f := range db.attempts {
			attempts[f.Request%(1<<40)] = append(attempts[f.Request%(1<<40)], f)
		}
		for k, a := range answers {
			at, reason := requests[k].at+int64(ms), wire.ReasonTimeout
			for i, f := range attempts[uint64(k)] {
				if i > 0 {
					most := int64(min(retries.Backoff<<(i-1), retries.MaxBackoff))
					if pause := f.Time - at; reason == wire.ReasonNone || pause < most/2 || pause > most {
						t.Fatalf("request %d: attempt %d after %q and a pause of %d, want %d to %d", k, i, reason, pause, most/2, most)
					}
				} else if f.Time != at {
					t.Fatalf("request %d: called at %d, want %d", k, f.Time, at)
				}
				o := script(f)
				switch {
				case timeout > 0 && o.took > timeout:
					at, reason = f.Time+int64(timeout), wire.ReasonTimeout
				case o.fails:
					at, reason = f.Time+int64(o.took), wire.ReasonError
				default:
					at, reason = f.Time+int64(o.took), wire.ReasonNone
				}
			}
			if n := len(attempts[uint64(k)]); n > 1+int(retries.Count) || reason != wire.ReasonNone && n != 1+int(retries.Count) {
				t.Fatalf("request %d: %d attempts, the last of them %q", k, n, reason)
			}
			if reason == wire.ReasonNone {
				at += int64(ms) // of the log
			}
			if a.reason != reason || a.finish != at {
				t.Fatalf("request %d: %q at %d, want %q at %d", k, a.reason, a.finish, reason, at)
			}
		}
		if broken := slices.Concat(db.broken, log.broken); len(broken) > 0 || w.node.counts.late > 0 {
			t.Fatalf("broken promises %v, %d late", broken, w.node.counts.late)
		}
		if w.node.visits.used > 0 || len(db.peer.calls) > 0 || len(w.node.retries.items) > 0 {
			t.Fatalf("left over: %d visits, %d calls, %d retries", w.node.visits.used, len(db.peer.calls), len(w.node.retries.items))
		}
	})
}

// TestARetryStormOutlivesItsSpike holds a metastable failure on the virtual clock: a
// database of 100 calls a second has 60, then 200 for two seconds, and then 60 again.
// What it has queued by then takes longer than callers wait, and what they send again
// keeps the queue full, unless a budget bounds it.
func TestARetryStormOutlivesItsSpike(t *testing.T) {
	const usual, spike = 60, 200
	for name, tt := range map[string]struct {
		budget      int32
		least, most float64 // of the last requests that are answered
	}{"without a budget": {0, 0, 0.1}, "with a budget": {10, 0.9, 1}} {
		t.Run(name, func(t *testing.T) {
			arch := patient(200*ms, graph.Retries{Count: 3, Backoff: 20 * ms, MaxBackoff: 40 * ms, BudgetPercent: tt.budget})
			arch.Connections = arch.Connections[:1]
			w := newClockwork(arch)
			config := station.Config{Cores: 1, Queue: station.AtMost(100), Service: station.Service{Default: station.Constant(10 * ms)}}
			server, err := station.New(station.Time(w.now), config)
			if err != nil {
				t.Fatal(err)
			}
			db := w.callee("db", ms, func(f wire.Frame) scriptedOutcome {
				v := server.Arrive(station.Time(f.Time), 10*ms)
				return scriptedOutcome{took: v.Sojourn(), fails: v.Verdict != station.Served}
			})
			var after []time.Duration
			for at := 100 * ms; at < 12*time.Second; {
				after = append(after, at)
				rate := time.Duration(usual)
				if at > 2*time.Second && at < 4*time.Second {
					rate = spike
				}
				at += time.Second / rate
			}
			answers := w.run(t, w.come(after...))
			last, answered := answers[len(answers)-3*usual:], 0
			for _, a := range last {
				if a.reason == wire.ReasonNone {
					answered++
				}
			}
			share := float64(answered) / float64(len(last))
			t.Logf("%d requests became %d calls; %.2f of the last were answered", len(answers), len(db.attempts), share)
			if share < tt.least || share > tt.most {
				t.Errorf("%.2f of the last requests were answered, want %v to %v", share, tt.least, tt.most)
			}
		})
	}
}

func TestCallsAreGivenUpAndMadeAgainThroughTiers(t *testing.T) {
	capacity := constant(ms)
	capacity.Cores = 64
	arch := patient(40*ms, graph.Retries{Count: 1, Backoff: 20 * ms, MaxBackoff: 20 * ms})
	arch.Components[1] = graph.Component{Name: "shop", Type: graph.APIServer, Replicas: 1, Capacity: capacity}
	slow := constant(2 * ms)
	slow.Cores, slow.ByClass = 64, map[graph.Class]graph.Distribution{graph.Write: {Kind: graph.Constant, Mean: 90 * ms}}
	arch.Components[2] = graph.Component{Name: "db", Type: graph.Database, Replicas: 1, Capacity: slow, Database: &graph.DatabaseRole{ConnectionLimit: 1000}}
	arch.Connections[0].To = "shop"
	arch.Connections[1].From, arch.Connections[1].To = "shop", "db"

	for _, how := range []graph.Transport{graph.TransportFrames, graph.TransportHTTP} {
		t.Run(string(how), func(t *testing.T) {
			arch := arch.Clone()
			arch.Transport = how
			synctest.Test(t, func(t *testing.T) {
				api, shop, db := start(t, "api", "api-1"), start(t, "shop", "shop-1"), start(t, "db", "db-1")
				tell("1", arch, api, shop, db)
				ready(t, api, shop, db)
				const n, rate = 200, 100.0
				begin, answers := ask(t, api, requests(n, rate, func(k int, f *wire.Frame) {
					if k%4 == 0 {
						f.Class = wire.CodeOf(graph.Write)
					}
				}))
				wantNoneLate(t, answers)
				for k, a := range answers {
					took := time.Duration(a.Time - begin - int64(float64(k)*1e9/rate))
					least, most, reason := 4*ms, 4*ms, wire.ReasonNone
					if k%4 == 0 { // two timeouts, and a pause between them
						least, most, reason = 91*ms, 101*ms, wire.ReasonTimeout
					}
					if a.Reason != reason || took < least || took > most {
						t.Fatalf("request %d: %q after %v, want %q after %v to %v", k, a.Reason, took, reason, least, most)
					}
				}
				for series, want := range map[string]float64{
					wire.ComponentTimeouts + `{target="shop"}`: n / 2, wire.ComponentRetries + `{target="shop"}`: n / 4,
					wire.ComponentCalls + `{outcome="answered",target="shop"}`: 3 * n / 4, wire.ComponentCalls + `{outcome="failed",target="shop"}`: n / 2,
				} {
					if got := metric(t, api, series); got != want {
						t.Errorf("%s is %v, want %v", series, got, want)
					}
				}
				for _, r := range []*replica{shop, db} { // what nobody waits for any more is done all the same
					await(t, r.instance.ID+" is called for every attempt", func() bool {
						return metric(t, r, wire.ComponentArrivals+`{class="Write"}`) == n/2
					})
				}
			})
		})
	}
}
