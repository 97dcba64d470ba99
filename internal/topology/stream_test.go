package topology

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// knownTokens reviews tokens from a table; "down" stands for an API server that is away.
type knownTokens map[string]Identity

func (k knownTokens) Review(_ context.Context, token string) (Identity, error) {
	if token == "down" {
		return Identity{}, errors.New("connection refused")
	}
	identity, ok := k[token]
	if !ok {
		return Identity{}, ErrUnauthenticated
	}
	return identity, nil
}

var tokens = knownTokens{"shop-token": {Namespace: "shop", Pod: "web-1"}}

// serving runs a server until the test ends or stop is called.
func serving(t *testing.T, address string, options ServerOptions) (s *Server, at string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s = NewServer("", tokens, slog.New(slog.DiscardHandler), options)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(ctx, l) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return s, l.Addr().String(), stop
}

// following runs a client and returns the topologies that it applies.
func following(t *testing.T, address string) (*Client, <-chan wire.Topology) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("shop-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := NewClient(ClientOptions{
		Address: address, Graph: "shop/web", TokenPath: path,
		Silence: 3 * time.Second, MaxBackoff: 100 * time.Millisecond,
	})
	applied := make(chan wire.Topology, 16)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = c.Run(ctx, func(t wire.Topology) { applied <- t }) }()
	t.Cleanup(func() { cancel(); <-done })
	return c, applied
}

func next(t *testing.T, applied <-chan wire.Topology) wire.Topology {
	t.Helper()
	select {
	case topology := <-applied:
		return topology
	case <-time.After(time.Minute):
		t.Fatal("no topology arrived")
		return wire.Topology{}
	}
}

func publish(t *testing.T, s *Server, graph, entry string) {
	t.Helper()
	if err := s.Publish(wire.Topology{Graph: graph, Entry: entry}); err != nil {
		t.Fatal(err)
	}
}

func TestStreamDeliversTheNewestAndEachChangeOnce(t *testing.T) {
	s, at, _ := serving(t, "127.0.0.1:0", ServerOptions{Heartbeat: 10 * time.Millisecond})
	publish(t, s, "shop/web", "old")
	publish(t, s, "shop/web", "lb")
	publish(t, s, "shop/other", "never seen here")
	_, applied := following(t, at)
	first := next(t, applied)
	publish(t, s, "shop/web", "lb") // equal: not sent again
	publish(t, s, "shop/web", "cdn")
	second := next(t, applied)
	if diff := cmp.Diff([]string{"lb", "cdn"}, []string{first.Entry, second.Entry}); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if first.Revision == "" || first.Revision == second.Revision {
		t.Errorf("revisions %q and %q must be set and differ", first.Revision, second.Revision)
	}
}

func TestStreamIsPushedToAGraphPublishedLater(t *testing.T) {
	s, at, _ := serving(t, "127.0.0.1:0", ServerOptions{Heartbeat: 50 * time.Millisecond})
	c, applied := following(t, at)
	waitFor(t, func() bool { return !c.LastSeen().IsZero() }) // a heartbeat: the stream is open and empty
	publish(t, s, "shop/web", "lb")
	if got := next(t, applied).Entry; got != "lb" {
		t.Errorf("entry %q, want lb", got)
	}
}

func TestPace(t *testing.T) {
	const rate = 32 << 20
	for _, test := range []struct {
		line, streams int
		want          time.Duration
	}{
		{4 << 10, 8, 976562 * time.Nanosecond}, {64 << 10, 128, 250 * time.Millisecond}, {64 << 10, 300, longestPace}, {1 << 20, 10_000, longestPace}, {100, 0, 0},
	} {
		if got := pace(test.line, test.streams, rate); got != test.want {
			t.Errorf("after %d bytes to each of %d streams: %s, want %s", test.line, test.streams, got, test.want)
		}
	}
}

