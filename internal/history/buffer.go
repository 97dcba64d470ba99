package history

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Sink is where batches go to: a Store.
type Sink interface {
	Write(ctx context.Context, b Batch) error
}

// BufferOptions of a Buffer; zero values take the defaults.
type BufferOptions struct {
	// Samples that wait at most, 200,000 by default: at 20 components once a second
	// almost three hours without a database.
	Samples int
	// Batch is how many samples a transaction writes at most, 2,000 by default.
	Batch int
	// Timeout of one transaction, 10 s by default.
	Timeout time.Duration
	// Retry is the longest wait after a failure, 10 s by default.
	Retry time.Duration
	Log   *slog.Logger
}

func (o BufferOptions) withDefaults() BufferOptions {
	if o.Samples == 0 {
		o.Samples = 200_000
	}
	if o.Batch == 0 {
		o.Batch = 2_000
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Retry == 0 {
		o.Retry = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Buffer stands between those who tell what happens, who never wait, and a
// database that may be away.
type Buffer struct {
	sink    Sink
	options BufferOptions
	// wake has a value when there is something to write.
	wake chan struct{}

	mu      sync.Mutex
	waiting pending
	// writing says that a batch is under way.
	writing bool
}

// NewBuffer writes to a sink while Run runs.
func NewBuffer(sink Sink, options BufferOptions) *Buffer {
	options = options.withDefaults()
	return &Buffer{sink: sink, options: options, wake: make(chan struct{}, 1), waiting: pending{limit: options.Samples}}
}

// Offer takes a batch to be written soon. It never waits for the database.
func (b *Buffer) Offer(batch Batch) {
	b.mu.Lock()
	b.waiting.offer(batch)
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Settled reports whether all that was offered is written.
func (b *Buffer) Settled() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.writing && b.waiting.empty()
}

// Run writes what is offered until ctx ends, and then once more what waits.
func (b *Buffer) Run(ctx context.Context) {
	delays := &backoff.ExponentialBackOff{InitialInterval: 100 * time.Millisecond, RandomizationFactor: 0.3, Multiplier: 2, MaxInterval: b.options.Retry}
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-b.wake:
			b.drain(ctx, delays)
		}
	}
	for {
		if err := b.write(context.WithoutCancel(ctx)); err != nil || b.Settled() {
			return
		}
	}
}

// drain writes until nothing waits, and waits longer after each failure.
func (b *Buffer) drain(ctx context.Context, delays *backoff.ExponentialBackOff) {
	delays.Reset()
	for !b.Settled() && ctx.Err() == nil {
		err := b.write(ctx)
		if err == nil {
			delays.Reset()
			continue
		}
		delay := delays.NextBackOff()
		b.options.Log.Warn("the history cannot be written now", "error", err, "retryIn", delay)
		select {
		case <-ctx.Done():
		case <-time.After(delay):
		}
	}
}

// write writes one batch or puts it back.
func (b *Buffer) write(ctx context.Context) error {
	b.mu.Lock()
	taken := b.waiting.take(b.options.Batch)
	b.writing = true
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, b.options.Timeout)
	defer cancel()
	err := b.sink.Write(ctx, taken.rows())
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.writing = false; err != nil {
		b.waiting.restore(taken)
	}
	return err
}
