package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is something wrong with a graph as a whole, with what to write instead.
type Fault struct {
	// Path is the field, such as spec.connections[2].to.
	Path    string
	Message string
}

// String is the fault as a person reads it.
func (f Fault) String() string { return f.Path + ": " + f.Message }

// Check lists what is wrong with an architecture beyond what its schema says:
// dangling, doubled and looping connections, cycles, components that no traffic
// reaches, replicas of nothing. No fault means that it can run.
func Check(a Architecture) []Fault {
	faults := slices.Concat(checkNames(a), checkConnections(a), checkReplicas(a), checkBlocks(a))
	if len(faults) > 0 {
		return faults // the rest reads names that must hold
	}
	if cycle := a.cycle(); cycle != nil {
		return []Fault{{"spec.connections", fmt.Sprintf("the calls go round in a circle, %s: remove one of these connections", strings.Join(cycle, " -> "))}}
	}
	return slices.Concat(checkEntry(a), checkFeeding(a))
}

func checkNames(a Architecture) []Fault {
	var faults []Fault
	seen := map[string]bool{}
	for i, c := range a.Components {
		if seen[c.Name] {
			faults = append(faults, Fault{fmt.Sprintf("spec.components[%d].name", i), fmt.Sprintf("%q is taken: write another name", c.Name)})
		}
		seen[c.Name] = true
	}
	return faults
}

func checkConnections(a Architecture) []Fault {
	var faults []Fault
	seen := map[[2]string]bool{}
	for i, c := range a.Connections {
		path := fmt.Sprintf("spec.connections[%d]", i)
		for _, end := range []struct{ field, name string }{{"from", c.From}, {"to", c.To}} {
			if a.index(end.name) < 0 {
				faults = append(faults, Fault{path + "." + end.field, fmt.Sprintf("there is no component %q: write one of %s", end.name, a.names())})
			}
		}
		if c.From == c.To {
			faults = append(faults, Fault{path, fmt.Sprintf("%s calls itself: write another component in 'to'", c.From)})
		}
		if seen[[2]string{c.From, c.To}] {
			faults = append(faults, Fault{path, fmt.Sprintf("%s -> %s is there already: remove one, or raise its calls", c.From, c.To)})
		}
		seen[[2]string{c.From, c.To}] = true
	}
	return faults
}

func (a Architecture) names() string {
	names := make([]string, 0, len(a.Components))
	for _, c := range a.Components {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}

func checkReplicas(a Architecture) []Fault {
	var faults []Fault
	for i, c := range a.Components {
		if c.Database == nil || c.Database.ReplicaOf == "" {
			continue
		}
		path := fmt.Sprintf("spec.components[%d].database.replicaOf", i)
		primary, found := a.Component(c.Database.ReplicaOf)
		switch {
		case !found:
			faults = append(faults, Fault{path, fmt.Sprintf("there is no component %q: write the name of a primary database", c.Database.ReplicaOf)})
		case primary.Name == c.Name:
			faults = append(faults, Fault{path, "a database cannot replicate itself: write the name of its primary"})
		case primary.Type != Database:
			faults = append(faults, Fault{path, fmt.Sprintf("%s is a %s: write the name of a primary database", primary.Name, primary.Type)})
		case primary.Database != nil && primary.Database.ReplicaOf != "":
			faults = append(faults, Fault{path, fmt.Sprintf("%s is a replica itself: write %s", primary.Name, primary.Database.ReplicaOf)})
		}
	}
	return faults
}

// cycle is a path of calls that ends where it began, nil if there is none.
func (a Architecture) cycle() []string {
	const (
		unseen = iota
		onPath
		done
	)
	state, path := map[string]int{}, []string{}
	var visit func(name string) []string
	visit = func(name string) []string {
		switch state[name] {
		case done:
			return nil
		case onPath:
			return append(slices.Clone(path[slices.Index(path, name):]), name)
		}
		state[name] = onPath
		path = append(path, name)
		for _, c := range a.Connections {
			if c.From == name {
				if cycle := visit(c.To); cycle != nil {
					return cycle
				}
			}
		}
		path = path[:len(path)-1]
		state[name] = done
		return nil
	}
	for _, c := range a.Components {
		if cycle := visit(c.Name); cycle != nil {
			return cycle
		}
	}
	return nil
}

// checkEntry wants one component that traffic enters at. In a graph without
// cycles every component is then reached from it.
func checkEntry(a Architecture) []Fault {
	entries := Entries(a)
	switch len(entries) {
	case 1:
		return nil
	case 0:
		return []Fault{{"spec.components", "no component takes the traffic: add one that nothing else calls"}}
	default:
		return []Fault{{"spec.connections", fmt.Sprintf("traffic can enter at one component only, but nothing calls %s: connect the others", strings.Join(entries, " and "))}}
	}
}
