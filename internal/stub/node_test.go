package stub

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestTimelineTakesInLogicalOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOf(rapid.Int64Range(0, 20)).Draw(t, "times")
		var line timeline[event]
		for i, at := range times {
			line.add(event{at: at, order: uint64(i)})
		}
		last := event{at: -1}
		for range times {
			e := line.take()
			if e.at < last.at || (e.at == last.at && e.order < last.order) {
				t.Fatalf("%+v came after %+v", e, last)
			}
			last = e
		}
	})
}

// replica is a node that runs in the test.
type replica struct {
	node     *Node
	address  string
	instance wire.Instance
	metrics  http.Handler
	stop     func()
}

func constant(mean time.Duration) graph.Capacity {
	return graph.Capacity{Cores: 4, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: mean}}
}

var shop = graph.Architecture{
	Components: []graph.Component{
		{Name: "api", Type: graph.APIServer, Replicas: 2, Capacity: constant(time.Millisecond)},
		{Name: "db", Type: graph.Database, Replicas: 1, Capacity: constant(2 * time.Millisecond), Database: &graph.DatabaseRole{ConnectionLimit: 10}},
	},
	Connections: []graph.Connection{{From: "api", To: "db", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}},
}

// start runs a replica of a component until the test ends, or stop drains it. It
// belongs into a synctest bubble, as does all that uses a replica.
func start(t *testing.T, component, id string) *replica {
	t.Helper()
	n := New(options(component, id))
	address, stop := serve(t, n)
	return &replica{node: n, address: address, stop: stop, metrics: n.Metrics(time.Now), instance: wire.Instance{
		ID: id, Component: component, Pod: id + "-pod", Address: address, State: wire.Ready,
	}}
}

// options are those of a replica on the loopback.
func options(component, id string) Options {
	return Options{Component: component, Pod: id + "-pod", Log: discard(), Now: func() int64 { return time.Now().UnixNano() }, Dial: memory.dial}
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// serve serves a node until the test ends, or stop drains it.
func serve(t *testing.T, n *Node) (address string, stop func()) {
	t.Helper()
	l := memory.listen()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Serve(ctx, l, 20*time.Second) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

// tell gives all replicas one topology.
func tell(revision string, arch graph.Architecture, replicas ...*replica) {
	tellTopology(wire.Topology{Graph: "default/shop", Revision: revision, Seed: 1, Architecture: arch}, replicas...)
}

// tellPlan gives all replicas of the shop a plan.
func tellPlan(revision string, plan *wire.Plan, replicas ...*replica) {
	tellTopology(wire.Topology{Graph: "default/shop", Revision: revision, Seed: 1, Architecture: shop, Plan: plan}, replicas...)
}

func tellTopology(t wire.Topology, replicas ...*replica) {
	for _, r := range replicas {
		t.Instances = append(t.Instances, r.instance)
	}
	for _, r := range replicas {
		r.node.Apply(t)
	}
}

func ready(t *testing.T, replicas ...*replica) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for _, r := range replicas {
		for r.node.Unready() != "" {
			select {
			case <-deadline:
				t.Fatalf("%s: %s", r.instance.ID, r.node.Unready())
			case <-tick.C:
			}
		}
	}
}

// visitor is an HTTP client that makes a connection for each request.
func visitor() *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: memory.dial, DisableKeepAlives: true}}
}

func get(t *testing.T, r *replica) (*http.Response, string) {
	t.Helper()
	resp, err := visitor().Get("http://" + r.address + "/item/1")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestARequestTakesTheTimeOfEveryStationOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db := start(t, "api", "api-1"), start(t, "db", "db-1")
		tell("1", shop, api, db)
		ready(t, api, db)
		resp, body := get(t, api)
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		var arrival, finish int64
		if _, err := fmt.Sscan(resp.Header.Get(wire.HeaderArrival)+" "+resp.Header.Get(wire.HeaderFinish), &arrival, &finish); err != nil {
			t.Fatal(err)
		}
		if got := time.Duration(finish - arrival); got != 3*time.Millisecond {
			t.Errorf("logical latency %v, want 1 ms in the API server and 2 ms in the database", got)
		}
		if got := resp.Header.Get(wire.HeaderInstance); got != "api-1" {
			t.Errorf("instance %q, want api-1", got)
		}
	})
}

func TestACallWithoutAnEndpointFailsAndSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db := start(t, "api", "api-1"), start(t, "db", "db-1")
		tell("1", shop, api, db)
		ready(t, api, db)
		tell("2", shop, api) // the database has gone
		deadline := time.After(20 * time.Second)
		for {
			resp, body := get(t, api)
			if resp.StatusCode == http.StatusServiceUnavailable {
				return
			}
			select {
			case <-deadline:
				t.Fatalf("still answers %d %s", resp.StatusCode, body)
			default:
			}
		}
	})
}

func TestADeadEndpointIsSkippedAndADrainedOneLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db1, db2 := start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "db", "db-2")
		tell("1", shop, api, db1, db2)
		ready(t, api, db1, db2)
		var asking sync.WaitGroup
		failures := make(chan string, 1000)
		for range 4 {
			asking.Go(func() {
				for range 50 {
					if resp, body := get(t, api); resp.StatusCode != http.StatusOK {
						failures <- body
					}
				}
			})
		}
		db1.stop() // drains: its callers are told, nobody else
		asking.Wait()
		close(failures)
		for body := range failures {
			t.Errorf("lost a request while an instance drained: %s", body)
		}
	})
}