// Changes that follow each other closely are one to a stream that rests, and the
// last of them arrives.
func TestChangesInARowAreToldTogether(t *testing.T) {
	s, at, _ := serving(t, "127.0.0.1:0", ServerOptions{BytesPerSecond: 1})
	publish(t, s, "shop/web", "first")
	_, applied := following(t, at)
	next(t, applied)
	for i := range 50 {
		publish(t, s, "shop/web", fmt.Sprintf("entry-%d", i))
	}
	told := 1
	for next(t, applied).Entry != "entry-49" {
		told++
	}
	if told > 5 {
		t.Errorf("fifty changes in a row were told %d times, want them together", told)
	}
}

func TestClientKeepsItsTopologyAndReconnects(t *testing.T) {
	s, at, stop := serving(t, "127.0.0.1:0", ServerOptions{})
	publish(t, s, "shop/web", "lb")
	_, applied := following(t, at)
	next(t, applied)
	stop()

	s, _, _ = serving(t, at, ServerOptions{})
	publish(t, s, "shop/web", "lb") // the same: the client must not apply it again
	publish(t, s, "shop/web", "cdn")
	if got := next(t, applied).Entry; got != "cdn" {
		t.Errorf("entry %q after the server came back, want cdn", got)
	}
}

func TestForgottenGraphKeepsItsClients(t *testing.T) {
	s, at, _ := serving(t, "127.0.0.1:0", ServerOptions{})
	publish(t, s, "shop/web", "lb")
	_, applied := following(t, at)
	next(t, applied)
	s.Forget("shop/web")
	publish(t, s, "shop/web", "cdn")
	if got := next(t, applied).Entry; got != "cdn" {
		t.Errorf("entry %q, want cdn", got)
	}
}

func TestClientLeavesASilentServer(t *testing.T) {
	asked := make(chan struct{}, 16)
	srv := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		asked <- struct{}{}
		<-r.Context().Done()
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	following(t, l.Addr().String())
	for range 2 { // the second request proves that the first one was given up
		select {
		case <-asked:
		case <-time.After(time.Minute):
			t.Fatal("the client stayed with a silent server")
		}
	}
}

func TestServerRefuses(t *testing.T) {
	_, at, _ := serving(t, "127.0.0.1:0", ServerOptions{})
	tests := map[string]struct {
		method, path, token string
		want                int
	}{
		"no token":                  {http.MethodGet, "/v1alpha1/topology?graph=shop/web", "", http.StatusUnauthorized},
		"a foreign token":           {http.MethodGet, "/v1alpha1/topology?graph=shop/web", "stolen", http.StatusUnauthorized},
		"a graph of another owner":  {http.MethodGet, "/v1alpha1/topology?graph=bank/web", "shop-token", http.StatusForbidden},
		"a graph without namespace": {http.MethodGet, "/v1alpha1/topology?graph=web", "shop-token", http.StatusBadRequest},
		"no graph":                  {http.MethodGet, "/v1alpha1/topology", "shop-token", http.StatusBadRequest},
		"another path":              {http.MethodGet, "/", "shop-token", http.StatusNotFound},
		"another method":            {http.MethodPost, "/v1alpha1/topology?graph=shop/web", "shop-token", http.StatusNotFound},
		"a review that is away":     {http.MethodGet, "/v1alpha1/topology?graph=shop/web", "down", http.StatusServiceUnavailable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := ask(t, tt.method, "http://"+at+tt.path, tt.token); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
		})
	}
}

func TestServerBoundsItsStreams(t *testing.T) {
	s, at, _ := serving(t, "127.0.0.1:0", ServerOptions{MaxStreams: 1})
	publish(t, s, "shop/web", "lb")
	_, applied := following(t, at)
	next(t, applied)
	if got := ask(t, http.MethodGet, "http://"+at+wire.TopologyPath+"?graph=shop/web", "shop-token"); got != http.StatusServiceUnavailable {
		t.Errorf("status %d for one stream too many, want 503", got)
	}
}

func ask(t *testing.T, method, target, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// waitFor polls until the condition holds.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatal("the condition never held")
		case <-tick.C:
		}
	}
}
