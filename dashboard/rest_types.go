package dashboard

import (
	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// GraphSummary is one row of the list of graphs.
type GraphSummary struct {
	// ID is the UID of the ComponentGraph.
	ID        string `json:"id"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Components of the user's architecture.
	Components int `json:"components"`
	// HeldBy names the simulation that plays on it, empty if none does.
	HeldBy string `json:"heldBy"`
	// Accepted says whether the whole graph makes sense; Message why not.
	Accepted bool   `json:"accepted"`
	Message  string `json:"message"`
	// CreatedAt is milliseconds since 1970.
	CreatedAt int64 `json:"createdAt"`
}

// GraphList is all graphs that the caller may see.
type GraphList struct {
	Items []GraphSummary `json:"items"`
}

// Graph is one graph: what the user drew, and where its boxes are.
type Graph struct {
	Summary GraphSummary `json:"summary"`
	// ResourceVersion is given back when saving, so that nobody's change is lost.
	ResourceVersion string                      `json:"resourceVersion"`
	Spec            v1alpha1.ComponentGraphSpec `json:"spec"`
	// Canvas is the live architecture with positions.
	Canvas wire.Canvas `json:"canvas"`
	// YAML of the object as kubectl takes it.
	YAML string `json:"yaml"`
}

// GraphDraft is a graph to be saved or checked.
type GraphDraft struct {
	// Namespace, empty for the session's.
	Namespace string                      `json:"namespace,omitempty"`
	Name      string                      `json:"name"`
	Spec      v1alpha1.ComponentGraphSpec `json:"spec"`
	// ResourceVersion that the draft began from, empty for a new graph.
	ResourceVersion string `json:"resourceVersion,omitempty"`
}

// RunDraft is a run with everything that a Simulation can say.
type RunDraft struct {
	// Namespace, empty for the session's.
	Namespace string `json:"namespace,omitempty"`
	// Name, empty for one that is made up from the graph's.
	Name string                  `json:"name,omitempty"`
	Spec v1alpha1.SimulationSpec `json:"spec"`
}

// TrafficPatch changes what a run offers; what is left out stays. A rate alone
// ends stages, a shape or a replay, so that the rate is what is offered.
type TrafficPatch struct {
	RequestsPerSecond *int32           `json:"requestsPerSecond,omitempty"`
	Stages            []v1alpha1.Stage `json:"stages,omitempty"`
	Shape             *v1alpha1.Shape  `json:"shape,omitempty"`
	Mix               *v1alpha1.Mix    `json:"mix,omitempty"`
}

// YAMLDocument is manifests as kubectl takes them.
type YAMLDocument struct {
	YAML string `json:"yaml"`
}
