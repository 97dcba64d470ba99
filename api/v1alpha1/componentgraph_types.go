package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ComponentType is what a component is.
// +kubebuilder:validation:Enum=LoadBalancer;APIServer;Database;Cache;MessageQueue;Worker;CDN
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

// TrafficClass is a kind of request.
// +kubebuilder:validation:Enum=Read;Write;Static;Async
type TrafficClass string

// Transport is how requests travel between components.
// +kubebuilder:validation:Enum=Frames;HTTP
type Transport string

// Duration is a time as people write it, between 0s and 24h: "350us", "2ms",
// "1.5s", "2m".
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$')",message="write a duration with its unit, such as 350us, 2ms, 1.5s or 2m"
// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || duration(self) <= duration('24h')",message="write a duration of at most 24h"
type Duration string

// ComponentGraphSpec is the architecture that the user drew.
// +kubebuilder:validation:XValidation:rule="!has(self.connections) || self.connections.all(c, self.components.exists(k, k.name == c.from))",message="a connection leaves a component that does not exist: write the name of one of spec.components in 'from'"
// +kubebuilder:validation:XValidation:rule="!has(self.connections) || self.connections.all(c, self.components.exists(k, k.name == c.to))",message="a connection leads to a component that does not exist: write the name of one of spec.components in 'to'"
type ComponentGraphSpec struct {
	// transport is how requests travel between components: Frames carries them
	// with exact logical time, HTTP sends plain HTTP/1.1.
	// +default="Frames"
	// +optional
	Transport Transport `json:"transport,omitempty"`
	// components are the boxes of the architecture.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +required
	Components []Component `json:"components,omitempty"`
	// connections are the ways that requests take.
	// +listType=map
	// +listMapKey=from
	// +listMapKey=to
	// +kubebuilder:validation:MaxItems=400
	// +optional
	Connections []Connection `json:"connections,omitempty"`
}

// Component is one box: equal replicas behind one name.
// +kubebuilder:validation:XValidation:rule="!has(self.loadBalancer) || self.type == 'LoadBalancer'",message="loadBalancer belongs to components of type LoadBalancer: remove it or change the type"
// +kubebuilder:validation:XValidation:rule="!has(self.database) || self.type == 'Database'",message="database belongs to components of type Database: remove it or change the type"
// +kubebuilder:validation:XValidation:rule="!has(self.cache) || self.type == 'Cache'",message="cache belongs to components of type Cache: remove it or change the type"
// +kubebuilder:validation:XValidation:rule="!has(self.queue) || self.type == 'MessageQueue'",message="queue belongs to components of type MessageQueue: remove it or change the type"
// +kubebuilder:validation:XValidation:rule="!has(self.worker) || self.type == 'Worker'",message="worker belongs to components of type Worker: remove it or change the type"
// +kubebuilder:validation:XValidation:rule="!has(self.cdn) || self.type == 'CDN'",message="cdn belongs to components of type CDN: remove it or change the type"
type Component struct {
	// name of the component, unique in the graph.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="write a name of lower-case letters, digits and '-', beginning with a letter, such as api-server"
	// +required
	Name string `json:"name,omitempty"`
	// type of the component.
	// +required
	Type ComponentType `json:"type,omitempty"`
	// replicas that the architecture starts with.
	// +default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	// +optional
	Replicas *int32 `json:"replicas,omitempty"`
	// capacity of one replica; what is left out takes the default of the type.
	// +optional
	Capacity *Capacity `json:"capacity,omitempty"`
	// cpu says whether replicas only compute their load (Model) or spend real CPU
	// time for it too (Burn).
	// +kubebuilder:validation:Enum=Model;Burn
	// +default="Model"
	// +optional
	CPU CPUMode `json:"cpu,omitempty"`
	// startupDelay is how long a new replica takes until it is ready.
	// +optional
	StartupDelay *Duration `json:"startupDelay,omitempty"`
	// warmUp makes a replica slower at first, as cold code and empty pools do.
	// +optional
	WarmUp *WarmUp `json:"warmUp,omitempty"`
	// errorRatePartsPerMillion of requests fail by themselves: 10000 is one in a hundred.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	ErrorRatePartsPerMillion *int32 `json:"errorRatePartsPerMillion,omitempty"`
	// loadBalancer holds what only a LoadBalancer has.
	// +optional
	LoadBalancer *LoadBalancerSpec `json:"loadBalancer,omitempty"`
	// database holds what only a Database has.
	// +optional
	Database *DatabaseSpec `json:"database,omitempty"`
	// cache holds what only a Cache has.
	// +optional
	Cache *CacheSpec `json:"cache,omitempty"`
	// queue holds what only a MessageQueue has.
	// +optional
	Queue *QueueSpec `json:"queue,omitempty"`
	// worker holds what only a Worker has.
	// +optional
	Worker *WorkerSpec `json:"worker,omitempty"`
	// cdn holds what only a CDN has.
	// +optional
	CDN *CDNSpec `json:"cdn,omitempty"`
	// position on the canvas; left out, the layout chooses.
	// +optional
	Position *Position `json:"position,omitempty"`
}

