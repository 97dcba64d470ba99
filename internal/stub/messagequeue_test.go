package stub

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// accept is what a test queue takes to accept a message.
const accept = time.Microsecond

func exponential(mean time.Duration) graph.Distribution {
	return graph.Distribution{Kind: graph.Exponential, Mean: mean}
}

// office is a queue that feeds workers, which may call a database.
func office(service graph.Distribution, concurrency int32) graph.Architecture {
	return graph.Architecture{
		Components: []graph.Component{
			{
				Name: "queue", Type: graph.MessageQueue, Replicas: 1, Queue: &graph.Queueing{},
				Capacity: graph.Capacity{Cores: 64, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: accept}},
			},
			{
				Name: "worker", Type: graph.Worker, Replicas: 1, Worker: &graph.Working{Concurrency: concurrency},
				Capacity: graph.Capacity{Cores: concurrency, ServiceTime: service},
			},
		},
		Connections: []graph.Connection{{From: "queue", To: "worker", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}},
	}
}

// withDatabase lets the workers make calls to a database that is never busy.
func withDatabase(arch graph.Architecture, service time.Duration, calls int32) graph.Architecture {
	arch.Components = append(arch.Components, graph.Component{
		Name: "db", Type: graph.Database, Replicas: 1,
		Capacity: graph.Capacity{Cores: 256, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: service}},
	})
	arch.Connections = append(arch.Connections, graph.Connection{From: "worker", To: "db", Calls: calls, Mode: graph.Sequential, ProbabilityPercent: 100})
	return arch
}

// lags records what a queue observes; the queue's lock guards it.
type lags struct {
	prometheus.Histogram
	seconds []float64
}

func (l *lags) Observe(s float64) { l.seconds = append(l.seconds, s) }

// record has a queue that is ready tell its lags.
func record(r *replica) *lags {
	recorded := &lags{Histogram: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "lag"})}
	r.do(func() { r.node.queue.lag = recorded })
	return recorded
}

// do lets the loop do something and waits for it.
func (r *replica) do(f func()) {
	done := make(chan struct{})
	r.node.input.act(func() { f(); close(done) })
	<-done
}

// until waits for a condition on a node.
func (r *replica) until(t *testing.T, what string, holds func(n *Node) bool) {
	t.Helper()
	deadline, tick := time.After(30*time.Second), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for {
		r.node.mu.Lock()
		held := holds(r.node)
		r.node.mu.Unlock()
		if held {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("waiting for %s of %s", what, r.instance.ID)
		case <-tick.C:
		}
	}
}

// conserved is the law of every queue, at every moment.
func conserved(q *messageQueue) bool {
	return q.published == q.acknowledged+q.deadLettered+uint64(len(q.ready.items)+len(q.open))
}

// outcome is what a publisher hears of one message.
type outcome struct {
	at     int64
	reason wire.Reason
	late   bool
	heard  bool
}

