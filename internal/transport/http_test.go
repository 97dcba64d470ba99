package transport

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// noon is the wall clock of these tests, unless they let it run.
const noon = int64(1_000_000_000_000)

// callee serves HTTP until the test ends, and counts its connections.
func callee(t *testing.T, h http.HandlerFunc) (address string, connections *atomic.Int64) {
	t.Helper()
	connections = &atomic.Int64{}
	s := httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), connections
}

// over dials an HTTP edge whose batches come out of the channel.
func over(t *testing.T, address string, now func() int64) (*HTTP, <-chan Batch) {
	t.Helper()
	batches := make(chan Batch, 100)
	e, err := DialHTTP(address, time.Minute, now, func(b Batch) {
		b.Frames = slices.Clone(b.Frames)
		batches <- b
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close(); e.Wait() })
	return e, batches
}

func next(t *testing.T, batches <-chan Batch) Batch {
	t.Helper()
	select {
	case b := <-batches:
		return b
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
		return Batch{}
	}
}

func flush(t *testing.T, e Edge) {
	t.Helper()
	if err := e.Flush(); err != nil {
		t.Fatal(err)
	}
}

func atNoon() int64 { return noon }

func TestARequestFrameTravelsInHeaders(t *testing.T) {
	seen := make(chan *http.Request, 1)
	address, _ := callee(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r })
	e, batches := over(t, address, atNoon)
	e.Send(wire.Frame{Op: wire.OpPromise, Time: noon - 300})
	e.Send(wire.Frame{Op: wire.OpRequest, ID: 7, Class: wire.ClassWrite, Time: noon - 200, Key: 12, Request: 99, Late: true})
	flush(t, e)
	r := <-seen
	if r.Method != http.MethodPost || r.URL.Path != "/12" || r.ProtoMajor != 1 {
		t.Errorf("%s %s %s, want a POST of the key over HTTP/1", r.Proto, r.Method, r.URL.Path)
	}
	for name, want := range map[string]string{
		wire.HeaderClass: "Write", wire.HeaderKey: "12", wire.HeaderRequest: "99", wire.HeaderLate: "1",
		wire.HeaderTime: "999999999800", wire.HeaderBehind: "300",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := next(t, batches).Frames; len(got) != 1 || got[0].ID != 7 {
		t.Errorf("answers %+v, want one to request 7", got)
	}
}

func TestWhatFollowsOnAnAnswerGoesWithoutATime(t *testing.T) {
	seen := make(chan *http.Request, 1)
	address, _ := callee(t, func(_ http.ResponseWriter, r *http.Request) { seen <- r })
	e, _ := over(t, address, atNoon)
	e.Send(wire.Frame{Op: wire.OpPromise, Time: noon - 100})
	e.Send(wire.Frame{Op: wire.OpRequest, Time: noon - 200})
	flush(t, e)
	if h := (<-seen).Header; h.Get(wire.HeaderTime)+h.Get(wire.HeaderBehind) != "" {
		t.Errorf("headers %v, want no time for a request from before what was promised", h)
	}
}

