package node

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serveAPI serves what the API server asks of a node: logs, resources in use, and
// health.
func (a *Agent) serveAPI(ctx context.Context) error {
	ca, err := os.ReadFile(a.o.ClientCAFile)
	if err != nil {
		return fmt.Errorf("reading the authority of the node's clients: %w", err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.Handle("GET /metrics/resource", a.resourceMetrics())
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", a.logs)
	server := &http.Server{
		Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(a.o.Port)), Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		TLSConfig:   &tls.Config{ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12},
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err = server.ListenAndServeTLS(a.o.CertFile, a.o.KeyFile)
	if errors.Is(err, http.ErrServerClosed) {
		return ctx.Err()
	}
	return fmt.Errorf("serving the node's API: %w", err)
}

// logQuery is what `kubectl logs` may ask for.
type logQuery struct {
	follow, previous, timestamps bool
	tail                         int
	limit                        int64
	since                        time.Time
}

func parseLogQuery(r *http.Request, now time.Time) (logQuery, error) {
	q := r.URL.Query()
	out := logQuery{follow: q.Get("follow") == "true", previous: q.Get("previous") == "true", timestamps: q.Get("timestamps") == "true", tail: -1}
	var err error
	if text := q.Get("tailLines"); text != "" {
		if out.tail, err = strconv.Atoi(text); err != nil || out.tail < 0 {
			return out, errors.New("tailLines: write a number of lines")
		}
	}
	if text := q.Get("limitBytes"); text != "" {
		if out.limit, err = strconv.ParseInt(text, 10, 64); err != nil || out.limit < 1 {
			return out, errors.New("limitBytes: write a number of bytes")
		}
	}
	if text := q.Get("sinceSeconds"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil || seconds < 0 {
			return out, errors.New("sinceSeconds: write a number of seconds")
		}
		out.since = now.Add(-time.Duration(seconds) * time.Second)
	}
	if text := q.Get("sinceTime"); text != "" {
		if out.since, err = time.Parse(time.RFC3339, text); err != nil {
			return out, errors.New("sinceTime: write an RFC 3339 time")
		}
	}
	return out, nil
}

func (a *Agent) logs(w http.ResponseWriter, r *http.Request) {
	q, err := parseLogQuery(r, time.Now())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	pod := a.workerOf(r.PathValue("namespace"), r.PathValue("pod"))
	if pod == nil {
		http.Error(w, "the pod does not run on this node", http.StatusNotFound)
		return
	}
	path, running, err := pod.logPath(r.PathValue("container"), q.previous)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = copyLog(r.Context(), w, path, q, running)
}

// logPath is the newest log of a container, or the one before it.
func (w *worker) logPath(name string, previous bool) (path string, running func() bool, err error) {
	files, err := filepath.Glob(filepath.Join(w.logDir(), name+".*.log"))
	if err != nil || len(files) == 0 {
		return "", nil, fmt.Errorf("container %s has not started yet", name)
	}
	slices.SortFunc(files, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
	if previous {
		if len(files) < 2 {
			return "", nil, fmt.Errorf("container %s has not run before", name)
		}
		return files[len(files)-2], func() bool { return false }, nil
	}
	newest := files[len(files)-1]
	return newest, func() bool {
		select {
		case <-w.gone:
			return false
		default:
			return w.agent.workerOf(w.current().Namespace, w.current().Name) == w
		}
	}, nil
}

// copyLog writes the lines that were asked for, and with follow those to come.
func copyLog(ctx context.Context, w http.ResponseWriter, path string, q logQuery, running func() bool) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	out := &limited{w: w, left: q.limit}
	lines := bufio.NewReader(file)
	var last []string
	for {
		line, err := lines.ReadString('\n')
		if text, wanted := formatLine(line, q); wanted {
			if q.tail < 0 {
				out.write(text)
			} else if last = append(last, text); len(last) > q.tail {
				last = last[1:]
			}
		}
		if err != nil {
			break
		}
	}
	for _, text := range last {
		out.write(text)
	}
	if !q.follow {
		return out.err
	}
	return follow(ctx, out, lines, q, running)
}

func follow(ctx context.Context, out *limited, lines *bufio.Reader, q logQuery, running func() bool) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	partial := ""
	for out.err == nil {
		_ = http.NewResponseController(out.w).Flush()
		alive := running()
		for {
			line, err := lines.ReadString('\n')
			partial += line
			if err != nil {
				break
			}
			if text, wanted := formatLine(partial, q); wanted {
				out.write(text)
			}
			partial = ""
		}
		if !alive {
			return out.err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return out.err
}

// formatLine is a line of a log as it was asked for.
func formatLine(line string, q logQuery) (string, bool) {
	if !strings.HasSuffix(line, "\n") {
		return "", false
	}
	stamp, rest, ok := strings.Cut(line, " ")
	if !ok {
		return "", false
	}
	if !q.since.IsZero() {
		if at, err := time.Parse(time.RFC3339Nano, stamp); err != nil || at.Before(q.since) {
			return "", false
		}
	}
	_, rest, _ = strings.Cut(rest, " F ")
	if q.timestamps {
		return stamp + " " + rest, true
	}
	return rest, true
}

// limited writes so many bytes at most, if a limit is set.
type limited struct {
	w    http.ResponseWriter
	left int64
	err  error
}

func (l *limited) write(text string) {
	if l.err != nil {
		return
	}
	if l.left > 0 && int64(len(text)) >= l.left {
		text, l.err = text[:l.left], io.EOF
	}
	if l.left > 0 {
		l.left -= int64(len(text))
	}
	if _, err := io.WriteString(l.w, text); err != nil {
		l.err = err
	}
}
