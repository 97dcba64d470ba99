package stub

import (
	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/cache"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// edges are a CDN: an LRU of static content in each region that has an edge. What
// an edge has, it answers; all else goes to the origin over the region's way, and
// static content that comes back is kept.
type edges struct {
	plain
	regions []edge
	lookups lookups
}

// edge is the CDN in one region; kept is nil where it has none.
type edge struct {
	kept *cache.Cache
	// onward is the round trip to the origin.
	onward int64
}

// configure gives each region of the clients its edge. Without regions there is
// one, near the origin.
func (e *edges) configure(t wire.Topology, c graph.Component) error {
	spec := graph.CDNFor(c.Name).CDN
	if c.CDN != nil {
		spec = c.CDN
	}
	names := []string{""}
	if t.Plan != nil && len(t.Plan.Traffic.Regions) > 0 {
		names = names[:0]
		for _, r := range t.Plan.Traffic.Regions {
			names = append(names, r.Name)
		}
	}
	for len(e.regions) < len(names) {
		e.regions = append(e.regions, edge{})
	}
	e.regions = e.regions[:len(names)]
	for i, name := range names {
		region := &e.regions[i]
		region.onward = 0
		if t.Entry == c.Name {
			_, onward := t.Way(i)
			region.onward = int64(onward)
		}
		if name != "" && !c.EdgeIn(name) {
			region.kept = nil
			continue
		}
		if err := keep(&region.kept, cache.Config{Policy: graph.LRU, Entries: int(spec.Entries)}); err != nil {
			return err
		}
	}
	return nil
}

// at is the edge of a region, an empty one if the plan no longer has the region.
func (e *edges) at(region uint8) edge {
	if int(region) < len(e.regions) {
		return e.regions[region]
	}
	return edge{}
}

func (e *edges) taken(v *visit) next {
	here := e.at(v.region)
	v.way = here.onward
	if v.class != wire.ClassStatic || here.kept == nil {
		return calls
	}
	if v.miss = !e.lookups.count(here.kept.Get(v.key, station.Time(v.arrived))); v.miss {
		return calls
	}
	return answers
}

// left keeps static content that came from the origin.
func (e *edges) left(v *visit) {
	if here := e.at(v.region); v.class == wire.ClassStatic && v.miss && v.reason == wire.ReasonNone && here.kept != nil {
		here.kept.Set(v.key, station.Time(v.at))
	}
}

func (e *edges) collect(_ graph.Component, _ station.Snapshot, out chan<- prometheus.Metric) {
	e.lookups.collect(out)
	entries, evictions := 0.0, 0.0
	for _, r := range e.regions {
		if r.kept != nil {
			entries, evictions = entries+float64(r.kept.Len()), evictions+float64(r.kept.Evictions())
		}
	}
	collectKept(entries, evictions, out)
}
