package dashboard

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// raw sends bytes as they are, again and again or once, until nobody takes them.
func raw(conn *websocket.Conn, again bool, data ...byte) {
	for {
		if _, err := conn.NetConn().Write(data); err != nil || !again {
			return
		}
	}
}

// masked is a frame of a client under the mask 0, whose payload is then readable.
func masked(first byte, payload string) []byte {
	return append([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

// First bytes of frames: the last of its message or not, compressed or not, and a kind.
const (
	textToBeContinued = 0x01
	continuation      = 0x00
	text              = 0x81
	compressedText    = 0xc1
	ping, pong        = 0x89, 0x8a
)

// TestAbuseEndsTheFeedAndNothingElse tells each abuser why it ends, as far as
// the WebSocket itself goes on, while another client hears every change.
func TestAbuseEndsTheFeedAndNothingElse(t *testing.T) {
	resume := `{"type":"resume","epoch":"another"}`
	abuses := map[string]struct {
		abuse func(*websocket.Conn)
		want  int
		// cut says that the goodbye may be lost: what the abuser sent was not all read.
		cut bool
	}{
		"no JSON":                        {func(c *websocket.Conn) { raw(c, false, masked(text, "{")...) }, wire.CloseProtocol, false},
		"an unknown message":             {func(c *websocket.Conn) { raw(c, false, masked(text, `{"type":"nonsense"}`)...) }, wire.CloseProtocol, false},
		"a message of 1 MiB":             {func(c *websocket.Conn) { _ = c.WriteMessage(websocket.TextMessage, make([]byte, 1<<20)) }, websocket.CloseMessageTooBig, false},
		"a frame that says it has 1 EiB": {func(c *websocket.Conn) { raw(c, false, text, 0xff, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }, websocket.CloseMessageTooBig, false},
		"compression that was not agreed on": {
			func(c *websocket.Conn) { raw(c, false, masked(compressedText, "bomb")...) }, websocket.CloseProtocolError, false,
		},
		"no mask":            {func(c *websocket.Conn) { raw(c, false, text, 2, '{', '}') }, websocket.CloseProtocolError, false},
		"snapshots for ever": {func(c *websocket.Conn) { raw(c, true, masked(text, resume)...) }, wire.CloseProtocol, true},
		"a flood of pings":   {func(c *websocket.Conn) { raw(c, true, masked(ping, "")...) }, wire.CloseProtocol, true},
		"a flood of pongs":   {func(c *websocket.Conn) { raw(c, true, masked(pong, "")...) }, wire.CloseProtocol, true},
		"empty fragments for ever": {func(c *websocket.Conn) {
			raw(c, false, masked(textToBeContinued, "")...)
			raw(c, true, masked(continuation, "")...)
		}, wire.CloseProtocol, true},
		"a message that never ends": {func(c *websocket.Conn) { raw(c, false, masked(textToBeContinued, "{")...) }, wire.CloseProtocol, false},
	}
	h := newHouse(t)
	h.server.pace.message = time.Second
	healthy := h.resumed(wire.FeedResume{})
	h.next(healthy, wire.MessageSnapshot)
	for name, tt := range abuses {
		t.Run(name, func(t *testing.T) {
			h.t = t
			conn := h.resumed(wire.FeedResume{})
			done := make(chan struct{})
			go func() { defer close(done); tt.abuse(conn) }()
			started := time.Now()
			got := h.end(conn)
			if lost := tt.cut && got == websocket.CloseAbnormalClosure; got != tt.want && !lost {
				t.Errorf("closed with %d, want %d", got, tt.want)
			}
			if took := time.Since(started); took > h.server.pace.pong*3/4 { // silence would be noticed then
				t.Errorf("closed after %v", took)
			}
			_ = conn.Close()
			<-done
			h.alert(name)
			if alert := h.next(healthy, wire.MessageAlert); !strings.Contains(string(alert), name) {
				t.Errorf("the other client heard %s", alert)
			}
		})
	}
}

// next is the next message of a kind.
func (h *house) next(conn *websocket.Conn, want wire.MessageType) []byte {
	h.t.Helper()
	for {
		message, code := h.hear(conn)
		if message == nil {
			h.t.Fatalf("closed with %d before a %s", code, want)
		}
		if kind, _ := head(h.t, message); kind == want {
			return message
		}
	}
}

// end reads until the feed is closed; a flood may cut the goodbye off, which
// then is an abnormal closure.
func (h *house) end(conn *websocket.Conn) int {
	h.t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		h.t.Fatal(err)
	}
	for {
		_, _, err := conn.ReadMessage()
		if err == nil {
			continue
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			h.t.Fatal("the feed goes on")
		}
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return closed.Code
		}
		return websocket.CloseAbnormalClosure
	}
}

// TestAClientThatNeverReadsIsLetGo fills its buffers, and wants the server to
// hold nothing for it.
func TestAClientThatNeverReadsIsLetGo(t *testing.T) {
	h := newHouse(t)
	h.server.pace.write = 2 * time.Second
	stuck, healthy := h.resumed(wire.FeedResume{}), h.resumed(wire.FeedResume{})
	h.next(healthy, wire.MessageSnapshot)
	large := strings.Repeat("x", 64<<10)
	for i := 0; h.open() > 1; i++ {
		if err := h.run.Feed.Publish(time.Now(), feed.Alert{ID: "large", Message: large + strings.Repeat("y", i%2)}); err != nil {
			t.Fatal(err)
		}
		h.next(healthy, wire.MessageAlert)
		if i > 4000 {
			t.Fatal("256 MB were written to a client that never reads")
		}
	}
	_ = stuck.Close()
}

// open is how many feeds are being served.
func (h *house) open() int {
	h.server.sockets.mu.Lock()
	defer h.server.sockets.mu.Unlock()
	return h.server.sockets.all
}

// TestAClientThatIsNotThereAnyMoreIsLetGo never answers a ping.
func TestAClientThatIsNotThereAnyMoreIsLetGo(t *testing.T) {
	h := newHouse(t)
	h.server.pace.pong = time.Second
	conn := h.resumed(wire.FeedResume{})
	conn.SetPingHandler(func(string) error { return nil })
	started := time.Now()
	h.end(conn)
	if took := time.Since(started); took < h.server.pace.pong/2 {
		t.Errorf("after %v already", took)
	}
}

// TestManyFeedsOfOneCallerAreNobodyElsesTrouble opens more than one may have.
func TestManyFeedsOfOneCallerAreNobodyElsesTrouble(t *testing.T) {
	h := newHouse(t)
	refused := 0
	for range maxOfCaller + 50 {
		if conn, status := h.dial("default/run", map[string]string{"Authorization": "Bearer jane"}); conn == nil {
			if status != 429 {
				t.Fatalf("refused with %d", status)
			}
			refused++
		}
	}
	if refused != 50 {
		t.Errorf("%d of %d were refused", refused, maxOfCaller+50)
	}
	conn, status := h.dial("default/run", map[string]string{"Authorization": "Bearer joe"})
	if conn == nil {
		t.Fatalf("joe is refused with %d", status)
	}
	h.measure(50)
	if message, _ := h.hear(conn); !bytes.Contains(message, []byte("metrics_update")) {
		t.Errorf("joe hears %s", message)
	}
}

func TestAFeedCountsForTheCallerThatItTurnsOutToBeOf(t *testing.T) {
	h := newHouse(t)
	conn, _ := h.dial("default/run", nil, wire.FeedSubprotocol)
	if err := conn.WriteJSON(wire.FeedResume{Type: wire.MessageResume, Token: "jane"}); err != nil {
		t.Fatal(err)
	}
	h.next(conn, wire.MessageSnapshot)
	s := h.server.sockets
	s.mu.Lock()
	if s.byCaller["jane"] != 1 || s.byCaller[""] != 0 {
		t.Errorf("counted %v", s.byCaller)
	}
	s.byCaller["jane"] = maxOfCaller
	s.mu.Unlock()
	another, _ := h.dial("default/run", nil, wire.FeedSubprotocol)
	if err := another.WriteJSON(wire.FeedResume{Type: wire.MessageResume, Token: "jane"}); err != nil {
		t.Fatal(err)
	}
	if code := h.end(another); code != wire.CloseTooMany {
		t.Errorf("one too many is closed with %d", code)
	}
	s.mu.Lock()
	s.byCaller["jane"] = 1
	s.mu.Unlock()
}

func TestOneCallerHasSoManyFeeds(t *testing.T) {
	s := &sockets{byCaller: map[string]int{}}
	for range maxOfCaller {
		if !s.enter("jane") {
			t.Fatal("refused too early")
		}
	}
	if s.enter("jane") {
		t.Error("no cap")
	}
	if !s.enter("joe") {
		t.Error("one caller's cap is everybody's")
	}
	s.leave("jane")
	if !s.enter("jane") {
		t.Error("a feed that ended still counts")
	}
}