// publish sends a message to a queue at each of the times, numbered from first on
// by their index times stride, and is what was heard.
func publish(t *testing.T, r *replica, at []int64, number func(int) uint64) []outcome {
	t.Helper()
	outcomes := make([]outcome, len(at))
	var left sync.WaitGroup
	left.Add(len(at))
	conn, err := transport.Dialer(memory.dial).Dial(r.address, wire.Hello{From: "publisher", Promise: at[0]}, time.Second, nil, transport.Inbox(func(b transport.Batch) {
		for _, f := range b.Frames {
			if f.Op == wire.OpAnswer {
				outcomes[f.ID] = outcome{at: f.Time, reason: f.Reason, late: f.Late, heard: true}
				left.Done()
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	for k := 0; k < len(at); {
		now := time.Now().UnixNano()
		for ; k < len(at) && at[k] <= now; k++ {
			conn.Send(wire.Frame{Op: wire.OpRequest, Class: wire.ClassAsync, ID: uint64(k), Request: number(k), Time: at[k]})
		}
		if k == len(at) {
			conn.Send(wire.Frame{Op: wire.OpGoodbye, Time: forever})
		} else {
			conn.Send(wire.Frame{Op: wire.OpPromise, Time: min(at[k], now+promiseAhead)})
		}
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
		if k < len(at) {
			<-time.After(time.Duration(min(at[k], now+promiseAhead/3) - now))
		}
	}
	left.Wait()
	conn.Close()
	conn.Wait()
	return outcomes
}

// beginAfter is longer than what idle nodes have promised when a publisher comes.
const beginAfter = 2 * time.Duration(promiseAhead)

func counted(k int) uint64 { return uint64(k) }

// poissonTimes are n arrivals that begin shortly.
func poissonTimes(n int, rate float64) []int64 {
	draws, at := station.NewStream(7, "publisher", station.ForArrival), float64(time.Now().Add(beginAfter).UnixNano())
	times := make([]int64, n)
	for k := range times {
		at -= 1e9 / rate * math.Log1p(-draws.Uniform(uint64(k)))
		times[k] = int64(at)
	}
	return times
}

func evenTimes(n int, rate float64) []int64 {
	begin := time.Now().Add(beginAfter).UnixNano()
	times := make([]int64, n)
	for k := range times {
		times[k] = begin + int64(float64(k)*1e9/rate)
	}
	return times
}

// theory is the lags of the station that queue and workers together are: so many
// servers before one queue, each message in service for its draw and for the calls.
func theory(t *testing.T, at []int64, servers int, service graph.Distribution, calls time.Duration) []float64 {
	t.Helper()
	law, err := distribution(service)
	if err != nil {
		t.Fatal(err)
	}
	s, err := station.New(station.Time(at[0]), station.Config{Cores: servers, Service: station.Service{Default: law}})
	if err != nil {
		t.Fatal(err)
	}
	draws := newDraws(1, "worker").service
	want := make([]float64, len(at))
	for k := range at {
		v := s.Arrive(station.Time(at[k]+int64(accept)), law.Sample(draws.Uniform(uint64(k)))+calls)
		want[k] = float64(v.Sojourn()) / 1e9
	}
	return want
}

// rehearsal is a queue, its workers and what they call.
type rehearsal struct {
	queue   *replica
	workers []*replica
	others  []*replica
}

func (r rehearsal) all() []*replica {
	return append(append([]*replica{r.queue}, r.workers...), r.others...)
}

// startOffice runs an office with so many workers until its queue feeds them all.
func startOffice(t *testing.T, arch graph.Architecture, workers int) rehearsal {
	t.Helper()
	r := rehearsal{queue: start(t, "queue", "queue-1")}
	for k := range workers {
		r.workers = append(r.workers, start(t, "worker", fmt.Sprint("worker-", k+1)))
	}
	if _, calls := arch.Component("db"); calls {
		r.others = append(r.others, start(t, "db", "db-1"))
	}
	tell("1", arch, r.all()...)
	ready(t, r.all()...)
	feeds(t, r.queue, workers)
	return r
}

// TestAQueueWithWorkersIsAStationWithTheirPlaces publishes Poisson arrivals and
// compares every message's lag with the exact result: places that pull are servers.
func TestAQueueWithWorkersIsAStationWithTheirPlaces(t *testing.T) {
	constantly := func(mean time.Duration) graph.Distribution {
		return graph.Distribution{Kind: graph.Constant, Mean: mean}
	}
	tests := map[string]stationCase{
		"M/M/1 at 0.8, 5 ms":            {messages: 400, rate: 160, workers: 1, places: 1, service: exponential(5 * time.Millisecond)},
		"M/M/4 in two workers":          {messages: 1000, rate: 360, workers: 2, places: 2, service: exponential(10 * time.Millisecond)},
		"M/D/1 at 0.9, 1 ms":            {messages: 1500, rate: 900, workers: 1, places: 1, service: constantly(time.Millisecond)},
		"M/M/2 at 0.9, 1 ms":            {messages: 3000, rate: 1800, workers: 2, places: 1, service: exponential(time.Millisecond)},
		"twice too much":                {messages: 400, rate: 400, workers: 2, places: 1, service: exponential(10 * time.Millisecond)},
		"3 s each":                      {messages: 5, rate: 20, workers: 4, places: 1, service: constantly(3 * time.Second)},
		"a call of 20 ms":               {messages: 400, rate: 200, workers: 3, places: 2, service: exponential(5 * time.Millisecond), calls: 1, call: 20 * time.Millisecond},
		"three calls of 5 ms":           {messages: 400, rate: 200, workers: 3, places: 2, service: exponential(5 * time.Millisecond), calls: 3, call: 5 * time.Millisecond},
		"two calls of 700 ms":           {messages: 30, rate: 40, workers: 2, places: 8, service: exponential(5 * time.Millisecond), calls: 2, call: 700 * time.Millisecond},
		"a call of 1 ms, too much":      {messages: 800, rate: 800, workers: 2, places: 1, service: constantly(2 * time.Millisecond), calls: 1, call: time.Millisecond},
		"a call of 3 s in every place":  {messages: 4, rate: 50, workers: 2, places: 1, service: exponential(time.Millisecond), calls: 1, call: 3 * time.Second},
		"more places than the 50 calls": {messages: 50, rate: 500, workers: 1, places: 100, service: exponential(20 * time.Millisecond), calls: 1, call: 50 * time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				at, seconds := tt.play(t)
				want := theory(t, at, tt.workers*int(tt.places), tt.service, time.Duration(tt.calls)*tt.call)
				compareLags(t, seconds, want)
			})
		})
	}
}

// stationCase is messages at a rate for workers with so many places each.
type stationCase struct {
	messages int
	rate     float64
	workers  int
	places   int32
	service  graph.Distribution
	calls    int32
	call     time.Duration
}

// play is the publications of a run and the lags that its queue told.
func (c stationCase) play(t *testing.T) (at []int64, seconds []float64) {
	t.Helper()
	arch := office(c.service, c.places)
	if c.calls > 0 {
		arch = withDatabase(arch, c.call, c.calls)
	}
	r := startOffice(t, arch, c.workers)
	recorded := record(r.queue)
	at = poissonTimes(c.messages, c.rate)
	publish(t, r.queue, at, counted)
	r.queue.until(t, "the last acknowledgement", func(n *Node) bool { return n.queue.undone() == 0 })
	wantNoneLateAt(t, r.all()...)
	r.queue.node.mu.Lock()
	defer r.queue.node.mu.Unlock()
	return at, slices.Clone(recorded.seconds)
}

// feeds waits until a queue has so many workers with places.
func feeds(t *testing.T, queue *replica, workers int) {
	t.Helper()
	queue.until(t, "its workers", func(n *Node) bool {
		able := 0
		for _, p := range n.peers {
			if p.takes() && p.credit.granted > 0 {
				able++
			}
		}
		return able == workers
	})
}

// wantNoneLateAt wants that nothing came too late at any of the nodes.
func wantNoneLateAt(t *testing.T, replicas ...*replica) {
	t.Helper()
	for _, r := range replicas {
		r.node.mu.Lock()
		late := r.node.counts.late
		r.node.mu.Unlock()
		if late > 0 {
			t.Errorf("%d arrivals were late at %s", late, r.instance.ID)
		}
	}
}

// compareLags compares what was measured with what is exact, message by message.
func compareLags(t *testing.T, got, want []float64) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if len(got) != len(want) {
		t.Fatalf("%d messages were acknowledged, %d published", len(got), len(want))
	}
	differ := 0
	for k := range got {
		if math.Abs(got[k]-want[k]) > 1e-9 {
			differ++
		}
	}
	mean := func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += v
		}
		return sum / float64(len(x))
	}
	t.Logf("%d messages, mean lag %.6f s (exactly %.6f), p95 %.6f (%.6f), %d differ", len(got), mean(got), mean(want), got[len(got)*95/100], want[len(want)*95/100], differ)
	if differ > 0 {
		t.Errorf("%d of %d lags differ from theory", differ, len(got))
	}
}

