package transport

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// plain is a listener of which one connection comes, to whoever reads it in the test.
func plain(t *testing.T) (address string, accept func() net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String(), func() net.Conn {
		t.Helper()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(time.Minute))
		if _, _, err := readHello(preface{c}); err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// preface takes the preface off what is read first.
type preface struct{ net.Conn }

func (p preface) Read(b []byte) (int, error) {
	n, err := p.Conn.Read(b)
	if rest, found := cutPreface(b[:n]); found {
		n = copy(b, rest)
	}
	return n, err
}

func cutPreface(b []byte) ([]byte, bool) {
	if len(b) < len(wire.Preface) || string(b[:len(wire.Preface)]) != wire.Preface {
		return b, false
	}
	return b[len(wire.Preface):], true
}

func TestFramesBehindAHelloAreRead(t *testing.T) {
	each(t, func(t *testing.T, reader func(*testing.T, Inbox) Reader) {
		address, _ := split(t, reader)
		first, err := wire.AppendHello(nil, wire.Hello{From: "lb-1"})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		if _, err := raw.Write(wire.AppendFrame(first, wire.Frame{Op: wire.OpRequest, ID: 9, Time: 4})); err != nil {
			t.Fatal(err)
		}
		_ = raw.SetReadDeadline(time.Now().Add(20 * time.Second))
		answer := make([]byte, wire.FrameSize)
		if _, err := raw.Read(answer); err != nil {
			t.Fatal(err)
		}
		if f, _, _, err := wire.DecodeFrame(answer); err != nil || f.ID != 9 || f.Time != 5 {
			t.Errorf("answer %+v, error %v", f, err)
		}
	})
}

// TestALoopIsWokenOnceForEachTimeItAsks counts the wake-ups of a loop that reads on.
func TestALoopIsWokenOnceForEachTimeItAsks(t *testing.T) {
	address, accept := plain(t)
	var woken, frames atomic.Int64
	signal := make(chan struct{}, 100)
	p := NewPoller(func(b Batch) { frames.Add(int64(len(b.Frames))) }, func() { woken.Add(1); signal <- struct{}{} })
	defer p.Close()
	if _, err := Dial(address, wire.Hello{}, time.Minute, nil, p); err != nil {
		t.Fatal(err)
	}
	other := accept()
	send := func() {
		if _, err := other.Write(wire.AppendFrame(nil, wire.Frame{Op: wire.OpPromise, Time: 1})); err != nil {
			t.Fatal(err)
		}
	}
	<-signal // for the connection itself
	p.Read()
	p.Arm()
	send()
	<-signal
	for range 100 {
		send()
	}
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(time.Minute); frames.Load() < 101; {
		select {
		case <-deadline:
			t.Fatalf("%d of 101 frames", frames.Load())
		case <-poll.C:
			p.Read()
		}
	}
	if n := woken.Load(); n != 2 {
		t.Errorf("woken %d times, want 2: for the connection and for its first frame", n)
	}
	send()
	p.Arm()
	select {
	case <-signal: // for what may have been there before it asked
	case <-time.After(time.Minute):
		t.Error("not woken")
	}
}

// narrow has the kernel keep little, so that it is soon full.
func narrow(t *testing.T, c *Conn, other net.Conn) {
	t.Helper()
	if err := other.(*net.TCPConn).SetReadBuffer(1 << 12); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(c.socket.(*pollSocket).fd, unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<12); err != nil {
		t.Fatal(err)
	}
}

// thousand sends frames that follow on so many.
func thousand(c *Conn, sent *uint64) error {
	for range 1000 {
		*sent++
		c.Send(wire.Frame{Op: wire.OpRequest, ID: *sent, Time: int64(*sent)})
	}
	return c.Flush()
}

// fill sends frames until the kernel takes no more, and more, and returns how many.
func fill(t *testing.T, c *Conn) (sent uint64) {
	t.Helper()
	for turns := 0; turns < 3; {
		if err := thousand(c, &sent); err != nil {
			t.Fatal(err)
		}
		if c.Queued() {
			turns++
		}
	}
	return sent
}

// TestNothingIsLostOnWhoeverReadsLate lets a callee read when its caller's kernel is
// full already: the loop goes on, and is woken to write the rest.
func TestNothingIsLostOnWhoeverReadsLate(t *testing.T) {
	address, accept := plain(t)
	acts, full := make(chan func()), make(chan uint64, 1)
	p := turning(t, func(Batch) {}, acts)
	c, err := Dial(address, wire.Hello{}, time.Minute, nil, p)
	if err != nil {
		t.Fatal(err)
	}
	other := accept()
	narrow(t, c, other)
	acts <- func() { full <- fill(t, c) }
	sent, buffer, filled := <-full, make([]byte, readSize), 0
	for next := uint64(1); next <= sent; {
		n, err := other.Read(buffer[filled:])
		if err != nil {
			t.Fatalf("after %d of %d frames: %v", next-1, sent, err)
		}
		frames, used, err := decode(buffer[:filled+n], nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			if f.ID != next {
				t.Fatalf("frame %d, want %d", f.ID, next)
			}
			next++
		}
		filled = copy(buffer, buffer[used:filled+n])
		select { // a turn writes what is left
		case acts <- func() {
			if err := c.Flush(); err != nil {
				t.Error(err)
			}
		}:
		case <-time.After(time.Minute):
			t.Fatal("the loop stands")
		}
	}
}

func TestWhoeverNeverReadsIsGivenUp(t *testing.T) {
	address, accept := plain(t)
	acts, failed, ended := make(chan func()), make(chan error), make(chan error, 1)
	p := turning(t, func(b Batch) {
		if b.Err != nil {
			ended <- b.Err
		}
	}, acts)
	c, err := Dial(address, wire.Hello{}, time.Minute, nil, p)
	if err != nil {
		t.Fatal(err)
	}
	narrow(t, c, accept())
	sent, poll := uint64(0), time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(time.Minute); err == nil; { // the kernel takes some more now and then
		acts <- func() {
			if c.Queued() {
				failed <- c.Flush()
			} else {
				failed <- thousand(c, &sent)
			}
		}
		err = <-failed
		select {
		case <-deadline:
			t.Fatal("not given up")
		case <-poll.C:
		}
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want that it took too long", err)
	}
	if <-ended == nil {
		t.Error("its end has no reason")
	}
	first, last := uint64(0), uint64(0)
	for f := range c.Unsent() {
		if last = f.ID; first == 0 {
			first = f.ID
		}
	}
	if first == 0 || last != sent {
		t.Errorf("unsent are %d to %d, want what the kernel did not take, to %d", first, last, sent)
	}
}
