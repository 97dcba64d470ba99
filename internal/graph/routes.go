package graph

import "slices"

// Route is one call of a component's itinerary for a class of request.
type Route struct {
	// Targets share the call: a request goes to one of them. More than one are a
	// primary database and its read replicas.
	Targets            []string
	Calls              int32
	Mode               CallMode
	ProbabilityPercent int32
}

// Routes are the calls that a component makes for a request of a class, in the
// order of the connections. Reads of a primary and of its replicas are one
// call that the replicas share; writes go to the primary alone.
func Routes(a Architecture, from string, class Class) []Route {
	var routes []Route
	group := map[string]int{} // primary -> index in routes
	for _, edge := range a.Connections {
		if edge.From != from || !edge.Passes(class) {
			continue
		}
		primary := edge.To
		if c, ok := a.Component(edge.To); ok && c.IsReadReplica() {
			if class != Read {
				continue
			}
			primary = c.Database.ReplicaOf
		}
		at, shared := group[primary]
		if shared {
			routes[at].Targets = append(routes[at].Targets, edge.To)
			continue
		}
		group[primary] = len(routes)
		routes = append(routes, Route{
			Targets: []string{edge.To}, Calls: max(edge.Calls, 1), Mode: edge.Mode, ProbabilityPercent: edge.ProbabilityPercent,
		})
	}
	for i := range routes {
		slices.Sort(routes[i].Targets)
	}
	return routes
}
