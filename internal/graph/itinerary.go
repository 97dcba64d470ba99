package graph

import (
	"cmp"
	"slices"
	"time"
)

// Verb is what a call asks of its target.
type Verb string

// The verbs. All but Serve are for caches.
const (
	Serve  Verb = "Serve"
	Get    Verb = "Get"
	Set    Verb = "Set"
	Delete Verb = "Delete"
)

// Step is a set of calls that a component makes at once for a request. Steps
// follow each other: one begins when every call of the step before is answered.
type Step struct{ Calls []Call }

// Call is one call of a step.
type Call struct {
	// Targets share the call: it goes to an instance of one of them. More than one
	// are a primary database and its read replicas, or what a load balancer spreads
	// requests over.
	Targets []string
	Verb    Verb
	// ProbabilityPercent is its chance, and Draw names the draw that decides: of one
	// request, calls of equal chance and draw are all made or none.
	ProbabilityPercent int32
	Draw               string
	// OnMiss says that it is made only if the Get before it was not a hit.
	OnMiss bool
	// Timeout after which it is given up, 0 for never, and Retries of what failed.
	Timeout time.Duration
	Retries Retries
	// Pool names the connections that such calls share, PoolSize at most at once, for
	// which they wait for PoolTimeout at most. A size of 0 bounds nothing.
	Pool        string
	PoolSize    int32
	PoolTimeout time.Duration
}

// Reads reports whether requests of the class only look at things: Read and
// Static. A Write changes them, and so does the work that Async asks for.
func (c Class) Reads() bool { return c == Read || c == Static }

// Itinerary is what a component calls for a request of a class, in the order of
// its connections: sequential ones one after the other, parallel neighbours at
// once.
//
// A load balancer with several connections sends each request to one of them.
// Reads of a primary database and of its replicas are one call that they share;
// all else goes to the primary alone. API servers and workers use caches aside:
// see Asides.
func Itinerary(a Architecture, component string, class Class) []Step {
	from, _ := a.Component(component)
	legs := a.legs(from, class)
	if from.Type == LoadBalancer && len(legs) > 1 {
		return []Step{{Calls: []Call{spread(legs)}}}
	}
	return steps(stages(a.putAside(from, legs, class), class), class)
}

// leg is a connection with all that its calls may go to.
type leg struct {
	Connection
	targets []string
	// cache stands before it, nil if none does. A cache that stands before nothing
	// is a leg without targets.
	cache *cacheLeg
}

// legs are the connections of a component that let a class pass. Those to a
// primary and to its replicas are one leg, for which the primary's speaks.
func (a Architecture) legs(from Component, class Class) []leg {
	var legs []leg
	group := map[string]int{} // primary -> index in legs
	for _, edge := range a.Connections {
		if edge.From != from.Name || !edge.Passes(class) {
			continue
		}
		source := edge.To
		if c, _ := a.Component(edge.To); c.IsReadReplica() {
			source = c.Database.ReplicaOf
			if class != Read && (!class.Reads() || a.connects(from.Name, source, class)) {
				continue
			}
		}
		at, shared := group[source]
		switch {
		case !shared:
			group[source] = len(legs)
			legs = append(legs, leg{Connection: edge, targets: []string{edge.To}})
		case source == edge.To:
			legs[at].Connection, legs[at].targets = edge, append([]string{edge.To}, legs[at].targets...)
		default:
			legs[at].targets = append(legs[at].targets, edge.To)
		}
	}
	return legs
}

func (a Architecture) connects(from, to string, class Class) bool {
	return slices.ContainsFunc(a.Connections, func(c Connection) bool { return c.From == from && c.To == to && c.Passes(class) })
}

// spread is one call to the targets of all legs.
func spread(legs []leg) Call {
	all := Call{Verb: Serve, ProbabilityPercent: 100, Draw: legs[0].To, Timeout: legs[0].Timeout, Retries: legs[0].Retries}
	for _, l := range legs {
		all.Targets = append(all.Targets, l.targets...)
	}
	return all.pooled(legs...)
}

// pooled is the call with the connections of its legs: those of all together, and no
// bound if one of them has none.
func (c Call) pooled(legs ...leg) Call {
	size := int32(0)
	for _, l := range legs {
		if l.PoolSize == 0 {
			return c
		}
		size += l.PoolSize
	}
	c.Pool, c.PoolSize, c.PoolTimeout = legs[0].To, size, legs[0].PoolTimeout
	return c
}

// stage is a step with the cache that stands before some of its calls.
type stage struct {
	calls    []Call
	cache    *cacheLeg
	parallel bool
}

// stages are the calls of the legs in order. Parallel neighbours share a stage
// unless different caches stand before them.
func stages(legs []leg, class Class) []stage {
	var all []stage
	for _, l := range legs {
		one := stage{cache: l.cache, parallel: l.Mode == Parallel && l.targets != nil}
		if l.targets == nil {
			all = append(all, one)
			continue
		}
		one.calls = []Call{Call{
			Targets: l.targets, Verb: Serve, ProbabilityPercent: l.ProbabilityPercent, Draw: l.To, OnMiss: l.cache != nil && class.Reads(),
			Timeout: l.Timeout, Retries: l.Retries,
		}.pooled(l)}
		for range max(1, l.Calls) {
			if last := len(all) - 1; last >= 0 && all[last].joins(one) {
				all[last].calls = append(all[last].calls, one.calls...)
				all[last].cache = cmp.Or(all[last].cache, one.cache)
			} else {
				all = append(all, one)
				all[len(all)-1].calls = slices.Clone(one.calls)
			}
		}
	}
	return all
}

// joins reports whether the calls of a stage are made together with another's.
func (s stage) joins(next stage) bool {
	return s.parallel && next.parallel && (s.cache == nil || next.cache == nil || s.cache == next.cache)
}

// steps put around the stages what their caches are asked and told: for what
// reads, a Get before the first stage that a hit makes needless and a Set after
// the last; for what changes, a Delete after the last.
func steps(stages []stage, class Class) []Step {
	var all []Step
	for i, s := range stages {
		same := func(other stage) bool { return s.cache != nil && other.cache == s.cache }
		first := s.cache != nil && slices.IndexFunc(stages, same) == i
		last := s.cache != nil && !slices.ContainsFunc(stages[i+1:], same)
		if first && class.Reads() {
			all = append(all, s.cache.tell(Get))
		}
		if len(s.calls) > 0 {
			all = append(all, Step{s.calls})
		}
		switch {
		case last && class.Reads():
			all = append(all, s.cache.tell(Set))
		case last:
			all = append(all, s.cache.tell(Delete))
		}
	}
	return all
}
