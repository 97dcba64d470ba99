// Command workload is what the pods of the node's tests run.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(verb string, args []string) error {
	switch verb {
	case "serve":
		return serve(os.Getenv("POD_IP"))
	case "exit": // CODE TEXT
		code, err := strconv.Atoi(args[0])
		if err != nil {
			return err
		}
		fmt.Println(args[1])
		os.Exit(code)
	case "touch": // FILE
		return os.WriteFile(args[0], nil, 0o600)
	case "exists": // FILE
		_, err := os.Stat(args[0])
		return err
	case "burn":
		for { //nolint:revive // spinning is the work
		}
	}
	return fmt.Errorf("unknown verb %q", verb)
}

// serve answers HTTP on 8080 and the health protocol of gRPC on 9000, until it
// is asked to end.
func serve(address string) error {
	var sick atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/sick", func(http.ResponseWriter, *http.Request) { sick.Store(true) })
	mux.HandleFunc("/hook/{name}", func(_ http.ResponseWriter, r *http.Request) { fmt.Println("hook", r.PathValue("name")) })
	mux.HandleFunc("/env/{name}", func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, os.Getenv(r.PathValue("name"))) })
	mux.HandleFunc("/file/", func(w http.ResponseWriter, r *http.Request) {
		content, err := os.ReadFile(r.URL.Path[len("/file"):])
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(content)
	})
	l, err := net.Listen("tcp", net.JoinHostPort(address, "8080"))
	if err != nil {
		return err
	}
	g, err := net.Listen("tcp", net.JoinHostPort(address, "9000"))
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	states := health.NewServer()
	states.SetServingStatus("up", healthpb.HealthCheckResponse_SERVING)
	states.SetServingStatus("down", healthpb.HealthCheckResponse_NOT_SERVING)
	healthpb.RegisterHealthServer(server, states)
	failed := make(chan error, 2)
	go func() { failed <- http.Serve(l, mux) }()
	go func() { failed <- server.Serve(g) }()
	fmt.Println("serving")
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	for {
		select {
		case err := <-failed:
			return err
		case <-asked:
			fmt.Println("asked to end")
			if os.Getenv("DEAF") == "" {
				return nil
			}
		}
	}
}
