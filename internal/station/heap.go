package station

import "slices"

// timeHeap is a min-heap of instants.
type timeHeap struct{ times []Time }

func (h *timeHeap) len() int  { return len(h.times) }
func (h *timeHeap) top() Time { return h.times[0] }

func (h *timeHeap) push(t Time) {
	h.times = append(h.times, t)
	i := len(h.times) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if h.times[parent] <= t {
			break
		}
		h.times[i], i = h.times[parent], parent
	}
	h.times[i] = t
}

// pop drops the earliest instant.
func (h *timeHeap) pop() {
	last := len(h.times) - 1
	moved := h.times[last]
	h.times = h.times[:last]
	if last > 0 {
		h.replaceTop(moved)
	}
}

// replaceTop puts t in the place of the earliest instant.
func (h *timeHeap) replaceTop(t Time) {
	times, i := h.times, 0
	for {
		child := 2*i + 1
		if child >= len(times) {
			break
		}
		if child+1 < len(times) && times[child+1] < times[child] {
			child++
		}
		if t <= times[child] {
			break
		}
		times[i], i = times[child], child
	}
	times[i] = t
}

// departure is the end of a service.
type departure struct {
	at   Time
	fate fate
}

// departures is a min-heap of the services in progress.
type departures struct{ heap []departure }

func (d *departures) len() int { return len(d.heap) }

func (d *departures) reserve(n int) { d.heap = slices.Grow(d.heap, max(0, n-len(d.heap))) }

func (d *departures) next() Time {
	if len(d.heap) == 0 {
		return never
	}
	return d.heap[0].at
}

func (d *departures) push(x departure) {
	d.heap = append(d.heap, x)
	i := len(d.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if d.heap[parent].at <= x.at {
			break
		}
		d.heap[i], i = d.heap[parent], parent
	}
	d.heap[i] = x
}

func (d *departures) pop() departure {
	top, last := d.heap[0], len(d.heap)-1
	moved := d.heap[last]
	d.heap = d.heap[:last]
	if last > 0 {
		d.sink(moved)
	}
	return top
}

// sink puts x in the place of the earliest departure.
func (d *departures) sink(x departure) {
	heap, i := d.heap, 0
	for {
		child := 2*i + 1
		if child >= len(heap) {
			break
		}
		if child+1 < len(heap) && heap[child+1].at < heap[child].at {
			child++
		}
		if x.at <= heap[child].at {
			break
		}
		heap[i], i = heap[child], child
	}
	heap[i] = x
}
