package dashboard

import (
	"context"
	"errors"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"flashcrowd.io/flashcrowd/internal/report"
)

type compareQuery struct {
	Run []string `query:"run,explode" minItems:"2" maxItems:"10" maxLength:"320" required:"true" doc:"the runs, by UID or namespace/name; the others are held against the first"`
}

func (s *Server) registerCompare(api huma.API) {
	get(api, "/api/compare", "compareRuns", "Runs side by side: what differed in what was asked for, in decisions and in outcome, and how much of it may be chance", s.compare)
}

// compare looks for repetitions in the namespaces of the runs, which the caller may read.
func (s *Server) compare(ctx context.Context, in *compareQuery) (report.Comparison, error) {
	var named, all []report.Identified
	read := map[string]bool{}
	for _, id := range in.Run {
		run, err := s.find(ctx, "get", id)
		if err != nil {
			return report.Comparison{}, err
		}
		sim := run.Simulation()
		r, err := s.reportOf(ctx, sim)
		if err != nil {
			return report.Comparison{}, err
		}
		named = append(named, report.Identified{ID: string(sim.UID), Report: r})
		if !read[sim.Namespace] {
			read[sim.Namespace] = true
			others, err := s.reportsIn(ctx, sim.Namespace)
			if err != nil {
				return report.Comparison{}, err
			}
			all = append(all, others...)
		}
	}
	c, err := report.Compare(named, all)
	if errors.Is(err, report.ErrOneRun) {
		return c, huma.Error422UnprocessableEntity(err.Error())
	}
	return c, err
}

// reportsIn are the reports of a namespace: those that were kept, and of the cluster
// those that were not.
func (s *Server) reportsIn(ctx context.Context, namespace string) ([]report.Identified, error) {
	all, err := s.keptReports(ctx, namespace)
	if err != nil {
		return nil, err
	}
	kept := map[string]bool{}
	for _, r := range all {
		kept[r.ID] = true
	}
	for _, run := range s.o.Runs.All() {
		sim := run.Simulation()
		if sim.Namespace != namespace || kept[string(sim.UID)] {
			continue
		}
		r, err := s.reportOf(ctx, sim)
		if err != nil {
			return nil, err
		}
		all = append(all, report.Identified{ID: string(sim.UID), Report: r})
	}
	return all, nil
}

// keptReports are those of the history, none if there is none.
func (s *Server) keptReports(ctx context.Context, namespace string) ([]report.Identified, error) {
	if s.o.History == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	all, err := store.Reports(ctx, namespace)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errHistoryAway, err)
	}
	return all, nil
}
