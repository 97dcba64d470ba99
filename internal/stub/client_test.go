package stub

import (
	"iter"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// requests are evenly spaced, all alike but for what vary makes of each.
func requests(n int, rate float64, vary func(k int, f *wire.Frame)) []wire.Frame {
	fs := make([]wire.Frame, n)
	for k := range fs {
		fs[k] = wire.Frame{Op: wire.OpRequest, ID: uint64(k), Time: int64(float64(k) * 1e9 / rate), Request: uint64(k)}
		if vary != nil {
			vary(k, &fs[k])
		}
	}
	return fs
}

// ask sends requests at their times, counted from a moment to come, which it
// returns with the answers in the order of the requests.
func ask(t *testing.T, r *replica, requests []wire.Frame) (begin int64, answers []wire.Frame) {
	t.Helper()
	now := func() int64 { return time.Now().UnixNano() }
	begin = now() + int64(300*time.Millisecond)
	came := make(chan wire.Frame, len(requests))
	conn, err := transport.Dialer(memory.dial).Dial(r.address, wire.Hello{From: "test", Promise: begin}, time.Second, nil, transport.Inbox(func(b transport.Batch) {
		for _, f := range b.Frames {
			if f.Op == wire.OpAnswer {
				came <- f
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Wait()
	defer conn.Close()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	answers = make([]wire.Frame, len(requests))
	for sent, answered := 0, 0; answered < len(requests); {
		select {
		case <-deadline:
			t.Fatalf("%d of %d requests were answered", answered, len(requests))
		case f := <-came:
			answers[f.ID] = f
			answered++
			continue
		case <-tick.C:
		}
		for ; sent < len(requests) && begin+requests[sent].Time <= now(); sent++ {
			f := requests[sent]
			f.Time += begin
			conn.Send(f)
		}
		next := now() + int64(150*time.Millisecond)
		if sent < len(requests) {
			next = min(next, begin+requests[sent].Time)
		}
		conn.Send(wire.Frame{Op: wire.OpPromise, Time: next})
		if err := conn.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	return begin, answers
}

// told is what a replica says on its metrics page.
func told(r *replica) string {
	recorder := httptest.NewRecorder()
	r.metrics.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return recorder.Body.String()
}

// metric is the value of a series of a replica, 0 if it is not there.
func metric(t *testing.T, r *replica, series string) float64 {
	t.Helper()
	for line := range strings.Lines(told(r)) {
		if rest, found := strings.CutPrefix(line, series+" "); found {
			value, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			if err != nil {
				t.Fatal(err)
			}
			return value
		}
	}
	return 0
}

func late(answers []wire.Frame) int {
	n := 0
	for _, a := range answers {
		if a.Late {
			n++
		}
	}
	return n
}

// wantNoneLate wants all answers on time: in virtual time only promises that hold
// each other up make one late.
func wantNoneLate(t *testing.T, answers []wire.Frame) {
	t.Helper()
	if l := late(answers); l > 0 {
		t.Errorf("%d of %d answers are late", l, len(answers))
	}
}

// uniformKey draws keys.
func uniformKey(k, of int) uint64 {
	return 1 + uint64(station.NewStream(7, "test", station.ForKey).Uniform(uint64(k))*float64(of))
}

// deadEdge takes everything and brings nothing.
type deadEdge struct{ sent []wire.Frame }

func (e *deadEdge) Send(f wire.Frame)          { e.sent = append(e.sent, f) }
func (*deadEdge) Queued() bool                 { return false }
func (*deadEdge) Flush() error                 { return nil }
func (*deadEdge) Unsent() iter.Seq[wire.Frame] { return func(func(wire.Frame) bool) {} }
func (*deadEdge) Close()                       {}
func (*deadEdge) Wait()                        {}
