package stub

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// httpShop is load balancer, API server and database, all over plain HTTP.
func httpShop(callsOfDatabase int32) graph.Architecture {
	arch := graph.Architecture{Transport: graph.TransportHTTP, Components: append([]graph.Component{
		{Name: "lb", Type: graph.LoadBalancer, Replicas: 1, Capacity: constant(time.Millisecond)},
	}, shop.Components...)}
	arch.Connections = []graph.Connection{
		{From: "lb", To: "api", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100},
		{From: "api", To: "db", Calls: callsOfDatabase, Mode: graph.Sequential, ProbabilityPercent: 100},
	}
	return arch
}

// onLoopback serves HTTP on the loopback.
func onLoopback(h http.HandlerFunc) *httptest.Server {
	s := &httptest.Server{Listener: memory.listen(), Config: &http.Server{Handler: h}}
	s.Start()
	return s
}

// between puts a plain reverse proxy before a replica, as a mesh would, and
// tells what passes.
func between(t *testing.T, r *replica) (passed func() []*http.Request) {
	t.Helper()
	var mu sync.Mutex
	var requests []*http.Request
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: r.address})
	onward := &http.Transport{DialContext: memory.dial}
	proxy.Transport = onward
	s := onLoopback(func(w http.ResponseWriter, q *http.Request) {
		mu.Lock()
		requests = append(requests, q.Clone(q.Context()))
		mu.Unlock()
		proxy.ServeHTTP(w, q)
	})
	t.Cleanup(func() {
		s.Close()
		onward.CloseIdleConnections()
	})
	r.instance.Address = s.Listener.Addr().String()
	return func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return requests
	}
}

// stamped sends a request with a logical time of now.
func stamped(t *testing.T, r *replica) *http.Response {
	t.Helper()
	q, err := http.NewRequest(http.MethodGet, "http://"+r.address+"/item/1", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set(wire.HeaderTime, strconv.FormatInt(time.Now().UnixNano(), 10))
	resp, err := visitor().Do(q)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp
}

func latency(t *testing.T, resp *http.Response) time.Duration {
	t.Helper()
	var arrival, finish int64
	if _, err := fmt.Sscan(resp.Header.Get(wire.HeaderArrival)+" "+resp.Header.Get(wire.HeaderFinish), &arrival, &finish); err != nil {
		t.Fatal(err)
	}
	return time.Duration(finish - arrival)
}

func TestOverHTTPEveryHopIsPlainHTTPAndLogicalTimeIsExact(t *testing.T) {
	for _, calls := range []int32{1, 2, 3} {
		t.Run(fmt.Sprintf("%d calls of the database", calls), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				lb, api, db := start(t, "lb", "lb-1"), start(t, "api", "api-1"), start(t, "db", "db-1")
				beforeAPI, beforeDB := between(t, api), between(t, db)
				tell("1", httpShop(calls), lb, api, db)
				ready(t, lb, api, db)
				resp := stamped(t, lb)
				want := time.Duration(2+2*calls) * time.Millisecond
				if got := latency(t, resp); resp.StatusCode != http.StatusOK || got != want {
					t.Errorf("%d after %v, want an answer after %v", resp.StatusCode, got, want)
				}
				if resp.Header.Get(wire.HeaderLate) != "" {
					t.Error("the first request of idle replicas was late")
				}
				if len(beforeAPI()) != 1 || len(beforeDB()) != int(calls) {
					t.Fatalf("%d and %d requests passed, want 1 and %d", len(beforeAPI()), len(beforeDB()), calls)
				}
				for i, q := range append(beforeAPI(), beforeDB()...) {
					ordered := i <= 1 // later calls follow on answers
					if q.ProtoMajor != 1 || q.Header.Get(wire.HeaderClass) != "Read" || (q.Header.Get(wire.HeaderTime) != "") != ordered {
						t.Errorf("call %d was %s with %v, want HTTP/1 of a read, with a time: %v", i, q.Proto, q.Header, ordered)
					}
				}
			})
		})
	}
}

func TestOverHTTPADrainedInstanceLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := httpShop(1)
		lb, api, db1, db2 := start(t, "lb", "lb-1"), start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "db", "db-2")
		tell("1", arch, lb, api, db1, db2)
		ready(t, lb, api, db1, db2)
		var asking sync.WaitGroup
		for range 8 {
			asking.Go(func() {
				for range 20 {
					if resp := stamped(t, lb); resp.StatusCode != http.StatusOK {
						t.Errorf("lost a request while an instance drained: %d %s", resp.StatusCode, resp.Header.Get(wire.HeaderReason))
					}
				}
			})
		}
		db1.stop() // its callers hear it from its answers
		asking.Wait()
	})
}

func TestOverHTTPADeadInstanceFailsItsCallsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		arch := httpShop(1)
		lb, api, db := start(t, "lb", "lb-1"), start(t, "api", "api-1"), start(t, "db", "db-1")
		gone := onLoopback(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		dead := &replica{node: db.node, instance: wire.Instance{ID: "db-2", Component: "db", Pod: "none", Address: gone.Listener.Addr().String(), State: wire.Ready}}
		tell("1", arch, lb, api, db, dead)
		ready(t, lb, api, db)
		reasons := map[string]int{}
		for range 20 {
			reasons[stamped(t, lb).Header.Get(wire.HeaderReason)]++
		}
		if reasons[""] == 0 || reasons[wire.ReasonConnectionLost.String()] == 0 || len(reasons) != 2 {
			t.Errorf("reasons %v, want answers of one instance and lost connections of the other", reasons)
		}
		gone.Close() // now it cannot be reached, and is skipped
		deadline := time.After(20 * time.Second)
		for answered := 0; answered < 10; {
			if stamped(t, lb).StatusCode == http.StatusOK {
				answered++
			} else {
				answered = 0
			}
			select {
			case <-deadline:
				t.Fatal("an instance that cannot be reached is still called")
			default:
			}
		}
	})
}

func TestDepthOverHTTP(t *testing.T) {
	arch := httpShop(1)
	arch.Connections = append(arch.Connections, graph.Connection{From: "lb", To: "db"})
	for name, want := range map[string]int64{"lb": 1, "api": 2, "db": 3} {
		if got := depthOverHTTP(arch, name); got != want {
			t.Errorf("depth of %s is %d, want %d", name, got, want)
		}
	}
	if got := depthOverHTTP(shop, "db"); got != 0 {
		t.Errorf("depth %d with frames, want 0", got)
	}
}
