package graph

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fold is the architecture after the decisions of a log, in the order of the
// log. It is total: an entry that no longer applies, because the user's
// architecture changed under it, changes nothing. Its arguments stay as they are.
func Fold(base Architecture, log []Decision) Architecture {
	live := base.Clone()
	for _, d := range log {
		live = apply(live, d)
	}
	return live
}

// Clone is a copy that shares nothing that Fold changes.
func (a Architecture) Clone() Architecture {
	a.Components = slices.Clone(a.Components)
	a.Connections = slices.Clone(a.Connections)
	return a
}

// Component finds a component by name; -1 if there is none.
func (a Architecture) index(name string) int {
	return slices.IndexFunc(a.Components, func(c Component) bool { return c.Name == name })
}

// Component is the component of that name.
func (a Architecture) Component(name string) (Component, bool) {
	i := a.index(name)
	if i < 0 {
		return Component{}, false
	}
	return a.Components[i], true
}

// apply is the architecture after one decision; a is the fold's own copy.
func apply(a Architecture, d Decision) Architecture {
	target := a.index(d.Component)
	if target < 0 {
		return a
	}
	origin := Origin{Simulation: d.Simulation, Rule: d.Rule, Decision: d.ID, Time: d.Time}
	switch d.Action {
	case AddReplica, RemoveReplica, AddWorkers:
		if d.To >= 1 {
			a.Components[target].Replicas = d.To
		}
	case InsertLoadBalancer, InsertCDN:
		return insertBefore(a, d, origin)
	case AddReadReplica:
		return addReadReplica(a, d, origin)
	case InsertCache:
		return insertBeside(a, d, origin)
	case SuggestSharding:
	}
	return a
}

// add puts the component that a decision adds into the architecture; false if
// there is none to add, or its name is taken.
func add(a Architecture, d Decision, origin Origin) (Architecture, string, bool) {
	if d.Added == nil || d.Added.Name == "" || a.index(d.Added.Name) >= 0 {
		return a, "", false
	}
	added := *d.Added
	added.Origin = origin
	added.Replicas = max(1, added.Replicas)
	a.Components = append(a.Components, added)
	return a, added.Name, true
}

// insertBefore puts the added component where the target's callers were: they
// call it, and it calls the target.
func insertBefore(a Architecture, d Decision, origin Origin) Architecture {
	a, name, ok := add(a, d, origin)
	if !ok {
		return a
	}
	for i, c := range a.Connections {
		if c.To == d.Component && !a.connected(c.From, name) {
			a.Connections[i].To = name
		}
	}
	a.Connections = append(a.Connections, connect(name, d.Component, nil, origin))
	return a
}

// insertBeside gives every caller of the target that is an API server the added
// cache, asked first; the target stays behind it for what the cache has not.
func insertBeside(a Architecture, d Decision, origin Origin) Architecture {
	a, name, ok := add(a, d, origin)
	if !ok {
		return a
	}
	for _, caller := range a.callers(d.Component) {
		if c, found := a.Component(caller); found && c.Type == APIServer {
			a.Connections = append(a.Connections, connect(caller, name, []Class{Read, Write}, origin))
		}
	}
	return a
}

// addReadReplica adds a database that replicates the target and that the
// target's callers read from, or grows the one that is there.
func addReadReplica(a Architecture, d Decision, origin Origin) Architecture {
	if replica := a.replicaOf(d.Component); replica >= 0 {
		if d.To >= 1 {
			a.Components[replica].Replicas = d.To
		}
		return a
	}
	callers := a.callers(d.Component)
	a, name, ok := add(a, d, origin)
	if !ok {
		return a
	}
	for _, caller := range callers {
		a.Connections = append(a.Connections, connect(caller, name, []Class{Read}, origin))
	}
	return a
}

// replicaOf is the index of the database that replicates a primary, -1 if none.
func (a Architecture) replicaOf(primary string) int {
	return slices.IndexFunc(a.Components, func(c Component) bool { return c.Database != nil && c.Database.ReplicaOf == primary })
}

func (a Architecture) connected(from, to string) bool {
	return slices.ContainsFunc(a.Connections, func(c Connection) bool { return c.From == from && c.To == to })
}

// callers are the components with a connection to one, in the order of the connections.
func (a Architecture) callers(of string) []string {
	var callers []string
	for _, c := range a.Connections {
		if c.To == of {
			callers = append(callers, c.From)
		}
	}
	return callers
}

func connect(from, to string, classes []Class, origin Origin) Connection {
	return Connection{From: from, To: to, Classes: classes, Calls: 1, Mode: Sequential, ProbabilityPercent: 100, Origin: origin}
}

// Compact is a log without entries that later ones supersede; it folds to the
// same architecture. Consecutive changes of the replicas of one component are
// kept as the last of them.
func Compact(log []Decision) []Decision {
	kept := make([]Decision, 0, len(log))
	for i, d := range log {
		if sizes(d) && slices.ContainsFunc(log[i+1:], func(later Decision) bool { return sizes(later) && later.Component == d.Component }) {
			continue
		}
		kept = append(kept, d)
	}
	return kept
}

// sizes reports whether a decision only sets the replicas of a component.
func sizes(d Decision) bool {
	return (d.Action == AddReplica || d.Action == RemoveReplica || d.Action == AddWorkers) && d.To >= 1
}

// Entry is the component that traffic enters at: the one that nothing calls.
// It is false if there is none, or more than one.
func Entry(a Architecture) (string, bool) {
	entries := a.entries()
	if len(entries) != 1 {
		return "", false
	}
	return entries[0], true
}

// entries are the components that nothing calls. Workers pull, so nothing need
// call them, and a replica is fed by its primary.
func (a Architecture) entries() []string {
	var entries []string
	for _, c := range a.Components {
		if c.Type == Worker || (c.Database != nil && c.Database.ReplicaOf != "") {
			continue
		}
		if len(a.callers(c.Name)) == 0 {
			entries = append(entries, c.Name)
		}
	}
	return entries
}

// FreeName is a name like stem that no component has: stem, stem-2, stem-3 ...
func (a Architecture) FreeName(stem string) string {
	name := stem
	for n := 2; a.index(name) >= 0; n++ {
		name = fmt.Sprintf("%s-%d", stem, n)
	}
	return name
}

// Kebab is a component type as people name components: api-server.
func Kebab(t ComponentType) string {
	switch t {
	case APIServer:
		return "api-server"
	case LoadBalancer:
		return "load-balancer"
	case MessageQueue:
		return "message-queue"
	default:
		return strings.ToLower(string(t))
	}
}

// BalancerFor is a load balancer that stands before a component and is never
// its bottleneck: a constant 50us on eight cores, 160,000 requests a second.
func BalancerFor(name string) Component {
	return Component{
		Name: name, Type: LoadBalancer, Replicas: 1,
		Capacity: Capacity{
			Cores: 8, ServiceTime: Distribution{Kind: Constant, Mean: 50 * time.Microsecond},
			Memory: Memory{LimitBytes: 1 << 30, BaseBytes: 64 << 20, PerRequestBytes: 16 << 10},
		},
		LoadBalancer: &Balancing{Algorithm: RoundRobin},
	}
}
