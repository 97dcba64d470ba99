package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// SimulationSpec is one run of traffic against a graph.
type SimulationSpec struct {
	// graphRef names the ComponentGraph in the same namespace. It cannot change.
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="graphRef cannot change: create another Simulation for another graph"
	// +required
	GraphRef GraphRef `json:"graphRef,omitzero"`
	// durationSeconds of traffic, pauses not counted.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +required
	DurationSeconds *int32 `json:"durationSeconds,omitempty"`
	// state that the run should be in: a stopped run cannot go on.
	// +kubebuilder:validation:Enum=Running;Paused;Stopped
	// +kubebuilder:validation:XValidation:rule="oldSelf != 'Stopped' || self == 'Stopped'",message="a stopped run cannot go on: create another Simulation"
	// +default="Running"
	// +optional
	State SimulationState `json:"state,omitempty"`
	// seed keys every random draw: equal seeds give equal draws. It cannot change.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="seed cannot change: create another Simulation with another seed"
	// +default=1
	// +optional
	Seed *int64 `json:"seed,omitempty"`
	// traffic that the run offers; a change takes effect within a second.
	// +required
	Traffic Traffic `json:"traffic,omitzero"`
	// autoScaling says whether and how the architecture grows.
	// +default={}
	// +optional
	AutoScaling AutoScaling `json:"autoScaling,omitzero"`
	// objectives that the run should meet.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Objectives []Objective `json:"objectives,omitempty"`
	// faults go wrong on purpose during the run, to rehearse failures too.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Faults []Fault `json:"faults,omitempty"`
}

// GraphRef names a ComponentGraph.
type GraphRef struct {
	// name of the graph.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Name string `json:"name,omitempty"`
}

// SimulationState is what the user wants of a run.
type SimulationState string

// The states.
const (
	StateRunning SimulationState = "Running"
	StatePaused  SimulationState = "Paused"
	StateStopped SimulationState = "Stopped"
)

// Traffic is what a run offers.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="(has(self.stages) ? 1 : 0) + (has(self.shape) ? 1 : 0) + (has(self.replay) ? 1 : 0) <= 1",message="write at most one of stages, shape and replay"
// +kubebuilder:validation:XValidation:rule="has(self.requestsPerSecond) || has(self.replay)",message="write requestsPerSecond: the rate that traffic starts with"
type Traffic struct {
	// requestsPerSecond that traffic starts with, and keeps without stages, shape or replay.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=200000
	// +optional
	RequestsPerSecond *int32 `json:"requestsPerSecond,omitempty"`
	// stages follow one after the other; the last rate holds to the end.
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Stages []Stage `json:"stages,omitempty"`
	// shape is a named form over the whole duration.
	// +optional
	Shape *Shape `json:"shape,omitempty"`
	// replay plays a recorded trace.
	// +optional
	Replay *Replay `json:"replay,omitempty"`
	// arrival process: Poisson as independent users make, Uniform evenly paced.
	// +kubebuilder:validation:Enum=Poisson;Uniform
	// +default="Poisson"
	// +optional
	Arrival ArrivalProcess `json:"arrival,omitempty"`
	// mix of the classes of traffic.
	// +default={"readPercent": 80, "writePercent": 20}
	// +optional
	Mix Mix `json:"mix,omitzero"`
	// keys that requests ask for.
	// +optional
	Keys *Keys `json:"keys,omitempty"`
	// regions that clients are in; left out, all are beside the entry.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Regions []Region `json:"regions,omitempty"`
	// generators that share the traffic.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=16
	// +default=1
	// +optional
	Generators *int32 `json:"generators,omitempty"`
	// timeout after which a client gives up, between 1ms and 10m.
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || (duration(self) >= duration('1ms') && duration(self) <= duration('10m'))",message="write a timeout between 1ms and 10m"
	// +default="10s"
	// +optional
	Timeout Duration `json:"timeout,omitempty"`
}

