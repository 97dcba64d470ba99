package graph

import "slices"

// Component is the component of a name.
func (a Architecture) Component(name string) (Component, bool) {
	at := a.index(name)
	if at < 0 {
		return Component{}, false
	}
	return a.Components[at], true
}

func (a Architecture) index(name string) int {
	return slices.IndexFunc(a.Components, func(c Component) bool { return c.Name == name })
}

// Entry is the component that traffic enters at: the one that nothing calls.
// It is not ok when there is none or more than one.
func Entry(a Architecture) (string, bool) {
	entries := Entries(a)
	if len(entries) != 1 {
		return "", false
	}
	return entries[0], true
}

// Entries are all components that nothing calls, in the order of the
// architecture. Workers pull, so nothing need call them, and a read replica is
// fed by its primary.
func Entries(a Architecture) []string {
	called := map[string]bool{}
	for _, edge := range a.Connections {
		called[edge.To] = true
	}
	var entries []string
	for _, c := range a.Components {
		if !called[c.Name] && c.Type != Worker && !c.IsReadReplica() {
			entries = append(entries, c.Name)
		}
	}
	return entries
}

// Callers are the components with a connection to name, in the order of the connections.
func (a Architecture) Callers(name string) []string {
	var callers []string
	for _, edge := range a.Connections {
		if edge.To == name {
			callers = append(callers, edge.From)
		}
	}
	return callers
}

// Callees are the components that name has a connection to, in the order of the connections.
func (a Architecture) Callees(name string) []string {
	var callees []string
	for _, edge := range a.Connections {
		if edge.From == name {
			callees = append(callees, edge.To)
		}
	}
	return callees
}

// CallersOfType are the callers of a type.
func (a Architecture) CallersOfType(name string, t ComponentType) []Component {
	return a.ofType(a.Callers(name), t)
}

// CalleesOfType are the callees of a type.
func (a Architecture) CalleesOfType(name string, t ComponentType) []Component {
	return a.ofType(a.Callees(name), t)
}

func (a Architecture) ofType(names []string, t ComponentType) []Component {
	var found []Component
	for _, name := range names {
		if c, ok := a.Component(name); ok && c.Type == t {
			found = append(found, c)
		}
	}
	return found
}

// ReadReplicas are the components that replicate a primary.
func (a Architecture) ReadReplicas(primary string) []Component {
	var found []Component
	for _, c := range a.Components {
		if c.Database != nil && c.Database.ReplicaOf == primary {
			found = append(found, c)
		}
	}
	return found
}

// IsReadReplica reports whether a component replicates another.
func (c Component) IsReadReplica() bool { return c.Database != nil && c.Database.ReplicaOf != "" }

// Passes reports whether a connection lets a class pass.
func (c Connection) Passes(class Class) bool {
	return len(c.Classes) == 0 || slices.Contains(c.Classes, class)
}

// EdgeIn reports whether a component has an edge in a region.
func (c Component) EdgeIn(region string) bool {
	return c.Type == CDN && (c.CDN == nil || len(c.CDN.Regions) == 0 || slices.Contains(c.CDN.Regions, region))
}
