// Package topology carries settings and routes from the managers to the stubs
// and generators. Every manager replica serves the stream; a client keeps what
// it heard last while no server answers, so requests flow on without a manager.
package topology

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Identity is who a token belongs to.
type Identity struct {
	// Namespace and Pod are the pod that the token is bound to.
	Namespace string
	Pod       string
}

// ErrUnauthenticated says that a token is not valid for this stream.
var ErrUnauthenticated = errors.New("token is not valid for the topology stream")

// Reviewer tells whose a token is; it answers ErrUnauthenticated for a token
// that is expired, foreign or of another audience.
type Reviewer interface {
	Review(ctx context.Context, token string) (Identity, error)
}

// Server streams the newest topology of each graph. It holds one value per
// graph and no queue per client: a slow client sees the newest state next.
type Server struct {
	reviewer Reviewer
	log      *slog.Logger
	addr     string
	options  ServerOptions

	mu     sync.Mutex
	graphs map[string]*feed
	slots  chan struct{}
}

// ServerOptions are the bounds of a Server; zero values take the defaults.
type ServerOptions struct {
	// Heartbeat is the pause between empty lines on a quiet stream, 1 s by default.
	Heartbeat time.Duration
	// WriteTimeout ends a stream whose client does not read, 5 s by default.
	WriteTimeout time.Duration
	// MaxStreams bounds open streams, 10,000 by default.
	MaxStreams int
	// BytesPerSecond bounds what all streams together are told of changes in a
	// row, 32 MiB by default: see pace.
	BytesPerSecond int
}

// feed is the newest topology of one graph; changed is closed when it is replaced.
type feed struct {
	line    []byte
	digest  string
	changed chan struct{}
}

// NewServer serves on addr once started.
func NewServer(addr string, reviewer Reviewer, log *slog.Logger, options ServerOptions) *Server {
	if options.Heartbeat <= 0 {
		options.Heartbeat = time.Second
	}
	if options.WriteTimeout <= 0 {
		options.WriteTimeout = 5 * time.Second
	}
	if options.MaxStreams <= 0 {
		options.MaxStreams = 10_000
	}
	if options.BytesPerSecond <= 0 {
		options.BytesPerSecond = 32 << 20
	}
	return &Server{
		reviewer: reviewer, log: log, addr: addr, options: options,
		graphs: map[string]*feed{}, slots: make(chan struct{}, options.MaxStreams),
	}
}

// NeedLeaderElection is false: every manager replica serves the stream.
func (*Server) NeedLeaderElection() bool { return false }

// Start listens and serves until ctx ends.
func (s *Server) Start(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", s.addr)
	if err != nil {
		return fmt.Errorf("listening for the topology stream: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve serves on l until ctx ends, then closes every stream.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving the topology stream: %w", err)
	case <-ctx.Done():
		err := srv.Close()
		<-done //nolint:errcheck // its word for being closed
		return err
	}
}

// Publish makes t the newest topology of its graph; an equal one is not sent again.
func (s *Server) Publish(t wire.Topology) error {
	digest, line, err := encode(t)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.graphs[t.Graph]; f != nil && f.digest == digest {
		return nil
	}
	s.replace(t.Graph, &feed{line: line, digest: digest, changed: make(chan struct{})})
	return nil
}

// Forget drops a graph; its clients keep what they heard last.
func (s *Server) Forget(graph string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.graphs[graph] != nil {
		s.replace(graph, nil)
	}
}

// replace swaps the feed of a graph and wakes those who wait on the old one.
func (s *Server) replace(graph string, f *feed) {
	old := s.graphs[graph]
	if f == nil {
		delete(s.graphs, graph)
	} else {
		s.graphs[graph] = f
	}
	if old != nil {
		close(old.changed)
	}
}

// current is the newest feed of a graph; one without a line stands for a graph
// nobody published yet.
func (s *Server) current(graph string) *feed {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.graphs[graph]
	if f == nil {
		f = &feed{changed: make(chan struct{})}
		s.graphs[graph] = f
	}
	return f
}

