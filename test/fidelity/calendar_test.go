package fidelity

import "flashcrowd.io/flashcrowd/internal/station"

// call is a request on its way to a server.
type call struct {
	at      station.Time
	request uint64
	to      *server
	// fresh calls come from outside the network.
	fresh bool
	order uint64
}

// calendar is the event list of a network: a 4-ary heap of calls by time, and
// by order of scheduling at one time.
type calendar struct {
	heap  []call
	count uint64
}

func (c *calendar) len() int { return len(c.heap) }

func earlier(a, b *call) bool {
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (c *calendar) push(x call) {
	x.order = c.count
	c.count++
	c.heap = append(c.heap, x)
	i := len(c.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !earlier(&x, &c.heap[parent]) {
			break
		}
		c.heap[i], i = c.heap[parent], parent
	}
	c.heap[i] = x
}

func (c *calendar) pop() call {
	top, last := c.heap[0], len(c.heap)-1
	x := c.heap[last]
	c.heap = c.heap[:last]
	i := 0
	for 4*i+1 < last {
		least := 4*i + 1
		for child := least + 1; child < min(4*i+5, last); child++ {
			if earlier(&c.heap[child], &c.heap[least]) {
				least = child
			}
		}
		if !earlier(&c.heap[least], &x) {
			break
		}
		c.heap[i], i = c.heap[least], least
	}
	if last > 0 {
		c.heap[i] = x
	}
	return top
}
