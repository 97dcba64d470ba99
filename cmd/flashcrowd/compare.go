package main

import (
	"context"
	"fmt"
	"slices"

	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/report"
)

// compare holds the first of some runs of a namespace against the others. Runs are
// those of the cluster, and of a history if one is named.
func compare(ctx context.Context, cluster *clusterFlags, dsn string, names []string) (report.Comparison, error) {
	all, err := everyReport(ctx, cluster, dsn)
	if err != nil {
		return report.Comparison{}, err
	}
	var named []report.Identified
	for _, name := range names {
		one, err := find(all, cluster.namespace, name)
		if err != nil {
			return report.Comparison{}, err
		}
		named = append(named, one)
	}
	return report.Compare(named, all)
}

// everyReport are all reports of the namespace, the newest first. A run that is in
// both places is told by the history, if it has its end: its graph may be another
// run's by now.
func everyReport(ctx context.Context, cluster *clusterFlags, dsn string) ([]report.Identified, error) {
	runner, err := cluster.runner(ctx, func(string) {})
	if err != nil {
		return nil, err
	}
	all, err := runner.All(ctx)
	if err != nil || dsn == "" {
		return all, err
	}
	store, err := history.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	kept, err := store.Reports(ctx, cluster.namespace)
	if err != nil {
		return nil, err
	}
	return merged(all, kept), nil
}

// merged are reports of a cluster and of a history, each run once.
func merged(live, kept []report.Identified) []report.Identified {
	all := slices.Clone(live)
	for _, k := range kept {
		at := slices.IndexFunc(all, func(l report.Identified) bool { return l.ID == k.ID })
		switch {
		case at < 0:
			all = append(all, k)
		case k.Verdict != report.Running:
			all[at] = k
		}
	}
	slices.SortStableFunc(all, func(a, b report.Identified) int { return b.StartedAt.Compare(a.StartedAt) })
	return all
}

// find is the newest run with a name, or the run with a UID.
func find(all []report.Identified, namespace, name string) (report.Identified, error) {
	at := slices.IndexFunc(all, func(r report.Identified) bool { return r.ID == name || r.Simulation == namespace+"/"+name })
	if at < 0 {
		return report.Identified{}, fmt.Errorf("there is no run %q in namespace %s: flashcrowd history list tells those that were kept", name, namespace)
	}
	return all[at], nil
}
