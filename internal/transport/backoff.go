package transport

import "time"

const (
	firstPause = 50 * time.Millisecond
	longest    = 2 * time.Second
)

// Backoff is how long to wait between attempts to reach a callee: twice as long
// after each failure, up to two seconds, and spread so that the callers of one
// that returns do not come at once.
type Backoff struct{ failures int }

// Next is the pause after one more failure; u in [0, 1) spreads it over the upper
// half of its length.
func (b *Backoff) Next(u float64) time.Duration {
	pause := min(firstPause<<min(b.failures, 10), longest)
	b.failures++
	return pause/2 + time.Duration(u*float64(pause/2))
}

// Reset forgets the failures once the callee answers.
func (b *Backoff) Reset() { b.failures = 0 }
