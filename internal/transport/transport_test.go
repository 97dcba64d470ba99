package transport

import (
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// readers are the ways to have connections read.
var readers = map[string]func(*testing.T, Inbox) Reader{
	"a goroutine for each": func(_ *testing.T, inbox Inbox) Reader { return inbox },
	"one loop for all":     func(t *testing.T, inbox Inbox) Reader { return turning(t, inbox, nil) },
}

// turning is a poller whose loop turns when it is woken, and for each act, until the
// test ends.
func turning(t *testing.T, inbox Inbox, acts <-chan func()) *Poller {
	t.Helper()
	woken, stopping := make(chan struct{}, 1), make(chan struct{})
	p := NewPoller(inbox, func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	var loop sync.WaitGroup
	loop.Go(func() {
		defer p.Close()
		for {
			p.Read()
			p.Arm()
			select {
			case <-stopping:
				return
			case act := <-acts:
				act()
			case <-woken:
			}
		}
	})
	t.Cleanup(func() { close(stopping); loop.Wait() })
	return p
}

// split listens for both protocols; what carries frames is answered frame by frame.
func split(t *testing.T, reader func(*testing.T, Inbox) Reader) (address string, hellos <-chan wire.Hello) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	met := make(chan wire.Hello, 4)
	s := Listen(l, func(c *Conn) { met <- c.Hello }, reader(t, func(b Batch) {
		for _, f := range b.Frames {
			b.Conn.Send(wire.Frame{Op: wire.OpAnswer, ID: f.ID, Time: f.Time + 1})
		}
		_ = b.Conn.Flush()
	}))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "http "+r.URL.Path) })}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(s) }()
	t.Cleanup(func() { _ = server.Close(); _ = s.Close(); <-done })
	return l.Addr().String(), met
}

// each runs a test with each way to read.
func each(t *testing.T, test func(*testing.T, func(*testing.T, Inbox) Reader)) {
	for name, reader := range readers {
		t.Run(name, func(t *testing.T) { test(t, reader) })
	}
}

func TestOnePortServesFramesAndHTTP(t *testing.T) { each(t, servesFramesAndHTTP) }

func servesFramesAndHTTP(t *testing.T, reader func(*testing.T, Inbox) Reader) {
	address, hellos := split(t, reader)
	answers := make(chan wire.Frame, 3000)
	c, err := Dial(address, wire.Hello{From: "lb-1", Promise: 5}, time.Minute, nil, reader(t, func(b Batch) {
		for _, f := range b.Frames {
			answers <- f
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Close(); c.Wait() }()
	const n = 3000
	for id := range uint64(n) {
		c.Send(wire.Frame{Op: wire.OpRequest, ID: id, Time: int64(id)})
	}
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	if hello := <-hellos; hello.From != "lb-1" || hello.Promise != 5 {
		t.Errorf("hello %+v", hello)
	}
	for id := range uint64(n) {
		select {
		case f := <-answers:
			if f.ID != id || f.Time != int64(id)+1 {
				t.Fatalf("answer %+v to request %d", f, id)
			}
		case <-time.After(time.Minute):
			t.Fatalf("no answer to request %d", id)
		}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); string(body) != "http /x" {
		t.Errorf("HTTP answered %q", body)
	}
}

func TestABrokenFrameEndsTheConnection(t *testing.T) { each(t, endsBrokenConnections) }

func endsBrokenConnections(t *testing.T, reader func(*testing.T, Inbox) Reader) {
	address, _ := split(t, reader)
	raw, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Write([]byte(wire.Preface + "\xff\xff\xff\xff....")); err != nil {
		t.Fatal(err)
	}
	_ = raw.SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := raw.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("error %v, want the connection's end", err)
	}
}

func TestTheOtherSideIsToldOfAnEnd(t *testing.T) { each(t, tellsOfAnEnd) }

func tellsOfAnEnd(t *testing.T, reader func(*testing.T, Inbox) Reader) {
	address, _ := split(t, reader)
	ended := make(chan error, 1)
	c, err := Dial(address, wire.Hello{}, time.Minute, nil, reader(t, func(b Batch) {
		if b.Err != nil {
			ended <- b.Err
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	select {
	case err := <-ended:
		t.Log(err)
	case <-time.After(time.Minute):
		t.Error("nobody was told")
	}
	c.Wait()
}

// TestAConnectionIsMetBeforeItsFirstFrame lets the callee speak first, while the
// caller is still busy with meeting it.
func TestAConnectionIsMetBeforeItsFirstFrame(t *testing.T) { each(t, meetsFirst) }

func meetsFirst(t *testing.T, reader func(*testing.T, Inbox) Reader) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	spoken := make(chan struct{})
	s := Listen(l, func(c *Conn) {
		c.Send(wire.Frame{Op: wire.OpCredit, ID: 7})
		_ = c.Flush()
		close(spoken)
	}, Inbox(func(Batch) {}))
	done := make(chan struct{})
	go func() { defer close(done); _ = http.Serve(s, http.NotFoundHandler()) }()
	defer func() { _ = s.Close(); <-done }()
	events := make(chan string, 4)
	c, err := Dial(l.Addr().String(), wire.Hello{From: "queue-1"}, time.Minute, func(*Conn) {
		<-spoken
		events <- "met"
	}, reader(t, func(b Batch) {
		for range b.Frames {
			events <- "frame"
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Close(); c.Wait() }()
	if first, second := <-events, <-events; first != "met" || second != "frame" {
		t.Errorf("%s, then %s: want the connection to be known when its first frame comes", first, second)
	}
}
