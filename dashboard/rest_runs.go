package dashboard

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

type eventsQuery struct {
	RunPath
	After int64 `query:"after" minimum:"0" doc:"only messages with a higher seq"`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"200"`
}

func (s *Server) registerRuns(api huma.API) {
	get(api, "/api/simulations", "listRuns", "All runs that the caller may see, the newest first", s.listRuns)
	get(api, "/api/simulation/{id}", "getRun", "One run: its state, its controls and the last word of every rule", s.getRun)
	get(api, "/api/simulation/{id}/events", "listEvents", "What happened to a run: the lossless messages of its feed", s.events)
	remove(api, "/api/simulation/{id}", "deleteRun", "Delete a run; one that runs ends", s.deleteRun)
}

// find is a run that the caller may do something with.
func (s *Server) find(ctx context.Context, verb, id string) (*runs.Run, error) {
	run, err := s.lookUp(ctx, id)
	if err != nil {
		return nil, err
	}
	return run, s.permit(ctx, verb, simulations, run.Simulation().Namespace)
}

// lookUp is a run, whoever asks: of the cluster, or of the history. What has not been
// read yet may exist.
func (s *Server) lookUp(ctx context.Context, id string) (*runs.Run, error) {
	synced := s.o.Runs.Synced() // before it is looked for: what is read meanwhile may be this run
	run, err := s.o.Runs.Find(id)
	switch {
	case err == nil:
		return run, nil
	case !synced:
		return nil, errNotRead
	case s.o.History == nil:
		return nil, err
	default:
		return s.recall(ctx, id)
	}
}

// errNotRead says that the server has not seen the cluster yet.
var errNotRead = errors.New("the dashboard has not read the cluster yet")

// seen are the namespaces among some that the caller may do something in.
func (s *Server) seen(ctx context.Context, verb, resource string, namespaces []string) (map[string]bool, error) {
	seen := map[string]bool{}
	slices.Sort(namespaces)
	for _, namespace := range slices.Compact(namespaces) {
		err := s.permit(ctx, verb, resource, namespace)
		if forbidden(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		seen[namespace] = true
	}
	return seen, nil
}

func (s *Server) listRuns(ctx context.Context, _ *struct{}) (wire.RunList, error) {
	all := s.o.Runs.All()
	var namespaces []string
	for _, run := range all {
		namespaces = append(namespaces, run.Simulation().Namespace)
	}
	seen, err := s.seen(ctx, "list", simulations, namespaces)
	if err != nil {
		return wire.RunList{}, err
	}
	list := wire.RunList{Items: []wire.RunSummary{}}
	for _, run := range all {
		if row := run.Feed.Snapshot().Run; seen[row.Namespace] {
			list.Items = append(list.Items, row)
		}
	}
	slices.SortFunc(list.Items, func(a, b wire.RunSummary) int {
		return cmp.Or(cmp.Compare(b.CreatedAt, a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (s *Server) getRun(ctx context.Context, in *RunPath) (wire.RunDetail, error) {
	run, err := s.find(ctx, "get", in.ID)
	if err != nil {
		return wire.RunDetail{}, err
	}
	now := run.Feed.Snapshot()
	return wire.RunDetail{Run: now.Run, Control: now.Control, Phase: now.Phase, Evaluations: projection.Evaluations(run.Simulation())}, nil
}

func (s *Server) events(ctx context.Context, in *eventsQuery) (wire.EventList, error) {
	run, err := s.find(ctx, "get", in.ID)
	if err != nil {
		return wire.EventList{}, err
	}
	return run.Feed.Events(in.After, in.Limit), nil
}

func (s *Server) deleteRun(ctx context.Context, in *RunPath) error {
	run, err := s.find(ctx, "delete", in.ID)
	if err != nil {
		return err
	}
	acting, err := s.as(callerOf(ctx))
	if err != nil {
		return err
	}
	sim := run.Simulation()
	if err := acting.Delete(ctx, sim.DeepCopy(), client.Preconditions{UID: &sim.UID}); err != nil {
		return err
	}
	return s.note(ctx, sim, report.ActionDeleted)
}
