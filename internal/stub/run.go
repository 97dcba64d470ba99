package stub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Serve serves requests on l until ctx ends, then drains: callers are asked to
// send nothing new, and every answer goes out, within grace at most.
func (n *Node) Serve(ctx context.Context, l net.Listener, grace time.Duration) error {
	split := transport.Listen(l, n.meetCaller, n.input.batch)
	server := &http.Server{Handler: n.web.handler(n), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(split) }()
	stopped := make(chan struct{})
	looped := make(chan struct{})
	go func() { defer close(looped); n.loop(stopped) }()

	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		n.drain(grace)
	}
	n.input.close()
	close(stopped)
	<-looped
	for _, p := range n.peers {
		n.close(p)
	}
	closeServer(server)
	_ = split.Close()
	n.running.Wait()
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) || err == nil {
		return nil
	}
	return fmt.Errorf("serving requests: %w", err)
}

// writeGrace is how long answers that were made may take to be written.
const writeGrace = time.Second

// closeServer ends an HTTP server once the answers that it has are written.
func closeServer(s *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), writeGrace)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		_ = s.Close()
	}
}

// meetCaller registers a connection before its first frame is seen.
func (n *Node) meetCaller(c *transport.Conn) {
	n.input.act(func() { n.called(c, c.Hello) })
}

// called takes the connection of a caller.
func (n *Node) called(conn transport.Edge, hello wire.Hello) {
	up := &upstream{conn: conn, promise: hello.Promise, chained: hello.AnswerPromises, heard: n.now - n.asleep, spoken: n.now}
	n.upstreams[conn] = up
	n.worker.meet(n, up)
	if up.chained {
		n.beFollowed()
	}
	if n.draining {
		conn.Send(wire.Frame{Op: wire.OpDrain})
	}
}

// loop takes turns until it is stopped. After a turn with many frames the next
// waits for its tick, so that the frames of a millisecond share their writes.
func (n *Node) loop(stopped <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		began := n.o.Now()
		wake, handled := n.turn()
		now := n.o.Now()
		signal := n.input.signal
		pause := min(max(wake-now, shortest), longest)
		if rest := tick - (now - began); handled > busyTurn && rest > 0 && !n.hurried {
			signal, pause = nil, rest
		}
		timer.Reset(time.Duration(pause))
		select {
		case <-stopped:
			n.turn()
			return
		case <-signal:
		case <-timer.C:
		}
		n.oversleep(now - began)
		n.oversleep(n.o.Now() - now - pause)
	}
}

const (
	// shortest and longest bound the wait for a turn.
	shortest, longest = int64(100 * time.Microsecond), int64(time.Hour)
	// stall is a delay that no timer explains: the machine was elsewhere.
	stall = int64(5 * time.Millisecond)
)

// oversleep counts time in which the loop wanted to run and did not.
func (n *Node) oversleep(by int64) {
	if by > stall {
		n.asleep += by
	}
}

// drain lets callers go: it returns when none sends any more and every answer is
// out, or after grace.
func (n *Node) drain(grace time.Duration) {
	n.health.set("draining")
	n.input.act(func() {
		n.draining = true
		if n.web.depth > 0 {
			n.web.used = n.now // callers over HTTP may be about to send
		}
		for _, up := range n.upstreams {
			up.conn.Send(wire.Frame{Op: wire.OpDrain})
		}
	})
	deadline := time.After(grace)
	check := time.NewTicker(10 * time.Millisecond)
	defer check.Stop()
	for !n.drained() {
		select {
		case <-deadline:
			n.o.Log.Warn("drained in part", "after", grace, "lostMessages", n.messagesLeft())
			return
		case <-check.C:
		}
	}
	n.o.Log.Info("drained")
}

// quietOfHTTP is how long no HTTP request must have come before a drained node
// ends: its callers do not say goodbye, and hear within a second that it drains.
const quietOfHTTP = int64(1500 * time.Millisecond)

func (n *Node) drained() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, up := range n.upstreams {
		if !up.over {
			return false
		}
	}
	return n.draining && n.queue.undone() == 0 && n.visits.used == 0 && len(n.pending.items) == 0 && n.o.Now()-n.web.used > quietOfHTTP
}

// messagesLeft is how many messages end with the process.
func (n *Node) messagesLeft() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.queue.undone()
}

func (n *Node) closing() bool {
	select {
	case <-n.input.closed():
		return true
	default:
		return false
	}
}
