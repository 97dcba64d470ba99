package dashboard

import (
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/dashboard/access"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Mode is where the server runs.
type Mode string

// The modes.
const (
	Local   Mode = "Local"
	Cluster Mode = "Cluster"
)

// Runs are those that the server tells about; a runs.Book is.
type Runs interface {
	// Find is the run of an id: a UID, or namespace/name. An unknown one is
	// runs.ErrNotFound.
	Find(id string) (*runs.Run, error)
	// All are all runs, in no order.
	All() []*runs.Run
	// Synced reports whether every run has been read once.
	Synced() bool
}

// Options of a server.
type Options struct {
	Runs      Runs
	Authority *access.Authority
	Meter     *metrics.Client
	// Graphs reads graphs from a cache; what a caller may see of it is asked first.
	Graphs client.Reader
	// Cluster is how the API server is reached; it carries no credential of the
	// dashboard when it acts for a caller.
	Cluster *rest.Config
	// Client has the scheme and the mapper that clients of callers share.
	Client client.Options
	Mode   Mode
	// Namespace that new objects go to if nobody names one.
	Namespace string
	// AllowedHosts are names of this server beside localhost and addresses;
	// AllowedOrigins are pages of others that may read feeds.
	AllowedHosts, AllowedOrigins []string
	// Page is the built page; nil when the binary was built without it.
	Page    fs.FS
	Version string
	// History keeps runs, nil if nobody does; Notary notes who did what, likewise.
	History History
	Notary  Notary
	Now     func() time.Time
	Log     logr.Logger
}

// Server answers the page, REST and feeds.
type Server struct {
	o        Options
	sessions *access.Sessions
	sockets  *sockets
	pace     pace
	shelf    *shelf
}

// New is a server that is not listening yet.
func New(o Options) *Server {
	return &Server{o: o, sessions: access.NewSessions(o.Now), sockets: &sockets{byCaller: map[string]int{}}, pace: usualPace(), shelf: newShelf(o.Version, o.Now)}
}

// Wait waits for the feeds that are being served; they end with the book's, and those
// of kept runs now.
func (s *Server) Wait() {
	s.shelf.close()
	s.sockets.done.Wait()
}

// Handler answers everything.
func (s *Server) Handler() (http.Handler, error) {
	operations := http.NewServeMux()
	s.register(operations)
	mux := http.NewServeMux()
	mux.Handle("/api/", s.identified(operations))
	mux.Handle("GET /api/openapi.json", operations)
	mux.Handle("GET /api/openapi.yaml", operations)
	feeds, err := asyncAPIHandler(s.o.Version)
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /api/asyncapi.json", feeds)
	mux.HandleFunc("GET "+wire.FeedPath, s.feed)
	s.registerSessions(mux)
	page, err := pageHandler(s.o.Page)
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	mux.Handle("/", page)
	return s.addressed(http.NewCrossOriginProtection().Handler(guarded(mux))), nil
}

// policy of the page: everything comes from here, and nobody frames it. React
// Flow and charts set styles of elements.
const policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// guarded tells browsers what a page of ours may do.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// as is a client that is the caller: what they may not do, it cannot.
func (s *Server) as(c access.Caller) (client.Client, error) {
	config := rest.AnonymousClientConfig(s.o.Cluster)
	config.BearerToken = c.Token
	config.Timeout = requestTimeout
	options := s.o.Client
	options.HTTPClient = nil
	acting, err := client.New(config, options)
	if err != nil {
		return nil, fmt.Errorf("acting for %s: %w", c.Name, err)
	}
	return acting, nil
}

// requestTimeout bounds one call to the API server.
const requestTimeout = 10 * time.Second

// sockets counts the feeds that are being served.
type sockets struct {
	mu       sync.Mutex
	all      int
	byCaller map[string]int
	done     sync.WaitGroup
}

// Caps of feeds: of one caller, and of all.
const (
	maxOfCaller = 300
	maxSockets  = 1000
)

// enter counts a feed in, unless there are too many.
func (s *sockets) enter(caller string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= maxSockets || s.byCaller[caller] >= maxOfCaller {
		return false
	}
	s.all++
	s.byCaller[caller]++
	s.done.Add(1)
	return true
}

// move counts a feed to the caller that it turned out to be of, unless that one
// has too many.
func (s *sockets) move(from, to string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byCaller[to] >= maxOfCaller {
		return false
	}
	s.drop(from)
	s.byCaller[to]++
	return true
}

func (s *sockets) leave(caller string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	s.drop(caller)
	s.done.Done()
}

// drop counts one feed of a caller out; the lock is held.
func (s *sockets) drop(caller string) {
	if s.byCaller[caller]--; s.byCaller[caller] == 0 {
		delete(s.byCaller, caller)
	}
}
