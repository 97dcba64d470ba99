// Package graph describes an architecture and how decisions change it.
//
// An Architecture is a value: components (each with replicas of one capacity)
// and the connections requests take between them. The live architecture is a
// fold: Fold(base, decisions) replays every structural decision over the
// user's architecture and never changes its arguments. The package is pure:
// it has no clock, no randomness and no I/O.
package graph

import "time"

// Architecture is a set of components and the connections between them.
// Component names are unique; a connection is unique by its two ends.
type Architecture struct {
	Components  []Component  `json:"components"`
	Connections []Connection `json:"connections"`
	Transport   Transport    `json:"transport,omitempty"`
}

// Transport is how requests travel between components.
type Transport string

const (
	// TransportFrames carries requests as binary frames stamped with logical time.
	TransportFrames Transport = "Frames"
	// TransportHTTP forces HTTP/1.1 on every edge; logical time travels in headers.
	TransportHTTP Transport = "HTTP"
)

// ComponentType is what a component is.
type ComponentType string

// The component types.
const (
	LoadBalancer ComponentType = "LoadBalancer"
	APIServer    ComponentType = "APIServer"
	Database     ComponentType = "Database"
	Cache        ComponentType = "Cache"
	MessageQueue ComponentType = "MessageQueue"
	Worker       ComponentType = "Worker"
	CDN          ComponentType = "CDN"
)

// Class is a traffic class: what kind of request travels.
type Class string

// The traffic classes.
const (
	Read   Class = "Read"
	Write  Class = "Write"
	Static Class = "Static"
	Async  Class = "Async"
)

// Component is one box of the architecture: Replicas equal instances.
type Component struct {
	Name     string        `json:"name"`
	Type     ComponentType `json:"type"`
	Replicas int32         `json:"replicas"`
	Capacity Capacity      `json:"capacity"`
	// StartupDelay is how long a new replica takes before it is ready.
	StartupDelay time.Duration `json:"startupDelay,omitempty"`
	// WarmUp is how a new replica is slower at first; nil is as fast at once.
	WarmUp *WarmUp `json:"warmUp,omitempty"`
	// ErrorRatePPM is the share of requests that fail by themselves, in parts per million.
	ErrorRatePPM int32 `json:"errorRatePPM,omitempty"`
	// BurnCPU makes replicas spend real CPU time for their service time.
	BurnCPU      bool          `json:"burnCPU,omitempty"`
	LoadBalancer *Balancing    `json:"loadBalancer,omitempty"`
	Database     *DatabaseRole `json:"database,omitempty"`
	Cache        *Caching      `json:"cache,omitempty"`
	Queue        *Queueing     `json:"queue,omitempty"`
	Worker       *Working      `json:"worker,omitempty"`
	CDN          *Edge         `json:"cdn,omitempty"`
	// Position is where the user put the node; nil lets the layout choose.
	Position *Point `json:"position,omitempty"`
	Origin   Origin `json:"origin"`
}

// WarmUp makes service times longer by SlowdownPercent for a time from a
// replica's first request on.
type WarmUp struct {
	Duration        time.Duration `json:"duration"`
	SlowdownPercent int32         `json:"slowdownPercent"`
}

// Point is a canvas position in pixels.
type Point struct {
	X int32 `json:"x"`
	Y int32 `json:"y"`
}

// Origin says who put a component, a replica or a connection there.
// The zero value means the user.
type Origin struct {
	Simulation string    `json:"simulation,omitempty"`
	Rule       string    `json:"rule,omitempty"`
	Decision   int64     `json:"decision,omitempty"`
	Time       time.Time `json:"time,omitzero"`
}

// ByUser reports whether the user's own spec holds it.
func (o Origin) ByUser() bool { return o.Decision == 0 }

// Capacity is what one replica can do.
type Capacity struct {
	// Cores is the number of virtual cores, 1 to 256.
	Cores int32 `json:"cores"`
	// ServiceTime is the time a request holds one core.
	ServiceTime Distribution `json:"serviceTime"`
	// ByClass overrides ServiceTime for a traffic class.
	ByClass map[Class]Distribution `json:"byClass,omitempty"`
	// MaxInFlight bounds requests in the replica, downstream calls included; 0 is unbounded.
	MaxInFlight int32 `json:"maxInFlight,omitempty"`
	// QueueLimit bounds waiting requests; nil is unbounded, 0 means no waiting at all.
	QueueLimit *int32 `json:"queueLimit,omitempty"`
	// QueueTimeout is how long a request waits for a core before it fails; 0 waits for ever.
	QueueTimeout time.Duration `json:"queueTimeout,omitempty"`
	Memory       Memory        `json:"memory,omitzero"`
}

