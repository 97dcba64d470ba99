package stub

import (
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// balancer sends each request on to one instance of what it is connected to, be
// that one component or several.
type balancer struct{ plain }

// routes have one call, to the instances of all connections that let the class
// pass. With one connection its calls and probability hold.
func (balancer) routes(arch graph.Architecture, c graph.Component, pools pools) routes {
	algorithm := graph.RoundRobin
	if c.LoadBalancer != nil {
		algorithm = c.LoadBalancer.Algorithm
	}
	r := callsOf(arch, c.Name, algorithm, pools)
	for class := range r.steps {
		if targets := callees(arch, c.Name, wire.ClassCode(class).Class()); len(targets.connections) > 1 {
			r.steps[class] = []step{{calls: []call{{pool: pools.of(targets.components, algorithm), percent: 100}}}}
		}
	}
	return r
}
