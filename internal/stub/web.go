package stub

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// webCaller is HTTP as an upstream: requests with a time of their own are merged
// by hold-back, those without arrive now.
type webCaller struct {
	// stamped is when a request with a time last came, on the wall clock.
	stamped int64
	// used is when any request last came.
	used int64
	// behind is the most that a caller of ours was lately behind the wall clock,
	// told at toldAt.
	behind, toldAt int64
	// depth is how many components hold back one after the other before a request
	// reaches this one, and counts it: with the transport HTTP the first request
	// after a pause must find it as far behind as all others do. 0 with frames.
	depth int64
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
		return now - max(holdBack+w.behind, w.depth*holdBack)
	case w.depth > 0:
		return now - w.depth*holdBack
	case now-w.used < stampedFor:
		return now
	default:
		return now + promiseAhead
	}
}

// tell takes in how far behind a caller is. What was told long ago is forgotten.
func (w *webCaller) tell(behind, now int64) {
	if behind >= w.behind || now-w.toldAt > stampedFor {
		w.behind, w.toldAt = min(behind, mostBehind), now
	}
}

// mostBehind bounds what callers can make this replica wait.
const mostBehind = int64(2 * time.Second)

// active reports whether HTTP requests came lately.
func (w *webCaller) active(now int64) bool { return now-max(w.stamped, w.used) < stampedFor }

// webCall is one HTTP request on its way.
type webCall struct{ done chan webAnswer }

type webAnswer struct {
	start, finish, network int64
	reason                 wire.Reason
	verb                   wire.Verb
	late, miss             bool
}

func (c *webCall) answer(a webAnswer) { c.done <- a }

func (w *webCaller) handler(n *Node) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		q, err := w.read(r)
		if err != nil {
			problem(rw, http.StatusBadRequest, err.Error())
			return
		}
		n.input.act(func() { n.callWeb(q) })
		select {
		case a := <-q.web.done:
			n.writeWeb(rw, a)
		case <-r.Context().Done():
		case <-n.input.closed():
			select {
			case a := <-q.web.done: // made in the last turn
				n.writeWeb(rw, a)
			default:
				problem(rw, http.StatusServiceUnavailable, "the instance ends")
			}
		}
	})
}

// stampedRequest is a request with what its headers say of its time: at is its logical
// arrival, 0 for now, and behind how far its caller is behind the wall clock.
type stampedRequest struct {
	request
	at, behind int64
	// method it came with, empty if it says its verb itself.
	method string
}

// read is the request that an HTTP request stands for.
func (w *webCaller) read(r *http.Request) (stampedRequest, error) {
	q := stampedRequest{request: request{
		web: &webCall{done: make(chan webAnswer, 1)}, class: classOf(r), late: r.Header.Get(wire.HeaderLate) != "",
	}}
	var errs [5]error
	var at, behind, region uint64
	at, errs[0] = number(r.Header, wire.HeaderTime, 0)
	behind, errs[1] = number(r.Header, wire.HeaderBehind, 0)
	q.at, q.behind = int64(at), int64(behind)
	if q.key, errs[2] = number(r.Header, wire.HeaderKey, 0); q.key == 0 {
		q.key = keyOf(r.URL.Path)
	}
	if q.number, errs[3] = number(r.Header, wire.HeaderRequest, 1<<63); q.number == 1<<63 {
		q.number |= w.numbers.Add(1)
	}
	if region, errs[4] = number(r.Header, wire.HeaderRegion, 0); region >= wire.MaxRegions {
		errs[4] = fmt.Errorf("%s: write a number below %d, not %d", wire.HeaderRegion, wire.MaxRegions, region)
	}
	q.region = uint8(region)
	if name := r.Header.Get(wire.HeaderVerb); name == "" {
		q.method = r.Method
	} else if verb, known := wire.VerbOf(name); known {
		q.verb = verb
	} else {
		errs[4] = fmt.Errorf("%s: write serve, get, set, delete or replicate, not %q", wire.HeaderVerb, name)
	}
	return q, errors.Join(errs[:]...)
}

// verbOfMethod is what a method asks of a cache.
func verbOfMethod(method string) wire.Verb {
	switch method {
	case http.MethodPut, http.MethodPost, http.MethodPatch:
		return wire.VerbSet
	case http.MethodDelete:
		return wire.VerbDelete
	default:
		return wire.VerbGet
	}
}

// number is a header that holds a number, or otherwise if it is not there.
func number(h http.Header, name string, otherwise uint64) (uint64, error) {
	text := h.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: write a whole number, not %q", name, text)
	}
	return n, nil
}

func classOf(r *http.Request) wire.ClassCode {
	if name := r.Header.Get(wire.HeaderClass); name != "" {
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
func (n *Node) callWeb(q stampedRequest) {
	now := n.now
	if n.station == nil {
		q.web.answer(webAnswer{start: now, finish: now, reason: wire.ReasonNoEndpoint})
		return
	}
	n.web.used = now
	if q.method != "" && n.settings.component.Type == graph.Cache {
		q.verb = verbOfMethod(q.method)
	}
	if q.at == 0 {
		q.at = max(now, n.horizon)
	} else {
		n.web.stamped = now
		n.web.tell(q.behind, now)
	}
	n.come(q.at, q.request)
}

// writeWeb answers an HTTP request.
func (n *Node) writeWeb(rw http.ResponseWriter, a webAnswer) {
	n.mu.Lock()
	instance, draining := n.id, n.draining
	n.mu.Unlock()
	h := rw.Header()
	if draining {
		h.Set(wire.HeaderDraining, "1")
	}
	h.Set(wire.HeaderArrival, strconv.FormatInt(a.start, 10))
	h.Set(wire.HeaderFinish, strconv.FormatInt(a.finish, 10))
	h.Set(wire.HeaderComponent, n.o.Component)
	h.Set(wire.HeaderInstance, instance)
	h.Set(wire.HeaderNetwork, strconv.FormatInt(a.network, 10))
	if a.late {
		h.Set(wire.HeaderLate, "1")
	}
	if a.miss {
		h.Set(wire.HeaderMiss, "1")
	}
	if a.reason != wire.ReasonNone {
		h.Set(wire.HeaderReason, a.reason.String())
		problem(rw, statusOf(a.reason), a.reason.String())
		return
	}
	if a.miss && a.verb == wire.VerbGet {
		problem(rw, http.StatusNotFound, "the cache does not have the key")
		return
	}
	h.Set("Content-Type", "application/json")
	_ = json.NewEncoder(rw).Encode(map[string]string{
		"component": n.o.Component, "instance": instance, "latency": time.Duration(a.finish - a.start).String(),
	})
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
	case wire.ReasonQueueTimeout, wire.ReasonTimeout:
		return http.StatusGatewayTimeout
	case wire.ReasonInFlightLimit:
		return http.StatusTooManyRequests
	default:
		return http.StatusServiceUnavailable
	}
}
