package stub

import "flashcrowd.io/flashcrowd/internal/wire"

// arrival is a request that waits for the horizon.
type arrival struct {
	at      int64
	order   uint64 // of coming, so that equal times keep it
	request request
}

// event is a visit that goes on at a logical time.
type event struct {
	at    int64
	order uint64
	visit uint32
}

// early is an answer that came before its time.
type early struct {
	at    int64
	order uint64
	peer  *peer
	frame wire.Frame
}

// sent is a call that waits for its answer, by the time before which
// it is not answered.
type sent struct {
	at int64
	id uint64
}

// timed is an element of a heap ordered by logical time.
type timed interface{ when() (int64, uint64) }

func (a arrival) when() (int64, uint64) { return a.at, a.order }
func (e event) when() (int64, uint64)   { return e.at, e.order }
func (e early) when() (int64, uint64)   { return e.at, e.order }
func (s sent) when() (int64, uint64)    { return s.at, s.id }

// timeline is a heap by logical time.
type timeline[T timed] struct{ items []T }

func (t *timeline[T]) less(i, j int) bool {
	a, ao := t.items[i].when()
	b, bo := t.items[j].when()
	return a < b || (a == b && ao < bo)
}
func (t *timeline[T]) swap(i, j int) { t.items[i], t.items[j] = t.items[j], t.items[i] }

// add puts an element in.
func (t *timeline[T]) add(item T) {
	t.items = append(t.items, item)
	for i := len(t.items) - 1; i > 0; {
		parent := (i - 1) / 2
		if !t.less(i, parent) {
			return
		}
		t.swap(i, parent)
		i = parent
	}
}

// take removes the earliest element; there must be one.
func (t *timeline[T]) take() T {
	first := t.items[0]
	last := len(t.items) - 1
	t.items[0] = t.items[last]
	t.items = t.items[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if t.less(child, least) {
				least = child
			}
		}
		if least == i {
			return first
		}
		t.swap(i, least)
		i = least
	}
}

// remove takes out all elements that match, earliest first.
func (t *timeline[T]) remove(matches func(T) bool) []T {
	var removed, kept []T
	for len(t.items) > 0 {
		if item := t.take(); matches(item) {
			removed = append(removed, item)
		} else {
			kept = append(kept, item)
		}
	}
	t.items = append(t.items, kept...) // sorted, so a heap
	return removed
}

// first is the time of the earliest element, or otherwise.
func (t *timeline[T]) first(otherwise int64) int64 {
	if len(t.items) == 0 {
		return otherwise
	}
	at, _ := t.items[0].when()
	return at
}