// WarmUp is how a replica begins: its service times are longer until it is warm.
type WarmUp struct {
	// duration of the warm-up, from the replica's first request on.
	// +required
	Duration Duration `json:"duration,omitempty"`
	// slowdownPercent that service times are longer meanwhile: 100 is twice as long.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +required
	SlowdownPercent *int32 `json:"slowdownPercent,omitempty"`
}

// CPUMode says whether load is computed or burnt.
type CPUMode string

// The CPU modes.
const (
	CPUModel CPUMode = "Model"
	CPUBurn  CPUMode = "Burn"
)

// Position is a place on the canvas, in pixels.
type Position struct {
	// x grows to the right.
	// +kubebuilder:validation:Minimum=-100000
	// +kubebuilder:validation:Maximum=100000
	// +required
	X *int32 `json:"x,omitempty"`
	// y grows downwards. In a manifest write the key in quotes, as in {x: 400, "y": 250}:
	// a bare y is the word for true in YAML 1.1, which kubectl reads.
	// +kubebuilder:validation:Minimum=-100000
	// +kubebuilder:validation:Maximum=100000
	// +required
	Y *int32 `json:"y,omitempty"`
}

// Capacity is what one replica can do.
type Capacity struct {
	// cores is the number of virtual cores, each serving one request at a time.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	// +optional
	Cores *int32 `json:"cores,omitempty"`
	// serviceTime is how long a request holds a core.
	// +optional
	ServiceTime *ServiceTime `json:"serviceTime,omitempty"`
	// classes give other service times for some classes of traffic.
	// +listType=map
	// +listMapKey=class
	// +kubebuilder:validation:MaxItems=4
	// +optional
	Classes []ClassServiceTime `json:"classes,omitempty"`
	// maxInFlight bounds the requests in a replica, its calls downstream included;
	// left out, it is unbounded.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	MaxInFlight *int32 `json:"maxInFlight,omitempty"`
	// queueLimit bounds the requests that wait for a core: 0 lets none wait; left
	// out, it is unbounded.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	QueueLimit *int32 `json:"queueLimit,omitempty"`
	// queueTimeout is how long a request waits for a core before it fails.
	// +optional
	QueueTimeout *Duration `json:"queueTimeout,omitempty"`
	// memory of one replica.
	// +optional
	Memory *Memory `json:"memory,omitempty"`
}

// Memory is the memory model of one replica: base + perRequest x requests in it +
// perPeer x connections to other instances.
// +kubebuilder:validation:XValidation:rule="!has(self.baseMiB) || !has(self.limitMiB) || self.baseMiB <= self.limitMiB",message="baseMiB is more than limitMiB: raise limitMiB or lower baseMiB"
type Memory struct {
	// limitMiB is what a replica may use.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1048576
	// +optional
	LimitMiB *int32 `json:"limitMiB,omitempty"`
	// baseMiB is what an idle replica uses.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1048576
	// +optional
	BaseMiB *int32 `json:"baseMiB,omitempty"`
	// perRequestKiB is what a request in the replica adds.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1048576
	// +optional
	PerRequestKiB *int32 `json:"perRequestKiB,omitempty"`
	// perPeerKiB is what each connection from or to another instance adds: the
	// threads and buffers that it is served with.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1048576
	// +optional
	PerPeerKiB *int32 `json:"perPeerKiB,omitempty"`
}

// Distribution is the shape of a service time.
// +kubebuilder:validation:Enum=Constant;Exponential;LogNormal;Uniform;Erlang;HyperExponential
type Distribution string

