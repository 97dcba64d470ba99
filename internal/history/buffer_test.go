package history

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/history/outage"
)

var errWaiting = errors.New("rows wait to be written")

// written runs a buffer over a store for the time of a test.
func written(t *testing.T, s Sink, o BufferOptions) *Buffer {
	t.Helper()
	o.Retry = 200 * time.Millisecond
	b := NewBuffer(s, o)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { b.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return b
}

func settled(t *testing.T, b *Buffer) {
	t.Helper()
	eventually(t, func() error {
		if b.Settled() {
			return nil
		}
		return errWaiting
	})
}

// minute is a minute of a run, and a decision.
func minute(run Run, n int) Batch {
	b := Batch{Users: []User{ada()}, Runs: []Run{run}, Events: []Event{decisionAt(run, int64(n+1), `{}`)}}
	for second := range 60 {
		b.Samples = append(b.Samples, sampleAt(run, "api", 60*n+second, 1), sampleAt(run, "db", 60*n+second, 1))
	}
	return b
}

// complete finds all of so many minutes in a store.
func complete(t *testing.T, s *Store, run Run, minutes int) {
	t.Helper()
	for _, m := range must[[]Mean](t)(s.Means(t.Context(), run.ID)) {
		if m.Samples != int64(60*minutes) {
			t.Errorf("%s has %d samples, not %d", m.Component, m.Samples, 60*minutes)
		}
	}
	events := must[[]Event](t)(s.Events(t.Context(), run.ID))
	if len(events) != minutes {
		t.Fatalf("%d decisions were kept, not %d", len(events), minutes)
	}
	for n, e := range events {
		if e.Type != EventDecision || e.Sequence != int64(n+1) {
			t.Errorf("event %d is %s %d", n, e.Type, e.Sequence)
		}
	}
}

// TestTheLedgerHoldsThroughAnOutage takes the server away in each way during a run.
func TestTheLedgerHoldsThroughAnOutage(t *testing.T) {
	outages := map[string]struct {
		begin, end func(*outage.Server, testing.TB)
	}{
		"stopped": {(*outage.Server).Stop, (*outage.Server).Start},
		"killed":  {(*outage.Server).Kill, (*outage.Server).Start},
		"frozen":  {(*outage.Server).Freeze, (*outage.Server).Thaw},
	}
	for name, trouble := range outages {
		t.Run(name, func(t *testing.T) {
			server := outage.StartServer(t)
			store := opened(t, server.Database(t, "history"))
			b := written(t, store, BufferOptions{Timeout: time.Second})
			b.Offer(minute(runAt(1), 0))
			settled(t, b)
			trouble.begin(server, t)
			for n := 1; n < 5; n++ {
				b.Offer(minute(runAt(1), n)) // returns at once
			}
			if b.Settled() {
				t.Error("a server that is away took rows")
			}
			trouble.end(server, t)
			settled(t, b)
			complete(t, store, runAt(1), 5)
		})
	}
}

// TestTheLedgerHoldsOnAFileThatCannotBeWritten has a SQLite file that is locked, and
// one that may not grow.
func TestTheLedgerHoldsOnAFileThatCannotBeWritten(t *testing.T) {
	t.Run("locked", func(t *testing.T) {
		store := opened(t, filepath.Join(t.TempDir(), "history.db"))
		lock, err := store.db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		b := written(t, store, BufferOptions{Timeout: 300 * time.Millisecond})
		b.Offer(minute(runAt(1), 0))
		if b.Settled() {
			t.Error("a locked file took rows")
		}
		if err := lock.Rollback(); err != nil {
			t.Fatal(err)
		}
		settled(t, b)
		complete(t, store, runAt(1), 1)
	})
	t.Run("full", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "history.db")
		roomy := opened(t, file)
		cramped := opened(t, file+"?_pragma=max_page_count(1)") // no page beyond those there are
		sink := failing(cramped)
		b := written(t, sink, BufferOptions{})
		for n := range 10 {
			b.Offer(minute(runAt(1), n))
		}
		_ = sink.firstFailure(t)
		sink.exchange(roomy)
		settled(t, b)
		complete(t, roomy, runAt(1), 10)
		intact(t, roomy)
	})
}

// exchanged is a sink that becomes another.
type exchanged struct {
	mu     sync.Mutex
	sink   Sink
	failed chan error
}

func (e *exchanged) exchange(s Sink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sink = s
}

func (e *exchanged) Write(ctx context.Context, b Batch) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.sink.Write(ctx, b)
	select {
	case e.failed <- err:
	default:
	}
	return err
}
