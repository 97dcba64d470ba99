// Command loadgen offers the traffic of a simulation's plan.
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
	"flashcrowd.io/flashcrowd/internal/wire"
	"flashcrowd.io/flashcrowd/loadgen"
)

func main() {
	log := process.Log("loadgen")
	if err := run(log); err != nil {
		log.Error("generator ended", "error", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	file := flag.String("topology-file", "", "read the topology from this file instead of the stream")
	port := flag.Int("metrics-port", wire.MetricsPort, "port for metrics and health")
	flag.Parse()
	id, err := process.FromEnvironment(os.Getenv)
	if err != nil {
		return err
	}
	source, err := id.Source(*file, log)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	health, err := id.Listen(ctx, *port)
	if err != nil {
		return err
	}
	generator := loadgen.New(loadgen.Options{Simulation: id.Simulation, Index: id.Index, Log: log, Now: time.Now, Alive: loadgen.AskAlive})
	log.Info("generator listens", "metrics", health.Addr().String(), "index", id.Index)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return source.Run(ctx, id.OneCore(os.Getenv, generator.Apply)) })
	group.Go(func() error { return process.ServeHTTP(ctx, health, generator.Metrics(source.LastSeen)) })
	group.Go(func() error {
		defer stop()
		return generator.Run(ctx)
	})
	return group.Wait()
}
