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

// maxConnections bounds the connections of one HTTP edge; more requests wait.
const maxConnections = 256

// HTTP is an edge over plain HTTP/1.1: each request frame becomes one HTTP
// request, its response the answer. The callee may be any server; one that does
// not know our headers answers when its response comes. Promises do not travel:
// a callee of ours holds back as long as the caller is behind.
type HTTP struct {
	address string
	inbox   Inbox
	client  *http.Client
	now     func() int64
	out     []wire.Frame
	behind  int64
	ctx     context.Context //nolint:containedctx // the life of the edge
	cancel  context.CancelFunc
	lost    atomic.Bool
	once    sync.Once
	open    sync.WaitGroup
}

var _ Edge = (*HTTP)(nil)

// DialHTTP is an edge to a callee that accepts connections. now is the wall
// clock in nanoseconds since the Unix epoch.
func DialHTTP(address string, timeout time.Duration, now func() int64, inbox Inbox) (*HTTP, error) {
	probe, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", address, err)
	}
	_ = probe.Close()
	ctx, cancel := context.WithCancel(context.Background())
	return &HTTP{
		address: address, inbox: inbox, now: now, ctx: ctx, cancel: cancel,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:  (&net.Dialer{Timeout: timeout}).DialContext,
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
		e.out = append(e.out, f)
	case wire.OpPromise:
		e.behind = max(0, e.now()-f.Time)
	}
}

// Queued reports whether requests wait for Flush.
func (e *HTTP) Queued() bool { return len(e.out) > 0 }

// Flush sends all queued requests, each in a goroutine of its own.
func (e *HTTP) Flush() error {
	if e.lost.Load() {
		return net.ErrClosed
	}
	behind := e.behind
	for _, f := range e.out {
		e.open.Go(func() { e.ask(f, behind) })
	}
	e.out = e.out[:0]
	return nil
}

// Unsent are the requests that were not sent.
func (e *HTTP) Unsent() iter.Seq[wire.Frame] {
	return func(yield func(wire.Frame) bool) {
		for _, f := range e.out {
			if !yield(f) {
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
	})
}

// Wait waits until nothing more comes.
func (e *HTTP) Wait() {
	e.open.Wait()
	e.client.CloseIdleConnections()
}

// ask makes one request and brings its answer. A callee that cannot be reached
// ends the edge.
func (e *HTTP) ask(f wire.Frame, behind int64) {
	answer, err := e.exchange(f, behind)
	if err == nil {
		e.inbox(Batch{Conn: e, Frames: []wire.Frame{answer}})
		return
	}
	if e.ctx.Err() == nil && !e.lost.Swap(true) {
		e.inbox(Batch{Conn: e, Err: fmt.Errorf("calling %s: %w", e.address, err)})
	}
}

func (e *HTTP) exchange(f wire.Frame, behind int64) (wire.Frame, error) {
	request, err := http.NewRequestWithContext(e.ctx, methodOf(f), "http://"+e.address+"/"+strconv.FormatUint(f.Key, 10), nil)
	if err != nil {
		return wire.Frame{}, err
	}
	h := request.Header
	h.Set(wire.HeaderClass, string(f.Class.Class()))
	h.Set(wire.HeaderKey, strconv.FormatUint(f.Key, 10))
	h.Set(wire.HeaderTime, strconv.FormatInt(f.Time, 10))
	h.Set(wire.HeaderVerb, f.Verb.String())
	h.Set(wire.HeaderRegion, strconv.Itoa(int(f.Region)))
	h.Set(wire.HeaderRequest, strconv.FormatUint(f.Request, 10))
	h.Set("Idempotency-Key", strconv.FormatUint(f.ID, 10)) // lets net/http repeat what a closing connection never took
	h.Set(wire.HeaderBehind, strconv.FormatInt(behind, 10))
	if f.Late {
		h.Set(wire.HeaderLate, "1")
	}
	response, err := e.client.Do(request)
	if err != nil {
		return wire.Frame{}, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil && !errors.Is(err, io.EOF) {
		return wire.Frame{}, err
	}
	return e.answerOf(f, response), nil
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

// answerOf is the answer that a response stands for.
func (e *HTTP) answerOf(f wire.Frame, response *http.Response) wire.Frame {
	answer := wire.Frame{Op: wire.OpAnswer, ID: f.ID, Class: f.Class, Request: f.Request, Time: e.now()}
	if finish, err := strconv.ParseInt(response.Header.Get(wire.HeaderFinish), 10, 64); err == nil {
		answer.Time = finish
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
