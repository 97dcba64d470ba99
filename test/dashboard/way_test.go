package dashboard

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"k8s.io/client-go/rest"
)

// way leads to the API server and can be cut.
type way struct {
	server *httptest.Server
	broken atomic.Bool
}

func newWay(t *testing.T) *way {
	t.Helper()
	target, err := url.Parse(cluster.acting.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(rest.AnonymousClientConfig(cluster.acting))
	if err != nil {
		t.Fatal(err)
	}
	w := &way{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport, FlushInterval: -1}
	w.server = httptest.NewTLSServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		if w.broken.Load() {
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
		proxy.ServeHTTP(answer, r)
	}))
	t.Cleanup(func() {
		w.cut()
		w.server.Close()
	})
	return w
}

// config is the dashboard's own, by this way.
func (w *way) config() *rest.Config {
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.server.Certificate().Raw})
	return &rest.Config{Host: w.server.URL, BearerToken: cluster.acting.BearerToken, TLSClientConfig: rest.TLSClientConfig{CAData: authority}}
}

// cut breaks what goes on, and all that is tried.
func (w *way) cut() {
	w.broken.Store(true)
	w.server.CloseClientConnections()
}

func (w *way) heal() { w.broken.Store(false) }
