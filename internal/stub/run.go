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
	_ = server.Close()
	_ = split.Close()
	n.running.Wait()
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) || err == nil {
		return nil
	}
	return fmt.Errorf("serving requests: %w", err)
}

// meetCaller registers a connection before its first frame is seen.
func (n *Node) meetCaller(c *transport.Conn) {
	n.input.act(func() {
		n.upstreams[c] = &upstream{conn: c, promise: c.Hello.Promise}
		if n.draining {
			c.Send(wire.Frame{Op: wire.OpDrain})
		}
	})
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
		if rest := tick - time.Duration(now-began); handled > busyTurn && rest > 0 {
			timer.Reset(rest)
			select {
			case <-stopped:
				n.turn()
				return
			case <-timer.C:
			}
			continue
		}
		timer.Reset(time.Duration(min(max(wake-now, int64(100*time.Microsecond)), int64(time.Hour))))
		select {
		case <-stopped:
			n.turn()
			return
		case <-n.input.signal:
		case <-timer.C:
		}
	}
}

// drain lets callers go: it returns when none sends any more and every answer is
// out, or after grace.
func (n *Node) drain(grace time.Duration) {
	n.health.set("draining")
	n.input.act(func() {
		n.draining = true
		for _, up := range n.upstreams {
			up.conn.Send(wire.Frame{Op: wire.OpDrain})
		}
	})
	deadline := time.After(grace)
	check := time.NewTicker(10 * time.Millisecond)
	defer check.Stop()
	quiet := 0
	for quiet < quietChecks {
		select {
		case <-deadline:
			n.o.Log.Info("drained in part", "after", grace)
			return
		case <-check.C:
		}
		quiet++
		if !n.drained() {
			quiet = 0
		}
	}
	n.o.Log.Info("drained")
}

// quietChecks is how often in a row nothing must be left before a drained node
// ends: HTTP callers do not say goodbye.
const quietChecks = 10

func (n *Node) drained() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, up := range n.upstreams {
		if !up.over {
			return false
		}
	}
	return n.visits.used == 0 && len(n.pending.items) == 0
}

func (n *Node) closing() bool {
	select {
	case <-n.input.closed():
		return true
	default:
		return false
	}
}