// Stage goes to a rate and holds or ramps for its duration.
type Stage struct {
	// durationSeconds of the stage.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +required
	DurationSeconds *int32 `json:"durationSeconds,omitempty"`
	// requestsPerSecond at the end of the stage.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=200000
	// +required
	RequestsPerSecond *int32 `json:"requestsPerSecond,omitempty"`
	// ramp says how the rate gets there: Linear over the whole stage, Step at once.
	// +kubebuilder:validation:Enum=Linear;Step
	// +default="Linear"
	// +optional
	Ramp RampKind `json:"ramp,omitempty"`
}

// RampKind says how a stage reaches its rate.
type RampKind string

// The ramps.
const (
	RampLinear RampKind = "Linear"
	RampStep   RampKind = "Step"
)

// Shape is a named form of traffic, between requestsPerSecond and its peak.
// +kubebuilder:validation:XValidation:rule="self.kind == 'Constant' || has(self.peakRequestsPerSecond)",message="write peakRequestsPerSecond: the rate that the shape rises to"
type Shape struct {
	// kind of the shape: Constant; Ramp rises to the peak over the whole run; Spike
	// rises to the peak in the middle third and falls back; Wave swings between both.
	// +kubebuilder:validation:Enum=Constant;Ramp;Spike;Wave
	// +required
	Kind ShapeKind `json:"kind,omitempty"`
	// peakRequestsPerSecond that the shape rises to.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=200000
	// +optional
	PeakRequestsPerSecond *int32 `json:"peakRequestsPerSecond,omitempty"`
	// periodSeconds of one swing of a Wave.
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=86400
	// +default=60
	// +optional
	PeriodSeconds *int32 `json:"periodSeconds,omitempty"`
}

// ShapeKind names a shape.
type ShapeKind string

// The shapes.
const (
	ShapeConstant ShapeKind = "Constant"
	ShapeRamp     ShapeKind = "Ramp"
	ShapeSpike    ShapeKind = "Spike"
	ShapeWave     ShapeKind = "Wave"
)

