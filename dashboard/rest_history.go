package dashboard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/wire"
)

type historyQuery struct {
	Before  string   `query:"before" maxLength:"36" doc:"the UID of the run that the page before ended with"`
	Limit   int      `query:"limit" minimum:"1" maximum:"1000" default:"200"`
	Search  string   `query:"search" maxLength:"253" doc:"only runs with this in their name, namespace, graph or in who started them"`
	Verdict []string `query:"verdict" maxItems:"5" enum:"Met,Missed,Stopped,Failed,Running" doc:"only runs with one of these verdicts"`
	Gone    bool     `query:"gone" doc:"only runs whose objects are gone: all others are in the list of runs"`
}

// archiveFile is an archive that is sent.
type archiveFile struct {
	ContentType        string `header:"Content-Type"`
	ContentDisposition string `header:"Content-Disposition"`
	Body               []byte
}

type archiveInput struct {
	RawBody []byte `contentType:"application/gzip"`
}

// maxArchive is how large an archive may be that is sent here.
const maxArchive = 256 << 20

func (s *Server) registerHistory(api huma.API) {
	get(api, "/api/history", "listHistory", "Runs that were kept, the newest first, whether or not they are still in the cluster", s.listHistory)
	huma.Register(api, operation(http.MethodGet, "/api/simulation/{id}/archive", "exportRun", "A run with its events and measurements as one archive"), s.export)
	take := operation(http.MethodPost, "/api/history", "importRun", "Take in a run from an archive of this or another installation")
	take.MaxBodyBytes, take.Errors = maxArchive, append(take.Errors, http.StatusRequestEntityTooLarge)
	huma.Register(api, take, func(ctx context.Context, in *archiveInput) (*answer[wire.RunSummary], error) {
		return told(s.take(ctx, in.RawBody))
	})
}

func isUID(id string) bool {
	_, err := uuid.Parse(id)
	return err == nil
}

func (s *Server) listHistory(ctx context.Context, in *historyQuery) (wire.RunList, error) {
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	store, err := s.store(ctx)
	if err != nil {
		return wire.RunList{}, err
	}
	page, err := s.historyPage(ctx, store, in)
	if err != nil {
		return wire.RunList{}, err
	}
	rows, err := store.Runs(ctx, page)
	if err != nil {
		return wire.RunList{}, fmt.Errorf("%w: %w", errHistoryAway, err)
	}
	list := wire.RunList{Items: []wire.RunSummary{}}
	if len(rows) > in.Limit {
		rows = rows[:in.Limit]
		list.Before = rows[in.Limit-1].ID
	}
	for _, row := range rows {
		summary, err := keptSummary(row)
		if err != nil {
			return wire.RunList{}, err
		}
		summary.Kept = s.isGone(row.ID)
		list.Items = append(list.Items, summary)
	}
	return list, nil
}

// historyPage is what a caller asks for, of the namespaces that they may see, and one
// run more, which tells whether another page follows.
func (s *Server) historyPage(ctx context.Context, store *history.Store, in *historyQuery) (history.Page, error) {
	page := history.Page{Limit: in.Limit + 1, Search: in.Search, Statuses: in.Verdict, Namespaces: []string{}}
	namespaces, err := store.Namespaces(ctx)
	if err != nil {
		return page, fmt.Errorf("%w: %w", errHistoryAway, err)
	}
	seen, err := s.seen(ctx, "list", simulations, namespaces)
	if err != nil {
		return page, err
	}
	page.Namespaces = slices.AppendSeq(page.Namespaces, maps.Keys(seen))
	if in.Before != "" {
		last, err := keptRun(ctx, store, in.Before)
		if err != nil {
			return page, err
		}
		page.After = &last
	}
	if in.Gone {
		for _, run := range s.o.Runs.All() {
			page.Except = append(page.Except, string(run.Simulation().UID))
		}
	}
	return page, nil
}

// isGone reports whether a run's object is no longer in the cluster; before that was
// read, nobody can tell.
func (s *Server) isGone(id string) bool {
	_, err := s.o.Runs.Find(id)
	return errors.Is(err, runs.ErrNotFound) && s.o.Runs.Synced()
}

// export sends an archive; it is made before the first byte goes, so that what
// fails is an error and not half a file.
func (s *Server) export(ctx context.Context, in *RunPath) (*archiveFile, error) {
	run, err := s.find(ctx, "get", in.ID)
	if err != nil {
		return nil, problem(err)
	}
	store, err := s.store(ctx)
	if err != nil {
		return nil, problem(err)
	}
	var archive bytes.Buffer
	sim := run.Simulation()
	err = store.Export(ctx, string(sim.UID), &archive)
	switch {
	case errors.Is(err, history.ErrUnended), errors.Is(err, history.ErrNotFound):
		return nil, huma.Error409Conflict("the history has no end of this run yet: export it when it has ended")
	case err != nil:
		return nil, problem(fmt.Errorf("%w: %w", errHistoryAway, err))
	}
	name := fmt.Sprintf("%s-%s.flashcrowd.gz", sim.Namespace, sim.Name)
	return &archiveFile{ContentType: "application/gzip", ContentDisposition: `attachment; filename="` + name + `"`, Body: archive.Bytes()}, nil
}

// take takes an archive in as a run of its namespace.
func (s *Server) take(ctx context.Context, archive []byte) (wire.RunSummary, error) {
	store, err := s.store(ctx)
	if err != nil {
		return wire.RunSummary{}, err
	}
	run, err := store.Import(ctx, bytes.NewReader(archive), func(run history.Run) error {
		return s.permit(ctx, "create", simulations, run.Namespace)
	})
	if errors.Is(err, history.ErrArchive) {
		return wire.RunSummary{}, huma.Error422UnprocessableEntity(words(err))
	}
	if err != nil {
		return wire.RunSummary{}, err
	}
	return keptSummary(run)
}
