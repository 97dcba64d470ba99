package history

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// ErrNotFound says that no such run was kept.
var ErrNotFound = errors.New("no such run is in the history")

// Store is the history in a database. It may be used by many goroutines.
type Store struct {
	db      *sql.DB
	dialect dialect
}

// Open opens the history and brings its tables up to date. A DSN that begins with
// postgres:// is that server's; anything else names a SQLite file, which is made
// if need be.
func Open(ctx context.Context, dsn string) (*Store, error) {
	return open(ctx, dsn, func(c driver.Connector) driver.Connector { return c })
}

func open(ctx context.Context, dsn string, wrap func(driver.Connector) driver.Connector) (*Store, error) {
	d, err := dialectOf(dsn)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(wrap(d.connector))
	db.SetMaxOpenConns(d.connections)
	db.SetConnMaxIdleTime(time.Minute)
	s := &Store{db: db, dialect: d}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// migrate applies what is missing, each migration in a transaction with the note
// that it was applied: whoever is killed leaves a whole number of migrations.
func (s *Store) migrate(ctx context.Context) error {
	directory, err := fs.Sub(migrations, s.dialect.migrations)
	if err != nil {
		return fmt.Errorf("the migrations: %w", err)
	}
	options := append([]goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger())}, s.dialect.options...)
	provider, err := goose.NewProvider(s.dialect.goose, s.db, directory, options...)
	if err != nil {
		return fmt.Errorf("the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bringing the history up to date: %w", err)
	}
	return nil
}

// Close ends the connections.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("closing the history: %w", err)
	}
	return nil
}

// Write keeps a batch whole or not at all. Rows that are there already are
// brought up to date, but a run that ended stays what it was, since its graph may
// be another run's by now, and so does a sample.
func (s *Store) Write(ctx context.Context, b Batch) error {
	if b.Empty() {
		return nil
	}
	tx, err := s.begin(ctx)
	if err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	if err := s.write(ctx, tx, b); err != nil {
		_ = tx.Rollback() // the first error is the one to tell
		return fmt.Errorf("writing the history: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("writing the history: %w", err)
	}
	return nil
}

// begin starts a transaction that only Commit or Rollback ends on SQLite: when ctx
// ends, database/sql closes the connection of its transaction, perhaps before it
// knows of a statement that was just prepared, and closing that one later reads what
// SQLite has freed. A server's transaction ends with ctx, since a server may be frozen.
func (s *Store) begin(ctx context.Context) (*sql.Tx, error) {
	if s.dialect.goose == goose.DialectSQLite3 {
		ctx = context.WithoutCancel(ctx)
	}
	return s.db.BeginTx(ctx, nil)
}

func (s *Store) write(ctx context.Context, tx *sql.Tx, b Batch) error {
	return errors.Join(
		insert(ctx, tx, s.dialect.rowsPerInsert, usersTable, b.Users),
		insert(ctx, tx, s.dialect.rowsPerInsert, simulationsTable, b.Runs),
		insert(ctx, tx, s.dialect.rowsPerInsert, eventsTable, b.Events),
		insert(ctx, tx, s.dialect.rowsPerInsert, samplesTable, b.Samples),
	)
}

// table says how values of a type become rows.
type table[T any] struct {
	name, columns, conflict string
	id                      func(T) string
	values                  func(T) []any
}

// insert writes rows, many to a statement, each id once and the last of it.
func insert[T any](ctx context.Context, tx *sql.Tx, rowsPerInsert int, t table[T], rows []T) error {
	rows = last(rows, t.id)
	var statement *sql.Stmt
	prepared := 0
	for len(rows) > 0 {
		n := min(rowsPerInsert, len(rows))
		var values []any
		for _, row := range rows[:n] {
			values = append(values, t.values(row)...)
		}
		if n != prepared {
			var err error
			if statement, err = tx.PrepareContext(ctx, t.statement(n, len(values)/n)); err != nil { //nolint:gosec,nolintlint // only names of ours and placeholders are put together
				return fmt.Errorf("%s: %w", t.name, err)
			}
			defer statement.Close()
			prepared = n
		}
		if _, err := statement.ExecContext(ctx, values...); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		rows = rows[n:]
	}
	return nil
}

func (t table[T]) statement(rows, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", t.name, t.columns)
	for i := range rows * width {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%width == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	fmt.Fprintf(&b, ") ON CONFLICT (id) DO %s", t.conflict)
	return b.String()
}

// last keeps of rows with the same id the last, in the place of the first: one
// statement may not write a row twice.
func last[T any](rows []T, id func(T) string) []T {
	place := make(map[string]int, len(rows))
	kept := make([]T, 0, len(rows))
	for _, row := range rows {
		at, seen := place[id(row)]
		if !seen {
			at = len(kept)
			place[id(row)] = at
			kept = append(kept, row)
		}
		kept[at] = row
	}
	return kept
}

var usersTable = table[User]{
	name: "users", columns: "id, name, created_at", conflict: "NOTHING", id: User.ID,
	values: func(u User) []any { return []any{u.ID(), u.Name, u.CreatedAt.UTC()} },
}

var simulationsTable = table[Run]{
	name: "simulations", id: func(r Run) string { return r.ID },
	columns: "id, user_id, canvas_id, traffic_intensity, auto_scaling_enabled, status, started_at, ended_at, created_at, namespace, name, graph, spec, report, simulation, component_graph",
	conflict: `UPDATE SET user_id = COALESCE(simulations.user_id, excluded.user_id), traffic_intensity = excluded.traffic_intensity,
		auto_scaling_enabled = excluded.auto_scaling_enabled, status = excluded.status, started_at = excluded.started_at,
		ended_at = excluded.ended_at, spec = excluded.spec, report = excluded.report,
		simulation = COALESCE(excluded.simulation, simulations.simulation), component_graph = COALESCE(excluded.component_graph, simulations.component_graph)
		WHERE simulations.ended_at IS NULL`,
	values: func(r Run) []any {
		var user any
		if r.User != "" {
			user = User{Name: r.User}.ID()
		}
		return []any{
			r.ID, user, r.Canvas, r.TrafficIntensity, r.AutoScalingEnabled, r.Status, timeOrNull(r.StartedAt), timeOrNull(r.EndedAt), r.CreatedAt.UTC(),
			r.Namespace, r.Name, r.Graph, string(r.Spec), string(r.Report), textOrNull(r.Objects.Simulation), textOrNull(r.Objects.ComponentGraph),
		}
	},
}

var eventsTable = table[Event]{
	name: "simulation_events", columns: "id, simulation_id, event_type, component_id, data, timestamp, sequence",
	conflict: "UPDATE SET data = excluded.data WHERE simulation_events.data IS DISTINCT FROM excluded.data", id: Event.ID,
	values: func(e Event) []any {
		return []any{e.ID(), e.Run, string(e.Type), e.Component, string(e.Data), e.At.UTC(), e.Sequence}
	},
}

var samplesTable = table[Sample]{
	name: "component_metrics", columns: "id, simulation_id, component_id, timestamp, " + columns, conflict: "NOTHING", id: Sample.ID,
	values: func(s Sample) []any {
		row := []any{s.ID(), s.Run, s.Component, s.At.UTC()}
		for _, field := range s.fields() {
			row = append(row, *field)
		}
		return row
	},
}

func textOrNull(data []byte) any {
	if len(data) == 0 {
		return nil
	}
	return string(data)
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}
