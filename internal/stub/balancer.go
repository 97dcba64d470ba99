package stub

import (
	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// balancer sends each request on to one instance of what it is connected to, be
// that one component or several, and leaves out for a time those that fail while
// others do not.
type balancer struct {
	plain
	node *Node
}

// routes pick instances by the balancer's algorithm.
func (*balancer) routes(arch graph.Architecture, c graph.Component, pools pools) routes {
	algorithm := graph.RoundRobin
	if c.LoadBalancer != nil {
		algorithm = c.LoadBalancer.Algorithm
	}
	return callsOf(arch, c.Name, algorithm, pools)
}

func (b *balancer) collect(_ graph.Component, _ station.Snapshot, out chan<- prometheus.Metric) {
	ejected := 0
	for _, p := range b.node.peers {
		if p.standing.ejected {
			ejected++
		}
	}
	out <- gauge(wire.ComponentEjected, "Instances that get no requests because they failed.", float64(ejected))
}