// ServiceTime is how long a request holds a core: a distribution by its mean,
// or one through given percentiles.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="has(self.mean) != (has(self.p50) || has(self.p90) || has(self.p99))",message="write either mean, or p50, p90 and p99"
// +kubebuilder:validation:XValidation:rule="(has(self.p50) && has(self.p90) && has(self.p99)) || (!has(self.p50) && !has(self.p90) && !has(self.p99))",message="write all three of p50, p90 and p99"
// +kubebuilder:validation:XValidation:rule="!has(self.p50) || !has(self.distribution)",message="percentiles fix the distribution: leave distribution out, or write mean instead"
// +kubebuilder:validation:XValidation:rule="!has(self.cvPercent) || (has(self.distribution) && self.distribution in ['LogNormal', 'Uniform', 'Erlang', 'HyperExponential'])",message="cvPercent belongs to LogNormal, Uniform, Erlang and HyperExponential: choose one of them or leave cvPercent out"
// +kubebuilder:validation:XValidation:rule="!(has(self.p50) && has(self.p90) && has(self.p99)) || !(self.p50.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') && self.p90.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') && self.p99.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$')) || (duration(self.p50) <= duration(self.p90) && duration(self.p90) <= duration(self.p99))",message="percentiles must not decrease: write p50 <= p90 <= p99"
// +kubebuilder:validation:XValidation:rule="!has(self.cvPercent) || !has(self.distribution) || self.distribution != 'Uniform' || self.cvPercent <= 57",message="a Uniform time varies by 57 percent at most: write cvPercent of 57 or less, or choose LogNormal"
// +kubebuilder:validation:XValidation:rule="!has(self.cvPercent) || !has(self.distribution) || self.distribution != 'Erlang' || self.cvPercent <= 100",message="an Erlang time varies by 100 percent at most: write cvPercent of 100 or less, or choose HyperExponential"
// +kubebuilder:validation:XValidation:rule="!has(self.cvPercent) || !has(self.distribution) || self.distribution != 'HyperExponential' || self.cvPercent >= 100",message="a HyperExponential time varies by 100 percent at least: write cvPercent of 100 or more, or choose Erlang"
type ServiceTime struct {
	// distribution of the service time by its mean; Exponential when left out.
	// +optional
	Distribution Distribution `json:"distribution,omitempty"`
	// mean service time, between 1us and 10m.
	// +optional
	Mean *ServiceDuration `json:"mean,omitempty"`
	// cvPercent is the coefficient of variation in percent.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	CVPercent *int32 `json:"cvPercent,omitempty"`
	// p50 is the median service time.
	// +optional
	P50 *ServiceDuration `json:"p50,omitempty"`
	// p90 is what nine in ten requests stay below.
	// +optional
	P90 *ServiceDuration `json:"p90,omitempty"`
	// p99 is what 99 in 100 requests stay below.
	// +optional
	P99 *ServiceDuration `json:"p99,omitempty"`
}

// ServiceDuration is a duration between 1us and 10m.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$')",message="write a duration with its unit, such as 350us, 2ms or 1.5s"
// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || (duration(self) >= duration('1us') && duration(self) <= duration('10m'))",message="write a duration between 1us and 10m"
type ServiceDuration string

// ClassServiceTime is the service time of one class of traffic.
type ClassServiceTime struct {
	// class of traffic.
	// +required
	Class TrafficClass `json:"class,omitempty"`
	// serviceTime of this class.
	// +required
	ServiceTime ServiceTime `json:"serviceTime,omitzero"`
}

// LoadBalancerSpec is what only a LoadBalancer has.
type LoadBalancerSpec struct {
	// algorithm that picks the instance of a request.
	// +kubebuilder:validation:Enum=RoundRobin;LeastRequests;PowerOfTwoChoices
	// +default="RoundRobin"
	// +optional
	Algorithm BalancingAlgorithm `json:"algorithm,omitempty"`
}

// BalancingAlgorithm picks the instance of a request.
type BalancingAlgorithm string

// DatabaseSpec is what only a Database has.
// +kubebuilder:validation:XValidation:rule="!has(self.replicationLag) || has(self.replicaOf)",message="only a replica lags behind: write the name of its primary in replicaOf, or leave replicationLag out"
type DatabaseSpec struct {
	// connectionLimit is the size of the connection pool of one replica; left out,
	// it is unbounded.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	ConnectionLimit *int32 `json:"connectionLimit,omitempty"`
	// replicaOf names the primary that this database replicates; left out, it is a
	// primary itself.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +optional
	ReplicaOf *string `json:"replicaOf,omitempty"`
	// replicationLag is how far a replica runs behind its primary.
	// +optional
	ReplicationLag *Duration `json:"replicationLag,omitempty"`
}