func TestAnAnswerStandsForItsResponse(t *testing.T) {
	const sent, took = noon - 500, 40
	tests := map[string]struct {
		stamped bool
		status  int
		header  map[string]string
		want    wire.Frame
	}{
		"of ours, in order":     {true, 200, map[string]string{wire.HeaderArrival: "100", wire.HeaderFinish: "350"}, wire.Frame{Time: 350}},
		"of ours, when it came": {false, 200, map[string]string{wire.HeaderArrival: "100", wire.HeaderFinish: "350"}, wire.Frame{Time: sent + 250}},
		"of a stranger":         {true, 204, nil, wire.Frame{Time: sent + took}},
		"late":                  {true, 200, map[string]string{wire.HeaderFinish: "350", wire.HeaderLate: "1"}, wire.Frame{Time: 350, Late: true}},
		"failed with a reason":  {true, 503, map[string]string{wire.HeaderFinish: "350", wire.HeaderReason: "queue_full"}, wire.Frame{Time: 350, Outcome: wire.Failed, Reason: wire.ReasonQueueFull}},
		"failed by a stranger":  {true, 404, nil, wire.Frame{Time: sent + took, Outcome: wire.Failed, Reason: wire.ReasonError}},
		"not a number":          {true, 200, map[string]string{wire.HeaderFinish: "soon"}, wire.Frame{Time: sent + took}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			response := &http.Response{StatusCode: test.status, Header: http.Header{}}
			for k, v := range test.header {
				response.Header.Set(k, v)
			}
			x := exchange{frame: wire.Frame{Op: wire.OpRequest, ID: 3, Class: wire.ClassStatic, Request: 4, Time: sent}, stamped: test.stamped}
			test.want.Op, test.want.ID, test.want.Class, test.want.Request = wire.OpAnswer, 3, wire.ClassStatic, 4
			if got := answerOf(x, response, took); got != test.want {
				t.Errorf("answer %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestConnectionsAreKept(t *testing.T) {
	address, connections := callee(t, func(http.ResponseWriter, *http.Request) {})
	e, batches := over(t, address, atNoon)
	for id := range uint64(20) {
		e.Send(wire.Frame{Op: wire.OpRequest, ID: id})
		flush(t, e)
		next(t, batches)
	}
	if n := connections.Load(); n != 2 {
		t.Errorf("%d connections, want the one that tried the address and one for all requests", n)
	}
}

func TestADrainingCalleeIsHeardBeforeItsAnswer(t *testing.T) {
	address, _ := callee(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(wire.HeaderDraining, "1") })
	e, batches := over(t, address, atNoon)
	e.Send(wire.Frame{Op: wire.OpRequest, ID: 1})
	flush(t, e)
	if got := next(t, batches).Frames; len(got) != 2 || got[0].Op != wire.OpDrain || got[1].Op != wire.OpAnswer {
		t.Errorf("frames %+v, want the wish to drain and the answer", got)
	}
}

func TestABrokenConnectionFailsItsRequestOnly(t *testing.T) {
	address, _ := callee(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(wire.HeaderKey) == "13" {
			w.Header().Set("Content-Length", "100") // and then nothing: the connection breaks
		}
	})
	e, batches := over(t, address, atNoon)
	for id, key := range []uint64{1, 13, 2} {
		e.Send(wire.Frame{Op: wire.OpRequest, ID: uint64(id), Key: key})
		flush(t, e)
		b := next(t, batches)
		if b.Err != nil || len(b.Frames) != 1 {
			t.Fatalf("request %d brought %+v", id, b)
		}
		want := wire.ReasonNone
		if key == 13 {
			want = wire.ReasonConnectionLost
		}
		if got := b.Frames[0]; got.Reason != want || got.ID != uint64(id) {
			t.Errorf("request for key %d brought %+v, want reason %q", key, got, want)
		}
	}
}

func TestAnUnreachableCalleeEndsTheEdge(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	address := s.Listener.Addr().String()
	e, batches := over(t, address, atNoon)
	s.Close()
	e.Send(wire.Frame{Op: wire.OpRequest, ID: 1})
	e.Send(wire.Frame{Op: wire.OpRequest, ID: 2})
	flush(t, e)
	if b := next(t, batches); b.Err == nil {
		t.Fatalf("batch %+v, want the end of the edge", b)
	}
	e.Send(wire.Frame{Op: wire.OpRequest, ID: 3})
	if e.Flush() == nil {
		t.Error("an edge that has ended takes requests")
	}
	var unsent []uint64
	for f := range e.Unsent() {
		unsent = append(unsent, f.ID)
	}
	if !slices.Equal(unsent, []uint64{3}) {
		t.Errorf("unsent %v, want what came after the end", unsent)
	}
	e.Close()
	e.Wait()
	if len(batches) > 0 {
		t.Errorf("the end was told twice: %+v", <-batches)
	}
	if _, err := DialHTTP(address, time.Minute, atNoon, func(Batch) {}); err == nil {
		t.Error("dialled a callee that is gone")
	}
}