// law waits for a condition and holds the queue to conservation all the while.
func law(t *testing.T, queue *replica, what string, holds func(q *messageQueue) bool) {
	t.Helper()
	queue.until(t, what, func(n *Node) bool {
		if q := n.queue; !conserved(q) {
			t.Errorf("%d published, but %d acknowledged, %d dead, %d ready and %d unacknowledged", q.published, q.acknowledged, q.deadLettered, len(q.ready.items), len(q.open))
		}
		return holds(n.queue)
	})
}

func done(messages uint64) func(q *messageQueue) bool {
	return func(q *messageQueue) bool { return q.published == messages && q.undone() == 0 }
}

func TestALostWorkerLosesNoMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := office(graph.Distribution{Kind: graph.Constant, Mean: 200 * time.Millisecond}, 2)
		r := startOffice(t, arch, 2)
		var publishing sync.WaitGroup
		publishing.Go(func() { publish(t, r.queue, evenTimes(30, 100), counted) })
		law(t, r.queue, "a message in every place", func(q *messageQueue) bool { return len(q.open) == 4 })
		r.workers[0].do(func() {
			for _, up := range r.workers[0].node.upstreams {
				up.conn.Close()
			}
		})
		law(t, r.queue, "the last acknowledgement", done(30))
		publishing.Wait()
		r.queue.until(t, "the law", func(n *Node) bool {
			if q := n.queue; q.acknowledged != 30 || q.deadLettered != 0 || q.redelivered < 1 || q.redelivered > 2 {
				t.Errorf("%d acknowledged, %d dead, %d redelivered; want all 30, none, and the one or two that were lost", q.acknowledged, q.deadLettered, q.redelivered)
			}
			return true
		})
	})
}

