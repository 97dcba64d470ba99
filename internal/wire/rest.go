package wire

import "time"

// StartRequest begins a run on a graph.
type StartRequest struct {
	// CanvasID is the graph: its UID, or namespace/name.
	CanvasID string `json:"canvasId" minLength:"1" maxLength:"320"`
	// TrafficIntensity in requests a second.
	TrafficIntensity int32 `json:"trafficIntensity" minimum:"0" maximum:"200000"`
	// AutoScalingEnabled lets the rules act.
	AutoScalingEnabled bool `json:"autoScalingEnabled"`
	// Duration of the run in seconds.
	Duration int32 `json:"duration" minimum:"1" maximum:"86400"`
}

// StartResponse names the run that began.
type StartResponse struct {
	// SimulationID is the run's UID.
	SimulationID string `json:"simulationId"`
	// Namespace and Name of its object.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// CanvasID is the graph's UID.
	CanvasID string `json:"canvasId"`
	// Status is the stage of the run.
	Status string `json:"status"`
}

// StopRequest ends a run before its time.
type StopRequest struct {
	// SimulationID is the run: its UID, or namespace/name.
	SimulationID string `json:"simulationId" minLength:"1" maxLength:"320"`
}

// MetricsResponse is what was measured of a run lately.
type MetricsResponse struct {
	SimulationID string    `json:"simulationId"`
	Time         time.Time `json:"time"`
	// Elapsed seconds of the run.
	Elapsed float64 `json:"elapsed"`
	// Total is null when the source does not answer.
	Total *Total `json:"total"`
	// Components and Instances that were measured.
	Components []MeasuredMetrics `json:"components"`
	Instances  []MeasuredMetrics `json:"instances"`
	// OverTime is there only where a range or a step was asked for.
	OverTime *MetricsOverTime `json:"overTime,omitempty"`
}

// MetricsOverTime is what was measured at moments of one distance.
type MetricsOverTime struct {
	// StartedAt is the first moment, in milliseconds since 1970.
	StartedAt int64 `json:"startedAt"`
	// StepSeconds between two moments.
	StepSeconds float64 `json:"stepSeconds"`
	// Series of components, instances and links; null is what was not measured.
	Series []ReplaySeries `json:"series"`
	// Total columns by name: rate, target, p50, p95, p99, errorRate.
	Total map[string][]*float64 `json:"total"`
}

// MeasuredMetrics are the numbers of one component or instance; what was not
// measured is left out.
type MeasuredMetrics struct {
	ComponentID string                   `json:"componentId"`
	Metrics     map[MetricColumn]float64 `json:"metrics"`
}

