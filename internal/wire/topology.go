// Package wire holds the contracts between processes: the frames that carry
// requests, the topology and plan messages that reach stubs and generators,
// and the names of the metrics they expose. It is pure: values and codecs.
package wire

import (
	"time"

	"flashcrowd.io/flashcrowd/internal/fault"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
)

// Topology is all that the instances of one graph need to know: the live
// architecture, where its instances listen, and what the generators play.
type Topology struct {
	// Graph is namespace/name of the ComponentGraph, UID its identity.
	Graph string `json:"graph"`
	UID   string `json:"uid"`
	// Revision is a digest of the rest: equal topologies have equal revisions.
	Revision string `json:"revision"`
	// Seed keys every random draw of the run.
	Seed uint64 `json:"seed"`
	// Entry is the component that traffic enters at.
	Entry        string             `json:"entry"`
	Architecture graph.Architecture `json:"architecture"`
	// Instances of all components, sorted by ID; those that end are marked before they go.
	Instances []Instance `json:"instances"`
	// Generators of the current run, sorted by ID.
	Generators []Instance `json:"generators,omitempty"`
	// Plan is what the generators play; nil when no simulation holds the graph.
	Plan *Plan `json:"plan,omitempty"`
}

// Way is the round-trip time of a region's clients to the entry, and from the
// entry on to the origin: a client is near an entry that has an edge in its
// region, and the edge has the client's way to go for what it does not have.
// Regions are numbered as the traffic's; any other has no way at all.
func (t Topology) Way(region int) (client, onward time.Duration) {
	if t.Plan == nil || region < 0 || region >= len(t.Plan.Traffic.Regions) {
		return 0, 0
	}
	r := t.Plan.Traffic.Regions[region]
	if entry, _ := t.Architecture.Component(t.Entry); entry.EdgeIn(r.Name) {
		return min(r.RoundTrip, EdgeRoundTrip), r.RoundTrip
	}
	return r.RoundTrip, 0
}

// EdgeRoundTrip is the longest way of a client to an edge in its own region: what
// large networks of edges reach for most of their users.
const EdgeRoundTrip = 5 * time.Millisecond

// Instance is one replica of a component, or one generator.
type Instance struct {
	// ID is stable and readable, such as "api-server-2"; generators are "<simulation>-<index>".
	ID        string `json:"id"`
	Component string `json:"component"`
	// Pod is the pod's name, by which a process finds itself.
	Pod string `json:"pod"`
	// Address is host:port of the data port, empty until the instance has one.
	Address string        `json:"address"`
	State   InstanceState `json:"state"`
}

// InstanceState is where an instance is in its life.
type InstanceState string

// The instance states. Requests go to Ready instances only.
const (
	Starting InstanceState = "Starting"
	Ready    InstanceState = "Ready"
	Draining InstanceState = "Draining"
)

// Plan is the whole run of the generators; they play it to its end without
// hearing from the manager again.
type Plan struct {
	// Simulation is namespace/name, UID the run's identity.
	Simulation string `json:"simulation"`
	UID        string `json:"uid"`
	// Start of the traffic; zero while the run is being prepared.
	Start time.Time `json:"start,omitzero"`
	// Duration of the traffic, pauses not counted.
	Duration time.Duration `json:"duration"`
	// PausedFor is the sum of finished pauses; PausedAt is set while a pause lasts.
	PausedFor time.Duration `json:"pausedFor,omitempty"`
	PausedAt  time.Time     `json:"pausedAt,omitzero"`
	// Stopped ends the plan before its time.
	Stopped bool `json:"stopped,omitempty"`
	// Finished tells generators that their last numbers were read and they may leave.
	Finished bool            `json:"finished,omitempty"`
	Traffic  traffic.Traffic `json:"traffic"`
	// Faults go wrong by the plan's own time.
	Faults fault.Plan `json:"faults,omitempty"`
	// Generators is how many generators share the plan by index.
	Generators int32 `json:"generators"`
}

// Elapsed is the time of the plan at now: wall time since Start without pauses,
// never negative, and zero for a plan that has not begun.
func (p Plan) Elapsed(now time.Time) time.Duration {
	if p.Start.IsZero() {
		return 0
	}
	if !p.PausedAt.IsZero() && now.After(p.PausedAt) {
		now = p.PausedAt
	}
	return max(now.Sub(p.Start)-p.PausedFor, 0)
}
