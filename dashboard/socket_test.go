package dashboard

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// read is the body of an answer.
func read[T any](t *testing.T, response *http.Response) T {
	t.Helper()
	var value T
	if err := json.NewDecoder(response.Body).Decode(&value); err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s: %v", response.Status, err)
	}
	return value
}

func head(t *testing.T, message []byte) (wire.MessageType, wire.Envelope) {
	t.Helper()
	var h struct {
		Type wire.MessageType `json:"type"`
		wire.Envelope
	}
	if err := json.Unmarshal(message, &h); err != nil {
		t.Fatalf("%s: %v", message, err)
	}
	return h.Type, h.Envelope
}

// measure tells one measurement of the run, with a CPU for each id.
func (h *house) measure(cpu float64) {
	h.t.Helper()
	canvas := h.run.Feed.Snapshot().Topology
	cells := make([]*float64, len(canvas.IDs))
	for i := range cells {
		cells[i] = &cpu
	}
	if err := h.run.Feed.Measure(time.Now(), wire.FeedTick{Order: canvas.Order, Columns: map[wire.MetricColumn][]*float64{wire.ColumnCPU: cells}}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) alert(id string) {
	h.t.Helper()
	alert := feed.Alert{ID: id, Severity: "Warning", Component: "api-server", Signal: "cpu", Message: "API Server CPU at 85%"}
	if err := h.run.Feed.Publish(time.Now(), alert); err != nil {
		h.t.Fatal(err)
	}
}

// resumed opens a sequenced feed and says where to begin.
func (h *house) resumed(resume wire.FeedResume) *websocket.Conn {
	h.t.Helper()
	conn, status := h.dial("run-in-default", map[string]string{"Authorization": "Bearer jane"}, wire.FeedSubprotocol)
	if conn == nil {
		h.t.Fatalf("refused: %d", status)
	}
	message, _ := h.hear(conn)
	if kind, _ := head(h.t, message); kind != wire.MessageHello {
		h.t.Fatalf("greeted by %s", message)
	}
	resume.Type = wire.MessageResume
	if err := conn.WriteJSON(resume); err != nil {
		h.t.Fatal(err)
	}
	return conn
}

func TestAPlainClientHearsTheThreeMessagesByteForByte(t *testing.T) {
	h := newHouse(t)
	conn, _ := h.dial("default/run", map[string]string{"Authorization": "Bearer jane"})
	hears := func(want string) {
		t.Helper()
		if got, code := h.hear(conn); string(got) != want {
			t.Errorf("heard (%d)\n%s, want\n%s", code, got, want)
		}
	}
	h.measure(85.5)
	hears(`{"type":"metrics_update","componentId":"api-server-1","metrics":{"cpu":85.5,"memory":0,"requestRate":0,"latency":0,"queueDepth":0,"errorRate":0.0}}`)
	hears(`{"type":"metrics_update","componentId":"database-1","metrics":{"cpu":85.5,"memory":0,"requestRate":0,"latency":0,"queueDepth":0,"errorRate":0.0}}`)
	h.alert("a")
	hears(`{"type":"alert","severity":"warning","message":"API Server CPU at 85%","componentId":"api-server-1"}`)
}

func TestASequencedClientResumesWithoutALoss(t *testing.T) {
	h := newHouse(t)
	conn := h.resumed(wire.FeedResume{})
	message, _ := h.hear(conn)
	kind, at := head(t, message)
	if kind != wire.MessageSnapshot {
		t.Fatalf("heard %s first", kind)
	}
	h.alert("seen")
	if message, _ = h.hear(conn); !strings.Contains(string(message), `"seen"`) {
		t.Fatalf("heard %s", message)
	}
	_ = conn.Close()
	h.alert("missed-1")
	h.alert("missed-2")
	conn = h.resumed(wire.FeedResume{Epoch: "e", LastSeq: at.Seq + 1})
	for i, id := range []string{"missed-1", "missed-2"} {
		message, _ = h.hear(conn)
		if _, got := head(t, message); got.Seq != at.Seq+2+int64(i) || !strings.Contains(string(message), id) {
			t.Errorf("heard %s, want %s", message, id)
		}
	}
}

func TestARestartIsSaidAndBeginsAnew(t *testing.T) {
	h := newHouse(t)
	conn := h.resumed(wire.FeedResume{Epoch: "an earlier life", LastSeq: 7})
	for _, want := range []wire.MessageType{wire.MessageGap, wire.MessageSnapshot} {
		message, _ := h.hear(conn)
		if kind, _ := head(t, message); kind != want {
			t.Errorf("heard %s, want %s", message, want)
		}
	}
}

func TestAClientShowsItsTokenInItsFirstMessage(t *testing.T) {
	h := newHouse(t)
	for token, want := range map[string]int{"jane": 0, "mallory": wire.CloseUnauthorized, "": wire.CloseUnauthorized} {
		conn, _ := h.dial("default/run", nil, wire.FeedSubprotocol)
		if err := conn.WriteJSON(wire.FeedResume{Type: wire.MessageResume, Token: token}); err != nil {
			t.Fatal(err)
		}
		if _, code := h.hear(conn); code != want {
			t.Errorf("token %q: close %d, want %d", token, code, want)
		}
	}
	hasty := newHouse(t)
	hasty.server.pace.introduction = 100 * time.Millisecond
	silent, _ := hasty.dial("default/run", nil, wire.FeedSubprotocol)
	if _, code := hasty.hear(silent); code != wire.CloseUnauthorized {
		t.Errorf("a silent client: close %d", code)
	}
}

func TestAFeedThatCannotBeHasACloseCode(t *testing.T) {
	h := newHouse(t)
	for id, want := range map[string]int{"default/none": wire.CloseNotFound, "secret/run": wire.CloseForbidden} {
		conn, _ := h.dial(id, map[string]string{"Authorization": "Bearer jane"}, wire.FeedSubprotocol)
		if message, code := h.hear(conn); code != want {
			t.Errorf("%s: close %d %s, want %d", id, code, message, want)
		}
	}
}

func TestAFeedEndsSoonAfterTheRightToReadIt(t *testing.T) {
	h := newHouse(t)
	conn := h.resumed(wire.FeedResume{})
	if message, _ := h.hear(conn); message == nil {
		t.Fatal("no snapshot")
	}
	h.revoke("jane")
	for {
		message, code := h.hear(conn)
		if message == nil {
			if code != wire.CloseForbidden {
				t.Errorf("close %d", code)
			}
			return
		}
	}
}

func TestADeletedRunSaysGoodbye(t *testing.T) {
	h := newHouse(t)
	conn := h.resumed(wire.FeedResume{})
	h.run.Feed.Close(time.Now(), wire.CloseNotFound, "the run was deleted", -time.Millisecond)
	var kinds []wire.MessageType
	for {
		message, code := h.hear(conn)
		if message == nil {
			if code != wire.CloseNotFound || kinds[len(kinds)-1] != wire.MessageBye {
				t.Errorf("close %d after %v", code, kinds)
			}
			return
		}
		kind, _ := head(t, message)
		kinds = append(kinds, kind)
	}
}

// TestTwoHundredClientsAndOneThatNeverReads holds everybody to every change while
// one client's buffers are full.
func TestTwoHundredClientsAndOneThatNeverReads(t *testing.T) {
	h := newHouse(t)
	const clients, alerts = 200, 50
	_ = h.resumed(wire.FeedResume{}) // never reads
	conns := make([]*websocket.Conn, clients)
	for i := range conns {
		conns[i] = h.resumed(wire.FeedResume{})
		if message, _ := h.hear(conns[i]); message == nil {
			t.Fatal("no snapshot")
		}
	}
	var group sync.WaitGroup
	heard := make([]int, clients)
	for i, conn := range conns {
		group.Go(func() {
			_ = conn.SetReadDeadline(time.Now().Add(2 * time.Minute))
			for heard[i] < alerts {
				_, message, err := conn.ReadMessage()
				if err != nil {
					return
				}
				if strings.Contains(string(message), `"type":"alert"`) {
					heard[i]++
				}
			}
		})
	}
	for i := range alerts {
		h.alert(strings.Repeat("x", 1+i))
		h.measure(float64(i))
	}
	group.Wait()
	if least := slices.Min(heard); least < alerts {
		t.Errorf("somebody heard %d of %d", least, alerts)
	}
}
