package history

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"modernc.org/sqlite"
)

// dialect is all that tells one database from another: the statements are the same.
type dialect struct {
	connector driver.Connector
	goose     goose.Dialect
	// migrations is their directory.
	migrations string
	options    []goose.ProviderOption
	// connections at once: SQLite has one writer.
	connections int
	// rowsPerInsert are how many rows a statement carries. A server wants many, for
	// each is a round trip; SQLite's binding of arguments is quadratic in them.
	rowsPerInsert int
	// micros is the expression for the microseconds since 1970 of a timestamp.
	micros string
}

// dialectOf a DSN.
func dialectOf(dsn string) (dialect, error) {
	scheme, _, hasScheme := strings.Cut(dsn, "://")
	switch {
	case dsn == "":
		return dialect{}, errors.New("write a file name, or a DSN such as postgres://user@host/database")
	case hasScheme && (scheme == "postgres" || scheme == "postgresql"):
		return postgres(dsn)
	case hasScheme:
		return dialect{}, fmt.Errorf("write a file name or a DSN that begins with postgres://, not %s://", scheme)
	default:
		return sqliteFile(dsn), nil
	}
}

func postgres(dsn string) (dialect, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return dialect{}, fmt.Errorf("the DSN of the history: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return dialect{}, fmt.Errorf("the lock of migrations: %w", err)
	}
	return dialect{
		connector: stdlib.GetConnector(*config), goose: goose.DialectPostgres, migrations: "migrations/postgres",
		options: []goose.ProviderOption{goose.WithSessionLocker(locker)}, connections: 8, rowsPerInsert: 500,
		micros: "(EXTRACT(EPOCH FROM timestamp) * 1000000)::BIGINT",
	}, nil
}

// sqliteFile is a database in a file, "name" or "name?options".
func sqliteFile(name string) dialect {
	path, options, _ := strings.Cut(name, "?")
	given, err := url.ParseQuery(options)
	if err != nil {
		given, path = url.Values{}, name
	}
	// Times are integers of microseconds, which sort and subtract; a commit lasts
	// through a crash of the process, and through one of the machine but for the
	// last moments, which the writer writes again.
	given.Set("_time_integer_format", "unix_micro")
	given.Set("_inttotime", "1")
	given.Set("_txlock", "immediate")
	given["_pragma"] = append([]string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}, given["_pragma"]...)
	return dialect{
		connector: opener{name: path + "?" + given.Encode()}, goose: goose.DialectSQLite3, migrations: "migrations/sqlite",
		connections: 4, rowsPerInsert: 1, micros: "CAST(timestamp AS INTEGER)",
	}
}

// opener opens SQLite files by name.
type opener struct{ name string }

func (o opener) Connect(context.Context) (driver.Conn, error) { return o.Driver().Open(o.name) }
func (o opener) Driver() driver.Driver                        { return &sqlite.Driver{} }
