package graph

// scale is the fraction of a pixel that placement reckons in.
const scale = 256

const (
	// rounds is how often rows are placed against their neighbours, forth and back.
	rounds = 12
	// trackGap is the room between a slot and a path beside it, laneGap that between two paths.
	trackGap, laneGap = 24, 14
)

// placing gives every node of an ordered graph its place across the flow.
type placing struct {
	*layered
	// v is where the paths of a node meet it; up and down are how far it reaches from there.
	v, up, down []int
	gap         int
}

func place(g *layered, a axes, rooms []int32) *placing {
	p := &placing{layered: g, v: make([]int, len(g.layer)), up: make([]int, len(g.layer)), down: make([]int, len(g.layer)), gap: a.gap}
	for i, room := range rooms {
		p.up[i] = a.dv / 2 * scale
		p.down[i] = a.depth(room)*scale - p.up[i]
	}
	for _, row := range g.rows {
		for i := 1; i < len(row); i++ {
			p.v[row[i]] = p.v[row[i-1]] + p.apart(row[i-1], row[i])
		}
	}
	for round := range rounds {
		for k := range g.rows {
			p.settle(g.rows[k], g.before, g.after, round == rounds-1)
		}
		for k := range g.rows {
			p.settle(g.rows[len(g.rows)-1-k], g.after, g.before, round == rounds-1)
		}
	}
	return p
}

// apart is how far two neighbours in a row must be from each other.
func (p *placing) apart(v, w int) int {
	gap := trackGap
	switch {
	case v < p.slots && w < p.slots:
		gap = p.gap
	case v >= p.slots && w >= p.slots:
		gap = laneGap
	}
	return p.down[v] + gap*scale + p.up[w]
}

// settle moves the nodes of a row as near as their order allows to their
// neighbours on one side, or on both.
func (p *placing) settle(row []int, beside, other [][]int, both bool) {
	blocks := make([]block, 0, len(row))
	offset := 0
	for i, v := range row {
		if i > 0 {
			offset += p.apart(row[i-1], v)
		}
		want, weight := p.wish(v, beside[v])
		if both || len(beside[v]) == 0 {
			against, more := p.wish(v, other[v])
			want, weight = (want*weight+against*more)/(weight+more), weight+more
		}
		blocks = push(blocks, block{sum: (want - offset) * weight, weight: weight, size: 1})
	}
	i, offset := 0, 0
	for _, b := range blocks {
		for range b.size {
			if i > 0 {
				offset += p.apart(row[i-1], row[i])
			}
			p.v[row[i]] = floorDiv(b.sum, b.weight) + offset
			i++
		}
	}
}

// wish is where a node's neighbours pull it and how hard: a path is to run straight.
func (p *placing) wish(v int, near []int) (want, weight int) {
	sum := 0
	for _, w := range near {
		pull := 1
		switch {
		case v >= p.slots && w >= p.slots:
			pull = 8
		case v >= p.slots || w >= p.slots:
			pull = 2
		}
		sum, weight = sum+pull*p.v[w], weight+pull
	}
	if weight == 0 {
		return p.v[v], 1
	}
	return floorDiv(sum, weight), weight
}

// block is a run of nodes that stand as close as they may.
type block struct{ sum, weight, size int }

// push adds a node and pools it with the blocks before it that stand in its way.
func push(blocks []block, b block) []block {
	for n := len(blocks); n > 0 && floorDiv(blocks[n-1].sum, blocks[n-1].weight) >= floorDiv(b.sum, b.weight); n-- {
		b.sum += blocks[n-1].sum
		b.weight += blocks[n-1].weight
		b.size += blocks[n-1].size
		blocks = blocks[:n-1]
	}
	return append(blocks, b)
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