// Replay plays a CSV of request counts per interval.
type Replay struct {
	// configMapName holds the CSV.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	ConfigMapName string `json:"configMapName,omitempty"`
	// key of the CSV in the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +default="trace.csv"
	// +optional
	Key string `json:"key,omitempty"`
	// column that holds the counts, by its header; left out, the last column.
	// +kubebuilder:validation:MaxLength=100
	// +optional
	Column string `json:"column,omitempty"`
	// intervalSeconds that each row of the trace stands for.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +default=60
	// +optional
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`
	// ratePartsPerMillion scales the rate: 1000000 plays it as recorded, 250000 at
	// a quarter.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	// +default=1000000
	// +optional
	RatePartsPerMillion *int32 `json:"ratePartsPerMillion,omitempty"`
	// speedPercent scales time: 100 plays it as recorded, 28800 plays a day in
	// five minutes.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	// +default=100
	// +optional
	SpeedPercent *int32 `json:"speedPercent,omitempty"`
}

// ArrivalProcess is how requests arrive.
type ArrivalProcess string

// Mix is the share of each class in percent.
// +kubebuilder:validation:XValidation:rule="(has(self.readPercent) ? self.readPercent : 0) + (has(self.writePercent) ? self.writePercent : 0) + (has(self.staticPercent) ? self.staticPercent : 0) + (has(self.asyncPercent) ? self.asyncPercent : 0) == 100",message="the shares must sum to 100: change readPercent, writePercent, staticPercent or asyncPercent"
type Mix struct {
	// readPercent of requests read.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	ReadPercent *int32 `json:"readPercent,omitempty"`
	// writePercent of requests write.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	WritePercent *int32 `json:"writePercent,omitempty"`
	// staticPercent of requests ask for static content.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	StaticPercent *int32 `json:"staticPercent,omitempty"`
	// asyncPercent of requests are work for later.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	// +optional
	AsyncPercent *int32 `json:"asyncPercent,omitempty"`
}

// Keys is the population of keys that requests ask for.
type Keys struct {
	// count of different keys.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000000
	// +default=10000
	// +optional
	Count *int32 `json:"count,omitempty"`
	// zipfSkewPercent is the skew of Zipf's law in hundredths: 0 asks for all keys
	// alike, 99 is what web traffic often shows.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=500
	// +default=99
	// +optional
	ZipfSkewPercent *int32 `json:"zipfSkewPercent,omitempty"`
}

// Region is where some of the clients are.
type Region struct {
	// name of the region.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +required
	Name string `json:"name,omitempty"`
	// weight of the region among all.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +default=1
	// +optional
	Weight *int32 `json:"weight,omitempty"`
	// roundTrip time between its clients and the entry.
	// +required
	RoundTrip Duration `json:"roundTrip,omitempty"`
}

// AutoScaling says whether and how the architecture grows.
type AutoScaling struct {
	// enabled turns the rules on.
	// +default=true
	// +optional
	Enabled *bool `json:"enabled,omitempty"`
	// mode says whether rules act: Act changes the architecture, DryRun records what it would do.
	// +kubebuilder:validation:Enum=Act;DryRun
	// +default="Act"
	// +optional
	Mode ScalingMode `json:"mode,omitempty"`
	// intervalSeconds between two evaluations.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=300
	// +default=1
	// +optional
	IntervalSeconds *int32 `json:"intervalSeconds,omitempty"`
	// windowSeconds that signals are measured over.
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=3600
	// +default=10
	// +optional
	WindowSeconds *int32 `json:"windowSeconds,omitempty"`
	// maxReplicasTotal bounds the replicas of all components together.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2000
	// +default=300
	// +optional
	MaxReplicasTotal *int32 `json:"maxReplicasTotal,omitempty"`
	// rules are merged by name over the built-in ones.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	// +optional
	Rules []Rule `json:"rules,omitempty"`
	// afterCompletion says what becomes of the grown architecture: Keep holds it
	// until the next run, Revert goes back to the user's.
	// +kubebuilder:validation:Enum=Keep;Revert
	// +default="Keep"
	// +optional
	AfterCompletion AfterCompletion `json:"afterCompletion,omitempty"`
}

// ScalingMode says whether decisions act.
type ScalingMode string

// The modes.
const (
	ModeAct    ScalingMode = "Act"
	ModeDryRun ScalingMode = "DryRun"
)

// AfterCompletion says what becomes of the grown architecture.
type AfterCompletion string

// The choices after completion.
const (
	KeepArchitecture   AfterCompletion = "Keep"
	RevertArchitecture AfterCompletion = "Revert"
)

// Rule says when to change what. A rule named like a built-in one changes only
// what it sets; any other needs select, when and then.
// +kubebuilder:validation:XValidation:rule="self.name in ['api-server', 'load-balancer', 'database', 'cache', 'message-queue', 'cdn', 'scale-in'] || (has(self.select) && has(self.when) && has(self.then))",message="a rule of your own needs select, when and then; to change a built-in rule write its name: api-server, load-balancer, database, cache, message-queue, cdn or scale-in"
// +kubebuilder:validation:XValidation:rule="!has(self.step) || !has(self.targetPercent)",message="write either step, a fixed number of replicas, or targetPercent, as many as bring the utilization there"
type Rule struct {
	// name of the rule; built in are api-server, load-balancer, database, cache,
	// message-queue, cdn and scale-in.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="write a name of lower-case letters, digits and '-', such as api-server"
	// +required
	Name string `json:"name,omitempty"`
	// disabled turns the rule off.
	// +optional
	Disabled *bool `json:"disabled,omitempty"`
	// select says which components the rule watches.
	// +optional
	Select *Select `json:"select,omitempty"`
	// when is the condition in CEL over the signals, such as "cpu > 80 || memory > 85".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	When string `json:"when,omitempty"`
	// forSeconds that the condition must hold before the rule acts.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	// +optional
	ForSeconds *int32 `json:"forSeconds,omitempty"`
	// windowSeconds that the rule's signals are measured over; left out, that of all rules.
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=3600
	// +optional
	WindowSeconds *int32 `json:"windowSeconds,omitempty"`
	// then is what the rule does.
	// +kubebuilder:validation:Enum=AddReplica;RemoveReplica;InsertLoadBalancer;AddReadReplica;SuggestSharding;InsertCache;AddWorkers;InsertCDN
	// +optional
	Then Action `json:"then,omitempty"`
	// step is how many replicas one action changes; left out, as many as the signal
	// asks for.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	// +optional
	Step *int32 `json:"step,omitempty"`
	// targetPercent that utilization is brought to.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	TargetPercent *int32 `json:"targetPercent,omitempty"`
	// cooldownSeconds between two actions of the rule on one component.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	// +optional
	CooldownSeconds *int32 `json:"cooldownSeconds,omitempty"`
	// stabilizationSeconds that scaling in looks back.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3600
	// +optional
	StabilizationSeconds *int32 `json:"stabilizationSeconds,omitempty"`
	// limits of replicas that the rule keeps to.
	// +optional
	Limits *Limits `json:"limits,omitempty"`
	// signals that the condition may name, besides the built-in ones.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	// +optional
	Signals []SignalQuery `json:"signals,omitempty"`
}

// Action is what a rule does.
type Action string

// Select says which components a rule watches: those of the types, or with the names.
// +kubebuilder:validation:MinProperties=1
type Select struct {
	// types of components.
	// +listType=set
	// +kubebuilder:validation:MaxItems=7
	// +optional
	Types []ComponentType `json:"types,omitempty"`
	// names of components.
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	// +optional
	Names []string `json:"names,omitempty"`
}

// Limits of replicas.
// +kubebuilder:validation:XValidation:rule="!has(self.min) || !has(self.max) || self.min <= self.max",message="min is more than max: raise max or lower min"
type Limits struct {
	// min replicas that scaling in leaves.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	// +optional
	Min *int32 `json:"min,omitempty"`
	// max replicas that scaling out reaches.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	// +optional
	Max *int32 `json:"max,omitempty"`
}

// SignalQuery is a signal from the metrics source.
type SignalQuery struct {
	// name of the signal in conditions.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][A-Za-z0-9]*$')",message="write a name of letters and digits that begins with a lower-case letter, such as checkoutRate"
	// +required
	Name string `json:"name,omitempty"`
	// query in PromQL that gives one value for each label 'component'.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	// +required
	Query string `json:"query,omitempty"`
}

// Objective is what a run should meet.
// +kubebuilder:validation:XValidation:rule="has(self.latency) != has(self.errorRatePartsPerMillion)",message="write either latency or errorRatePartsPerMillion"
type Objective struct {
	// name of the objective.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`
	// latency bounds a percentile of the end-to-end latency.
	// +optional
	Latency *LatencyObjective `json:"latency,omitempty"`
	// errorRatePartsPerMillion bounds the share of requests that fail or are
	// dropped: 10000 is one in a hundred.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	ErrorRatePartsPerMillion *int32 `json:"errorRatePartsPerMillion,omitempty"`
}

