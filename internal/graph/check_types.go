package graph

import (
	"fmt"
	"slices"
)

// checkBlocks wants the block of a component's own type and no other.
func checkBlocks(a Architecture) []Fault {
	var faults []Fault
	for i, c := range a.Components {
		for _, block := range []struct {
			field string
			owner ComponentType
			set   bool
		}{
			{"loadBalancer", LoadBalancer, c.LoadBalancer != nil},
			{"database", Database, c.Database != nil},
			{"cache", Cache, c.Cache != nil},
			{"queue", MessageQueue, c.Queue != nil},
			{"worker", Worker, c.Worker != nil},
			{"cdn", CDN, c.CDN != nil},
		} {
			if block.set && block.owner != c.Type {
				faults = append(faults, Fault{
					fmt.Sprintf("spec.components[%d].%s", i, block.field),
					fmt.Sprintf("%s is a %s: remove this block, or write type: %s", c.Name, c.Type, block.owner),
				})
			}
		}
	}
	return faults
}

// checkFeeding wants workers behind a queue, and nothing behind what only answers.
func checkFeeding(a Architecture) []Fault {
	var faults []Fault
	for i, c := range a.Components {
		path := fmt.Sprintf("spec.components[%d]", i)
		if c.Type == Worker && len(a.CallersOfType(c.Name, MessageQueue)) == 0 {
			faults = append(faults, Fault{path, fmt.Sprintf("no queue feeds worker %s: add a connection from a MessageQueue to it", c.Name)})
		}
		if c.IsReadReplica() && len(a.Callers(c.Name)) == 0 {
			faults = append(faults, Fault{path, fmt.Sprintf("nothing reads from replica %s: add a connection with classes: [Read] to it", c.Name)})
		}
	}
	return slices.Concat(faults, checkCalls(a), checkPatience(a))
}

// checkCalls refuses calls that a component of that type does not make.
func checkCalls(a Architecture) []Fault {
	var faults []Fault
	for i, edge := range a.Connections {
		from, _ := a.Component(edge.From)
		to, _ := a.Component(edge.To)
		path := fmt.Sprintf("spec.connections[%d]", i)
		switch {
		case (from.Type == Database || from.Type == Cache):
			faults = append(faults, Fault{path, fmt.Sprintf("%s is a %s and calls nothing: connect its callers to %s instead", from.Name, from.Type, to.Name)})
		case from.Type == MessageQueue && to.Type != Worker:
			faults = append(faults, Fault{path, fmt.Sprintf("%s is a MessageQueue and feeds workers only: put a Worker between it and %s", from.Name, to.Name)})
		case to.Type == Worker && from.Type != MessageQueue:
			faults = append(faults, Fault{path, fmt.Sprintf("worker %s pulls from a queue: put a MessageQueue between %s and it", to.Name, from.Name)})
		}
	}
	return faults
}

// checkPatience refuses timeouts, retries and pools that nothing would keep: a queue
// redelivers by its own rules, and what a load balancer spreads over several
// connections is one call.
func checkPatience(a Architecture) []Fault {
	var faults []Fault
	first := map[string]Connection{}
	for i, edge := range a.Connections {
		from, _ := a.Component(edge.From)
		path := fmt.Sprintf("spec.connections[%d]", i)
		other, known := first[edge.From]
		switch {
		case from.Type == MessageQueue && (edge.Timeout > 0 || edge.Retries.Count > 0):
			faults = append(faults, Fault{path, fmt.Sprintf("%s is a MessageQueue and redelivers what fails itself: remove timeout and retries", from.Name)})
		case from.Type == MessageQueue && edge.PoolSize > 0:
			faults = append(faults, Fault{path, fmt.Sprintf("%s is a MessageQueue and gives workers as much as they take at once: remove poolSize", from.Name)})
		case from.Type != LoadBalancer:
		case !known:
			first[edge.From] = edge
		case other.Timeout != edge.Timeout || other.Retries != edge.Retries || other.PoolTimeout != edge.PoolTimeout:
			faults = append(faults, Fault{path, fmt.Sprintf("%s spreads requests over all that it is connected to: write the timeout, retries and poolTimeout of its connection to %s here too", from.Name, other.To)})
		}
	}
	return faults
}