// RunSummary is one row of the list of runs.
type RunSummary struct {
	// ID is the UID of the Simulation.
	ID        string `json:"id"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Graph is the name of the ComponentGraph, GraphID its UID, empty when it is gone.
	Graph   string `json:"graph"`
	GraphID string `json:"graphId"`
	// Stage is as in Phase.
	Stage    string `json:"stage"`
	Message  string `json:"message"`
	Finished bool   `json:"finished"`
	// Verdict is Met, Missed, Stopped, Failed or Running.
	Verdict string `json:"verdict"`
	// Kept says that its object is gone, and that the history has it.
	Kept bool `json:"kept"`
	// StartedBy is the name that the cluster authenticated, empty where nobody is known.
	StartedBy string `json:"startedBy"`
	// CreatedAt, StartedAt and EndedAt are milliseconds since 1970, null if not so.
	CreatedAt int64  `json:"createdAt"`
	StartedAt *int64 `json:"startedAt"`
	EndedAt   *int64 `json:"endedAt"`
	// DurationSeconds planned, and of it elapsed.
	DurationSeconds int32 `json:"durationSeconds"`
	ElapsedSeconds  int32 `json:"elapsedSeconds"`
	// Seed keys every random draw.
	Seed int64 `json:"seed"`
	// RequestsPerSecond lately, P99Ms and ErrorPercent so far; null before the first measurement.
	RequestsPerSecond *float64 `json:"requestsPerSecond"`
	P99Ms             *float64 `json:"p99Ms"`
	ErrorPercent      *float64 `json:"errorPercent"`
	Decisions         int64    `json:"decisions"`
}

// RunList is all runs that the caller may see, the newest first.
type RunList struct {
	Items []RunSummary `json:"items"`
	// Before is what before must be to get the next page, left out of the last.
	Before string `json:"before,omitempty"`
}

// RunDetail is everything about a run but its measurements.
type RunDetail struct {
	Run         RunSummary       `json:"run"`
	Control     Control          `json:"control"`
	Phase       Phase            `json:"phase"`
	Evaluations []RuleEvaluation `json:"evaluations"`
}

// RuleEvaluation is the last word of one rule on one component.
type RuleEvaluation struct {
	Component string `json:"component"`
	Rule      string `json:"rule"`
	Result    string `json:"result"`
	Message   string `json:"message"`
	// Since is milliseconds since 1970, null if not known.
	Since *int64 `json:"since"`
}

// AutoScalingPatch changes whether and how rules act; what is left out stays.
type AutoScalingPatch struct {
	Enabled *bool   `json:"enabled,omitempty"`
	Mode    *string `json:"mode,omitempty" enum:"Act,DryRun"`
}

// EventList is lossless messages of a run, the oldest first.
type EventList struct {
	// Epoch that the seqs belong to.
	Epoch string `json:"epoch"`
	// From is the seq of the first one that is still held; earlier ones are gone.
	From  int64   `json:"from"`
	Items []Event `json:"items"`
}

// Replay is a whole run for a page that scrubs: the architecture it began with,
// every change and decision with its time, and the measurements by columns.
type Replay struct {
	Snapshot FeedSnapshot `json:"snapshot"`
	// StartedAt is second 0 of Seconds, in milliseconds since 1970.
	StartedAt int64 `json:"startedAt"`
	// Seconds of the run at which Series and Total were sampled.
	Seconds []float64 `json:"seconds"`
	// Series of components, instances and links; null is what was not measured.
	Series []ReplaySeries `json:"series"`
	// Total columns by name: rate, target, p50, p95, p99, errorRate.
	Total map[string][]*float64 `json:"total"`
}

// ReplaySeries is one metric of one component, instance or link over a run.
type ReplaySeries struct {
	ID string `json:"id"`
	// Metric is a column, or "rate" of a link.
	Metric string     `json:"metric"`
	Values []*float64 `json:"values"`
}

// Scenario is a ready-made rehearsal.
type Scenario struct {
	Name        string `json:"name"`
	Title       string `json:"title"`
	Description string `json:"description"`
	// YAML of its objects, as kubectl takes it.
	YAML string `json:"yaml"`
	// Playable says whether POST /api/scenarios/{name}/start can start it: one
	// that needs a recorded trace is started by the command line.
	Playable bool `json:"playable"`
}

// ScenarioList is all scenarios.
type ScenarioList struct {
	Items []Scenario `json:"items"`
}

// Session is who is asking, and what they may do.
type Session struct {
	User string `json:"user"`
	// Mode is Local or Cluster.
	Mode string `json:"mode" enum:"Local,Cluster"`
	// Namespace that new objects go to.
	Namespace string `json:"namespace"`
	// Access by action, for the buttons of a page.
	Access []Access `json:"access"`
	// Server version.
	Server string `json:"server"`
}

// Access is whether the caller may do something in a namespace.
type Access struct {
	// Action is verb and resource, such as "create simulations".
	Action  string `json:"action"`
	Allowed bool   `json:"allowed"`
	// Reason in words when it is not.
	Reason string `json:"reason,omitempty"`
}

// LoginRequest exchanges a bearer token for a session cookie.
type LoginRequest struct {
	Token string `json:"token" minLength:"1" maxLength:"16384"`
}

// Ticket signs one browser in, once: open /login?ticket=... with it.
type Ticket struct {
	Ticket           string `json:"ticket"`
	ExpiresInSeconds int32  `json:"expiresInSeconds"`
}

// ValidationResult is the API server's own opinion of an object that was not saved.
type ValidationResult struct {
	Valid  bool              `json:"valid"`
	Faults []ValidationFault `json:"faults"`
}

// ValidationFault is one fault of an object.
type ValidationFault struct {
	// Field is the path, such as spec.components[1].name; empty for the whole.
	Field   string `json:"field"`
	Message string `json:"message"`
}
