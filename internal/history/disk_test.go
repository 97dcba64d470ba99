package history

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
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

// firstFailure waits for an attempt that failed, and is what it said.
func (e *exchanged) firstFailure(t *testing.T) error {
	t.Helper()
	for {
		select {
		case err := <-e.failed:
			if err != nil {
				return err
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
	_ = sink.firstFailure(t)
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
			_ = sink.firstFailure(t)
			d.Remount(t, "rw")
			settled(t, b)
			s := must[*Store](t)(store.Store(t.Context()))
			complete(t, s, runAt(1), n+5)
			intact(t, s)
		})
	}
}

// TestABrokenPageIsSaidAndNotSpread turns every bit of a page over. What needs it is
// refused rather than answered wrongly, nothing else is touched, and when the page is
// put back, what waited is kept.
func TestABrokenPageIsSaidAndNotSpread(t *testing.T) {
	const kept = 3
	file := filepath.Join(t.TempDir(), "history.db")
	keepMinutes(t, file, kept)
	p := pageOf(t, file, "component_metrics")
	p.flip(t)
	broken := must[[]byte](t)(os.ReadFile(file))

	store := late(t, file)
	s := must[*Store](t)(store.Store(t.Context()))
	if means, err := s.Means(t.Context(), runAt(1).ID); err == nil || !strings.Contains(err.Error(), "malformed") {
		t.Errorf("what is on the broken page: %v, %v", means, err)
	}
	if events := must[[]Event](t)(s.Events(t.Context(), runAt(1).ID)); len(events) != kept {
		t.Errorf("%d decisions, though none is on the broken page", len(events))
	}
	sink := failing(store)
	b := written(t, sink, BufferOptions{})
	b.Offer(minute(runAt(1), kept))
	if err := sink.firstFailure(t); !strings.Contains(err.Error(), "malformed") {
		t.Errorf("the broken page is told as: %v", err)
	}
	if b.Settled() {
		t.Error("a broken file took rows")
	}
	if !bytes.Equal(must[[]byte](t)(os.ReadFile(file)), broken) {
		t.Error("a write that failed changed the file")
	}

	p.flip(t)
	settled(t, b)
	s = must[*Store](t)(store.Store(t.Context()))
	complete(t, s, runAt(1), kept+1)
	intact(t, s)
}

// filePage is a page of a SQLite file that nobody has open.
type filePage struct {
	file         string
	offset, size int64
}

// pageOf is the page that a table begins on.
func pageOf(t *testing.T, file, table string) filePage {
	t.Helper()
	s := must[*Store](t)(Open(t.Context(), file))
	p := filePage{file: file}
	var number int64
	if err := s.db.QueryRowContext(t.Context(), "SELECT rootpage, page_size FROM sqlite_master, pragma_page_size WHERE name = $1", table).Scan(&number, &p.size); err != nil {
		t.Fatal(err)
	}
	p.offset = (number - 1) * p.size
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return p
}

// flip turns every bit over.
func (p filePage) flip(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(p.file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, p.size)
	if _, err := f.ReadAt(page, p.offset); err != nil {
		t.Fatal(err)
	}
	for i := range page {
		page[i] = ^page[i]
	}
	if _, err := f.WriteAt(page, p.offset); err != nil {
		t.Fatal(err)
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