func TestAMessageThatFailsIsDeliveredAgainAndGivenUpAtLast(t *testing.T) {
	tests := map[string]struct {
		failPPM                 int32
		acknowledged, dead, put uint64
	}{
		"never fails":  {0, 40, 0, 0},
		"always fails": {1_000_000, 0, 40, 40 * (maxFailures - 1)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			failing(t, tt.failPPM, 40, 400, func(q *messageQueue) {
				if q.acknowledged != tt.acknowledged || q.deadLettered != tt.dead || q.redelivered != tt.put {
					t.Errorf("%d acknowledged, %d dead, %d redelivered; want %+v", q.acknowledged, q.deadLettered, q.redelivered, tt)
				}
			})
		})
	}
	t.Run("fails sometimes", func(t *testing.T) {
		failing(t, 300_000, 300, 1000, func(q *messageQueue) {
			// Each delivery fails by a draw of its own: 0.3^5 of 300 messages die.
			if q.deadLettered > 5 || q.redelivered < 90 || q.redelivered > 170 {
				t.Errorf("%d dead and %d redelivered of 300 where 30 %% fail", q.deadLettered, q.redelivered)
			}
		})
	})
}

// failing publishes so many messages to workers that fail at a rate, and checks
// the queue once all have ended.
func failing(t *testing.T, failPPM int32, messages int, rate float64, check func(q *messageQueue)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		arch := office(exponential(time.Millisecond), 2)
		arch.Components[1].ErrorRatePPM = failPPM
		r := startOffice(t, arch, 1)
		publish(t, r.queue, evenTimes(messages, rate), counted)
		law(t, r.queue, "the end of every message", done(uint64(messages)))
		r.queue.until(t, "the law", func(n *Node) bool {
			check(n.queue)
			return true
		})
	})
}

