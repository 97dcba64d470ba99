package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// watcher is a page: it holds what it was told and nothing else.
type watcher struct {
	address, token, run string
	conn                *websocket.Conn

	epoch     string
	last      int64
	topology  wire.Canvas
	phase     wire.Phase
	control   wire.Control
	decisions map[string]wire.ScalingDecision
	alerts    map[string]wire.RunAlert
	// gaps that were said and made good by a snapshot; told is one that was not yet.
	gaps int
	told bool
	// heard is told every message.
	heard func(kind wire.MessageType, message []byte)
}

func newWatcher(address, token, run string) *watcher {
	return &watcher{address: address, token: token, run: run, decisions: map[string]wire.ScalingDecision{}, alerts: map[string]wire.RunAlert{}, heard: func(wire.MessageType, []byte) {}}
}

// connect opens the feed and goes on where the watcher was.
func (w *watcher) connect(ctx context.Context) error {
	dialer := websocket.Dialer{Subprotocols: []string{wire.FeedSubprotocol}, HandshakeTimeout: time.Minute}
	conn, response, err := dialer.DialContext(ctx, "ws://"+w.address+wire.FeedPath+"?simulationId="+w.run, http.Header{"Authorization": {"Bearer " + w.token}})
	if err != nil {
		if response != nil {
			return fmt.Errorf("refused with %s: %w", response.Status, err)
		}
		return err
	}
	w.conn = conn
	return conn.WriteJSON(wire.FeedResume{Type: wire.MessageResume, Epoch: w.epoch, LastSeq: w.last})
}

// errSilentGap says that a message was left out without a word.
var errSilentGap = errors.New("a silent gap")

// hear takes one message in.
func (w *watcher) hear() error {
	if err := w.conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	_, message, err := w.conn.ReadMessage()
	if err != nil {
		return err
	}
	var head struct {
		Type wire.MessageType `json:"type"`
		wire.Envelope
	}
	if err := json.Unmarshal(message, &head); err != nil {
		return err
	}
	w.heard(head.Type, message)
	switch head.Type {
	case wire.MessageHello, wire.MessageTick, wire.MessageBye, wire.MessageFinding:
	case wire.MessageGap:
		w.told = true
		return nil
	case wire.MessageSnapshot:
		return w.begin(message)
	default:
		if err := w.apply(head.Type, message); err != nil {
			return err
		}
	}
	if lossless := head.Type != wire.MessageHello && head.Type != wire.MessageTick && head.Type != wire.MessageBye; lossless {
		if head.Seq != w.last+1 {
			return fmt.Errorf("%w: %s has number %d after %d", errSilentGap, head.Type, head.Seq, w.last)
		}
		w.last = head.Seq
	}
	return nil
}

// begin replaces everything by a snapshot.
func (w *watcher) begin(message []byte) error {
	var s wire.FeedSnapshot
	if err := json.Unmarshal(message, &s); err != nil {
		return err
	}
	w.epoch, w.last, w.topology, w.phase, w.control = s.Epoch, s.Seq, s.Topology, s.Phase, s.Control
	if w.told {
		w.gaps, w.told = w.gaps+1, false
	}
	for _, d := range s.Decisions {
		w.decisions[d.ID] = d
	}
	for _, a := range s.Alerts {
		w.alerts[a.ID] = a
	}
	return nil
}

func (w *watcher) apply(kind wire.MessageType, message []byte) error {
	switch kind {
	case wire.MessageTopo:
		m, err := unmarshalled[wire.FeedTopo](message)
		w.topology = feed.Step(w.topology, m.Change)
		return err
	case wire.MessageDecision:
		m, err := unmarshalled[wire.FeedDecision](message)
		w.decisions[m.Decision.ID] = m.Decision
		return err
	case wire.MessageAlert:
		m, err := unmarshalled[wire.FeedAlert](message)
		w.alerts[m.Alert.ID] = m.Alert
		return err
	case wire.MessageControl:
		m, err := unmarshalled[wire.FeedControl](message)
		w.control = m.Control
		return err
	case wire.MessagePhase:
		m, err := unmarshalled[wire.FeedPhase](message)
		w.phase = m.Phase
		return err
	default:
		return fmt.Errorf("the server said %q, which no page knows", kind)
	}
}

func unmarshalled[T any](message []byte) (T, error) {
	var m T
	err := json.Unmarshal(message, &m)
	return m, err
}

// until hears messages until something holds.
func (w *watcher) until(holds func() bool) error {
	for !holds() {
		if err := w.hear(); err != nil {
			return err
		}
	}
	return nil
}

// listen hears messages until the connection ends.
func (w *watcher) listen() {
	var err error
	for err == nil {
		err = w.hear()
	}
}

func (w *watcher) close() {
	if w.conn != nil {
		_ = w.conn.Close()
	}
}
