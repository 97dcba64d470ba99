package dashboard

import (
	"bytes"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// absent is what a binary without the page answers.
const absent = `This dashboard was built without its page: REST and feeds work, the page does not.
Build the page first and then the binary:

    make build

which runs npm ci and npm run build in dashboard/ui and then go build -tags page ./cmd/dashboard.
It needs Node.js 20.19 or newer; on Debian: apt-get install nodejs npm
`

// pageHandler serves the built page: files by their names, and the page itself
// for every other path, since the page routes by itself.
func pageHandler(files fs.FS) (http.Handler, error) {
	if files == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(absent)) // a client that left reads nothing
		}), nil
	}
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, err
	}
	served := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "the page is only read", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
		switch info, err := fs.Stat(files, name); {
		case err == nil && !info.IsDir() && name != "index.html" && !strings.HasPrefix(name, "."):
			w.Header().Set("Cache-Control", cacheOf(name))
			served.ServeHTTP(w, r)
		case strings.HasPrefix(name, "assets/"):
			w.Header().Set("Cache-Control", "no-store") // an old page asks for a file that is gone
			http.NotFound(w, r)
		default:
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeContent(w, r, "index.html", time.Time{}, bytes.NewReader(index))
		}
	}), nil
}

// cacheOf a file: one with a hash in its name never changes.
func cacheOf(name string) string {
	if strings.HasPrefix(name, "assets/") {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}
