package stub

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// behaviour is what a component type does with requests, beside queueing them in
// its station. It belongs to the loop; one value serves a replica for its life.
type behaviour interface {
	// capacity is the station of one replica.
	capacity(c graph.Component) (station.Config, error)
	// configure takes over the rest of what a topology says.
	configure(t wire.Topology, c graph.Component) error
	// routes are what requests of each class call, out of the given pools.
	routes(arch graph.Architecture, c graph.Component, pools pools) routes
	// admits lets a request into the station, or keeps it until there is room.
	admits(a arrival) bool
	// taken is told of a visit that the station serves and that does not fail by
	// itself, in logical order of arrival, and says what follows its service.
	taken(v *visit) next
	// left is told of a visit whose answer leaves.
	left(v *visit)
	// state is the station's state with what waits outside of it.
	state(c graph.Component, s station.Snapshot) station.Snapshot
	// collect tells what only this type measures.
	collect(c graph.Component, s station.Snapshot, out chan<- prometheus.Metric)
}

// plain is a type that works on a request and then makes the calls of its
// connections, with nothing of its own; other types build on it.
type plain struct{}

func (plain) capacity(c graph.Component) (station.Config, error) { return capacityOf(c) }

func (plain) routes(arch graph.Architecture, c graph.Component, pools pools) routes {
	return callsOf(arch, c.Name, graph.RoundRobin, pools)
}

func (plain) configure(wire.Topology, graph.Component) error { return nil }

func (plain) admits(arrival) bool { return true }

func (plain) taken(*visit) next { return calls }

func (plain) left(*visit) {}

func (plain) state(_ graph.Component, s station.Snapshot) station.Snapshot { return s }

func (plain) collect(graph.Component, station.Snapshot, chan<- prometheus.Metric) {}

// next is what a visit does after its own service.
type next uint8

const (
	// calls takes the visit on its route, and answers it at its end.
	calls next = iota
	// answers ends the visit without calling anything.
	answers
	// stores keeps the request as a message and answers it.
	stores
	// leaves gives the place of an ended visit to another.
	leaves
)

// behaviourOf is the behaviour of a component type; why says that it has none.
func (n *Node) behaviourOf(kind graph.ComponentType) (b behaviour, why string) {
	switch kind {
	case graph.LoadBalancer:
		return &balancer{node: n}, ""
	case graph.APIServer:
		return apiServer{}, ""
	case graph.Database:
		return &database{node: n}, ""
	case graph.Cache:
		return &keeper{}, ""
	case graph.CDN:
		return &edges{}, ""
	case graph.MessageQueue:
		return newMessageQueue(), ""
	case graph.Worker:
		return &worker{}, ""
	default:
		return nil, fmt.Sprintf("components of type %s are not served by this version", kind)
	}
}
