package stub

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Headers of the HTTP face.
const (
	HeaderClass    = "X-Flashcrowd-Class"
	HeaderTime     = "X-Flashcrowd-Time"    // logical arrival, Unix nanoseconds
	HeaderRequest  = "X-Flashcrowd-Request" // number of the request, which keys its draws
	HeaderFinish   = "X-Flashcrowd-Finish"
	HeaderArrival  = "X-Flashcrowd-Arrival"
	HeaderInstance = "X-Flashcrowd-Instance"
	HeaderLate     = "X-Flashcrowd-Late"
)

// webCaller is HTTP as an upstream: requests with a time of their own are merged
// by hold-back, those without arrive now.
type webCaller struct {
	// stamped is when a request with a time last came, on the wall clock.
	stamped int64
	// used is when any request last came.
	used int64
	// numbers counts requests without a number; the high bit keeps them apart
	// from those of a run.
	numbers atomic.Uint64
}

// stampedFor is how long after a stamped request more are expected.
const stampedFor = int64(time.Second)

// promised is the time before which no HTTP request will be put.
func (w *webCaller) promised(now int64) int64 {
	switch {
	case now-w.stamped < stampedFor:
		return now - holdBack
	case now-w.used < stampedFor:
		return now
	default:
		return now + promiseAhead
	}
}

// active reports whether HTTP requests came lately.
func (w *webCaller) active(now int64) bool { return now-max(w.stamped, w.used) < stampedFor }

// webCall is one HTTP request on its way.
type webCall struct{ done chan webAnswer }

type webAnswer struct {
	start, finish int64
	reason        wire.Reason
	late          bool
}

func (c *webCall) answer(a webAnswer) { c.done <- a }

func (w *webCaller) handler(n *Node) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q, at, err := w.read(r)
		if err != "" {
			problem(rw, http.StatusBadRequest, err)
			return
		}
		n.input.act(func() { n.callWeb(q, at) })
		select {
		case a := <-q.web.done:
			n.writeWeb(rw, a)
		case <-r.Context().Done():
		case <-n.input.closed():
			problem(rw, http.StatusServiceUnavailable, "the instance ends")
		}
	})
}

// read is the request that an HTTP request stands for, and its time, 0 for now.
func (w *webCaller) read(r *http.Request) (q request, at int64, problem string) {
	q = request{web: &webCall{done: make(chan webAnswer, 1)}, class: classOf(r), key: keyOf(r.URL.Path), number: 1<<63 | w.numbers.Add(1)}
	if text := r.Header.Get(HeaderTime); text != "" {
		t, err := strconv.ParseInt(text, 10, 64)
		if err != nil || t <= 0 {
			return q, 0, HeaderTime + ": write nanoseconds since 1970"
		}
		at = t
	}
	if text := r.Header.Get(HeaderRequest); text != "" {
		number, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return q, 0, HeaderRequest + ": write a number"
		}
		q.number = number
	}
	return q, at, ""
}

func classOf(r *http.Request) wire.ClassCode {
	if name := r.Header.Get(HeaderClass); name != "" {
		for code := range wire.Classes {
			if strings.EqualFold(string(wire.ClassCode(code).Class()), name) {
				return wire.ClassCode(code)
			}
		}
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return wire.CodeOf(graph.Read)
	}
	return wire.CodeOf(graph.Write)
}

func keyOf(path string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path))
	return h.Sum64()
}

// callWeb puts an HTTP request into the order of the others.
func (n *Node) callWeb(q request, at int64) {
	now := n.o.Now()
	if n.station == nil {
		q.web.answer(webAnswer{start: now, finish: now, reason: wire.ReasonNoEndpoint})
		return
	}
	n.web.used = now
	if at == 0 {
		at = max(now, n.horizon)
	} else {
		n.web.stamped = now
	}
	n.enqueue(at, q)
}

// writeWeb answers an HTTP request.
func (n *Node) writeWeb(rw http.ResponseWriter, a webAnswer) {
	h := rw.Header()
	h.Set(HeaderArrival, strconv.FormatInt(a.start, 10))
	h.Set(HeaderFinish, strconv.FormatInt(a.finish, 10))
	n.mu.Lock()
	h.Set(HeaderInstance, n.id)
	n.mu.Unlock()
	if a.late {
		h.Set(HeaderLate, "1")
	}
	if a.reason != wire.ReasonNone {
		problem(rw, statusOf(a.reason), a.reason.String())
		return
	}
	h.Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(map[string]string{"instance": h.Get(HeaderInstance), "latency": time.Duration(a.finish - a.start).String()})
}

func problem(rw http.ResponseWriter, status int, detail string) {
	rw.Header().Set("Content-Type", "application/problem+json")
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}

func statusOf(r wire.Reason) int {
	switch r {
	case wire.ReasonError:
		return http.StatusInternalServerError
	case wire.ReasonQueueTimeout:
		return http.StatusGatewayTimeout
	case wire.ReasonInFlightLimit:
		return http.StatusTooManyRequests
	default:
		return http.StatusServiceUnavailable
	}
}
