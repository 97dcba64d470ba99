package history

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Environment of the process that is killed.
const (
	victimDSN       = "FLASHCROWD_TEST_VICTIM_DSN"
	victimStatement = "FLASHCROWD_TEST_VICTIM_STATEMENT"
)

// migrateAsVictim opens a history and kills itself before the given statement.
func migrateAsVictim(dsn, statement string) int {
	fatal, err := strconv.ParseInt(statement, 10, 64)
	if err == nil {
		var s *Store
		if s, err = open(context.Background(), dsn, func(c driver.Connector) driver.Connector {
			return &deadly{Connector: c, left: &atomic.Int64{}, fatal: fatal}
		}); err == nil {
			err = s.Close()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestMigrationsOutliveBeingKilled kills a migrating process before each of its
// statements in turn, and finds the next one to complete what it left.
func TestMigrationsOutliveBeingKilled(t *testing.T) {
	onEach(t, func(t *testing.T, database func(*testing.T) string) {
		for statement := 1; ; statement++ {
			dsn := database(t)
			killed := runVictim(t, dsn, statement)
			s := opened(t, dsn)
			write(t, s, Batch{Users: []User{ada()}, Runs: []Run{runAt(1)}, Events: []Event{decisionAt(runAt(1), 1, `{}`)}, Samples: []Sample{sampleAt(runAt(1), "db", 1, 1)}})
			if !killed {
				if statement < 12 { // seven tables and indexes, two notes, two commits
					t.Errorf("there were only %d statements to kill at", statement-1)
				}
				return
			}
		}
	})
}

// runVictim reports whether the process was killed rather than done.
func runVictim(t *testing.T, dsn string, statement int) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	victim := exec.CommandContext(ctx, os.Args[0])
	victim.Env = append(os.Environ(), victimDSN+"="+dsn, victimStatement+"="+strconv.Itoa(statement))
	out, err := victim.CombinedOutput()
	if err == nil {
		return false
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL || ctx.Err() != nil {
		t.Fatalf("the victim of statement %d: %v\n%s", statement, err, out)
	}
	return true
}

// deadly counts the statements of all its connections and kills the process before
// the fatal one.
type deadly struct {
	driver.Connector
	left  *atomic.Int64
	fatal int64
}

func (d *deadly) count() {
	if d.left.Add(1) == d.fatal {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until the signal has come
	}
}

func (d *deadly) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := d.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &deadlyConn{Conn: c, deadly: d}, nil
}

// deadlyConn is a connection of either driver, which both have these methods.
type deadlyConn struct {
	driver.Conn
	deadly *deadly
}

func (c *deadlyConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	c.deadly.count()
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	return deadlyTx{tx, c.deadly}, err
}

func (c *deadlyConn) PrepareContext(ctx context.Context, statement string) (driver.Stmt, error) {
	c.deadly.count()
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, statement)
}

func (c *deadlyConn) ExecContext(ctx context.Context, statement string, arguments []driver.NamedValue) (driver.Result, error) {
	c.deadly.count()
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, statement, arguments)
}

func (c *deadlyConn) QueryContext(ctx context.Context, statement string, arguments []driver.NamedValue) (driver.Rows, error) {
	c.deadly.count()
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, statement, arguments)
}

type deadlyTx struct {
	driver.Tx
	deadly *deadly
}

func (t deadlyTx) Commit() error {
	t.deadly.count()
	return t.Tx.Commit()
}
