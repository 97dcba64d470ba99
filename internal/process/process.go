// Package process is what the processes of a rehearsal have in common: where
// their topology comes from and how they serve their metrics.
package process

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"flashcrowd.io/flashcrowd/internal/topology"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Identity is who a process is, from its environment.
type Identity struct {
	Graph, Component, Simulation string
	// Instance is the pod's name.
	Instance string
	Index    int
	// Topology is host:port of the stream, PodIP the address to listen on.
	Topology, PodIP string
}

// FromEnvironment reads the variables of package wire.
func FromEnvironment(getenv func(string) string) (Identity, error) {
	id := Identity{
		Graph: getenv(wire.EnvGraph), Component: getenv(wire.EnvComponent), Simulation: getenv(wire.EnvSimulation),
		Instance: getenv(wire.EnvInstance), Topology: getenv(wire.EnvTopology), PodIP: getenv(wire.EnvPodIP),
	}
	if text := getenv(wire.EnvIndex); text != "" {
		index, err := strconv.Atoi(text)
		if err != nil || index < 0 {
			return id, fmt.Errorf("%s: write an index from 0, not %q", wire.EnvIndex, text)
		}
		id.Index = index
	}
	if id.PodIP == "" {
		id.PodIP = "127.0.0.1"
	}
	return id, nil
}

// Source is where the topology comes from: a file if one is named, or the stream.
func (id Identity) Source(file string, log *slog.Logger) (topology.Source, error) {
	if file != "" {
		return topology.NewFile(file, log), nil
	}
	if id.Topology == "" || id.Graph == "" {
		return nil, fmt.Errorf("set %s and %s, or --topology-file", wire.EnvTopology, wire.EnvGraph)
	}
	return topology.NewClient(topology.ClientOptions{Address: id.Topology, Graph: id.Graph, TokenPath: wire.TokenPath, Log: log}), nil
}

// Listen listens on a port of the pod's address; port 0 takes any.
func (id Identity) Listen(ctx context.Context, port int) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(id.PodIP, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	return l, nil
}

// ServeHTTP serves h on l until ctx ends.
func ServeHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return fmt.Errorf("serving metrics: %w", err)
	case <-ctx.Done():
		err := server.Close()
		<-done //nolint:errcheck // its word for being closed
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		return err
	}
}

// Log writes JSON lines with the process's name.
func Log(name string) *slog.Logger {
	return slog.New(slog.NewJSONHandler(os.Stderr, nil)).With("process", name)
}
