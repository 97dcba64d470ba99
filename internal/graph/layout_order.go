package graph

import (
	"cmp"
	"slices"
)

const (
	// sweeps bounds one start, patience how many of them may bring nothing.
	sweeps, patience = 24, 6
	// swaps bounds the rounds of exchanges of neighbours after a sweep.
	swaps = 8
	// effort is shared out: small graphs are started over more often than large ones.
	effort, minStarts, maxStarts = 24000, 4, 32
)

// order puts every row in the order with the fewest crossings that a number of
// starts of barycentre and median sweeps found, that number being a matter of
// the size of the graph and not of a clock.
func (g *layered) order() {
	edges := 0
	for _, after := range g.after {
		edges += len(after)
	}
	starts := min(max(effort/max(len(g.layer)+edges, 1), minStarts), maxStarts)
	var best [][]int
	least := -1
	random := sequence(1)
	for start := range starts {
		g.begin(start, &random)
		if crossings := g.sweep(start); least < 0 || crossings < least {
			least, best = crossings, g.copyRows()
		}
		if least == 0 {
			break
		}
	}
	g.setRows(best)
}

// sequence yields numbers without a pattern, always the same ones: splitmix64.
type sequence uint64

func (s *sequence) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb
	return z ^ (z >> 31)
}

// begin fills the rows in the order of a walk along the edges, backwards for
// the second start and shuffled for those after it.
func (g *layered) begin(start int, random *sequence) {
	for i := range g.rows {
		g.rows[i] = g.rows[i][:0]
	}
	seen := make([]bool, len(g.layer))
	var walk func(v int)
	walk = func(v int) {
		if seen[v] {
			return
		}
		seen[v] = true
		g.rows[g.layer[v]] = append(g.rows[g.layer[v]], v)
		for _, w := range g.after[v] {
			walk(w)
		}
	}
	for v := range g.slots {
		if len(g.before[v]) == 0 {
			walk(v)
		}
	}
	for _, row := range g.rows {
		switch {
		case start == 1:
			slices.Reverse(row)
		case start > 1:
			for i := len(row) - 1; i > 0; i-- {
				j := int(random.next() % uint64(i+1))
				row[i], row[j] = row[j], row[i]
			}
		}
		g.index(row)
	}
}

func (g *layered) index(row []int) {
	for i, v := range row {
		g.at[v] = i
	}
}

func (g *layered) copyRows() [][]int {
	rows := make([][]int, len(g.rows))
	for i, row := range g.rows {
		rows[i] = slices.Clone(row)
	}
	return rows
}

func (g *layered) setRows(rows [][]int) {
	for i, row := range rows {
		copy(g.rows[i], row)
		g.index(g.rows[i])
	}
}

// sweep orders rows by their neighbours, forth and back, keeps the best and
// tells its crossings. Odd starts go by medians, even ones by barycentres.
func (g *layered) sweep(start int) int {
	best, least, idle := g.copyRows(), g.crossings(), 0
	for i := 0; i < sweeps && idle < patience && least > 0; i++ {
		beside := g.before
		if i%2 == 1 {
			beside = g.after
		}
		for k := range g.rows {
			if i%2 == 1 {
				k = len(g.rows) - 1 - k
			}
			g.sortRow(g.rows[k], beside, start%2 == 1)
		}
		g.exchange()
		idle++
		if crossings := g.crossings(); crossings < least {
			best, least, idle = g.copyRows(), crossings, 0
		}
	}
	g.setRows(best)
	return least
}

// sortRow sorts a row by where its nodes' neighbours are; nodes without any keep their place.
func (g *layered) sortRow(row []int, beside [][]int, byMedian bool) {
	const scale = 1 << 10
	keys := make(map[int]int, len(row))
	for i, v := range row {
		keys[v] = i * scale
		if near := g.positions(beside[v]); len(near) > 0 && byMedian {
			keys[v] = (near[(len(near)-1)/2] + near[len(near)/2]) * scale / 2
		} else if len(near) > 0 {
			sum := 0
			for _, p := range near {
				sum += p
			}
			keys[v] = sum * scale / len(near)
		}
	}
	slices.SortStableFunc(row, func(v, w int) int { return cmp.Compare(keys[v], keys[w]) })
	g.index(row)
}

// positions are the sorted places of nodes in their row.
func (g *layered) positions(nodes []int) []int {
	at := make([]int, len(nodes))
	for i, v := range nodes {
		at[i] = g.at[v]
	}
	slices.Sort(at)
	return at
}

// exchange swaps neighbours in a row as long as that saves crossings.
func (g *layered) exchange() {
	for range swaps {
		better := false
		for _, row := range g.rows {
			better = g.exchangeRow(row) || better
		}
		if !better {
			return
		}
	}
}

func (g *layered) exchangeRow(row []int) bool {
	before, after := make([][]int, len(row)), make([][]int, len(row))
	for i, v := range row {
		before[i], after[i] = g.positions(g.before[v]), g.positions(g.after[v])
	}
	better := false
	for i := 1; i < len(row); i++ {
		now := inversions(before[i-1], before[i]) + inversions(after[i-1], after[i])
		then := inversions(before[i], before[i-1]) + inversions(after[i], after[i-1])
		if then < now {
			row[i-1], row[i] = row[i], row[i-1]
			before[i-1], before[i] = before[i], before[i-1]
			after[i-1], after[i] = after[i], after[i-1]
			better = true
		}
	}
	g.index(row)
	return better
}

// inversions counts the pairs of a place in left that is behind one in right; both are sorted.
func inversions(left, right []int) int {
	count, j := 0, 0
	for _, p := range left {
		for j < len(right) && right[j] < p {
			j++
		}
		count += j
	}
	return count
}

// crossings counts the crossings of all edges.
func (g *layered) crossings() int {
	count := 0
	for i := 0; i+1 < len(g.rows); i++ {
		tree := make([]int, len(g.rows[i+1])+1)
		added := 0
		for _, v := range g.rows[i] {
			near := g.positions(g.after[v])
			for _, p := range near {
				count += added - below(tree, p)
			}
			for _, p := range near {
				raise(tree, p)
			}
			added += len(near)
		}
	}
	return count
}

// below sums a Fenwick tree up to and with place p; raise adds one at it.
func below(tree []int, p int) int {
	sum := 0
	for i := p + 1; i > 0; i -= i & -i {
		sum += tree[i]
	}
	return sum
}

func raise(tree []int, p int) {
	for i := p + 1; i < len(tree); i += i & -i {
		tree[i]++
	}
}
