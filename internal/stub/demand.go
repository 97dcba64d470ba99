package stub

import (
	"time"

	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// demands are the service times that callees draw, by component. Draws are pure
// functions of the run and the request, so a caller knows that an answer takes at
// least that long, and need not ask whether it comes earlier.
type demands map[string]demand

type demand struct {
	service station.Service
	draws   station.Stream
}

// newDemands are those of all components that the routes call.
func (n *Node) newDemands(t wire.Topology, r routes) demands {
	d := demands{}
	for _, p := range r.pools() {
		for _, name := range p.components {
			c, _ := t.Architecture.Component(name)
			callee, why := n.behaviourOf(c.Type)
			if why != "" {
				continue
			}
			if config, err := callee.capacity(c); err == nil {
				d[name] = demand{service: config.Service, draws: newDraws(t.Seed, name).service}
			}
		}
	}
	return d
}

// of is the least time that a component takes for a request.
func (d demands) of(component string, f wire.Frame) time.Duration {
	known, ok := d[component]
	if !ok {
		return 0
	}
	return demandOf(known.service, known.draws, f.Class, f.Request)
}
