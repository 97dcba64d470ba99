package graph

import "slices"

// Skipped is a decision that no longer applies and why.
type Skipped struct {
	Decision int64  `json:"decision"`
	Reason   string `json:"reason"`
}

// Fold is the live architecture: base with the log replayed over it. It is
// total: it never panics, and a decision that no longer applies (the user
// changed the component it was about) is skipped. It changes neither argument
// and shares no slice with them. No name is doubled and no connection dangles
// that did not in base.
func Fold(base Architecture, log []Decision) Architecture {
	live, _ := FoldReport(base, log)
	return live
}

// FoldReport is Fold, and says which decisions were skipped and why.
func FoldReport(base Architecture, log []Decision) (Architecture, []Skipped) {
	live := base.Clone()
	var skipped []Skipped
	for _, d := range log {
		if reason := live.apply(d); reason != "" {
			skipped = append(skipped, Skipped{Decision: d.ID, Reason: reason})
		}
	}
	return live, skipped
}

// apply changes the architecture by a decision, or says why it does not apply.
func (a *Architecture) apply(d Decision) string {
	switch d.Action {
	case AddReplica, RemoveReplica:
		return a.resize(d.Component, d)
	case InsertLoadBalancer, InsertCDN:
		return a.insertBefore(d)
	case InsertCache:
		return a.insertCache(d)
	case AddReadReplica:
		return a.addReadReplica(d)
	case AddWorkers:
		return a.addWorkers(d)
	case SuggestSharding:
		return ""
	}
	return "the action is not known"
}

func (a *Architecture) resize(name string, d Decision) string {
	at := a.index(name)
	switch {
	case at < 0:
		return "the component is gone"
	case a.Components[at].Replicas != d.From:
		return "the replicas were changed by someone else"
	case d.To < 1:
		return "a component keeps at least one replica"
	}
	a.Components[at].Replicas = d.To
	return ""
}

// insertBefore puts a component on every way into another.
func (a *Architecture) insertBefore(d Decision) string {
	if reason := a.insertable(d); reason != "" {
		return reason
	}
	for i, edge := range a.Connections {
		if edge.To == d.Component {
			a.Connections[i].To = d.Added.Name
			a.Connections[i].Origin = d.origin()
		}
	}
	a.add(d)
	a.Connections = append(a.Connections, onward(d.Added.Name, d.Component, d.origin()))
	return ""
}

// insertCache lets every API server that calls the database ask the cache first.
func (a *Architecture) insertCache(d Decision) string {
	if reason := a.insertable(d); reason != "" {
		return reason
	}
	if len(a.CallersOfType(d.Component, APIServer)) == 0 {
		return "no API server calls the database"
	}
	a.fanIn(d, func(edge Connection) (Connection, bool) {
		caller, _ := a.Component(edge.From)
		return edge, caller.Type == APIServer && (edge.Passes(Read) || edge.Passes(Write))
	})
	a.add(d)
	return ""
}

// addReadReplica adds a component that reads for the primary, or more replicas of it.
func (a *Architecture) addReadReplica(d Decision) string {
	if d.Added == nil {
		return "the decision names no replica"
	}
	if existing, ok := a.Component(d.Added.Name); ok {
		if !existing.IsReadReplica() || existing.Database.ReplicaOf != d.Component {
			return "the name is taken"
		}
		return a.resize(d.Added.Name, d)
	}
	if reason := a.insertable(d); reason != "" {
		return reason
	}
	if d.From != 0 || d.To < 1 {
		return "the replica is gone"
	}
	a.fanIn(d, func(edge Connection) (Connection, bool) {
		reads := edge.Passes(Read)
		edge.Classes = []Class{Read}
		return edge, reads
	})
	a.add(d)
	a.Components[len(a.Components)-1].Replicas = d.To
	return ""
}

// addWorkers resizes the workers of a queue, or adds them.
func (a *Architecture) addWorkers(d Decision) string {
	if d.Added == nil {
		workers := a.CalleesOfType(d.Component, Worker)
		if len(workers) == 0 {
			return "the queue has no workers"
		}
		return a.resize(workers[0].Name, d)
	}
	if existing, ok := a.Component(d.Added.Name); ok {
		if existing.Type != Worker {
			return "the name is taken"
		}
		return a.resize(d.Added.Name, d)
	}
	if reason := a.insertable(d); reason != "" {
		return reason
	}
	if d.From != 0 || d.To < 1 {
		return "the workers are gone"
	}
	a.add(d)
	a.Components[len(a.Components)-1].Replicas = d.To
	a.Connections = append(a.Connections, onward(d.Component, d.Added.Name, d.origin()))
	return ""
}

// insertable says why a decision cannot add its component, empty if it can.
func (a *Architecture) insertable(d Decision) string {
	switch {
	case d.Added == nil || d.Added.Name == "":
		return "the decision adds nothing"
	case a.index(d.Component) < 0:
		return "the component is gone"
	case a.index(d.Added.Name) >= 0:
		return "the name is taken"
	}
	return ""
}

// fanIn gives every chosen connection to the component a sibling to the added
// one, directly before it: siblings are called first.
func (a *Architecture) fanIn(d Decision, choose func(Connection) (Connection, bool)) {
	var connections []Connection
	for _, edge := range a.Connections {
		if edge.To == d.Component {
			if sibling, ok := choose(edge); ok {
				sibling.To, sibling.Origin = d.Added.Name, d.origin()
				sibling.Classes = slices.Clone(sibling.Classes)
				connections = append(connections, sibling)
			}
		}
		connections = append(connections, edge)
	}
	a.Connections = connections
}

func (a *Architecture) add(d Decision) {
	added := cloneComponent(*d.Added)
	added.Replicas = max(added.Replicas, 1)
	added.Origin = d.origin()
	a.Components = append(a.Components, added)
}

func (d Decision) origin() Origin {
	return Origin{Simulation: d.Simulation, Rule: d.Rule, Decision: d.ID, Time: d.Time}
}

func onward(from, to string, origin Origin) Connection {
	return Connection{From: from, To: to, Calls: 1, Mode: Sequential, ProbabilityPercent: 100, Origin: origin}
}
