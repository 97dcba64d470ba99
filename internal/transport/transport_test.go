package transport

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// split listens for both protocols; what carries frames is answered frame by frame.
func split(t *testing.T) (address string, hellos <-chan wire.Hello) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	met := make(chan wire.Hello, 4)
	s := Listen(l, func(c *Conn) { met <- c.Hello }, func(b Batch) {
		for _, f := range b.Frames {
			b.Conn.Send(wire.Frame{Op: wire.OpAnswer, ID: f.ID, Time: f.Time + 1})
		}
		_ = b.Conn.Flush()
	})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "http "+r.URL.Path) })}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(s) }()
	t.Cleanup(func() { _ = server.Close(); _ = s.Close(); <-done })
	return l.Addr().String(), met
}

func TestOnePortServesFramesAndHTTP(t *testing.T) {
	address, hellos := split(t)
	answers := make(chan wire.Frame, 3000)
	c, err := Dial(address, wire.Hello{From: "lb-1", Promise: 5}, time.Minute, nil, func(b Batch) {
		for _, f := range b.Frames {
			answers <- f
		}
	})
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

func TestABrokenFrameEndsTheConnection(t *testing.T) {
	address, _ := split(t)
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

func TestTheOtherSideIsToldOfAnEnd(t *testing.T) {
	address, _ := split(t)
	ended := make(chan error, 1)
	c, err := Dial(address, wire.Hello{}, time.Minute, nil, func(b Batch) {
		if b.Err != nil {
			ended <- b.Err
		}
	})
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
func TestAConnectionIsMetBeforeItsFirstFrame(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	spoken := make(chan struct{})
	s := Listen(l, func(c *Conn) {
		c.Send(wire.Frame{Op: wire.OpCredit, ID: 7})
		_ = c.Flush()
		close(spoken)
	}, func(Batch) {})
	done := make(chan struct{})
	go func() { defer close(done); _ = http.Serve(s, http.NotFoundHandler()) }()
	defer func() { _ = s.Close(); <-done }()
	events := make(chan string, 4)
	c, err := Dial(l.Addr().String(), wire.Hello{From: "queue-1"}, time.Minute, func(*Conn) {
		<-spoken
		events <- "met"
	}, func(b Batch) {
		for range b.Frames {
			events <- "frame"
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { c.Close(); c.Wait() }()
	if first, second := <-events, <-events; first != "met" || second != "frame" {
		t.Errorf("%s, then %s: want the connection to be known when its first frame comes", first, second)
	}
}
