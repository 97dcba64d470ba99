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

// Inbox takes batches from whoever reads. It must not block for long and must copy
// what it keeps of Frames.
type Inbox func(Batch)

// Reader reads connections: an Inbox each in a goroutine of its own, a Poller all
// of them when its loop turns.
type Reader interface {
	// take makes a connection one that the reader can read.
	take(c net.Conn) (socket, error)
	// read reads a connection, or has it read, until it ends; rest is what came
	// before. It is called once, in a goroutine that it may keep.
	read(c *Conn, rest []byte)
}

// socket is the system's end of a connection.
type socket interface {
	// write writes b, or as much of it as can be written now.
	write(b []byte) (int, error)
	// Close ends the connection; it may be called by anyone and more than once.
	Close() error
}

// Conn is one connection that carries frames.
type Conn struct {
	// Hello is what the caller said of itself; on the caller's side its own.
	Hello  wire.Hello
	remote string
	socket socket
	// out are the frames that wait, of whose first so many bytes are written.
	out     []byte
	written int
	err     error
	done    chan struct{}
	once    sync.Once
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
func Dial(address string, hello wire.Hello, timeout time.Duration, meet func(*Conn), reader Reader) (*Conn, error) {
	return Dialer(nil).Dial(address, hello, timeout, meet, reader)
}

// Dial connects to a callee and introduces the caller. meet, unless it is nil, is
// told the connection before its first frame is read: a callee may speak first. The
// reader has the connection until it ends; Wait waits for that.
func (d Dialer) Dial(address string, hello wire.Hello, timeout time.Duration, meet func(*Conn), reader Reader) (*Conn, error) {
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
	c, err := newConn(conn, hello, reader)
	if err != nil {
		return nil, err
	}
	if meet != nil {
		meet(c)
	}
	go reader.read(c, nil)
	return c, nil
}

func newConn(conn net.Conn, hello wire.Hello, reader Reader) (*Conn, error) {
	remote := conn.RemoteAddr().String()
	taken, err := reader.take(conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &Conn{Hello: hello, remote: remote, socket: taken, done: make(chan struct{})}, nil
}

// Send queues a frame; Flush writes what is queued.
func (c *Conn) Send(f wire.Frame) { c.out = wire.AppendFrame(c.out, f) }

// Queued reports whether frames wait for Flush.
func (c *Conn) Queued() bool { return len(c.out) > 0 }

// Flush writes all queued frames in one write, or leaves for the next Flush what the
// kernel does not take. After an error the connection is of no more use; its last
// batch tells the inbox so.
func (c *Conn) Flush() error {
	if c.err != nil || len(c.out) == 0 {
		return c.err
	}
	n, err := c.socket.write(c.out[c.written:])
	if whole := (c.written + n) / wire.FrameSize * wire.FrameSize; whole > 0 {
		c.out = append(c.out[:0], c.out[whole:]...)
		c.written -= whole
	}
	c.written += n
	if len(c.out) == 0 && cap(c.out) > maxKept {
		c.out = nil
	}
	if err != nil {
		c.err = err
		c.Close()
	}
	return c.err
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
func (c *Conn) Close() { c.once.Do(func() { _ = c.socket.Close() }) }

// Wait waits until the connection no longer reads.
func (c *Conn) Wait() { <-c.done }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() string { return c.remote }

// readSize is what one read takes at most: some thousand frames.
const readSize = 64 << 10

// decode appends the whole frames at the beginning of buffer, which took so many bytes.
func decode(buffer []byte, frames []wire.Frame) (_ []wire.Frame, used int, err error) {
	for {
		f, _, n, err := wire.DecodeFrame(buffer[used:])
		if err != nil || n == 0 {
			return frames, used, err
		}
		used += n
		frames = append(frames, f)
	}
}