// LatencyObjective bounds a percentile.
type LatencyObjective struct {
	// percentile of all answered requests.
	// +kubebuilder:validation:Enum=50;90;95;99
	// +required
	Percentile *int32 `json:"percentile,omitempty"`
	// threshold that it must not exceed.
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || duration(self) > duration('0s')",message="no request takes no time: write a threshold of more than 0s"
	// +required
	Threshold Duration `json:"threshold,omitempty"`
}

// Fault is something that goes wrong on purpose, for a while.
// +kubebuilder:validation:XValidation:rule="has(self.component) == (self.kind in ['Slow', 'Failing', 'Crash'])",message="Slow, Failing and Crash befall a component: write its name in component; MetricsOutage and MetricsDelay befall none: leave component out"
// +kubebuilder:validation:XValidation:rule="has(self.latency) == (self.kind == 'Slow')",message="latency is what a Slow component adds to each request: write it for Slow and for no other kind"
// +kubebuilder:validation:XValidation:rule="has(self.errorRatePartsPerMillion) == (self.kind == 'Failing')",message="errorRatePartsPerMillion is what a Failing component fails: write it for Failing and for no other kind"
// +kubebuilder:validation:XValidation:rule="has(self.delaySeconds) == (self.kind == 'MetricsDelay')",message="delaySeconds is how old measurements are: write it for MetricsDelay and for no other kind"
// +kubebuilder:validation:XValidation:rule="has(self.durationSeconds) == (self.kind != 'Crash')",message="write durationSeconds, how long the fault lasts; a Crash happens at once and has none"
// +kubebuilder:validation:XValidation:rule="!has(self.everySeconds) || !has(self.durationSeconds) || self.everySeconds > self.durationSeconds",message="a fault must end before it begins again: write everySeconds greater than durationSeconds"
// +kubebuilder:validation:XValidation:rule="!has(self.instances) || has(self.component)",message="instances are those of a component: write component, or leave instances out"
type Fault struct {
	// name of the fault.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Name string `json:"name,omitempty"`
	// kind of the fault: Slow makes requests of a component wait longer, Failing
	// makes them fail, Crash ends instances, which are started again; MetricsOutage
	// takes the measurements from the rules, MetricsDelay shows them old ones.
	// +kubebuilder:validation:Enum=Slow;Failing;Crash;MetricsOutage;MetricsDelay
	// +required
	Kind FaultKind `json:"kind,omitempty"`
	// atSeconds of the run it begins.
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=86400
	// +required
	AtSeconds *int32 `json:"atSeconds,omitempty"`
	// durationSeconds that it lasts.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	DurationSeconds *int32 `json:"durationSeconds,omitempty"`
	// everySeconds it begins again; left out, it happens once.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	// +optional
	EverySeconds *int32 `json:"everySeconds,omitempty"`
	// component that it befalls: one of the graph, or one that a rule inserts.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Component string `json:"component,omitempty"`
	// instances of the component that it befalls, the first ones by number; left
	// out, all.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	// +optional
	Instances *int32 `json:"instances,omitempty"`
	// latency that a Slow component adds to each request.
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,9}([.][0-9]{1,9})?(us|ms|s)|[0-9]{1,5}([.][0-9]{1,9})?(m|h))+$') || (duration(self) > duration('0s') && duration(self) <= duration('10m'))",message="write a latency of more than 0s and at most 10m"
	// +optional
	Latency *Duration `json:"latency,omitempty"`
	// errorRatePartsPerMillion of the requests that a Failing component fails.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	// +optional
	ErrorRatePartsPerMillion *int32 `json:"errorRatePartsPerMillion,omitempty"`
	// delaySeconds that measurements are old.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=900
	// +optional
	DelaySeconds *int32 `json:"delaySeconds,omitempty"`
}

