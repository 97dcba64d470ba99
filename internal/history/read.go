package history

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"flashcrowd.io/flashcrowd/internal/report"
)

const runColumns = `s.id, COALESCE(u.name, ''), s.canvas_id, s.traffic_intensity, s.auto_scaling_enabled, s.status, s.started_at, s.ended_at, s.created_at,
	s.namespace, s.name, s.graph, s.spec, s.report FROM simulations s LEFT JOIN users u ON u.id = s.user_id`

// Page is a part of the list of runs, from the newest down.
type Page struct {
	// Limit of runs.
	Limit int
	// After is the run that the page before ended with, nil for the first page.
	After *Run
}

// Runs are the runs of a page, the newest first.
func (s *Store) Runs(ctx context.Context, page Page) ([]Run, error) {
	if page.After == nil {
		return s.runs(ctx, "ORDER BY s.created_at DESC, s.id DESC LIMIT $1", page.Limit)
	}
	return s.runs(ctx, "WHERE (s.created_at, s.id) < ($1, $2) ORDER BY s.created_at DESC, s.id DESC LIMIT $3",
		page.After.CreatedAt.UTC(), page.After.ID, page.Limit)
}

// Run is the run with an id; ErrNotFound if there is none.
func (s *Store) Run(ctx context.Context, id string) (Run, error) {
	return one(s.runs(ctx, "WHERE s.id = $1", id))
}

// Objects of the run with an id; ErrNotFound if there is none.
func (s *Store) Objects(ctx context.Context, id string) (Objects, error) {
	found, err := query(ctx, s.db, "SELECT simulation, component_graph FROM simulations WHERE id = $1", []any{id}, func(rows *sql.Rows) (Objects, error) {
		var sim, cg []byte
		err := rows.Scan(&sim, &cg)
		return Objects{Simulation: sim, ComponentGraph: cg}, err
	})
	if err != nil {
		return Objects{}, err
	}
	if len(found) == 0 {
		return Objects{}, ErrNotFound
	}
	return found[0], nil
}

// Unended are the runs that have no end, the newest first.
func (s *Store) Unended(ctx context.Context) ([]Run, error) {
	return s.runs(ctx, "WHERE s.ended_at IS NULL ORDER BY s.created_at DESC, s.id DESC")
}

// Newest is the last run that had a name; ErrNotFound if there is none.
func (s *Store) Newest(ctx context.Context, namespace, name string) (Run, error) {
	return one(s.runs(ctx, "WHERE s.namespace = $1 AND s.name = $2 ORDER BY s.created_at DESC LIMIT 1", namespace, name))
}

func one(runs []Run, err error) (Run, error) {
	if err != nil {
		return Run{}, err
	}
	if len(runs) == 0 {
		return Run{}, ErrNotFound
	}
	return runs[0], nil
}

func (s *Store) runs(ctx context.Context, where string, arguments ...any) ([]Run, error) {
	return query(ctx, s.db, "SELECT "+runColumns+" "+where, arguments, func(rows *sql.Rows) (Run, error) {
		var r Run
		var spec, report []byte
		var started, ended sql.NullTime
		err := rows.Scan(&r.ID, &r.User, &r.Canvas, &r.TrafficIntensity, &r.AutoScalingEnabled, &r.Status, &started, &ended, &r.CreatedAt,
			&r.Namespace, &r.Name, &r.Graph, &spec, &report)
		r.Spec, r.Report = json.RawMessage(spec), json.RawMessage(report)
		r.StartedAt, r.EndedAt, r.CreatedAt = utc(started.Time), utc(ended.Time), utc(r.CreatedAt)
		return r, err
	})
}

// Told is the report of a run as it was kept.
func (r Run) Told() (report.Report, error) {
	var told report.Report
	if err := json.Unmarshal(r.Report, &told); err != nil {
		return told, fmt.Errorf("reading the report of run %s: %w", r.ID, err)
	}
	return told, nil
}

// Events of a run in the order that they happened.
func (s *Store) Events(ctx context.Context, run string) ([]Event, error) {
	const statement = `SELECT simulation_id, event_type, component_id, data, timestamp, sequence FROM simulation_events
		WHERE simulation_id = $1 ORDER BY timestamp, sequence, event_type`
	return query(ctx, s.db, statement, []any{run}, func(rows *sql.Rows) (Event, error) {
		var e Event
		var data []byte
		err := rows.Scan(&e.Run, &e.Type, &e.Component, &data, &e.At, &e.Sequence)
		e.Data, e.At = json.RawMessage(data), utc(e.At)
		return e, err
	})
}

// Commands on a run in the order that they came.
func (s *Store) Commands(ctx context.Context, run string) ([]report.Command, error) {
	const statement = `SELECT data, timestamp FROM simulation_events
		WHERE simulation_id = $1 AND event_type = $2 ORDER BY timestamp, sequence`
	return query(ctx, s.db, statement, []any{run, string(EventCommand)}, func(rows *sql.Rows) (report.Command, error) {
		var data []byte
		var at time.Time
		if err := rows.Scan(&data, &at); err != nil {
			return report.Command{}, err
		}
		var c report.Command
		err := json.Unmarshal(data, &c)
		c.Time = utc(at)
		return c, err
	})
}

