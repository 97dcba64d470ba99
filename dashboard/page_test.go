package dashboard

import (
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
)

func TestThePageIsServed(t *testing.T) {
	h := newHouse(t, func(o *Options) {
		whole := fstest.MapFS{
			"dist/index.html": {Data: []byte("<title>page</title>")}, "dist/assets/index-abc.js": {Data: []byte("js")}, "dist/.stamp": {}, "dist/.vite/manifest.json": {Data: []byte("{}")},
		}
		page, err := fs.Sub(struct{ fs.FS }{whole}, "dist") // as the embedded page is read
		if err != nil {
			t.Fatal(err)
		}
		o.Page = page
	})
	tests := map[string]struct {
		status      int
		cache, body string
	}{
		"/":                    {200, "no-cache", "<title>page</title>"},
		"/runs/default%2Frun":  {200, "no-cache", "<title>page</title>"},
		"/index.html":          {200, "no-cache", "<title>page</title>"},
		"/.vite/manifest.json": {200, "no-cache", "<title>page</title>"},
		"/assets/index-abc.js": {200, "public, max-age=31536000, immutable", "js"},
		"/assets/index-old.js": {404, "no-store", "404 page not found\n"},
	}
	for path, want := range tests {
		response := h.ask(http.MethodGet, path, "", nil)
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != want.status || response.Header.Get("Cache-Control") != want.cache || string(body) != want.body {
			t.Errorf("%s: %d, %q, %q", path, response.StatusCode, response.Header.Get("Cache-Control"), body)
		}
		if csp := response.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe-eval") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

func TestABinaryWithoutThePageSaysHowToBuildIt(t *testing.T) {
	response := newHouse(t).ask(http.MethodGet, "/", "", nil)
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "make build") {
		t.Errorf("%s %s %v", response.Status, body, err)
	}
}
