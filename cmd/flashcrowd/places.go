package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
	"flashcrowd.io/flashcrowd/internal/report"
)

// places are where runs are: in a cluster, and in a history if there is one.
type places struct {
	runner *rehearsal.Runner
	// meter is the metrics source, nil if nobody says where it is.
	meter     rehearsal.Recorder
	kept      *history.Store
	namespace string
	// tell says what the reader should know of where a run was found.
	tell func(string)
}

// found is a run with its report, without what was measured over it.
type found struct {
	report.Identified
	sim *v1alpha1.Simulation
	// ended says that what was measured may be in the history only.
	ended bool
}

// places opens the cluster of the flags and a history: the one that is named, or the
// local cluster's, if that has one yet.
func (f *clusterFlags) places(ctx context.Context, dsn string, tell func(string)) (places, error) {
	runner, err := f.runner(ctx, func(string) {})
	if err != nil {
		return places{}, err
	}
	p := places{runner: runner, namespace: f.namespace, tell: tell}
	if meter, err := f.meter(); err != nil {
		return places{}, err
	} else if meter != nil {
		p.meter = meter
	}
	switch {
	case dsn != "":
		p.kept, err = openHistory(ctx, dsn)
	case f.started != nil:
		if p.kept, err = openHistory(ctx, f.started.History()); errors.Is(err, errNoHistory) {
			err = nil
		}
	}
	return p, err
}

func (p places) close() error {
	if p.kept == nil {
		return nil
	}
	return p.kept.Close()
}

// find is the run of the cluster with a name or a UID, and otherwise the newest run
// of that name in the history, or the one with that UID.
func (p places) find(ctx context.Context, name string) (found, error) {
	namespace, short, qualified := strings.Cut(name, "/")
	if !qualified {
		namespace, short = p.namespace, name
	}
	sim, err := p.runner.Find(ctx, namespace, short)
	switch {
	case err == nil:
		return p.live(ctx, sim)
	case p.kept == nil && errors.Is(err, rehearsal.ErrNoRun):
		return found{}, fmt.Errorf("there is no run %q in namespace %s, and there is no history to look in: --history names one", short, namespace)
	case p.kept == nil:
		return found{}, err
	case !errors.Is(err, rehearsal.ErrNoRun):
		p.tell("the cluster does not answer, so this is what the history knows: " + err.Error())
	}
	row, err := p.row(ctx, namespace, short)
	if errors.Is(err, history.ErrNotFound) {
		return found{}, fmt.Errorf("there is no run %q in namespace %s, neither in the cluster nor in the history: flashcrowd history list tells those that were kept", short, namespace)
	}
	if err != nil {
		return found{}, err
	}
	p.tell(fmt.Sprintf("%s/%s is told by the history: run %s of %s", row.Namespace, row.Name, row.ID, row.CreatedAt.Format("2006-01-02 15:04:05 MST")))
	return p.keptRun(row)
}

// live is a run of the cluster. The history tells it if it has its end: its graph may
// be another run's by now.
func (p places) live(ctx context.Context, sim *v1alpha1.Simulation) (found, error) {
	if p.kept != nil {
		row, err := p.kept.Run(ctx, string(sim.UID))
		if err == nil && !row.EndedAt.IsZero() {
			return p.keptRun(row)
		}
		if err != nil && !errors.Is(err, history.ErrNotFound) {
			p.tell("the history does not answer, so this is what the cluster knows: " + err.Error())
		}
	}
	r := p.runner.Outcome(ctx, sim)
	return found{Identified: report.Identified{ID: string(sim.UID), Report: r}, sim: sim, ended: !r.EndedAt.IsZero()}, nil
}

// row is the run with a UID, wherever it ran, or the newest with a name.
func (p places) row(ctx context.Context, namespace, name string) (history.Run, error) {
	if _, err := uuid.Parse(name); err == nil {
		return p.kept.Run(ctx, name)
	}
	return p.kept.Newest(ctx, namespace, name)
}

func (p places) keptRun(row history.Run) (found, error) {
	r, err := row.Told()
	if err != nil {
		return found{}, err
	}
	sim := &v1alpha1.Simulation{}
	sim.Namespace, sim.Name = row.Namespace, row.Name
	if err := json.Unmarshal(row.Spec, &sim.Spec); err != nil {
		return found{}, fmt.Errorf("reading the spec of run %s: %w", row.ID, err)
	}
	return found{Identified: report.Identified{ID: row.ID, Report: r}, sim: sim, ended: true}, nil
}

// whole is the report of a run with what was noted of commands and measured over it.
func (p places) whole(ctx context.Context, run found) report.Report {
	if p.kept != nil {
		if noted, err := p.kept.Commands(ctx, run.ID); err != nil {
			p.tell("the history does not answer, so this is what the cluster knows: " + err.Error())
		} else {
			run.Report = run.WithCommands(noted)
		}
	}
	recorder := p.meter
	if run.ended && p.kept != nil {
		store := func(context.Context) (*history.Store, error) { return p.kept, nil }
		recorder = history.Recorder{Source: p.meter, Store: store, Run: run.ID}
	}
	if recorder == nil {
		return run.Report
	}
	return rehearsal.Measured(ctx, recorder, run.sim, run.Report)
}

// compare holds the first of some runs against the others, and looks for repetitions
// in their namespaces.
func (p places) compare(ctx context.Context, names []string) (report.Comparison, error) {
	var named, all []report.Identified
	read := map[string]bool{}
	for _, name := range names {
		run, err := p.find(ctx, name)
		if err != nil {
			return report.Comparison{}, err
		}
		named = append(named, run.Identified)
		if namespace := run.sim.Namespace; !read[namespace] {
			read[namespace] = true
			others, err := p.reports(ctx, namespace)
			if err != nil {
				return report.Comparison{}, err
			}
			all = append(all, others...)
		}
	}
	return report.Compare(named, all)
}

// reports are all of a namespace. A run that is in both places is told by the history,
// if it has its end.
func (p places) reports(ctx context.Context, namespace string) ([]report.Identified, error) {
	live, err := p.runner.All(ctx, namespace)
	if p.kept == nil {
		return live, err
	}
	if err != nil {
		p.tell("the cluster does not answer, so repetitions are those of the history: " + err.Error())
	}
	kept, err := p.kept.Reports(ctx, namespace)
	if err != nil {
		return nil, err
	}
	return merged(live, kept), nil
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
	return all
}
