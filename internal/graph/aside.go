package graph

import "slices"

// Aside is a cache that a component asks before its databases, and those.
type Aside struct {
	Cache string
	// Databases whose calls a hit makes needless; none if what the component keeps
	// in the cache is its own.
	Databases []string
}

// Asides are the caches that requests of a class use in a component, in the order
// that they are asked. Only API servers and workers use caches so.
//
// A cache stands before the databases called after it, up to the next cache. One
// that is written behind the last database stands before those that have none
// yet, so that a single cache may be written in any order. What reads asks the
// cache, and on a miss calls the databases and tells the cache; what changes
// calls the databases and then takes the key out.
//
// A connection to a cache without classes lets what an API server does with its
// data pass, Read and Write; a worker's lets all pass. Static content and Async
// work of an API server use the cache only if its connection names them.
func Asides(a Architecture, component string, class Class) []Aside {
	from, _ := a.Component(component)
	var asides []Aside
	at := map[*cacheLeg]int{}
	for _, l := range a.putAside(from, a.legs(from, class), class) {
		if l.cache == nil {
			continue
		}
		i, known := at[l.cache]
		if !known {
			i, at[l.cache] = len(asides), len(asides)
			asides = append(asides, Aside{Cache: l.cache.To})
		}
		asides[i].Databases = append(asides[i].Databases, l.targets...)
	}
	return asides
}

// cacheLeg is a connection to a cache.
type cacheLeg struct {
	Connection
	// draw is that of the first call that the cache stands before: the cache is
	// asked when that call would be made.
	draw string
}

// tell is a step that asks the cache, or tells it.
func (c *cacheLeg) tell(verb Verb) Step {
	return Step{[]Call{Call{
		Targets: []string{c.To}, Verb: verb, ProbabilityPercent: c.ProbabilityPercent, Draw: c.draw, OnMiss: verb == Set,
		Timeout: c.Timeout, Retries: c.Retries,
	}.pooled(leg{Connection: c.Connection})}}
}

// putAside takes the caches out of the legs and puts them before their databases.
func (a Architecture) putAside(from Component, legs []leg, class Class) []leg {
	if from.Type != APIServer && from.Type != Worker {
		return legs
	}
	legs = slices.DeleteFunc(legs, func(l leg) bool { return a.standsFor(l.To) == Cache && !usesAside(from, l.Connection, class) })
	is := func(t ComponentType) func(leg) bool {
		return func(l leg) bool { return l.cache == nil && a.standsFor(l.To) == t }
	}
	for first := slices.IndexFunc(legs, is(Cache)); first >= 0; first = slices.IndexFunc(legs, is(Cache)) {
		cache := &cacheLeg{Connection: legs[first].Connection}
		legs = slices.Delete(legs, first, first+1)
		begin, end := first, len(legs)
		if next := slices.IndexFunc(legs[first:], is(Cache)); next >= 0 {
			end = first + next
		}
		if !slices.ContainsFunc(legs[first:], is(Database)) {
			begin, end = 0, first
		}
		covered := legs[begin:end]
		if !slices.ContainsFunc(covered, is(Database)) {
			legs = slices.Insert(legs, first, leg{Connection: cache.Connection, cache: cache})
			cache.draw = cache.To
			continue
		}
		for i := range covered {
			if is(Database)(covered[i]) {
				covered[i].cache = cache
				if cache.draw == "" {
					cache.draw = covered[i].To
				}
			}
		}
	}
	return legs
}

// usesAside reports whether requests of a class use the cache that a connection
// leads to.
func usesAside(from Component, edge Connection, class Class) bool {
	return len(edge.Classes) > 0 || from.Type == Worker || class == Read || class == Write
}

// standsFor is the type of a component, or of all that is behind it if it is a
// load balancer before components of one type.
func (a Architecture) standsFor(name string) ComponentType {
	c, _ := a.Component(name)
	callees := a.Callees(name)
	if c.Type != LoadBalancer || len(callees) == 0 {
		return c.Type
	}
	behind := a.standsFor(callees[0])
	for _, other := range callees[1:] {
		if a.standsFor(other) != behind {
			return LoadBalancer
		}
	}
	return behind
}
