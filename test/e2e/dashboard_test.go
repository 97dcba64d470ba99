package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// browser is signed in at the dashboard of the local cluster by the printed link.
type browser struct {
	t      *testing.T
	base   *url.URL
	client http.Client
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	out, err := exec.Command(binary(), "dashboard", "--dir", directory).Output()
	if err != nil {
		t.Fatalf("no link: %v", err)
	}
	link, err := url.Parse(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{t: t, base: &url.URL{Scheme: link.Scheme, Host: link.Host}, client: http.Client{Jar: jar, Timeout: 30 * time.Second}}
	page := b.send(http.MethodGet, link.RequestURI(), nil)
	if !bytes.Contains(page, []byte(`<div id="root">`)) {
		t.Fatalf("the link leads to %s", page)
	}
	return b
}

// send asks as the page does and is the body of a good answer.
func (b *browser) send(method, path string, body any) []byte {
	b.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(b.t.Context(), method, b.base.String()+path, bytes.NewReader(data))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Origin", b.base.String())
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		b.t.Fatalf("%s %s: %s %s %v", method, path, response.Status, answer, err)
	}
	return answer
}

// listen opens the feed of a run.
func (b *browser) listen(id string, subprotocols ...string) *websocket.Conn {
	b.t.Helper()
	dialer := websocket.Dialer{Jar: b.client.Jar, Subprotocols: subprotocols}
	conn, response, err := dialer.DialContext(b.t.Context(), "ws://"+b.base.Host+wire.FeedPath+"?simulationId="+url.QueryEscape(id), http.Header{"Origin": {b.base.String()}})
	if err != nil {
		b.t.Fatalf("%v: %v", response, err)
	}
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// until reads messages until one is as wanted, and is that one.
func until(t *testing.T, conn *websocket.Conn, what string, wanted func(kind string, message []byte) bool) []byte {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(40 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for {
		_, message, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		var head struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(message, &head); err != nil {
			t.Fatalf("%s: %v", message, err)
		}
		if wanted(head.Type, message) {
			return message
		}
	}
}

func decodeAs[T any](t *testing.T, data []byte) T {
	t.Helper()
	var value T
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return value
}

// TestTheDashboardShowsAndSteersARun signs in by the printed link, starts a
// scenario, hears both forms of its feed, changes its traffic and stops it.
func TestTheDashboardShowsAndSteersARun(t *testing.T) {
	b := newBrowser(t)
	out, err := exec.Command(binary(), "local", "status", "--dir", directory).Output()
	if err != nil || !bytes.Contains(out, []byte(b.base.String())) {
		t.Errorf("the status names no dashboard at %s: %v\n%s", b.base, err, out)
	}
	run := decodeAs[wire.StartResponse](t, b.send(http.MethodPost, "/api/scenarios/scenario-1/start", nil))
	path := "/api/simulation/" + run.SimulationID
	plain, sequenced := b.listen(run.SimulationID), b.listen(run.SimulationID, wire.FeedSubprotocol)
	if err := sequenced.WriteJSON(wire.FeedResume{Type: wire.MessageResume}); err != nil {
		t.Fatal(err)
	}
	update := decodeAs[wire.PlainMetricsUpdate](t, until(t, plain, "a plain measurement under load", func(kind string, message []byte) bool {
		return kind == "metrics_update" && !bytes.Contains(message, []byte(`"requestRate":0,`))
	}))
	if update.ComponentID == "" || update.Metrics.CPU < 0 {
		t.Errorf("measured %+v", update)
	}
	until(t, sequenced, "a tick with a rate", func(kind string, message []byte) bool {
		tick := wire.FeedTick{}
		return kind == "tick" && json.Unmarshal(message, &tick) == nil && tick.Total != nil && tick.Total.Rate != nil && *tick.Total.Rate > 50
	})
	b.send(http.MethodPatch, path+"/traffic", map[string]int{"requestsPerSecond": 250})
	until(t, sequenced, "the changed control", func(kind string, message []byte) bool {
		return kind == "control" && decodeAs[wire.FeedControl](t, message).Control.RequestsPerSecond == 250
	})
	until(t, sequenced, "a tick of the new rate", func(kind string, message []byte) bool {
		tick := wire.FeedTick{}
		return kind == "tick" && json.Unmarshal(message, &tick) == nil && tick.Total != nil && tick.Total.Rate != nil && *tick.Total.Rate > 200
	})
	if now := decodeAs[wire.MetricsResponse](t, b.send(http.MethodGet, path+"/metrics", nil)); len(now.Components) != 3 || now.Total == nil {
		t.Errorf("measured %+v", now)
	}
	b.send(http.MethodPost, "/api/simulation/stop", wire.StopRequest{SimulationID: run.SimulationID})
	until(t, sequenced, "the end", func(kind string, message []byte) bool {
		return kind == "phase" && decodeAs[wire.FeedPhase](t, message).Phase.Stage == "StoppedEarly"
	})
	replay := decodeAs[wire.Replay](t, b.send(http.MethodGet, path+"/replay", nil))
	if len(replay.Seconds) < 5 || len(replay.Series) == 0 || len(replay.Total["rate"]) != len(replay.Seconds) {
		t.Errorf("a replay of %d seconds, %d series and %d totals", len(replay.Seconds), len(replay.Series), len(replay.Total["rate"]))
	}
	b.send(http.MethodDelete, path, nil)
	until(t, sequenced, "the goodbye", func(kind string, _ []byte) bool { return kind == "bye" })
}