// Memory is the memory model of one replica, in bytes.
type Memory struct {
	LimitBytes      int64 `json:"limitBytes,omitempty"`
	BaseBytes       int64 `json:"baseBytes,omitempty"`
	PerRequestBytes int64 `json:"perRequestBytes,omitempty"`
	// PerPeerBytes is what each connection from or to another instance adds.
	PerPeerBytes int64 `json:"perPeerBytes,omitempty"`
}

// DistributionKind names a service-time distribution.
type DistributionKind string

// The distributions. Quantiles is the one through given p50, p90 and p99.
const (
	Constant    DistributionKind = "Constant"
	Exponential DistributionKind = "Exponential"
	LogNormal   DistributionKind = "LogNormal"
	Uniform     DistributionKind = "Uniform"
	Erlang      DistributionKind = "Erlang"
	Hyper       DistributionKind = "HyperExponential"
	Quantiles   DistributionKind = "Quantiles"
)

// Distribution is a service-time distribution by mean, or through quantiles.
type Distribution struct {
	Kind DistributionKind `json:"kind"`
	Mean time.Duration    `json:"mean,omitempty"`
	// CVPercent is the coefficient of variation in percent, where the kind has one.
	CVPercent int32         `json:"cvPercent,omitempty"`
	P50       time.Duration `json:"p50,omitempty"`
	P90       time.Duration `json:"p90,omitempty"`
	P99       time.Duration `json:"p99,omitempty"`
}

// Algorithm is how a load balancer picks an instance.
type Algorithm string

// The balancing algorithms.
const (
	RoundRobin        Algorithm = "RoundRobin"
	LeastRequests     Algorithm = "LeastRequests"
	PowerOfTwoChoices Algorithm = "PowerOfTwoChoices"
)

// Balancing is the block of a LoadBalancer.
type Balancing struct {
	Algorithm Algorithm `json:"algorithm"`
}

// DatabaseRole is the block of a Database.
type DatabaseRole struct {
	// ConnectionLimit is the size of the connection pool; 0 is unbounded.
	ConnectionLimit int32 `json:"connectionLimit,omitempty"`
	// ReplicaOf names the primary; empty for a primary.
	ReplicaOf string `json:"replicaOf,omitempty"`
	// ReplicationLag is how far a replica runs behind its primary.
	ReplicationLag time.Duration `json:"replicationLag,omitempty"`
}

// CachePolicy is how a cache evicts.
type CachePolicy string

// The cache policies.
const (
	LRU     CachePolicy = "LRU"
	TinyLFU CachePolicy = "TinyLFU"
)

// Caching is the block of a Cache.
type Caching struct {
	Entries int64         `json:"entries"`
	Policy  CachePolicy   `json:"policy"`
	TTL     time.Duration `json:"ttl,omitempty"`
}

// Queueing is the block of a MessageQueue.
type Queueing struct {
	DepthLimit int64 `json:"depthLimit,omitempty"`
}

// Working is the block of a Worker.
type Working struct {
	Concurrency int32 `json:"concurrency"`
}

// Edge is the block of a CDN.
type Edge struct {
	Entries int64    `json:"entries"`
	Regions []string `json:"regions,omitempty"`
}

// CallMode says whether a component makes its calls one after the other.
type CallMode string

// The call modes.
const (
	Sequential CallMode = "Sequential"
	Parallel   CallMode = "Parallel"
)

// Connection is an edge that requests take.
type Connection struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Classes that pass; empty lets all pass.
	Classes []Class `json:"classes,omitempty"`
	// Calls per request, at least 1.
	Calls int32    `json:"calls"`
	Mode  CallMode `json:"mode"`
	// ProbabilityPercent is the chance that a request makes the calls, 1 to 100.
	ProbabilityPercent int32 `json:"probabilityPercent"`
	// PoolSize is how many connections each replica of the caller holds: so many
	// calls are open at once, and more wait, for PoolTimeout at most. 0 bounds nothing.
	PoolSize    int32         `json:"poolSize,omitempty"`
	PoolTimeout time.Duration `json:"poolTimeout,omitempty"`
	// Timeout after which the caller gives a call up; 0 waits for ever. The callee
	// does its work all the same.
	Timeout time.Duration `json:"timeout,omitempty"`
	Retries Retries       `json:"retries,omitzero"`
	Origin  Origin        `json:"origin"`
}

// Retries say how often a call that failed or was given up is made again, and
// after what pauses: exponential back-off with equal jitter, so pause n is drawn
// evenly between half and all of min(MaxBackoff, Backoff x 2^(n-1)).
type Retries struct {
	// Count beyond the first attempt; 0 makes none.
	Count int32 `json:"count"`
	// Backoff is the most before the first retry, MaxBackoff before any.
	Backoff    time.Duration `json:"backoff"`
	MaxBackoff time.Duration `json:"maxBackoff"`
	// BudgetPercent of a replica's calls that its retries are at most, a hundred
	// saved ones aside; 0 bounds nothing.
	BudgetPercent int32 `json:"budgetPercent,omitempty"`
}
