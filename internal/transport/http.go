package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

const (
	// maxConnections bounds the connections of one HTTP edge; more requests wait.
	maxConnections = 2048
	// longestExchange is how long a callee may take to answer: plain HTTP says
	// nothing while it works, so that a deaf one is known by its silence only.
	longestExchange = time.Minute
)

// HTTP is an edge over plain HTTP/1.1: each request frame becomes one HTTP
// request, its response the answer. The callee may be any server; with one that
// does not know our headers a request takes the time that the exchange took.
//
// Promises do not travel. A callee of ours holds back as long as the caller is
// behind, so that requests of several callers are served in logical order. A
// request from before what was promised follows on an answer, and cannot be put
// in order any more: it goes without a time, arrives when it comes, and what the
// callee took for it is added to the time that it was sent at.
type HTTP struct {
	address  string
	inbox    Inbox
	client   *http.Client
	now      func() int64
	out      []exchange
	promised int64
	behind   int64
	ctx      context.Context //nolint:containedctx // the life of the edge
	cancel   context.CancelFunc
	lost     atomic.Bool
	once     sync.Once
	open     sync.WaitGroup
}

// exchange is one request and what is said of its time.
type exchange struct {
	frame wire.Frame
	// stamped says that it carries its time, behind how far the caller is behind
	// the wall clock.
	stamped bool
	behind  int64
}

var _ Edge = (*HTTP)(nil)

// DialHTTP is an edge by TCP, as Dialer.DialHTTP makes it.
func DialHTTP(address string, timeout time.Duration, now func() int64, inbox Inbox) (*HTTP, error) {
	return Dialer(nil).DialHTTP(address, timeout, now, inbox)
}

