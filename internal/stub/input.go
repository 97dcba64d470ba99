package stub

import (
	"sync"

	"flashcrowd.io/flashcrowd/internal/transport"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// inbound is a frame with the connection it came on, or the connection's end.
type inbound struct {
	conn  transport.Edge
	frame wire.Frame
	err   error
}

// taken is what came in between two turns.
type taken struct {
	frames []inbound
	acts   []func()
}

// input is where other goroutines leave things for the loop.
type input struct {
	signal chan struct{}
	ending chan struct{}
	mu     sync.Mutex
	next   taken
	spare  taken
}

// batch leaves frames; it is the transport's inbox.
func (in *input) batch(b transport.Batch) {
	in.mu.Lock()
	for _, f := range b.Frames {
		in.next.frames = append(in.next.frames, inbound{conn: b.Conn, frame: f})
	}
	if b.Err != nil {
		in.next.frames = append(in.next.frames, inbound{conn: b.Conn, err: b.Err})
	}
	in.mu.Unlock()
	in.wake()
}

// act leaves something for the loop to do in its next turn.
func (in *input) act(f func()) {
	in.mu.Lock()
	in.next.acts = append(in.next.acts, f)
	in.mu.Unlock()
	in.wake()
}

func (in *input) wake() {
	select {
	case in.signal <- struct{}{}:
	default:
	}
}

// take is all that was left since the last call. What it returns is valid until
// the next call.
func (in *input) take() taken {
	in.mu.Lock()
	defer in.mu.Unlock()
	t := in.next
	in.next, in.spare = taken{frames: in.spare.frames[:0], acts: in.spare.acts[:0]}, t
	return t
}

// close tells goroutines of the node that it ends.
func (in *input) close() { close(in.ending) }

// closed is closed when the node ends.
func (in *input) closed() <-chan struct{} { return in.ending }
