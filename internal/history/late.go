package history

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Late is a history whose database may be away when a process starts: it is opened
// when it is first needed, and tried again until that succeeds.
type Late struct {
	dsn string
	// opened has the store, nil until it is open; who takes it out owns it.
	opened chan *Store
}

// OpenLate refuses only a DSN that no database could have.
func OpenLate(dsn string) (*Late, error) {
	if _, err := dialectOf(dsn); err != nil {
		return nil, err
	}
	l := &Late{dsn: dsn, opened: make(chan *Store, 1)}
	l.opened <- nil
	return l, nil
}

// Store is the history, or why it cannot be reached now.
func (l *Late) Store(ctx context.Context) (*Store, error) {
	var s *Store
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("opening the history: %w", ctx.Err())
	case s = <-l.opened:
	}
	var err error
	if s == nil {
		s, err = Open(ctx, l.dsn)
	}
	l.opened <- s
	return s, err
}

// Write is a Sink.
func (l *Late) Write(ctx context.Context, b Batch) error {
	s, err := l.Store(ctx)
	if err != nil {
		return err
	}
	err = s.Write(ctx, b)
	if lasting(err) {
		return errors.Join(err, l.forget(s))
	}
	return err
}

// LastSample is a Memory.
func (l *Late) LastSample(ctx context.Context, run string) (time.Time, error) {
	s, err := l.Store(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return s.LastSample(ctx, run)
}

// Close ends the connections, if there are any.
func (l *Late) Close() error {
	s := <-l.opened
	l.opened <- nil
	if s == nil {
		return nil
	}
	return s.Close()
}

// forget closes a store, which is opened anew when it is needed next.
func (l *Late) forget(old *Store) error {
	s := <-l.opened
	if s != old {
		l.opened <- s
		return nil
	}
	l.opened <- nil
	return old.Close()
}

// lasting reports whether SQLite's connections keep to what is wrong even when it was put
// right: that the file was opened for reading only, or a page of it that is broken.
func lasting(err error) bool {
	var failed *sqlite.Error
	if !errors.As(err, &failed) {
		return false
	}
	code := failed.Code() & 0xff
	return code == sqlite3.SQLITE_READONLY || code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
}