// DialHTTP is an edge to a callee that accepts connections. now is the wall
// clock in nanoseconds since the Unix epoch.
func (d Dialer) DialHTTP(address string, timeout time.Duration, now func() int64, inbox Inbox) (*HTTP, error) {
	d = d.within(timeout)
	probe, err := d(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", address, err)
	}
	_ = probe.Close()
	ctx, cancel := context.WithCancel(context.Background())
	return &HTTP{
		address: address, inbox: inbox, now: now, ctx: ctx, cancel: cancel,
		client: &http.Client{
			Timeout: longestExchange,
			Transport: &http.Transport{
				DialContext:  d,
				MaxIdleConns: maxConnections, MaxIdleConnsPerHost: maxConnections, MaxConnsPerHost: maxConnections,
				DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Send queues a request; of other frames a promise says how far behind the
// caller is.
func (e *HTTP) Send(f wire.Frame) {
	switch f.Op {
	case wire.OpRequest:
		e.out = append(e.out, exchange{frame: f, stamped: f.Time >= e.promised})
	case wire.OpPromise:
		e.promised, e.behind = max(e.promised, f.Time), max(0, e.now()-f.Time)
	}
}

// Queued reports whether requests wait for Flush.
func (e *HTTP) Queued() bool { return len(e.out) > 0 }

// Flush sends all queued requests, each in a goroutine of its own.
func (e *HTTP) Flush() error {
	if e.lost.Load() {
		return net.ErrClosed
	}
	for _, x := range e.out {
		x.behind = e.behind
		e.open.Go(func() { e.ask(x) })
	}
	e.out = e.out[:0]
	return nil
}

// Unsent are the requests that were not sent.
func (e *HTTP) Unsent() iter.Seq[wire.Frame] {
	return func(yield func(wire.Frame) bool) {
		for _, x := range e.out {
			if !yield(x.frame) {
				return
			}
		}
	}
}

// Close ends the edge and what is open on it.
func (e *HTTP) Close() {
	e.once.Do(func() {
		e.lost.Store(true)
		e.cancel()
		e.client.CloseIdleConnections()
	})
}

// Wait waits until nothing more comes.
func (e *HTTP) Wait() { e.open.Wait() }

// ask makes one request and brings its answer. A connection that breaks fails
// its request; a callee that cannot be reached any more ends the edge.
func (e *HTTP) ask(x exchange) {
	frames, err := e.exchange(x)
	switch {
	case e.ctx.Err() != nil || e.lost.Load():
		e.client.CloseIdleConnections() // its own has just become idle
	case err == nil:
		e.inbox(Batch{Conn: e, Frames: frames})
	case unreachable(err):
		if !e.lost.Swap(true) {
			e.inbox(Batch{Conn: e, Err: fmt.Errorf("calling %s: %w", e.address, err)})
		}
	default:
		e.inbox(Batch{Conn: e, Frames: []wire.Frame{{
			Op: wire.OpAnswer, ID: x.frame.ID, Class: x.frame.Class, Request: x.frame.Request,
			Time: max(x.frame.Time, e.now()-x.behind), Outcome: wire.Failed, Reason: wire.ReasonConnectionLost,
		}}})
	}
}

// unreachable reports whether no connection could be made.
func unreachable(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// exchange is what one request brings: its answer, and before it the wish of a
// draining callee to get no more.
func (e *HTTP) exchange(x exchange) ([]wire.Frame, error) {
	request, err := e.request(x)
	if err != nil {
		return nil, err
	}
	began := e.now()
	response, err := e.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return nil, err
	}
	var frames []wire.Frame
	if response.Header.Get(wire.HeaderDraining) != "" {
		frames = append(frames, wire.Frame{Op: wire.OpDrain})
	}
	return append(frames, answerOf(x, response, e.now()-began)), nil
}

func (e *HTTP) request(x exchange) (*http.Request, error) {
	f := x.frame
	request, err := http.NewRequestWithContext(e.ctx, methodOf(f), "http://"+e.address+"/"+strconv.FormatUint(f.Key, 10), nil)
	if err != nil {
		return nil, err
	}
	h := request.Header
	h.Set(wire.HeaderClass, string(f.Class.Class()))
	h.Set(wire.HeaderKey, strconv.FormatUint(f.Key, 10))
	h.Set(wire.HeaderVerb, f.Verb.String())
	h.Set(wire.HeaderRegion, strconv.Itoa(int(f.Region)))
	h.Set(wire.HeaderRequest, strconv.FormatUint(f.Request, 10))
	h.Set("Idempotency-Key", strconv.FormatUint(f.ID, 10)) // lets net/http repeat what a closing connection never took
	if x.stamped {
		h.Set(wire.HeaderTime, strconv.FormatInt(f.Time, 10))
		h.Set(wire.HeaderBehind, strconv.FormatInt(x.behind, 10))
	}
	if f.Late {
		h.Set(wire.HeaderLate, "1")
	}
	return request, nil
}

// methodOf is the method that a request is made with: to a cache by its verb, to
// all others by its class.
func methodOf(f wire.Frame) string {
	switch {
	case f.Verb == wire.VerbSet:
		return http.MethodPut
	case f.Verb == wire.VerbDelete:
		return http.MethodDelete
	case f.Verb == wire.VerbGet, f.Verb == wire.VerbServe && f.Class.Class().Reads():
		return http.MethodGet
	default:
		return http.MethodPost
	}
}

// answerOf is the answer that a response stands for; took is how long the
// exchange lasted on the wall clock, in nanoseconds.
func answerOf(x exchange, response *http.Response, took int64) wire.Frame {
	f := x.frame
	answer := wire.Frame{Op: wire.OpAnswer, ID: f.ID, Class: f.Class, Request: f.Request, Time: f.Time + took}
	arrival, noArrival := strconv.ParseInt(response.Header.Get(wire.HeaderArrival), 10, 64)
	finish, noFinish := strconv.ParseInt(response.Header.Get(wire.HeaderFinish), 10, 64)
	switch {
	case noFinish != nil:
	case x.stamped:
		answer.Time = finish
	case noArrival == nil:
		answer.Time = f.Time + max(0, finish-arrival)
	}
	if network, err := strconv.ParseInt(response.Header.Get(wire.HeaderNetwork), 10, 64); err == nil {
		answer.Network = network
	}
	answer.Late = response.Header.Get(wire.HeaderLate) != ""
	answer.Miss = response.Header.Get(wire.HeaderMiss) != "" || f.Verb == wire.VerbGet && response.StatusCode == http.StatusNotFound
	if answer.Miss && response.StatusCode == http.StatusNotFound {
		return answer
	}
	if response.StatusCode >= http.StatusBadRequest {
		answer.Outcome, answer.Reason = wire.Failed, wire.ReasonOf(response.Header.Get(wire.HeaderReason))
	}
	return answer
}