// CacheSpec is what only a Cache has.
type CacheSpec struct {
	// entries that one replica holds.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	// +default=10000
	// +optional
	Entries *int32 `json:"entries,omitempty"`
	// policy that chooses what to evict.
	// +kubebuilder:validation:Enum=LRU;TinyLFU
	// +default="LRU"
	// +optional
	Policy CachePolicy `json:"policy,omitempty"`
	// ttl after which an entry is gone; left out, entries stay until evicted.
	// +optional
	TTL *Duration `json:"ttl,omitempty"`
}

// CachePolicy chooses what a cache evicts.
type CachePolicy string

// QueueSpec is what only a MessageQueue has.
type QueueSpec struct {
	// depthLimit bounds the messages in the queue; more are refused.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000000
	// +optional
	DepthLimit *int32 `json:"depthLimit,omitempty"`
}

// WorkerSpec is what only a Worker has.
type WorkerSpec struct {
	// concurrency is how many messages one replica works on at once.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +default=1
	// +optional
	Concurrency *int32 `json:"concurrency,omitempty"`
}

// CDNSpec is what only a CDN has.
type CDNSpec struct {
	// entries that one edge holds.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	// +default=10000
	// +optional
	Entries *int32 `json:"entries,omitempty"`
	// regions that have an edge; left out, all have.
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=40
	// +optional
	Regions []string `json:"regions,omitempty"`
}

// Connection is a way that requests take.
// +kubebuilder:validation:XValidation:rule="self.from != self.to",message="a component cannot call itself: write another component in 'to'"
// +kubebuilder:validation:XValidation:rule="!has(self.poolTimeout) || has(self.poolSize)",message="poolTimeout is how long calls wait for one of poolSize connections: write a poolSize too"
type Connection struct {
	// from is the component that calls.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	From string `json:"from,omitempty"`
	// to is the component that is called.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	To string `json:"to,omitempty"`
	// classes of traffic that pass; left out, all pass.
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +optional
	Classes []TrafficClass `json:"classes,omitempty"`
	// calls that one request makes.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +default=1
	// +optional
	Calls *int32 `json:"calls,omitempty"`
	// mode says whether the calls of a component are made one after the other or
	// at once.
	// +kubebuilder:validation:Enum=Sequential;Parallel
	// +default="Sequential"
	// +optional
	Mode CallMode `json:"mode,omitempty"`
	// probabilityPercent is the chance that a request makes these calls.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +default=100
	// +optional
	ProbabilityPercent *int32 `json:"probabilityPercent,omitempty"`
	// poolSize is how many connections each replica of the caller holds to the callee
	// and to its read replicas together. A call takes one until it is answered or
	// given up, and waits for one while all are taken; over HTTP it does not wait.
	// Rules add no replica whose pool the callee's connectionLimit could not hold.
	// Left out, pools bound nothing.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	PoolSize *int32 `json:"poolSize,omitempty"`
	// poolTimeout is how long a call waits for a connection before it fails, between
	// 1ms and 30s; left out, 30s. The timeout counts from when it has one.
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || (duration(self) >= duration('1ms') && duration(self) <= duration('30s'))",message="write a poolTimeout between 1ms and 30s"
	// +optional
	PoolTimeout *Duration `json:"poolTimeout,omitempty"`
	// timeout after which the caller gives a call up, between 1ms and 30s; the callee
	// does its work all the same. Left out, it waits for ever.
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || (duration(self) >= duration('1ms') && duration(self) <= duration('30s'))",message="write a timeout between 1ms and 30s"
	// +optional
	Timeout *Duration `json:"timeout,omitempty"`
	// retries of calls that failed or were given up; left out, none are made.
	// +optional
	Retries *Retries `json:"retries,omitempty"`
}

// Retries say how often a call is made again, and after what pauses: exponential
// back-off with equal jitter, so the pause before retry n is drawn evenly between half
// and all of backoff x 2^(n-1), maxBackoff at most.
type Retries struct {
	// count beyond the first attempt.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10
	// +default=1
	// +optional
	Count *int32 `json:"count,omitempty"`
	// backoff is the longest pause before the first retry, between 10ms and 30s.
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || (duration(self) >= duration('10ms') && duration(self) <= duration('30s'))",message="write a backoff between 10ms and 30s"
	// +default="25ms"
	// +optional
	Backoff Duration `json:"backoff,omitempty"`
	// maxBackoff is the longest pause before any retry, between 10ms and 30s.
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || (duration(self) >= duration('10ms') && duration(self) <= duration('30s'))",message="write a maxBackoff between 10ms and 30s"
	// +default="1s"
	// +optional
	MaxBackoff Duration `json:"maxBackoff,omitempty"`
	// budgetPercent bounds the retries of each replica together: every call earns this
	// share of one, and up to a hundred are kept for later. A call that the budget
	// does not pay for fails after its pause. Left out, only count bounds them.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	BudgetPercent *int32 `json:"budgetPercent,omitempty"`
}

