package stub

import (
	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/cache"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// keeper is a cache: it keeps keys that its callers set, and tells whether it has
// them. A request that is no cache operation is served as well: what reads and is
// not there is kept from then on, what changes takes its key out.
type keeper struct {
	plain
	kept    *cache.Cache
	lookups lookups
}

func (k *keeper) configure(_ wire.Topology, c graph.Component) error {
	spec := graph.CacheFor(c.Name).Cache
	if c.Cache != nil {
		spec = c.Cache
	}
	return keep(&k.kept, cache.Config{Policy: spec.Policy, Entries: int(spec.Entries), TTL: spec.TTL})
}

// keep makes a cache, or changes it.
func keep(c **cache.Cache, config cache.Config) error {
	if *c != nil {
		return (*c).Reconfigure(config)
	}
	made, err := cache.New(config)
	*c = made
	return err
}

// taken works on the map in logical order of arrival; what was shifted is as old
// as it says.
func (k *keeper) taken(v *visit) next {
	key, at := kept(v), station.Time(v.arrived-v.shift)
	switch v.verb {
	case wire.VerbSet:
		k.kept.Set(key, at)
	case wire.VerbDelete:
		k.kept.Delete(key)
	case wire.VerbGet:
		v.miss = !k.lookups.count(k.kept.Get(key, at))
	default:
		if !v.class.Class().Reads() {
			k.kept.Delete(key)
		} else if v.miss = !k.lookups.count(k.kept.Get(key, at)); v.miss {
			k.kept.Set(key, at)
		}
	}
	return answers
}

// kept is the key of a request among the kept ones: static content and data of
// the same number are different things.
func kept(v *visit) uint64 {
	if v.class == wire.ClassStatic {
		return ^v.key
	}
	return v.key
}

func (k *keeper) collect(_ graph.Component, _ station.Snapshot, out chan<- prometheus.Metric) {
	k.lookups.collect(out)
	collectKept(float64(k.kept.Len()), float64(k.kept.Evictions()), out)
}

// lookups counts hits and misses.
type lookups struct{ hits, misses uint64 }

func (l *lookups) count(hit bool) bool {
	if hit {
		l.hits++
	} else {
		l.misses++
	}
	return hit
}

func (l *lookups) collect(out chan<- prometheus.Metric) {
	d := desc(wire.ComponentCacheLookups, "Keys that were asked for.", "outcome")
	out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(l.hits), wire.OutcomeHit)
	out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(l.misses), wire.OutcomeMiss)
}

func collectKept(entries, evictions float64, out chan<- prometheus.Metric) {
	out <- gauge(wire.ComponentCacheEntries, "Keys that are kept.", entries)
	out <- counter(wire.ComponentCacheEvictions, "Keys that had to go for others.", evictions)
}