// Chart asks for the metrics of a run between two times, both counted in.
type Chart struct {
	// Run is its id.
	Run string
	// Component, or empty for all.
	Component string
	From, To  time.Time
	// Step that samples are averaged over, counted from 1970; at least a millisecond.
	Step time.Duration
}

// Samples are the means of each component over each step that has any, by
// component and time.
func (s *Store) Samples(ctx context.Context, c Chart) ([]Sample, error) {
	if c.Step < time.Millisecond {
		return nil, fmt.Errorf("a chart's step is at least 1ms, not %s", c.Step)
	}
	step := c.Step.Microseconds()
	statement := fmt.Sprintf(`SELECT component_id, %[1]s / %[2]d * %[2]d AS at, %[3]s FROM component_metrics
		WHERE simulation_id = $1 AND timestamp >= $2 AND timestamp <= $3 AND ($4 = '' OR component_id = $4)
		GROUP BY component_id, at ORDER BY component_id, at`, s.dialect.micros, step, means)
	return query(ctx, s.db, statement, []any{c.Run, c.From.UTC(), c.To.UTC(), c.Component}, func(rows *sql.Rows) (Sample, error) {
		sample := Sample{Run: c.Run}
		var at int64
		err := rows.Scan(append([]any{&sample.Component, &at}, sample.places()...)...)
		sample.At = time.UnixMicro(at).UTC()
		return sample, err
	})
}

// means are the columns averaged; what was never measured stays so.
const means = `AVG(cpu_usage), AVG(memory_usage), AVG(request_rate), AVG(latency), AVG(latency_p95), AVG(error_rate), AVG(queue_depth), AVG(in_flight), AVG(connections), AVG(latency_p50), AVG(latency_p99), AVG(target_rate)`

// places are where a row's values go.
func (v *Values) places() []any {
	places := make([]any, 0, 12)
	for _, field := range v.fields() {
		places = append(places, field)
	}
	return places
}

// eachSample tells every sample of a run, in the order of components and time.
func (s *Store) eachSample(ctx context.Context, run string, tell func(Sample) error) error {
	rows, err := s.db.QueryContext(ctx, "SELECT component_id, timestamp, "+columns+" FROM component_metrics WHERE simulation_id = $1 ORDER BY component_id, timestamp", run)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		sample := Sample{Run: run}
		if err := rows.Scan(append([]any{&sample.Component, &sample.At}, sample.places()...)...); err != nil {
			return fmt.Errorf("reading the history: %w", err)
		}
		sample.At = utc(sample.At)
		if err := tell(sample); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	return nil
}

// LastSample is the time of the newest sample of a run, zero if it has none.
func (s *Store) LastSample(ctx context.Context, run string) (time.Time, error) {
	newest, err := query(ctx, s.db, "SELECT timestamp FROM component_metrics WHERE simulation_id = $1 ORDER BY timestamp DESC LIMIT 1", []any{run}, func(rows *sql.Rows) (time.Time, error) {
		var at time.Time
		err := rows.Scan(&at)
		return utc(at), err
	})
	if err != nil || len(newest) == 0 {
		return time.Time{}, err
	}
	return newest[0], nil
}

// Mean is what a component was like over a whole run.
type Mean struct {
	Component string
	// Samples that it is the mean of.
	Samples int64
	Values
}

// Means of the components of a run, by name: what runs are compared by.
func (s *Store) Means(ctx context.Context, run string) ([]Mean, error) {
	const statement = "SELECT component_id, COUNT(*), " + means + " FROM component_metrics WHERE simulation_id = $1 GROUP BY component_id ORDER BY component_id"
	return query(ctx, s.db, statement, []any{run}, func(rows *sql.Rows) (Mean, error) {
		var m Mean
		err := rows.Scan(append([]any{&m.Component, &m.Samples}, m.places()...)...)
		return m, err
	})
}

// Prune forgets up to limit runs that ended before a time, the oldest first, with
// all that belongs to them, and returns how many. Each goes in a transaction of
// its own, so that a writer never waits long.
func (s *Store) Prune(ctx context.Context, before time.Time, limit int) (int, error) {
	ids, err := query(ctx, s.db, "SELECT id FROM simulations WHERE ended_at < $1 ORDER BY ended_at, id LIMIT $2", []any{before.UTC(), limit}, func(rows *sql.Rows) (string, error) {
		var id string
		err := rows.Scan(&id)
		return id, err
	})
	if err != nil {
		return 0, err
	}
	for n, id := range ids {
		if _, err := s.db.ExecContext(ctx, "DELETE FROM simulations WHERE id = $1", id); err != nil {
			return n, fmt.Errorf("forgetting run %s: %w", id, err)
		}
	}
	return len(ids), nil
}

// query reads all rows of a statement.
func query[T any](ctx context.Context, db *sql.DB, statement string, arguments []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	rows, err := db.QueryContext(ctx, statement, arguments...)
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	all := []T{}
	for rows.Next() {
		row, err := scan(rows)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("reading the history: %w", err), rows.Close())
		}
		all = append(all, row)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	return all, nil
}

// utc is a time in UTC, of none still none.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