func TestAFullQueueRefusesAndKeepsWhatItHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := office(exponential(time.Millisecond), 1)
		arch.Components[0].Queue.DepthLimit = 10
		arch.Components[0].Capacity.Memory = graph.Memory{LimitBytes: 1 << 20, BaseBytes: 1000, PerRequestBytes: 100}
		queue := start(t, "queue", "queue-1")
		tell("1", arch, queue)
		ready(t, queue) // without any worker
		refused := 0
		for _, o := range publish(t, queue, evenTimes(25, 500), counted) {
			switch {
			case o.reason == wire.ReasonQueueFull:
				refused++
			case o.reason != wire.ReasonNone || !o.heard:
				t.Errorf("a publisher heard %+v", o)
			}
		}
		if refused != 15 {
			t.Errorf("%d of 25 messages were refused, want 15", refused)
		}
		text := scrape(t, queue.node)
		for _, want := range []string{
			wire.ComponentQueueDepth + " 10", wire.ComponentUnacknowledged + " 0", wire.ComponentMemoryBytes + " 2000",
			wire.ComponentRequests + `{class="Async",outcome="failed",reason="queue_full"} 15`,
		} {
			if !containsLine(text, want) {
				t.Errorf("no line %q in\n%s", want, text)
			}
		}
		worker := start(t, "worker", "worker-1")
		tell("2", arch, queue, worker)
		law(t, queue, "the last acknowledgement", done(10))
		text = scrape(t, queue.node)
		for _, want := range []string{
			wire.ComponentQueueDepth + " 0", wire.ComponentOldestMessage + " 0", wire.ComponentAcknowledged + " 10", wire.ComponentMessageLag + "_count 10",
			wire.ComponentRedelivered + " 0", wire.ComponentDeadLettered + " 0", wire.ComponentMemoryBytes + " 1000",
			wire.ComponentCalls + `{outcome="answered",target="worker"} 10`,
		} {
			if !containsLine(text, want) {
				t.Errorf("no line %q in\n%s", want, text)
			}
		}
	})
}

// scrape is what a node's metrics say.
func scrape(t *testing.T, n *Node) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{node: n, lastSeen: time.Now})
	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return recorder.Body.String()
}

func TestADrainingQueueWorksOffItsMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOffice(t, office(graph.Distribution{Kind: graph.Constant, Mean: 50 * time.Millisecond}, 1), 1)
		publish(t, r.queue, evenTimes(20, 200), counted)
		r.queue.stop()
		if q := r.queue.node.queue; q.acknowledged != 20 || q.undone() != 0 {
			t.Errorf("%d of 20 acknowledged, %d left", q.acknowledged, q.undone())
		}
	})
}

func TestAQueueThatCannotWorkOffItsMessagesSaysHowManyAreLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		o := options("queue", "queue-1")
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		n := New(o)
		l := memory.listen()
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- n.Serve(ctx, l, 300*time.Millisecond) }()
		queue := &replica{node: n, address: l.Addr().String(), instance: wire.Instance{
			ID: "queue-1", Component: "queue", Pod: "queue-1-pod", Address: l.Addr().String(), State: wire.Ready,
		}}
		tell("1", office(exponential(time.Millisecond), 1), queue)
		ready(t, queue)
		publish(t, queue, evenTimes(7, 100), counted)
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "lostMessages=7") {
			t.Errorf("no word of 7 lost messages in\n%s", log.String())
		}
	})
}

// TestWhatWorkersCallIsExactToo has workers call further than one step: another
// queue, and a service behind a balancer that has work to do itself.
func TestWhatWorkersCallIsExactToo(t *testing.T) {
	queues := office(exponential(4*time.Millisecond), 2)
	second, writer := queues.Components[0], queues.Components[1]
	second.Name, writer.Name = "queue-b", "writer"
	queues.Components = append(queues.Components, second, writer)
	queues.Connections = append(queues.Connections, onward("worker", "queue-b"), onward("queue-b", "writer"))

	services := office(exponential(4*time.Millisecond), 2)
	wide := graph.Capacity{Cores: 256, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 3 * time.Millisecond}}
	services.Components = append(services.Components,
		graph.Component{Name: "lb", Type: graph.LoadBalancer, Capacity: wide, LoadBalancer: &graph.Balancing{Algorithm: graph.LeastRequests}},
		graph.Component{Name: "api", Type: graph.APIServer, Capacity: wide},
		graph.Component{Name: "db", Type: graph.Database, Capacity: wide})
	services.Connections = append(services.Connections, onward("worker", "lb"), onward("lb", "api"), onward("api", "db"))
	services.Connections[len(services.Connections)-1].Calls = 3

	for name, tt := range map[string]struct {
		arch  graph.Architecture
		calls time.Duration
	}{
		"another queue":               {queues, accept},
		"balancer, service, database": {services, 5 * 3 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const messages = 200
				all := []*replica{}
				for _, c := range tt.arch.Components {
					all = append(all, start(t, c.Name, c.Name+"-1"))
				}
				tell("1", tt.arch, all...)
				ready(t, all...)
				feeds(t, all[0], 1)
				recorded := record(all[0])
				at := poissonTimes(messages, 120)
				publish(t, all[0], at, counted)
				law(t, all[0], "the last acknowledgement", done(messages))
				wantNoneLateAt(t, all...)
				compareLags(t, recorded.seconds, theory(t, at, 2, exponential(4*time.Millisecond), tt.calls))
			})
		})
	}
}

