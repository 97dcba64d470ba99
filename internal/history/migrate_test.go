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

// victimBatches are what a victim writes once it has migrated.
const victimBatches = 3

// victimBatch is a decision and two samples.
func victimBatch(n int) Batch {
	run := runAt(1)
	return Batch{
		Users: []User{ada()}, Runs: []Run{run}, Events: []Event{decisionAt(run, int64(n+1), `{}`)},
		Samples: []Sample{sampleAt(run, "api", n, 1), sampleAt(run, "db", n, 1)},
	}
}

// writeAsVictim opens a history, writes to it, and kills itself before the given
// statement.
func writeAsVictim(dsn, statement string) int {
	if err := writeUntil(context.Background(), dsn, statement); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func writeUntil(ctx context.Context, dsn, statement string) error {
	fatal, err := strconv.ParseInt(statement, 10, 64)
	if err != nil {
		return err
	}
	s, err := open(ctx, dsn, func(c driver.Connector) driver.Connector {
		return &deadly{Connector: c, left: &atomic.Int64{}, fatal: fatal}
	})
	if err != nil {
		return err
	}
	for n := range victimBatches {
		if err := s.Write(ctx, victimBatch(n)); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return s.Close()
}

// TestAHistoryOutlivesBeingKilled kills a process before each of its statements in
// turn, of migrations and of batches, and finds whole batches, and the next process
// to complete what it left.
func TestAHistoryOutlivesBeingKilled(t *testing.T) {
	onEach(t, func(t *testing.T, database func(*testing.T) string) {
		for statement := 1; ; statement++ {
			dsn := database(t)
			killed := runVictim(t, dsn, statement)
			s := opened(t, dsn)
			whole(t, s)
			for n := range victimBatches {
				write(t, s, victimBatch(n))
			}
			if got := whole(t, s); got != victimBatches {
				t.Errorf("statement %d: %d batches, not %d", statement, got, victimBatches)
			}
			if !killed {
				if statement < 12+victimBatches*6 { // seven tables and indexes, two notes, two commits; begin, four inserts and a commit each
					t.Errorf("there were only %d statements to kill at", statement-1)
				}
				return
			}
		}
	})
}

// whole is how many batches of the victim there are; a part of one is an error.
func whole(t *testing.T, s *Store) int {
	t.Helper()
	events := must[[]Event](t)(s.Events(t.Context(), runAt(1).ID))
	means := must[[]Mean](t)(s.Means(t.Context(), runAt(1).ID))
	if len(events) == 0 && len(means) == 0 {
		return 0
	}
	if len(means) != 2 {
		t.Fatalf("%d decisions, and samples of %d components", len(events), len(means))
	}
	for _, m := range means {
		if m.Samples != int64(len(events)) {
			t.Errorf("%d decisions, but %d samples of %s", len(events), m.Samples, m.Component)
		}
	}
	return len(events)
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
