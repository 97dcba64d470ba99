package history

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"flashcrowd.io/flashcrowd/internal/history/outage"
)

// late is a history that is opened when it is needed, for the time of a test.
func late(t *testing.T, dsn string) *Late {
	t.Helper()
	l, err := OpenLate(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// failing is a sink that tells of each attempt.
func failing(s Sink) *exchanged { return &exchanged{sink: s, failed: make(chan error, 1000)} }

// firstFailure waits for an attempt that failed.
func (e *exchanged) firstFailure(t *testing.T) {
	t.Helper()
	for {
		select {
		case err := <-e.failed:
			if err != nil {
				return
			}
		case <-t.Context().Done():
			t.Fatal("nothing failed")
		}
	}
}

// intact finds nothing broken in a SQLite file.
func intact(t *testing.T, s *Store) {
	t.Helper()
	for _, word := range must[[]string](t)(query(t.Context(), s.db, "PRAGMA integrity_check", nil, func(rows *sql.Rows) (string, error) {
		var word string
		err := rows.Scan(&word)
		return word, err
	})) {
		if word != "ok" {
			t.Error(word)
		}
	}
}

// TestTheLedgerHoldsOnAFullDisk fills a disk in the middle of a run.
func TestTheLedgerHoldsOnAFullDisk(t *testing.T) {
	const minutes = 60
	d := outage.Mount(t, "1m")
	store := late(t, d.File())
	sink := failing(store)
	b := written(t, sink, BufferOptions{})
	for n := range minutes {
		b.Offer(minute(runAt(1), n))
	}
	sink.firstFailure(t)
	if b.Settled() {
		t.Error("a full disk took everything")
	}
	d.Remount(t, "size=64m")
	settled(t, b)
	s := must[*Store](t)(store.Store(t.Context()))
	complete(t, s, runAt(1), minutes)
	intact(t, s)
}

// TestTheLedgerHoldsOnADiskThatCannotBeWritten has a dashboard that starts when the
// disk of its history can only be read.
func TestTheLedgerHoldsOnADiskThatCannotBeWritten(t *testing.T) {
	const kept = 3
	tests := map[string]func(t *testing.T, file string){
		"none is there":         nil,
		"one is there":          func(t *testing.T, file string) { keepMinutes(t, file, kept) },
		"one whose writer died": func(t *testing.T, file string) { copyHistory(t, keepMinutesOpen(t, kept), file) },
	}
	for name, before := range tests {
		t.Run(name, func(t *testing.T) {
			d, n := outage.Mount(t, "16m"), 0
			if before != nil {
				before(t, d.File())
				n = kept
			}
			d.Remount(t, "ro")
			store := late(t, d.File())
			sink := failing(store)
			b := written(t, sink, BufferOptions{})
			for further := range 5 {
				b.Offer(minute(runAt(1), n+further))
			}
			sink.firstFailure(t)
			d.Remount(t, "rw")
			settled(t, b)
			s := must[*Store](t)(store.Store(t.Context()))
			complete(t, s, runAt(1), n+5)
			intact(t, s)
		})
	}
}

// keepMinutes keeps minutes of a run in a file, and closes it.
func keepMinutes(t *testing.T, file string, minutes int) {
	t.Helper()
	s, err := Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	for n := range minutes {
		write(t, s, minute(runAt(1), n))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// keepMinutesOpen keeps minutes in a file that stays open, so that its log is there.
func keepMinutesOpen(t *testing.T, minutes int) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "history.db")
	s := opened(t, file)
	for n := range minutes {
		write(t, s, minute(runAt(1), n))
	}
	return file
}

// copyHistory copies a file with what SQLite keeps beside it.
func copyHistory(t *testing.T, from, to string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		data, err := os.ReadFile(from + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
