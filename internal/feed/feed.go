// Package feed tells many readers what happens to one run: a snapshot, then
// every change with its number, then the newest measurement. Nobody waits for a
// reader: a change is encoded once and kept in a ring, a reader takes what it
// lacks when it can, and one that was away for longer than the ring reaches is
// told so and begins with a snapshot again.
package feed

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// RingSize is how many lossless messages a feed keeps for those who come back.
const RingSize = 4096

// Feed is what happens to one run. It is safe for many callers.
type Feed struct {
	epoch, server string
	tickEvery     time.Duration

	mu       sync.Mutex
	snapshot wire.FeedSnapshot
	// ring holds the newest messages, limit at most; the last has number snapshot.Seq.
	ring  []message
	limit int
	// tick is the newest measurement of the current topology, nil before there is
	// one; ticks counts them.
	tick  *tick
	ticks int64
	// changed is closed and replaced whenever there is something new.
	changed chan struct{}
	bye     *wire.FeedBye
	// encoded is the snapshot as bytes, until something changes.
	encoded []byte
}

// message is one lossless message, encoded once for all readers.
type message struct {
	seq   int64
	at    int64
	kind  wire.MessageType
	data  []byte
	plain [][]byte
}

// tick is the newest measurement, encoded once for each choice of columns.
type tick struct {
	number int64
	value  wire.FeedTick
	plain  [][]byte

	mu      sync.Mutex
	encoded map[string][]byte
}

// New is the feed of a run that begins as snapshot says. The epoch must differ
// between lives of the server.
func New(epoch, server string, tickEvery time.Duration, snapshot wire.FeedSnapshot) *Feed {
	snapshot.Type, snapshot.Version, snapshot.Epoch = wire.MessageSnapshot, wire.FeedVersion, epoch
	return &Feed{epoch: epoch, server: server, tickEvery: tickEvery, limit: RingSize, snapshot: snapshot, changed: make(chan struct{})}
}

// Snapshot is everything now. Its slices are never written to again.
func (f *Feed) Snapshot() wire.FeedSnapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.snapshot
}

// Epoch names this life of the feed.
func (f *Feed) Epoch() string { return f.epoch }

// Describe replaces the row that snapshots say of the run.
func (f *Feed) Describe(run wire.RunSummary) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.snapshot.Run, f.encoded = run, nil
}

// Publish numbers changes, folds them into the snapshot and wakes the readers.
func (f *Feed) Publish(now time.Time, changes ...Change) error {
	if len(changes) == 0 {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range changes {
		before := f.snapshot
		envelope := wire.Envelope{Version: wire.FeedVersion, Seq: before.Seq + 1, At: now.UnixMilli()}
		data, err := json.Marshal(c.frame(envelope))
		if err != nil {
			return fmt.Errorf("encoding a %s message: %w", c.kind(), err)
		}
		after := before
		c.apply(&after, envelope)
		after.Envelope = envelope
		plain, err := plainly(before, after, c)
		if err != nil {
			return err
		}
		if after.Topology.Order != before.Topology.Order { // its columns are in another order
			f.tick, after.Tick = nil, nil
		}
		f.snapshot = after
		f.ring = append(f.ring, message{seq: envelope.Seq, at: envelope.At, kind: c.kind(), data: data, plain: plain})
		if len(f.ring) > f.limit {
			f.ring = slices.Delete(f.ring, 0, len(f.ring)-f.limit)
		}
	}
	f.wake()
	return nil
}

// Measure replaces the newest measurement. One that belongs to another topology
// than the current one is dropped: the next is a moment away.
func (f *Feed) Measure(now time.Time, t wire.FeedTick) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.Order != f.snapshot.Topology.Order {
		return nil
	}
	t.Type, t.Envelope = wire.MessageTick, wire.Envelope{Version: wire.FeedVersion, Seq: f.snapshot.Seq, At: now.UnixMilli()}
	plain, err := plainMetrics(f.snapshot.Topology, t)
	if err != nil {
		return err
	}
	f.ticks++
	f.tick = &tick{number: f.ticks, value: t, plain: plain, encoded: map[string][]byte{}}
	f.snapshot.Tick = &f.tick.value
	f.wake()
	return nil
}

// Close tells every reader that this was all; it may be called once.
func (f *Feed) Close(now time.Time, code int, reason string, retryAfter time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bye = &wire.FeedBye{
		Type: wire.MessageBye, Envelope: wire.Envelope{Version: wire.FeedVersion, Seq: f.snapshot.Seq, At: now.UnixMilli()},
		Code: code, Reason: reason, RetryAfterMs: retryAfter.Milliseconds(),
	}
	f.wake()
}

// wake lets every waiting reader look; the lock is held.
func (f *Feed) wake() {
	f.encoded = nil
	close(f.changed)
	f.changed = make(chan struct{})
}

// Changed is closed at the next change after this call.
func (f *Feed) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// ringFrom is the highest number that is no longer held; the lock is held.
func (f *Feed) ringFrom() int64 { return f.snapshot.Seq - int64(len(f.ring)) }

// after are the held messages with higher numbers; the lock is held.
func (f *Feed) after(seq int64) []message {
	return f.ring[min(max(0, int(seq-f.ringFrom())), len(f.ring)):]
}

// encodedSnapshot is the snapshot as bytes, made once; the lock is held.
func (f *Feed) encodedSnapshot(now time.Time) ([]byte, error) {
	if f.encoded == nil {
		s := f.snapshot
		s.At = now.UnixMilli()
		data, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("encoding the snapshot: %w", err)
		}
		f.encoded = data
	}
	return f.encoded, nil
}

// Events are the held messages after a number, the oldest first, limit at most.
func (f *Feed) Events(after int64, limit int) wire.EventList {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := wire.EventList{Epoch: f.epoch, From: f.ringFrom() + 1, Items: []wire.Event{}}
	for _, m := range f.after(after) {
		if len(list.Items) == limit {
			break
		}
		list.Items = append(list.Items, wire.Event{Seq: m.seq, Time: time.UnixMilli(m.at).UTC(), Type: m.kind, Message: m.data})
	}
	return list
}

// bytes is the tick with some columns, all if none are named.
func (t *tick) bytes(fields []wire.MetricColumn) ([]byte, error) {
	var key strings.Builder
	for _, f := range fields {
		key.WriteString(string(f) + ",")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if data, done := t.encoded[key.String()]; done {
		return data, nil
	}
	chosen := t.value
	if len(fields) > 0 {
		chosen.Columns = map[wire.MetricColumn][]*float64{}
		for _, f := range fields {
			if values, measured := t.value.Columns[f]; measured {
				chosen.Columns[f] = values
			}
		}
	}
	data, err := json.Marshal(chosen)
	if err != nil {
		return nil, fmt.Errorf("encoding a tick: %w", err)
	}
	t.encoded[key.String()] = data
	return data, nil
}
