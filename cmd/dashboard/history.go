package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/history"
)

// sight sees the cluster in the dashboard's cache.
type sight struct {
	cache  client.Reader
	synced func() bool
}

// errNotSeen says that what is missing may only not have been read.
var errNotSeen = errors.New("the cluster has not been read yet")

// Seen are all runs with their graphs.
func (s sight) Seen(ctx context.Context) ([]history.Seen, error) {
	if !s.synced() {
		return nil, errNotSeen
	}
	var sims v1alpha1.SimulationList
	if err := s.cache.List(ctx, &sims); err != nil {
		return nil, fmt.Errorf("listing simulations: %w", err)
	}
	all := make([]history.Seen, 0, len(sims.Items))
	for i := range sims.Items {
		sim := &sims.Items[i]
		var cg v1alpha1.ComponentGraph
		err := s.cache.Get(ctx, types.NamespacedName{Namespace: sim.Namespace, Name: sim.Spec.GraphRef.Name}, &cg)
		switch {
		case apierrors.IsNotFound(err):
			all = append(all, history.Seen{Simulation: sim})
		case err != nil:
			return nil, fmt.Errorf("reading the graph of %s/%s: %w", sim.Namespace, sim.Name, err)
		default:
			all = append(all, history.Seen{Simulation: sim, ComponentGraph: &cg})
		}
	}
	return all, nil
}

// remembered is the history of a dashboard; both are nil where none is kept.
type remembered struct {
	late   *history.Late
	keeper *history.Keeper
}

// remember keeps what is seen of a world. It needs no database yet.
func remember(dsn string, retention time.Duration, w world) (remembered, error) {
	if dsn == "" {
		return remembered{}, nil
	}
	late, err := history.OpenLate(dsn)
	if err != nil {
		return remembered{}, err
	}
	options := history.KeeperOptions{Retention: retention, Log: slog.New(logr.ToSlogHandler(klog.LoggerWithName(ctrl.Log, "history")))}
	return remembered{late: late, keeper: history.NewKeeper(sight{cache: w.cache, synced: w.book.Synced}, w.meter, late, options)}, nil
}

// run keeps until ctx ends, and closes what it has written to.
func (r remembered) run(ctx context.Context) error {
	if r.keeper == nil {
		return nil
	}
	r.keeper.Run(ctx)
	return r.late.Close()
}
