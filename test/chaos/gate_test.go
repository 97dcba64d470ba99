package chaos

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// gate is a way to the API server on which watches can be held back: whoever
// comes by it then reads what was, and writes what is.
type gate struct {
	server *httptest.Server

	mu   sync.Mutex
	open chan struct{} // closed while watches flow
}

func newGate(t *testing.T) *gate {
	t.Helper()
	target, err := url.Parse(cluster.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(cluster)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{open: make(chan struct{})}
	close(g.open)
	g.server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     transport,
		FlushInterval: -1,
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Query().Get("watch") != "" {
				r.Body = &gated{ReadCloser: r.Body, ctx: r.Request.Context(), gate: g}
			}
			return nil
		},
	})
	t.Cleanup(func() {
		g.release()
		g.server.CloseClientConnections()
		g.server.Close()
	})
	return g
}

// config reaches the API server through the gate.
func (g *gate) config() *rest.Config {
	return &rest.Config{Host: g.server.URL, QPS: cluster.QPS, Burst: cluster.Burst}
}

func (g *gate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
	default:
		close(g.open)
	}
}

func (g *gate) opened() chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

// gated is the body of a watch: what comes while the gate is closed waits.
type gated struct {
	io.ReadCloser
	ctx  context.Context
	gate *gate
}

func (b *gated) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	select {
	case <-b.gate.opened():
	case <-b.ctx.Done():
	}
	return n, err
}
