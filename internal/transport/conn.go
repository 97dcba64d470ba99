// Package transport carries frames between our processes: one TCP connection
// for each caller and callee, many frames to a write, and HTTP/1.1 for everybody
// else on the same port. It is the seam between the processes and the kernel.
//
// A caller dials, sends and flushes once for each turn of its loop, and gets
// batches of answers:
//
//	edge, err := transport.Dial(address, hello, timeout, meet, inbox)
//	edge.Send(wire.Frame{Op: wire.OpRequest, ID: 1, Time: arrival})
//	edge.Send(wire.Frame{Op: wire.OpPromise, Time: next})
//	err = edge.Flush()
package transport

import (
	"context"
	"fmt"
	"iter"
	"net"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// writeTimeout ends a connection whose peer does not read.
const writeTimeout = time.Second

// Edge is the way between a caller and a callee. Send, Queued, Flush and Unsent
// belong to one goroutine, the owner's loop.
type Edge interface {
	// Send queues a frame; Flush writes what is queued.
	Send(f wire.Frame)
	// Queued reports whether frames wait for Flush.
	Queued() bool
	// Flush writes all queued frames. After an error the edge is of no more use.
	Flush() error
	// Unsent are the frames that have certainly not reached the other side.
	Unsent() iter.Seq[wire.Frame]
	// Close ends the edge; it may be called by anyone and more than once.
	Close()
	// Wait waits until nothing more comes.
	Wait()
}

var _ Edge = (*Conn)(nil)

// Batch is what one read of an edge brought: all frames that were there. Err is
// set with the last batch, when the edge has ended.
type Batch struct {
	Conn   Edge
	Frames []wire.Frame
	Err    error
}

// Inbox takes batches from the goroutines that read. It must not block for long
// and must copy what it keeps of Frames.
type Inbox func(Batch)

// Conn is one connection that carries frames; reading has a goroutine of its own.
type Conn struct {
	// Hello is what the caller said of itself; on the caller's side its own.
	Hello wire.Hello
	conn  net.Conn
	out   []byte
	err   error
	done  chan struct{}
	once  sync.Once
}

// Dialer makes connections; nil makes them by TCP.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// within is the dialer with a bound on how long a connection takes to be made.
func (d Dialer) within(timeout time.Duration) Dialer {
	if d == nil {
		return (&net.Dialer{Timeout: timeout}).DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return d(ctx, network, address)
	}
}

// Dial connects to a callee by TCP and introduces the caller, as Dialer.Dial does.
func Dial(address string, hello wire.Hello, timeout time.Duration, meet func(*Conn), inbox Inbox) (*Conn, error) {
	return Dialer(nil).Dial(address, hello, timeout, meet, inbox)
}

// Dial connects to a callee and introduces the caller. meet, unless it is nil, is
// told the connection before its first frame is read: a callee may speak first. The
// connection reads into inbox until it ends; Wait waits for that.
func (d Dialer) Dial(address string, hello wire.Hello, timeout time.Duration, meet func(*Conn), inbox Inbox) (*Conn, error) {
	conn, err := d.within(timeout)(context.Background(), "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("calling %s: %w", address, err)
	}
	first, err := wire.AppendHello(nil, hello)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = conn.SetWriteDeadline(time.Now().Add(timeout))
	if _, err := conn.Write(first); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("calling %s: %w", address, err)
	}
	c := newConn(conn, hello)
	if meet != nil {
		meet(c)
	}
	go c.read(nil, inbox)
	return c, nil
}

func newConn(conn net.Conn, hello wire.Hello) *Conn {
	return &Conn{Hello: hello, conn: conn, done: make(chan struct{})}
}

// Send queues a frame; Flush writes what is queued.
func (c *Conn) Send(f wire.Frame) { c.out = wire.AppendFrame(c.out, f) }

// Queued reports whether frames wait for Flush.
func (c *Conn) Queued() bool { return len(c.out) > 0 }

// Flush writes all queued frames in one write. After an error the connection is
// of no more use; its last batch tells the inbox so.
func (c *Conn) Flush() error {
	if c.err != nil || len(c.out) == 0 {
		return c.err
	}
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		c.err = err
	} else if n, err := c.conn.Write(c.out); err != nil {
		c.err, c.out = err, c.out[n-n%wire.FrameSize:]
	}
	if c.err != nil {
		_ = c.conn.Close()
		return c.err
	}
	c.out = c.out[:0]
	if cap(c.out) > maxKept {
		c.out = nil
	}
	return nil
}

// Unsent are the frames that have certainly not reached the other side: those
// that the kernel did not take whole.
func (c *Conn) Unsent() iter.Seq[wire.Frame] {
	return func(yield func(wire.Frame) bool) {
		for rest := c.out; len(rest) >= wire.FrameSize; rest = rest[wire.FrameSize:] {
			if f, _, _, err := wire.DecodeFrame(rest); err != nil || !yield(f) {
				return
			}
		}
	}
}

// maxKept bounds the buffer that a connection keeps between writes.
const maxKept = 1 << 20

// Close ends the connection; it may be called by anyone and more than once.
func (c *Conn) Close() { c.once.Do(func() { _ = c.conn.Close() }) }

// Wait waits until the connection no longer reads.
func (c *Conn) Wait() { <-c.done }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() string { return c.conn.RemoteAddr().String() }

// readSize is what one read takes at most: some thousand frames.
const readSize = 64 << 10

// read decodes until the connection ends; rest is what came after the hello.
func (c *Conn) read(rest []byte, inbox Inbox) {
	defer close(c.done)
	buffer := make([]byte, readSize)
	filled := copy(buffer, rest)
	var frames []wire.Frame
	for {
		used := 0
		frames = frames[:0]
		for {
			f, _, n, err := wire.DecodeFrame(buffer[used:filled])
			if err != nil {
				c.Close()
				inbox(Batch{Conn: c, Frames: frames, Err: err})
				return
			}
			if n == 0 {
				break
			}
			used += n
			frames = append(frames, f)
		}
		if len(frames) > 0 {
			inbox(Batch{Conn: c, Frames: frames})
		}
		filled = copy(buffer, buffer[used:filled])
		n, err := c.conn.Read(buffer[filled:])
		filled += n
		if err != nil && n == 0 {
			c.Close()
			inbox(Batch{Conn: c, Err: fmt.Errorf("reading from %s: %w", c.RemoteAddr(), err)})
			return
		}
	}
}