func onward(from, to string) graph.Connection {
	return graph.Connection{From: from, To: to, Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}
}

func TestADrainingWorkerFinishesWhatItHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startOffice(t, office(graph.Distribution{Kind: graph.Constant, Mean: 100 * time.Millisecond}, 2), 2)
		var publishing sync.WaitGroup
		publishing.Go(func() { publish(t, r.queue, evenTimes(30, 100), counted) })
		law(t, r.queue, "a message in every place", func(q *messageQueue) bool { return len(q.open) == 4 })
		r.workers[0].stop()
		law(t, r.queue, "the last acknowledgement", done(30))
		publishing.Wait()
		r.queue.until(t, "the law", func(n *Node) bool {
			if n.queue.redelivered != 0 || n.queue.acknowledged != 30 {
				t.Errorf("%d acknowledged and %d redelivered, want 30 and none", n.queue.acknowledged, n.queue.redelivered)
			}
			return true
		})
	})
}

// TestMoreWorkersAndPlacesTakeMessagesAtOnce grows the places from one to four
// while messages wait, without one that comes too late anywhere.
func TestMoreWorkersAndPlacesTakeMessagesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const messages = 250
		arch := withDatabase(office(exponential(15*time.Millisecond), 1), 5*time.Millisecond, 1)
		r := startOffice(t, arch, 1)
		var publishing sync.WaitGroup
		publishing.Go(func() { publish(t, r.queue, evenTimes(messages, 150), counted) })
		law(t, r.queue, "a backlog", func(q *messageQueue) bool { return len(q.ready.items) > 10 })
		second := start(t, "worker", "worker-2")
		r.workers = append(r.workers, second)
		more := arch.Clone()
		more.Components[1].Worker.Concurrency, more.Components[1].Capacity.Cores = 2, 2
		tell("2", more, r.all()...)
		law(t, r.queue, "a message in every place", func(q *messageQueue) bool { return len(q.open) == 4 })
		law(t, r.queue, "the last acknowledgement", done(messages))
		publishing.Wait()
		wantNoneLateAt(t, r.all()...)
	})
}

// TestWorkersOfSeveralQueuesKeepTheirConcurrency feeds two workers by two queues,
// each of which has credit for all places.
func TestWorkersOfSeveralQueuesKeepTheirConcurrency(t *testing.T) {
	for name, calls := range map[string]int32{"alone": 0, "with calls": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const messages = 150
				arch := office(exponential(8*time.Millisecond), 1)
				if calls > 0 {
					arch = withDatabase(arch, 6*time.Millisecond, calls)
				}
				r := startOffice2(t, arch)
				var publishing sync.WaitGroup
				for k, queue := range r[:2] {
					publishing.Go(func() {
						publish(t, queue, poissonTimes(messages, 150), func(i int) uint64 { return uint64(2*i + k) })
					})
				}
				for _, queue := range r[:2] {
					law(t, queue, "the last acknowledgement", func(q *messageQueue) bool {
						for _, w := range r[2:4] {
							w.node.mu.Lock()
							if s := w.node.station.Snapshot(); w.node.worker.working > 1 || s.InFlight > 1 {
								t.Errorf("%s works on %d messages at once", w.instance.ID, s.InFlight)
							}
							w.node.mu.Unlock()
						}
						return done(messages)(q)
					})
				}
				publishing.Wait()
				wantNoneLateAt(t, r...)
			})
		})
	}
}

