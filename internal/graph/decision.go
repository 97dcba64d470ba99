package graph

import "time"

// Action is a structural verb: what a decision does to the architecture.
type Action string

// The actions.
const (
	AddReplica         Action = "AddReplica"         // Component gets replicas: From -> To
	RemoveReplica      Action = "RemoveReplica"      // Component loses replicas: From -> To
	InsertLoadBalancer Action = "InsertLoadBalancer" // Added stands before Component
	AddReadReplica     Action = "AddReadReplica"     // Added, or one more replica of it, reads for Component
	InsertCache        Action = "InsertCache"        // Added stands beside Component, asked first
	AddWorkers         Action = "AddWorkers"         // the workers of queue Component: From -> To
	InsertCDN          Action = "InsertCDN"          // Added stands before the entry Component
	SuggestSharding    Action = "SuggestSharding"    // a finding; changes nothing
)

// Decision is one entry of the decision log. Fold needs Action, Component,
// From, To and Added only; the rest explains.
type Decision struct {
	// ID counts up from 1 within a simulation and never repeats.
	ID   int64     `json:"id"`
	Time time.Time `json:"time"`
	// Simulation is the run that decided, as namespace/name.
	Simulation string `json:"simulation,omitempty"`
	Rule       string `json:"rule"`
	Action     Action `json:"action"`
	// Component is the target of the action.
	Component string `json:"component"`
	// From and To are the replica counts of the component that changes.
	From int32 `json:"from"`
	To   int32 `json:"to"`
	// Added is the component that the action inserts, nil if none.
	Added *Component `json:"added,omitempty"`
	// Reason says why in one sentence with its numbers.
	Reason  string   `json:"reason"`
	Signals []Signal `json:"signals,omitempty"`
	// Effect is what was measured after the action settled; nil until then.
	Effect *Effect `json:"effect,omitempty"`
}

// Signal is a measured value that justified a decision.
type Signal struct {
	Name      string        `json:"name"`
	Value     float64       `json:"value"`
	Threshold float64       `json:"threshold,omitempty"`
	Window    time.Duration `json:"window,omitempty"`
}

// Verdict says whether an action helped.
type Verdict string

// The verdicts.
const (
	Helped   Verdict = "Helped"
	NoEffect Verdict = "NoEffect"
	Worse    Verdict = "Worse"
)

// Effect is a signal before an action and after it settled.
type Effect struct {
	Signal  string  `json:"signal"`
	Before  float64 `json:"before"`
	After   float64 `json:"after"`
	Verdict Verdict `json:"verdict"`
}