// ServeHTTP answers the topology stream and refuses everything else.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Path != wire.TopologyPath {
		http.Error(w, "ask for GET "+wire.TopologyPath+"?graph=NAMESPACE/NAME", http.StatusNotFound)
		return
	}
	graph, status, err := s.authorize(r)
	if err != nil {
		s.log.Info("topology stream refused", "remote", r.RemoteAddr, "status", status, "reason", err.Error())
		http.Error(w, err.Error(), status)
		return
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		http.Error(w, "too many topology streams; try another manager", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	s.stream(r.Context(), w, graph)
}

// authorize names the graph that the caller may follow: one of its own namespace.
func (s *Server) authorize(r *http.Request) (graph string, status int, err error) {
	token, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found || token == "" {
		return "", http.StatusUnauthorized, errors.New("send a service-account token of audience " + wire.TopologyAudience)
	}
	identity, err := s.reviewer.Review(r.Context(), token)
	if errors.Is(err, ErrUnauthenticated) {
		return "", http.StatusUnauthorized, err
	}
	if err != nil {
		s.log.Error("token review unavailable", "error", err)
		return "", http.StatusServiceUnavailable, errors.New("the token could not be reviewed; try again")
	}
	graph = r.URL.Query().Get("graph")
	namespace, name, found := strings.Cut(graph, "/")
	if !found || namespace == "" || name == "" {
		return "", http.StatusBadRequest, errors.New("name the graph as ?graph=NAMESPACE/NAME")
	}
	if namespace != identity.Namespace {
		return "", http.StatusForbidden, fmt.Errorf("a pod of namespace %q may not follow a graph of another namespace", identity.Namespace)
	}
	return graph, http.StatusOK, nil
}

// longestPace leaves half of the second within which a change reaches every client.
const longestPace = 500 * time.Millisecond

// pace is how long a stream rests after a line of so many bytes. Every replica
// that comes is a change, which every replica is told: with hundreds of them,
// telling each change by itself would take the machine that they start on.
func pace(line, streams, bytesPerSecond int) time.Duration {
	return min(time.Duration(float64(line)*float64(streams)/float64(bytesPerSecond)*float64(time.Second)), longestPace)
}

// rest waits for a while; it reports that ctx has not ended.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// stream writes the newest topology, then each change, with heartbeats between.
func (s *Server) stream(ctx context.Context, w http.ResponseWriter, graph string) {
	heartbeat := time.NewTicker(s.options.Heartbeat)
	defer heartbeat.Stop()
	out := lineWriter{w: w, control: http.NewResponseController(w), timeout: s.options.WriteTimeout}
	if out.write([]byte{'\n'}) != nil { // the client learns at once that it is heard
		return
	}
	sent := ""
	for {
		f := s.current(graph)
		if f.line != nil && f.digest != sent {
			if out.write(f.line) != nil {
				return
			}
			sent = f.digest
			if !rest(ctx, pace(len(f.line), len(s.slots), s.options.BytesPerSecond)) {
				return
			}
			continue // what changed meanwhile is one change
		}
		select {
		case <-ctx.Done():
			return
		case <-f.changed:
		case <-heartbeat.C:
			if out.write([]byte{'\n'}) != nil {
				return
			}
		}
	}
}

// lineWriter writes lines that reach the client at once or end the stream.
type lineWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (o lineWriter) write(line []byte) error {
	if err := o.control.SetWriteDeadline(time.Now().Add(o.timeout)); err != nil {
		return err
	}
	if _, err := o.w.Write(line); err != nil {
		return err
	}
	return o.control.Flush()
}

// encode gives t its revision, the digest of all the rest, and its line.
func encode(t wire.Topology) (digest string, line []byte, err error) {
	t.Revision, err = Digest(t)
	if err != nil {
		return "", nil, err
	}
	line, err = json.Marshal(t)
	if err != nil {
		return "", nil, fmt.Errorf("encoding the topology of %s: %w", t.Graph, err)
	}
	return t.Revision, append(line, '\n'), nil
}