// startOffice2 is two queues, two workers and what those call.
func startOffice2(t *testing.T, arch graph.Architecture) []*replica {
	t.Helper()
	r := []*replica{start(t, "queue", "queue-1"), start(t, "queue", "queue-2"), start(t, "worker", "worker-1"), start(t, "worker", "worker-2")}
	if _, calls := arch.Component("db"); calls {
		r = append(r, start(t, "db", "db-1"))
	}
	tell("1", arch, r...)
	ready(t, r...)
	feeds(t, r[0], 2)
	feeds(t, r[1], 2)
	return r
}

func TestAQueueFeedsWorkersOverHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := office(exponential(5*time.Millisecond), 2)
		arch.Transport = graph.TransportHTTP
		r := startOffice(t, arch, 2)
		publish(t, r.queue, evenTimes(60, 200), counted)
		law(t, r.queue, "the last acknowledgement", done(60))
	})
}

// TestABacklogGrowsAndDrainsAsArithmeticSays is the reference case mq-depth-fluid
// for its first seconds: 1500 messages a second for ten places of 100 a second
// each. Depth is 500 t and a message published at t lags depth / 1000 = t / 2.
func TestABacklogGrowsAndDrainsAsArithmeticSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate, length = 1500.0, 3.0
		r := startOffice(t, office(graph.Distribution{Kind: graph.Constant, Mean: 10 * time.Millisecond}, 5), 2)
		recorded := record(r.queue)
		at := evenTimes(int(rate*length), rate)
		var publishing sync.WaitGroup
		publishing.Go(func() { publish(t, r.queue, at, counted) })
		since := func(n *Node) float64 { return float64(n.horizon-at[0]) / 1e9 }
		var full, age, drained float64
		law(t, r.queue, "a depth of 1000", func(q *messageQueue) bool {
			full, age = since(r.queue.node), float64(r.queue.node.horizon-q.ready.first(r.queue.node.horizon))/1e9
			return len(q.ready.items) >= 1000
		})
		law(t, r.queue, "the end of the backlog", func(q *messageQueue) bool {
			drained = since(r.queue.node)
			return done(uint64(len(at)))(q)
		})
		publishing.Wait()
		r.queue.node.mu.Lock()
		defer r.queue.node.mu.Unlock()
		for what, x := range map[string]struct{ got, want float64 }{
			"depth reaches 1000 after":                        {full, 2},
			"the oldest message is then as old as":            {age, 2.0 / 3},
			"the message published after 2 s lags":            {recorded.seconds[int(2*rate)], 1},
			"the backlog of 1500 is drained 1.5 s after 3 s:": {drained, 4.5},
		} {
			t.Logf("%s %.3f s (%.3f)", what, x.got, x.want)
			if math.Abs(x.got-x.want) > 0.05*x.want {
				t.Errorf("%s %.3f s, want %.3f within 5 %%", what, x.got, x.want)
			}
		}
	})
}

func TestPlacesAreGrantedAndTakenBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c credit
		inUse := 0
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			switch rapid.IntRange(0, 2).Draw(t, "step") {
			case 0:
				c.grant(rapid.IntRange(0, 5).Draw(t, "places"), 7)
			case 1:
				if len(c.free.items) > 0 {
					c.free.take()
					inUse++
				}
			default:
				if inUse > 0 {
					c.put(9)
					inUse--
				}
			}
			if inUse+len(c.free.items)-c.debt != c.granted || len(c.free.items) > 0 && c.debt > 0 {
				t.Fatalf("%d in use, %d free and %d owed of %d places", inUse, len(c.free.items), c.debt, c.granted)
			}
		}
	})
}
