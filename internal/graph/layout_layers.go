package graph

import "slices"

// layered is a graph in layers whose every edge joins neighbouring ones: a long
// edge runs through dummies, one in each layer it passes.
type layered struct {
	// slots is how many nodes are components; the nodes after them are dummies.
	slots int
	layer []int
	// before and after are the neighbours of a node in the layers beside its own.
	before, after [][]int
	// chains are the nodes that each connection runs through, its ends
	// included; nil for one that runs against the flow.
	chains [][]int
	// rows are the nodes of each layer in their order, at is where in its row a node is.
	rows [][]int
	at   []int
}

// inLayers puts components in layers by longest path from the entry. Cycles
// are cut where a walk from the first component meets them.
func inLayers(a Architecture) *layered {
	edges := a.flow()
	forward := acyclic(len(a.Components), edges)
	g := &layered{slots: len(a.Components), layer: longestPaths(len(a.Components), forward), chains: make([][]int, len(edges))}
	g.before, g.after = make([][]int, g.slots), make([][]int, g.slots)
	for i, e := range edges {
		if i < len(a.Connections) && e.from >= 0 && slices.Contains(forward, e) {
			g.chains[i] = g.chain(e)
		}
	}
	g.chains = g.chains[:len(a.Connections)]
	depth := 0
	for _, l := range g.layer {
		depth = max(depth, l+1)
	}
	g.rows, g.at = make([][]int, depth), make([]int, len(g.layer))
	return g
}

// link is an edge by the places of its ends among the components; -1, -1 for none.
type link struct{ from, to int }

// flow are the connections as links, one each, and a link from every primary to
// a replica that nothing calls.
func (a Architecture) flow() []link {
	index := a.places()
	place := func(name string) int {
		if i, ok := index[name]; ok {
			return i
		}
		return -1
	}
	links := make([]link, 0, len(a.Connections))
	called := make([]bool, len(a.Components))
	for _, c := range a.Connections {
		l := link{place(c.From), place(c.To)}
		if l.from < 0 || l.to < 0 || l.from == l.to {
			l = link{-1, -1}
		} else {
			called[l.to] = true
		}
		links = append(links, l)
	}
	for i, c := range a.Components {
		if primary := a.primary(c); !called[i] && primary != "" && place(primary) >= 0 && place(primary) != i {
			links = append(links, link{place(primary), i})
		}
	}
	return links
}

func (a Architecture) places() map[string]int {
	index := make(map[string]int, len(a.Components))
	for i, c := range a.Components {
		index[c.Name] = i
	}
	return index
}

// primary is whom a component replicates, empty if nobody.
func (a Architecture) primary(c Component) string {
	if c.Database == nil {
		return ""
	}
	return c.Database.ReplicaOf
}

// acyclic are the links without those that close a cycle.
func acyclic(n int, links []link) []link {
	out := make([][]int, n)
	for _, l := range links {
		if l.from >= 0 && !slices.Contains(out[l.from], l.to) {
			out[l.from] = append(out[l.from], l.to)
		}
	}
	const open, closed = 1, 2
	state := make([]int, n)
	var kept []link
	var walk func(v int)
	walk = func(v int) {
		state[v] = open
		for _, w := range out[v] {
			if state[w] != open {
				kept = append(kept, link{v, w})
			}
			if state[w] == 0 {
				walk(w)
			}
		}
		state[v] = closed
	}
	for v := range n {
		if state[v] == 0 {
			walk(v)
		}
	}
	return kept
}

// longestPaths are the layers of an acyclic graph: every node stands as near to
// the entry as its callers allow, and one with more callees than callers as
// near to them.
func longestPaths(n int, links []link) []int {
	layer, open := make([]int, n), make([]int, n)
	before, after := make([][]int, n), make([][]int, n)
	for _, l := range links {
		before[l.to], after[l.from] = append(before[l.to], l.from), append(after[l.from], l.to)
		open[l.to]++
	}
	sorted := make([]int, 0, n)
	for v := range n {
		if open[v] == 0 {
			sorted = append(sorted, v)
		}
	}
	for i := 0; i < len(sorted); i++ {
		v := sorted[i]
		for _, w := range after[v] {
			layer[w] = max(layer[w], layer[v]+1)
			if open[w]--; open[w] == 0 {
				sorted = append(sorted, w)
			}
		}
	}
	for _, v := range slices.Backward(sorted) {
		if len(after[v]) <= len(before[v]) {
			continue
		}
		nearest := layer[after[v][0]]
		for _, w := range after[v] {
			nearest = min(nearest, layer[w])
		}
		layer[v] = nearest - 1
	}
	return layer
}

// chain links two components through dummies and gives all nodes on the way.
func (g *layered) chain(e link) []int {
	chain := []int{e.from}
	for l := g.layer[e.from] + 1; l < g.layer[e.to]; l++ {
		g.layer = append(g.layer, l)
		g.before, g.after = append(g.before, nil), append(g.after, nil)
		chain = append(chain, len(g.layer)-1)
	}
	chain = append(chain, e.to)
	for i := 1; i < len(chain); i++ {
		p, q := chain[i-1], chain[i]
		g.after[p], g.before[q] = append(g.after[p], q), append(g.before[q], p)
	}
	return chain
}