// FaultKind names what goes wrong.
type FaultKind string

// Simulation is one run of traffic against a graph.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=simulations,shortName=sim,categories=flashcrowd
// +kubebuilder:selectablefield:JSONPath=`.spec.graphRef.name`
// +kubebuilder:printcolumn:name="Succeeded",type=string,JSONPath=`.status.conditions[?(@.type=="Succeeded")].status`
// +kubebuilder:printcolumn:name="Stage",type=string,JSONPath=`.status.conditions[?(@.type=="Succeeded")].reason`
// +kubebuilder:printcolumn:name="Progress",type=string,JSONPath=`.status.progress`
// +kubebuilder:printcolumn:name="RPS",type=integer,JSONPath=`.status.summary.requestsPerSecond`
// +kubebuilder:printcolumn:name="P99",type=string,JSONPath=`.status.summary.p99`
// +kubebuilder:printcolumn:name="Errors",type=string,JSONPath=`.status.summary.errors`
// +kubebuilder:printcolumn:name="Decisions",type=integer,JSONPath=`.status.decisionCount`
// +kubebuilder:printcolumn:name="Graph",type=string,priority=1,JSONPath=`.spec.graphRef.name`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Succeeded")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 40",message="write a name of at most 40 characters: the names of pods grow from it"
type Simulation struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`
	// spec of the run.
	// +required
	Spec SimulationSpec `json:"spec,omitzero"`
	// status of the run.
	// +optional
	Status SimulationStatus `json:"status,omitzero"`
}

// SimulationList is a list of runs.
//
// +kubebuilder:object:root=true
type SimulationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	// items of the list.
	Items []Simulation `json:"items"`
}
