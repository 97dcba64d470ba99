// Command dashboard serves the page, REST and the feeds of runs.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"flashcrowd.io/flashcrowd/dashboard"
)

// version is set when a release is built.
var version = "dev"

// tickEvery is the time between two measurements.
const tickEvery = time.Second

// farewell is how long feeds may take to end.
const farewell = 5 * time.Second

// flags of the dashboard.
type flags struct {
	prometheusURL, bind, healthBind string
	mode, namespace                 string
	allowedHosts, allowedOrigins    string
	history                         string
	retention                       time.Duration
}

func parse() flags {
	var f flags
	flag.StringVar(&f.prometheusURL, "prometheus-url", "http://prometheus.flashcrowd-system.svc:9090", "Prometheus HTTP API that measurements are read from")
	flag.StringVar(&f.bind, "bind-address", "127.0.0.1:8080", "where to serve the page")
	flag.StringVar(&f.healthBind, "health-probe-bind-address", ":8081", "where to serve health")
	flag.StringVar(&f.mode, "mode", string(dashboard.Cluster), "Cluster or Local: what the page says of where it runs")
	flag.StringVar(&f.namespace, "namespace", "default", "namespace of new objects if nobody names one")
	flag.StringVar(&f.allowedHosts, "allowed-hosts", "", "names of this server beside localhost and addresses, with commas between")
	flag.StringVar(&f.allowedOrigins, "allowed-origins", "", "origins of other pages that may read feeds, with commas between")
	flag.StringVar(&f.history, "history", os.Getenv("FLASHCROWD_HISTORY"), "where runs are kept: a SQLite file, or a DSN that begins with postgres://; none are kept if empty")
	flag.DurationVar(&f.retention, "history-retention", 0, "how long runs are kept after their end; 0 keeps them all")
	options := zap.Options{}
	options.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&options)))
	return f
}

func main() {
	f := parse()
	if err := run(ctrl.SetupSignalHandler(), f); err != nil {
		ctrl.Log.Error(err, "dashboard ended")
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, f flags) error {
	mode := dashboard.Mode(f.mode)
	if mode != dashboard.Local && mode != dashboard.Cluster {
		return fmt.Errorf("unknown mode %q: write Local or Cluster", f.mode)
	}
	world, err := connect(f.prometheusURL)
	if err != nil {
		return err
	}
	page, err := dashboard.Page()
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	kept, err := remember(f.history, f.retention, world)
	if err != nil {
		return err
	}
	options := dashboard.Options{
		Runs: world.book, Authority: world.authority, Meter: world.meter, Graphs: world.cache, Cluster: world.config, Client: world.client,
		Mode: mode, Namespace: f.namespace, AllowedHosts: list(f.allowedHosts), AllowedOrigins: list(f.allowedOrigins),
		Page: page, Version: version, Now: time.Now,
	}
	if kept.keeper != nil {
		options.History, options.Notary = kept.late, kept.keeper
	}
	server := dashboard.New(options)
	handler, err := server.Handler()
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return world.book.Run(ctx) })
	group.Go(func() error { return kept.run(ctx) })
	group.Go(func() error { return serve(ctx, f.bind, handler, server.Wait) })
	group.Go(func() error { return serve(ctx, f.healthBind, health(world.book.Synced), func() {}) })
	return group.Wait()
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
}

// health tells whether the process lives, and whether it has read the cluster.
func health(ready func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready() {
			http.Error(w, "the cluster has not been read yet", http.StatusServiceUnavailable)
		}
	})
	return mux
}

// serve answers until ctx ends, and then waits for what is going on.
func serve(ctx context.Context, address string, handler http.Handler, wait func()) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving on %s: %w", address, err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	err = server.Shutdown(ctx)
	waited := make(chan struct{})
	go func() { defer close(waited); wait() }()
	select {
	case <-waited:
	case <-ctx.Done():
		err = errors.Join(err, errors.New("some feeds did not end in time"))
	}
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// epoch differs between lives of the server.
func epoch() string { return rand.Text() }