// CallMode says how a component makes its calls.
type CallMode string

// Origin says who put something into the live architecture.
type Origin struct {
	// simulation that put it there, as namespace/name; empty for the user.
	// +kubebuilder:validation:MaxLength=320
	// +optional
	Simulation string `json:"simulation,omitempty"`
	// rule that decided it.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Rule string `json:"rule,omitempty"`
	// decision is the number of the decision in the simulation's log.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Decision int64 `json:"decision,omitempty"`
	// time of the decision.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}

// LiveComponent is a component of the live architecture.
type LiveComponent struct {
	// name of the component.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Name string `json:"name,omitempty"`
	// type of the component.
	// +required
	Type ComponentType `json:"type,omitempty"`
	// replicas that there should be.
	// +required
	Replicas *int32 `json:"replicas,omitempty"`
	// readyReplicas that answer.
	// +required
	ReadyReplicas *int32 `json:"readyReplicas,omitempty"`
	// replicaOf names the primary, for a database replica.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	ReplicaOf string `json:"replicaOf,omitempty"`
	// origin of the component.
	// +optional
	Origin Origin `json:"origin,omitzero"`
	// position on the canvas.
	// +optional
	Position *Position `json:"position,omitempty"`
	// instances are the replicas by their stable ids.
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=128
	// +optional
	Instances []Instance `json:"instances,omitempty"`
}

// Instance is one replica.
type Instance struct {
	// id is stable and readable, such as api-server-2.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	ID string `json:"id,omitempty"`
	// pod that it runs in.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:MinLength=1
	// +required
	Pod string `json:"pod,omitempty"`
	// ready says whether it answers.
	// +required
	Ready *bool `json:"ready,omitempty"`
}

// LiveConnection is a connection of the live architecture.
type LiveConnection struct {
	// from is the component that calls.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	From string `json:"from,omitempty"`
	// to is the component that is called.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	To string `json:"to,omitempty"`
	// origin of the connection.
	// +optional
	Origin Origin `json:"origin,omitzero"`
}

// ComponentGraphStatus is the live architecture: the user's, after every
// decision of the simulation that holds it.
type ComponentGraphStatus struct {
	// observedGeneration of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Accepted, Ready and Progressing.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// heldBy names the simulation that plays on this graph.
	// +kubebuilder:validation:MaxLength=253
	// +optional
	HeldBy string `json:"heldBy,omitempty"`
	// entry is the component that traffic enters at.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Entry string `json:"entry,omitempty"`
	// replicas of all components, ready and desired, such as 4/5.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Replicas string `json:"replicas,omitempty"`
	// componentCount is the number of components.
	// +optional
	ComponentCount int32 `json:"componentCount,omitempty"`
	// components of the live architecture.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	// +optional
	Components []LiveComponent `json:"components,omitempty"`
	// connections of the live architecture.
	// +listType=map
	// +listMapKey=from
	// +listMapKey=to
	// +kubebuilder:validation:MaxItems=1000
	// +optional
	Connections []LiveConnection `json:"connections,omitempty"`
}

// ComponentGraph is an architecture: components and the connections between them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=componentgraphs,shortName=cg,categories=flashcrowd
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Components",type=integer,JSONPath=`.status.componentCount`
// +kubebuilder:printcolumn:name="Replicas",type=string,JSONPath=`.status.replicas`
// +kubebuilder:printcolumn:name="Held-By",type=string,JSONPath=`.status.heldBy`
// +kubebuilder:printcolumn:name="Accepted",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Accepted")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 40",message="write a name of at most 40 characters: the names of pods grow from it"
type ComponentGraph struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec is the architecture that the user drew.
	// +required
	Spec ComponentGraphSpec `json:"spec,omitzero"`
	// status is the live architecture.
	// +optional
	Status ComponentGraphStatus `json:"status,omitzero"`
}

// ComponentGraphList is a list of graphs.
//
// +kubebuilder:object:root=true
type ComponentGraphList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	// items of the list.
	Items []ComponentGraph `json:"items"`
}