func TestBurningSpendsTheServiceTimeAsCPUTime(t *testing.T) {
	work, done, ended := make(chan time.Duration), make(chan struct{}), make(chan struct{})
	before := processTime(t)
	go func() { defer close(ended); burn(work, done) }()
	for range 10 {
		work <- 10 * time.Millisecond
	}
	close(done)
	<-ended
	if spent := processTime(t) - before; spent < 85*time.Millisecond { // the last one may be cut short
		t.Errorf("burnt %v of CPU time, want some 100 ms", spent)
	}
}

func processTime(t *testing.T) time.Duration {
	t.Helper()
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &at); err != nil {
		t.Fatal(err)
	}
	return time.Duration(at.Nano())
}

func TestUnservedTypesAreRefusedInWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		strange := start(t, "host", "host-1")
		tell("1", graph.Architecture{Components: []graph.Component{{Name: "host", Type: "Mainframe", Replicas: 1}}}, strange)
		deadline := time.After(20 * time.Second)
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for strange.node.Unready() != "components of type Mainframe are not served by this version" {
			select {
			case <-deadline:
				t.Fatalf("not ready because %q", strange.node.Unready())
			case <-tick.C:
			}
		}
	})
}

func TestMetricsTellWhatWasCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db := start(t, "api", "api-1"), start(t, "db", "db-1")
		tell("1", shop, api, db)
		ready(t, api, db)
		get(t, api)
		body := told(db)
		for _, want := range []string{
			wire.ComponentArrivals + `{class="Read"} 1`, wire.ComponentRequests + `{class="Read",outcome="answered",reason=""} 1`,
			wire.ComponentBusySeconds + " 0.002", wire.ComponentConnLimit + " 10",
		} {
			if !containsLine(body, want) {
				t.Errorf("no line %q in\n%s", want, body)
			}
		}
	})
}

func containsLine(text, line string) bool {
	for len(text) > 0 {
		i := 0
		for i < len(text) && text[i] != '\n' {
			i++
		}
		if text[:i] == line {
			return true
		}
		text = text[min(i+1, len(text)):]
	}
	return false
}

func TestRoutes(t *testing.T) {
	arch := graph.Architecture{
		Components: []graph.Component{
			{Name: "api", Type: graph.APIServer}, {Name: "db", Type: graph.Database, Database: &graph.DatabaseRole{}},
			{Name: "replica", Type: graph.Database, Database: &graph.DatabaseRole{ReplicaOf: "db"}}, {Name: "audit", Type: graph.APIServer}, {Name: "mail", Type: graph.APIServer},
		},
		Connections: []graph.Connection{
			{From: "api", To: "db", Calls: 2, Mode: graph.Sequential, ProbabilityPercent: 100},
			{From: "api", To: "replica", Classes: []graph.Class{graph.Read}, Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100},
			{From: "api", To: "audit", Classes: []graph.Class{graph.Write}, Calls: 1, Mode: graph.Parallel, ProbabilityPercent: 50},
			{From: "api", To: "mail", Classes: []graph.Class{graph.Write}, Calls: 3, Mode: graph.Parallel, ProbabilityPercent: 100},
		},
	}
	r := (apiServer{}).routes(arch, arch.Components[0], pools{})
	shape := func(class wire.ClassCode) string {
		text := ""
		for _, s := range r.steps[class] {
			text += "["
			for _, c := range s.calls {
				text += fmt.Sprint(c.pool.components, c.percent)
			}
			text += "]"
		}
		return text
	}
	if got, want := shape(wire.ClassRead), "[[db replica] 100][[db replica] 100]"; got != want {
		t.Errorf("reads take %s, want %s", got, want)
	}
	if got, want := shape(wire.ClassWrite), "[[db] 100][[db] 100][[audit] 50[mail] 100[mail] 100[mail] 100]"; got != want {
		t.Errorf("writes take %s, want %s", got, want)
	}
}

func TestPickBalances(t *testing.T) {
	peers := []*peer{{id: "a", calls: map[uint64]callOf{1: {}, 2: {}}}, {id: "b", calls: map[uint64]callOf{}}, {id: "c", calls: map[uint64]callOf{3: {}}}}
	tests := map[graph.Algorithm]func(map[string]int) bool{
		graph.RoundRobin:        func(n map[string]int) bool { return n["a"] == 100 && n["b"] == 100 && n["c"] == 100 },
		graph.LeastRequests:     func(n map[string]int) bool { return n["b"] == 300 },
		graph.PowerOfTwoChoices: func(n map[string]int) bool { return n["b"] > n["c"] && n["c"] > n["a"] && n["a"] > 0 },
	}
	for algorithm, holds := range tests {
		t.Run(string(algorithm), func(t *testing.T) {
			p := pool{algorithm: algorithm, peers: peers}
			picked := map[string]int{}
			for k := range uint64(300) {
				picked[p.pick(k, k, newDraws(1, "lb")).id]++
			}
			if !holds(picked) {
				t.Errorf("picked %v", picked)
			}
		})
	}
	empty := pool{algorithm: graph.RoundRobin}
	if empty.pick(1, 1, newDraws(1, "lb")) != nil {
		t.Error("picked an instance of none")
	}
}

// TestAPeerThatHadNothingToAnswerIsNotSilent leaves a caller and its callee without
// traffic for longer than a callee with open calls may be silent.
func TestAPeerThatHadNothingToAnswerIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db := start(t, "api", "api-1"), start(t, "db", "db-1")
		tell("1", shop, api, db)
		ready(t, api, db)
		api.until(t, "its callee", func(n *Node) bool {
			for _, p := range n.peers {
				if p.takes() {
					p.heard -= 2 * deafAfter
					return true
				}
			}
			return false
		})
		_, answers := ask(t, api, requests(3, 100, nil))
		for k, f := range answers {
			if f.Reason != wire.ReasonNone {
				t.Errorf("request %d: %q, want an answer", k, f.Reason)
			}
		}
	})
}
