package feed

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Form is what a reader understands.
type Form int

// The forms.
const (
	// Sequenced readers speak the subprotocol.
	Sequenced Form = iota
	// Plain readers get the three plain messages.
	Plain
)

// Reader is one client's place in a feed. It holds numbers only, no messages. It
// is for one goroutine.
type Reader struct {
	feed *Feed
	form Form
	// started says that the reader has said where to begin.
	started bool
	// epoch that last is a number of.
	epoch string
	last  int64
	// ticked is the number of the last tick that was taken, at when.
	ticked   int64
	tickedAt time.Time
	// every is the time between two ticks at least; negative for none.
	every  time.Duration
	fields []wire.MetricColumn
}

// Batch is what a reader lacks.
type Batch struct {
	Frames [][]byte
	// Again is when to look again although nothing has changed; zero for not.
	Again time.Duration
	// Lost says that a plain reader has missed messages and cannot be told so.
	Lost bool
	// End is set when the feed has ended; nothing follows.
	End *wire.FeedBye
}

// maxBatch bounds the messages of one batch, so that a write is never long.
const maxBatch = 256

// Reader begins to read. A plain one hears what comes next; a sequenced one must
// Resume first.
func (f *Feed) Reader(form Form) *Reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &Reader{feed: f, form: form, started: form == Plain, epoch: f.epoch, last: f.snapshot.Seq}
}

// Hello is the greeting of a sequenced reader.
func (r *Reader) Hello(now time.Time) ([]byte, error) {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	data, err := json.Marshal(wire.FeedHello{
		Type: wire.MessageHello, Envelope: wire.Envelope{Version: wire.FeedVersion, Seq: f.snapshot.Seq, At: now.UnixMilli()},
		Epoch: f.epoch, RingFrom: f.ringFrom(), TickMs: f.tickEvery.Milliseconds(), Simulation: f.snapshot.Run.ID, Server: f.server,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the greeting: %w", err)
	}
	return data, nil
}

// Resume says what the client holds already.
func (r *Reader) Resume(m wire.FeedResume) {
	r.started, r.epoch, r.last = true, m.Epoch, m.LastSeq
}

// Choose says which ticks the client wants.
func (r *Reader) Choose(m wire.FeedSubscribe) {
	r.fields = slices.Clone(m.Fields)
	slices.Sort(r.fields)
	r.fields = slices.Compact(r.fields)
	switch {
	case m.MaxHz <= 0:
		r.every = -1
	default:
		r.every = time.Duration(float64(time.Second) / max(m.MaxHz, 0.01))
	}
}

// Take is what the reader lacks at a time: changes first, then the newest tick.
func (r *Reader) Take(now time.Time) (Batch, error) {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	var b Batch
	if !r.started {
		if f.bye != nil {
			return b, r.end(&b)
		}
		return b, nil
	}
	if r.epoch != f.epoch || r.last > f.snapshot.Seq || r.last < f.ringFrom() {
		if r.form == Plain {
			return Batch{Lost: true}, nil
		}
		if err := r.restart(&b, now); err != nil {
			return b, err
		}
	}
	r.changes(&b)
	if r.last < f.snapshot.Seq {
		b.Again = time.Nanosecond
		return b, nil
	}
	if err := r.measurement(&b, now); err != nil {
		return b, err
	}
	return b, r.end(&b)
}

// restart says what is lost, if anything was held, and begins anew.
func (r *Reader) restart(b *Batch, now time.Time) error {
	f := r.feed
	if r.epoch != "" {
		gap := wire.FeedGap{Type: wire.MessageGap, Envelope: wire.Envelope{Version: wire.FeedVersion, Seq: f.snapshot.Seq, At: now.UnixMilli()}, Reason: wire.GapEpoch}
		if r.epoch == f.epoch && r.last < f.snapshot.Seq {
			gap.From, gap.To, gap.Reason = r.last+1, f.snapshot.Seq, wire.GapRing
		}
		data, err := json.Marshal(gap)
		if err != nil {
			return fmt.Errorf("encoding a gap: %w", err)
		}
		b.Frames = append(b.Frames, data)
	}
	data, err := f.encodedSnapshot(now)
	if err != nil {
		return err
	}
	b.Frames = append(b.Frames, data)
	r.epoch, r.last = f.epoch, f.snapshot.Seq
	if f.tick != nil {
		r.ticked, r.tickedAt = f.tick.number, now
	}
	return nil
}

func (r *Reader) changes(b *Batch) {
	for i, m := range r.feed.after(r.last) {
		if i == maxBatch {
			return
		}
		if r.form == Plain {
			b.Frames = append(b.Frames, m.plain...)
		} else {
			b.Frames = append(b.Frames, m.data)
		}
		r.last = m.seq
	}
}

// measurement is the newest tick, unless the reader has it or it is too soon.
func (r *Reader) measurement(b *Batch, now time.Time) error {
	t := r.feed.tick
	if t == nil || t.number == r.ticked || r.every < 0 {
		return nil
	}
	if wait := r.every - now.Sub(r.tickedAt); wait > 0 && !r.tickedAt.IsZero() {
		b.Again = wait
		return nil
	}
	r.ticked, r.tickedAt = t.number, now
	if r.form == Plain {
		b.Frames = append(b.Frames, t.plain...)
		return nil
	}
	data, err := t.bytes(r.fields)
	if err != nil {
		return err
	}
	b.Frames = append(b.Frames, data)
	return nil
}

// end says goodbye to a sequenced reader when the feed has ended.
func (r *Reader) end(b *Batch) error {
	b.End = r.feed.bye
	if b.End == nil || r.form == Plain {
		return nil
	}
	data, err := json.Marshal(b.End)
	if err != nil {
		return fmt.Errorf("encoding the goodbye: %w", err)
	}
	b.Frames, b.Again = append(b.Frames, data), 0
	return nil
}
