// Command stub is the process behind one replica of a component.
package main

import (
	"context"
	"flag"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"flashcrowd.io/flashcrowd/internal/process"
	"flashcrowd.io/flashcrowd/internal/stub"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// crashed is the exit code of a planned crash: that of a process killed by SIGKILL.
const crashed = 137

// drainGrace is less than the grace period of the pod.
const drainGrace = 25 * time.Second

func main() {
	log := process.Log("stub")
	if err := run(log); err != nil {
		log.Error("stub ended", "error", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	file := flag.String("topology-file", "", "read the topology from this file instead of the stream")
	data := flag.Int("port", wire.DataPort, "port for requests")
	metrics := flag.Int("metrics-port", wire.MetricsPort, "port for metrics and health")
	flag.Parse()
	id, err := process.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	source, err := id.Source(*file, log)
	if err != nil {
		return err
	}
	ending, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	requests, err := id.Listen(ending, *data)
	if err != nil {
		return err
	}
	health, err := id.Listen(ending, *metrics)
	if err != nil {
		return err
	}
	log.Info("stub listens", "requests", requests.Addr().String(), "metrics", health.Addr().String())
	node := stub.New(stub.Options{
		Component: id.Component, Pod: id.Instance, Log: log,
		Now:   func() int64 { return time.Now().UnixNano() },
		Crash: func() { os.Exit(crashed) },
	})
	// The topology and the metrics outlive the signal: a draining stub needs both.
	background, done := context.WithCancel(context.Background())
	group, background := errgroup.WithContext(background)
	group.Go(func() error { return source.Run(background, id.OneCore(os.Getenv, node.Apply)) })
	group.Go(func() error { return process.ServeHTTP(background, health, node.Metrics(source.LastSeen)) })
	group.Go(func() error {
		defer done()
		return node.Serve(ending, requests, drainGrace)
	})
	return group.Wait()
}
