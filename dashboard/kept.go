package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// History is where runs are kept after their objects are gone.
type History interface {
	// Store is the history, or why it cannot be reached now.
	Store(ctx context.Context) (*history.Store, error)
}

// Notary notes who did what to a run.
type Notary interface {
	Did(sim *v1alpha1.Simulation, user string, action report.CommandAction) error
}

// historyPatience bounds one question to the history.
const historyPatience = 10 * time.Second

// maxRecalled is how many runs that only the history knows are held ready.
const maxRecalled = 64

// shelf holds runs that only the history knows, as feeds that nothing is added to.
type shelf struct {
	recalled *lru.Cache[string, *runs.Run]
	name     runs.Name
	now      func() time.Time
}

func newShelf(version string, now func() time.Time) *shelf {
	s := &shelf{name: runs.Name{Epoch: "history", Server: version, TickEvery: time.Second}, now: now}
	recalled, err := lru.NewWithEvict(maxRecalled, func(_ string, run *runs.Run) { s.end(run) })
	if err != nil {
		panic(err) // the size is positive
	}
	s.recalled = recalled
	return s
}

// end tells readers to come back.
func (s *shelf) end(run *runs.Run) { run.Feed.Close(s.now(), 1001, "the server restarts", time.Second) }

// close ends the feeds.
func (s *shelf) close() { s.recalled.Purge() }

// errNoHistory says that this server keeps none.
var errNoHistory = fmt.Errorf("%w: this dashboard keeps no history: start it with --history", runs.ErrNotFound)

// store is the history, if there is one.
func (s *Server) store(ctx context.Context) (*history.Store, error) {
	if s.o.History == nil {
		return nil, errNoHistory
	}
	store, err := s.o.History.Store(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errHistoryAway, err)
	}
	return store, nil
}

// errHistoryAway says that the database of the history does not answer.
var errHistoryAway = errors.New("the history does not answer: runs that are in the cluster can be seen")

// keptRun is the row of a run, by its UID or namespace/name.
func keptRun(ctx context.Context, store *history.Store, id string) (history.Run, error) {
	namespace, name, isName := strings.Cut(id, "/")
	var run history.Run
	var err error
	switch {
	case isName:
		run, err = store.Newest(ctx, namespace, name)
	case !isUID(id): // PostgreSQL would refuse it
		err = history.ErrNotFound
	default:
		run, err = store.Run(ctx, id)
	}
	if errors.Is(err, history.ErrNotFound) {
		return run, fmt.Errorf("%w: %q is neither in the cluster nor in the history", runs.ErrNotFound, id)
	}
	if err != nil {
		return run, fmt.Errorf("%w: %w", errHistoryAway, err)
	}
	return run, nil
}

// recall is a run that only the history knows.
func (s *Server) recall(ctx context.Context, id string) (*runs.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	store, err := s.store(ctx)
	if err != nil {
		return nil, err
	}
	row, err := keptRun(ctx, store, id)
	if err != nil {
		return nil, err
	}
	if run, held := s.shelf.recalled.Get(row.ID); held {
		return run, nil
	}
	objects, err := store.Objects(ctx, row.ID)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errHistoryAway, err)
	}
	seen, err := objects.Decode()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", runs.ErrNotFound, err)
	}
	run := runs.Recall(seen.Simulation, seen.ComponentGraph, s.shelf.name, s.o.Now())
	if earlier, held, _ := s.shelf.recalled.PeekOrAdd(row.ID, run); held {
		return earlier, nil
	}
	return run, nil
}

// recorder reads what was measured over a run: of one that has ended, what the metrics
// source has forgotten comes from the history.
func (s *Server) recorder(sim *v1alpha1.Simulation) rehearsal.Recorder {
	if !projection.Finished(sim) {
		return s.o.Meter
	}
	return history.Recorder{Source: s.o.Meter, Store: s.store, Run: string(sim.UID)}
}

// keptReport is the report of a run that has ended, as it was then.
func (s *Server) keptReport(ctx context.Context, id string) (report.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	store, err := s.store(ctx)
	if err != nil {
		return report.Report{}, err
	}
	row, err := keptRun(ctx, store, id)
	if err != nil {
		return report.Report{}, err
	}
	return row.Told()
}

// commands are those that were noted on a run, none while the history is away: what
// its object tells is told all the same.
func (s *Server) commands(ctx context.Context, id string) []report.Command {
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	store, err := s.store(ctx)
	if err != nil || !isUID(id) {
		return nil
	}
	noted, err := store.Commands(ctx, id)
	if err != nil {
		return nil
	}
	return noted
}

// keptSummary is a kept run as a row of the list.
func keptSummary(row history.Run) (wire.RunSummary, error) {
	r, err := row.Told()
	if err != nil {
		return wire.RunSummary{}, err
	}
	var spec v1alpha1.SimulationSpec
	if err := json.Unmarshal(row.Spec, &spec); err != nil {
		return wire.RunSummary{}, fmt.Errorf("reading the spec of run %s: %w", row.ID, err)
	}
	out := wire.RunSummary{
		ID: row.ID, Namespace: row.Namespace, Name: row.Name, Graph: spec.GraphRef.Name, GraphID: row.Canvas,
		Stage: stageOf(r.Verdict), Message: "kept in the history", Finished: !row.EndedAt.IsZero(), Verdict: row.Status,
		CreatedAt: row.CreatedAt.UnixMilli(), StartedAt: moment(row.StartedAt), EndedAt: moment(row.EndedAt),
		ElapsedSeconds: int32(r.DurationSeconds), Seed: 1, Decisions: int64(len(r.Decisions)),
	}
	if spec.DurationSeconds != nil {
		out.DurationSeconds = *spec.DurationSeconds
	}
	if spec.Seed != nil {
		out.Seed = *spec.Seed
	}
	if offered := float64(r.Requests.Offered); offered > 0 && r.DurationSeconds > 0 {
		rate, failed := offered/r.DurationSeconds, 100*float64(r.Requests.Failed+r.Requests.Dropped)/offered
		out.RequestsPerSecond, out.P99Ms, out.ErrorPercent = &rate, &r.LatencyMs.P99, &failed
	}
	return out, nil
}

// stageOf is the stage that a run with a verdict ended in.
func stageOf(v report.Verdict) string {
	switch v {
	case report.Met:
		return v1alpha1.ReasonObjectivesMet
	case report.Missed:
		return v1alpha1.ReasonObjectivesMissed
	case report.Stopped:
		return v1alpha1.ReasonStoppedEarly
	case report.Running:
		return v1alpha1.ReasonRunning
	default:
		return v1alpha1.ReasonInvalid
	}
}

func moment(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	millis := t.UnixMilli()
	return &millis
}
