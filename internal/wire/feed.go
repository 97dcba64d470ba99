package wire

import (
	"encoding/json"
	"time"
)

// The feed is what a page hears of one run over a WebSocket: a snapshot, then
// changes. FeedSubprotocol names this form of it; without a subprotocol a client
// gets the plain messages of this package instead.
//
// The server greets with hello. The client answers with resume, with an empty
// epoch the first time. If the ring still holds everything after the client's
// last sequence number, the server sends exactly that; otherwise it says what is
// lost in a gap and sends a snapshot. From then on changes arrive in order.
//
// Messages are of two classes. Lossless ones (topo, decision, alert, finding,
// control, phase) count up by one in seq, and none is left out. Lossy ones
// (tick) carry the seq of the last lossless one before them; a slow client gets
// the newest only.
const (
	FeedSubprotocol = "flashcrowd.v1.json"
	FeedVersion     = 1
	// FeedPath is where the feed is served; the query names the run as simulationId.
	FeedPath = "/ws"
)

// Close codes of the feed, beyond those of RFC 6455.
const (
	CloseUnauthorized = 4401 // the credential is missing, wrong or no longer valid
	CloseForbidden    = 4403 // the caller may not read the run, or no longer
	CloseNotFound     = 4404 // there is no such run, or it was deleted
	CloseTooSlow      = 4008 // a write took too long; come back and resume
	CloseProtocol     = 4400 // a message that the protocol does not know
	CloseTooMany      = 4429 // too many connections
)

// MessageType tells the messages of the feed apart.
type MessageType string

// The messages of the server, then those of the client.
const (
	MessageHello    MessageType = "hello"
	MessageGap      MessageType = "gap"
	MessageSnapshot MessageType = "snapshot"
	MessageTick     MessageType = "tick"
	MessageTopo     MessageType = "topo"
	MessageDecision MessageType = "decision"
	MessageAlert    MessageType = "alert"
	MessageFinding  MessageType = "finding"
	MessageControl  MessageType = "control"
	MessagePhase    MessageType = "phase"
	MessageBye      MessageType = "bye"

	MessageResume MessageType = "resume"
	MessageSub    MessageType = "sub"
)

// Envelope begins every message of the server.
type Envelope struct {
	// Version of the protocol. A page that knows a lower one offers to reload.
	Version int `json:"v"`
	// Seq of this message if it is lossless, of the last lossless one before it if not.
	Seq int64 `json:"seq"`
	// At is when it happened, in milliseconds since 1970.
	At int64 `json:"t"`
}

// FeedHello greets a client.
type FeedHello struct {
	Type MessageType `json:"type" enum:"hello"`
	Envelope
	// Epoch names this life of the server: sequence numbers of another mean nothing.
	Epoch string `json:"epoch"`
	// RingFrom is the lowest seq that can still be resumed after, less one: a
	// client with lastSeq >= ringFrom loses nothing.
	RingFrom int64 `json:"ringFrom"`
	// TickMs is the time between two ticks in milliseconds.
	TickMs int64 `json:"tickMs"`
	// Simulation that the feed is about, by its UID.
	Simulation string `json:"simulation"`
	// Server version, for a page that is older than its server.
	Server string `json:"server"`
}

// FeedGap says which lossless messages this client will never get. A snapshot follows.
type FeedGap struct {
	Type MessageType `json:"type" enum:"gap"`
	Envelope
	// From and To are the first and last seq that are lost; both are 0 when the
	// epoch is another and the number is not known.
	From   int64     `json:"from"`
	To     int64     `json:"to"`
	Reason GapReason `json:"reason" enum:"epoch,ring"`
}

// GapReason says why messages are lost.
type GapReason string

// The reasons of gaps.
const (
	GapEpoch GapReason = "epoch" // the server has restarted since
	GapRing  GapReason = "ring"  // the client was away for longer than the ring reaches
)

// FeedSnapshot is everything about a run at one seq. It replaces all that a client holds.
type FeedSnapshot struct {
	Type MessageType `json:"type" enum:"snapshot"`
	Envelope
	// Epoch that a client resumes with once it holds the snapshot.
	Epoch string     `json:"epoch"`
	Run   RunSummary `json:"run"`
	// Base is the architecture that the run began with, Log every change since,
	// and Topology what they amount to: for a page that scrubs.
	Base     Canvas         `json:"base"`
	Log      []CanvasChange `json:"log"`
	Topology Canvas         `json:"topology"`
	// Columns are the metrics of ticks in the order they are shown.
	Columns []Column `json:"columns"`
	// Decisions in the order they were first seen, those held back included.
	Decisions []ScalingDecision `json:"decisions"`
	Alerts    []RunAlert        `json:"alerts"`
	Findings  []RunFinding      `json:"findings"`
	Control   Control           `json:"control"`
	Phase     Phase             `json:"phase"`
	// Tick is the newest measurement; null before the first.
	Tick *FeedTick `json:"tick"`
}

// Canvas is an architecture with the place of every box, and the order that the
// columns of ticks follow.
type Canvas struct {
	// Order is the seq of the message that this order of ids began with. A tick
	// belongs to the topology whose order it names.
	Order int64  `json:"order"`
	Nodes []Node `json:"nodes"`
	Links []Link `json:"links"`
	// IDs of all components and then all instances, the order of tick columns.
	IDs []string `json:"ids"`
	// LinkIDs is the order of link columns; each is from + ">" + to.
	LinkIDs []string `json:"linkIds"`
	// Direction in which requests flow on the canvas.
	Direction Direction `json:"direction" enum:"LR,TB"`
}

// Direction of a layout.
type Direction string

// The directions.
const (
	LeftToRight Direction = "LR"
	TopToBottom Direction = "TB"
)

// Node is a component on the canvas with its instances.
type Node struct {
	// ID is the component's name.
	ID string `json:"id"`
	// Kind is LoadBalancer, APIServer, Database, Cache, MessageQueue, Worker or CDN.
	Kind string `json:"kind"`
	// Replicas that there should be, and that answer.
	Replicas int32 `json:"replicas"`
	Ready    int32 `json:"ready"`
	// ReplicaOf names the primary of a database replica.
	ReplicaOf string `json:"replicaOf,omitempty"`
	// Position is the upper left corner of its first box, in canvas pixels.
	Position XY `json:"position"`
	// Pinned says that the user put it there.
	Pinned    bool          `json:"pinned"`
	Origin    NodeOrigin    `json:"origin"`
	Instances []NodeReplica `json:"instances"`
}

// NodeOrigin says who put a node or a link there; the zero value is the user.
type NodeOrigin struct {
	// Rule that decided it, empty for the user.
	Rule string `json:"rule,omitempty"`
	// Decision is the id of the decision, empty for the user.
	Decision string `json:"decision,omitempty"`
}

// NodeReplica is one instance of a component.
type NodeReplica struct {
	// ID is stable and readable, such as api-server-2.
	ID    string `json:"id"`
	Pod   string `json:"pod"`
	Ready bool   `json:"ready"`
	// Position is the upper left corner of its box. Where a component is folded,
	// its instances share one.
	Position XY `json:"position"`
}

// XY is a place on the canvas in pixels.
type XY struct {
	X int32 `json:"x"`
	Y int32 `json:"y"`
}

// Link is a connection on the canvas.
type Link struct {
	// ID is from + ">" + to.
	ID     string     `json:"id"`
	From   string     `json:"from"`
	To     string     `json:"to"`
	Origin NodeOrigin `json:"origin"`
	// Route is the points that the line passes between its two ends, so that it
	// crosses no box; empty for a straight one.
	Route []XY `json:"route"`
}

// CanvasChange is a step from one topology to the next.
type CanvasChange struct {
	Seq int64 `json:"seq"`
	// At is when it happened, in milliseconds since 1970.
	At int64 `json:"t"`
	// Decision that caused it, empty for anything else.
	Decision string `json:"decision,omitempty"`
	// Nodes and Links that are new or changed, whole.
	Nodes []Node `json:"nodes"`
	Links []Link `json:"links"`
	// RemovedNodes and RemovedLinks by their ids.
	RemovedNodes []string `json:"removedNodes"`
	RemovedLinks []string `json:"removedLinks"`
	// IDs and LinkIDs are the orders of tick columns from now on.
	IDs     []string `json:"ids"`
	LinkIDs []string `json:"linkIds"`
}

// FeedTopo tells a change of the topology. Its seq is the order that the ticks after
// it name.
type FeedTopo struct {
	Type MessageType `json:"type" enum:"topo"`
	Envelope
	Change CanvasChange `json:"change"`
}

// Column is one metric of components and instances.
type Column struct {
	// Name is the key in a tick's cols.
	Name MetricColumn `json:"name"`
	// Title in words.
	Title string `json:"title"`
	// Unit of the values: "%", "req/s", "ms" or "" for a count.
	Unit string `json:"unit"`
	// Source of the numbers.
	Source NumberSource `json:"source" enum:"measured,declared,derived"`
	// Explanation says how the number comes about, with its window.
	Explanation string `json:"explanation"`
}

// MetricColumn names a metric of ticks.
type MetricColumn string

// The columns.
const (
	ColumnCPU         MetricColumn = "cpu"
	ColumnMemory      MetricColumn = "memory"
	ColumnRequestRate MetricColumn = "requestRate"
	ColumnLatency     MetricColumn = "latency"
	ColumnLatencyP95  MetricColumn = "latencyP95"
	ColumnErrorRate   MetricColumn = "errorRate"
	ColumnQueueDepth  MetricColumn = "queueDepth"
	ColumnInFlight    MetricColumn = "inFlight"
	ColumnConnections MetricColumn = "connections"
)

// NumberSource says where a number comes from.
type NumberSource string

// The sources.
const (
	SourceMeasured NumberSource = "measured" // counted by real processes
	SourceDeclared NumberSource = "declared" // written in a spec
	SourceDerived  NumberSource = "derived"  // computed from the other two
)

// FeedTick is what was measured lately, by columns. Values follow the ids of the
// topology that Order names; null is what was not measured, which is not zero. A
// column that is left out was measured nowhere.
type FeedTick struct {
	Type MessageType `json:"type" enum:"tick"`
	Envelope
	Order int64 `json:"order"`
	// Elapsed seconds of the run, pauses not counted.
	Elapsed float64 `json:"elapsed"`
	// Columns by name, in the order of the topology's ids.
	Columns map[MetricColumn][]*float64 `json:"cols"`
	// LinkRates are calls a second in the order of linkIds.
	LinkRates []*float64 `json:"links,omitempty"`
	// Total is end to end; null when the source does not answer.
	Total *Total `json:"total"`
}

// Total is a run end to end as its clients see it. What was not measured is null.
type Total struct {
	// Target is the rate that the plan asks for now, Rate what was offered lately,
	// both in requests a second.
	Target *float64 `json:"target"`
	Rate   *float64 `json:"rate"`
	// Latencies lately, in milliseconds, from the intended time of each request.
	P50 *float64 `json:"p50"`
	P95 *float64 `json:"p95"`
	P99 *float64 `json:"p99"`
	// ErrorRate is the percentage of requests that failed or were dropped lately.
	ErrorRate *float64 `json:"errorRate"`
	// LagP99 is how far behind its schedule the generator sends, in milliseconds: a
	// large one means that the generator itself is the limit.
	LagP99 *float64 `json:"lagP99"`
	// Offered, Answered, Failed and Dropped requests since the start.
	Offered  int64 `json:"offered"`
	Answered int64 `json:"answered"`
	Failed   int64 `json:"failed"`
	Dropped  int64 `json:"dropped"`
}

// DecisionStage is how far a decision has come.
type DecisionStage string

// The stages. Held decisions were not carried out; the others follow one another.
const (
	StageSeen    DecisionStage = "seen"    // the condition is true, not yet for long enough
	StageHeld    DecisionStage = "held"    // a limit keeps the rule from acting
	StageApplied DecisionStage = "applied" // the architecture was changed
	StageReady   DecisionStage = "ready"   // what it made answers
	StageEffect  DecisionStage = "effect"  // the effect was measured
)

// ScalingDecision is one decision of a rule, whole: it replaces what a client
// holds under its id.
type ScalingDecision struct {
	// ID is d<number> for one of the log, and h/<component>/<rule>/<time> for one that is held back.
	ID    string        `json:"id"`
	Stage DecisionStage `json:"stage" enum:"seen,held,applied,ready,effect"`
	// Stages that were reached, in order, with their times.
	Stages []StageReached `json:"stages"`
	// Open says that the decision may still change: a held one that no longer
	// holds is closed.
	Open bool   `json:"open"`
	Rule string `json:"rule"`
	// Action is AddReplica, RemoveReplica, InsertLoadBalancer, ... ; empty where a
	// held rule has not proposed one.
	Action    string `json:"action,omitempty"`
	Component string `json:"component"`
	// From and To are the replica counts of the component that changes.
	From int32 `json:"from"`
	To   int32 `json:"to"`
	// Reason in one sentence with its numbers.
	Reason string `json:"reason"`
	// Constraint that held it back, such as AtMax or Cooling; empty if none did.
	Constraint string `json:"constraint,omitempty"`
	// Signals that justified it.
	Signals []DecisionSignal `json:"signals"`
	// Alternatives are the other rules that were judged for the component at the time.
	Alternatives []Alternative `json:"alternatives"`
	// Made are the ids of the components and instances that it made.
	Made []string `json:"made"`
	// ReadySeconds is the time from applied to ready; null until then.
	ReadySeconds *float64 `json:"readySeconds"`
	// Effect is null until it was measured.
	Effect *DecisionEffect `json:"effect"`
	// Ghost is the node that a held decision would add; null if it would add none.
	Ghost *Node `json:"ghost"`
}

// StageReached is a stage and when it was reached.
type StageReached struct {
	Stage DecisionStage `json:"stage" enum:"seen,held,applied,ready,effect"`
	// At is milliseconds since 1970.
	At int64 `json:"t"`
}

// DecisionSignal is a value against its threshold.
type DecisionSignal struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit"`
	Value float64 `json:"value"`
	// Threshold is null where the rule names none.
	Threshold     *float64 `json:"threshold"`
	WindowSeconds float64  `json:"windowSeconds"`
}

// Alternative is what another rule said of the same component.
type Alternative struct {
	Rule    string `json:"rule"`
	Result  string `json:"result"`
	Message string `json:"message"`
}

// DecisionEffect is a signal before an action and after it settled.
type DecisionEffect struct {
	Signal string  `json:"signal"`
	Unit   string  `json:"unit"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
	// Verdict is Helped, NoEffect or Worse.
	Verdict string `json:"verdict"`
}

// FeedDecision tells a new stage of a decision.
type FeedDecision struct {
	Type MessageType `json:"type" enum:"decision"`
	Envelope
	Decision ScalingDecision `json:"decision"`
}

// RunAlert is a threshold that was crossed; it is told again when it clears.
type RunAlert struct {
	ID string `json:"id"`
	// At and ClearedAt are milliseconds since 1970; ClearedAt is null while it lasts.
	At        int64  `json:"t"`
	ClearedAt *int64 `json:"clearedAt"`
	// Severity is Warning or Critical.
	Severity  string `json:"severity"`
	Component string `json:"component"`
	Signal    string `json:"signal,omitempty"`
	Message   string `json:"message"`
}

// FeedAlert tells an alert, or that it cleared.
type FeedAlert struct {
	Type MessageType `json:"type" enum:"alert"`
	Envelope
	Alert RunAlert `json:"alert"`
}

// RunFinding is advice that changes nothing by itself.
type RunFinding struct {
	ID string `json:"id"`
	// At is milliseconds since 1970.
	At        int64  `json:"t"`
	Component string `json:"component"`
	Rule      string `json:"rule,omitempty"`
	Message   string `json:"message"`
}

// FeedFinding tells a finding.
type FeedFinding struct {
	Type MessageType `json:"type" enum:"finding"`
	Envelope
	Finding RunFinding `json:"finding"`
}

// Control is what people set of a run, as its spec says.
type Control struct {
	// State is Running, Paused or Stopped.
	State           string `json:"state"`
	DurationSeconds int32  `json:"durationSeconds"`
	// RequestsPerSecond that traffic starts with.
	RequestsPerSecond int32 `json:"requestsPerSecond"`
	// Profile is how traffic changes: Constant, Stages, Ramp, Spike, Wave or Replay.
	Profile string `json:"profile"`
	// Planned is the rate over the run, for the shape under the scrubber; empty
	// for a replay.
	Planned []PlannedRate `json:"planned"`
	// Mix is the share of each class in percent.
	Mix         TrafficMix  `json:"mix"`
	AutoScaling AutoScaling `json:"autoScaling"`
	// Objectives that the run should meet.
	Objectives []Objective `json:"objectives"`
}

// PlannedRate is a corner of the planned rate.
type PlannedRate struct {
	Second            float64 `json:"second"`
	RequestsPerSecond float64 `json:"requestsPerSecond"`
}

// TrafficMix is the share of each class in percent.
type TrafficMix struct {
	Read   int32 `json:"read"`
	Write  int32 `json:"write"`
	Static int32 `json:"static"`
	Async  int32 `json:"async"`
}

// AutoScaling is whether and how rules act.
type AutoScaling struct {
	Enabled bool `json:"enabled"`
	// Mode is Act or DryRun.
	Mode string `json:"mode"`
}

// Objective is what a run should meet.
type Objective struct {
	Name string `json:"name"`
	// Target and Unit, "ms" or "%".
	Target float64 `json:"target"`
	Unit   string  `json:"unit"`
	// Percentile of the latency; 0 for an error rate.
	Percentile int32 `json:"percentile,omitempty"`
	// Met and Value are null until measured.
	Met   *bool    `json:"met"`
	Value *float64 `json:"value"`
}

// FeedControl tells that the spec changed.
type FeedControl struct {
	Type MessageType `json:"type" enum:"control"`
	Envelope
	Control Control `json:"control"`
}

// Phase is how far a run has come and whether the dashboard can see.
type Phase struct {
	// Stage is the reason of the condition Succeeded: WaitingForGraph, Preparing,
	// Running, Paused, Finishing, ObjectivesMet, ObjectivesMissed, StoppedEarly,
	// Invalid or InvalidTraffic; Deleted when the run is gone.
	Stage   string `json:"stage"`
	Message string `json:"message"`
	// Finished says that the run has ended, whatever the outcome.
	Finished bool `json:"finished"`
	// StartedAt, EndedAt and PausedAt are milliseconds since 1970, null if not so.
	StartedAt *int64 `json:"startedAt"`
	EndedAt   *int64 `json:"endedAt"`
	PausedAt  *int64 `json:"pausedAt"`
	// PausedMs is the sum of finished pauses.
	PausedMs int64 `json:"pausedMs"`
	// Invalid says why the numbers cannot be believed; empty when they can.
	Invalid string `json:"invalid,omitempty"`
	// ControlPlane is whether the API server answers, Metrics whether the metrics
	// source does; of a run that has ended both are OK, for nothing is left to be seen.
	ControlPlane Health `json:"controlPlane"`
	Metrics      Health `json:"metrics"`
	// Rules says whether every rule compiles and can see, and whether the manager is
	// there to ask them.
	Rules Health `json:"rules"`
}

// Health is whether something answers.
type Health struct {
	OK bool `json:"ok"`
	// Message in words, empty when OK.
	Message string `json:"message,omitempty"`
}

// FeedPhase tells a new phase.
type FeedPhase struct {
	Type MessageType `json:"type" enum:"phase"`
	Envelope
	Phase Phase `json:"phase"`
}

// FeedBye is the last message before the server closes.
type FeedBye struct {
	Type MessageType `json:"type" enum:"bye"`
	Envelope
	// Code is that of the close frame.
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	// RetryAfterMs is how long to wait before coming back; negative for never.
	RetryAfterMs int64 `json:"retryAfterMs"`
}

// FeedResume is the client's first message.
type FeedResume struct {
	Type MessageType `json:"type" enum:"resume"`
	// Epoch of the snapshot that the client holds; empty when it holds none.
	Epoch   string `json:"epoch"`
	LastSeq int64  `json:"lastSeq"`
	// Token authenticates a client that has no cookie and no header.
	Token string `json:"token,omitempty"`
}

// FeedSubscribe changes what a client gets.
type FeedSubscribe struct {
	Type MessageType `json:"type" enum:"sub"`
	// MaxHz bounds ticks a second; 0 sends none, for a hidden page.
	MaxHz float64 `json:"maxHz"`
	// Fields are the columns wanted; empty for all.
	Fields []MetricColumn `json:"fields,omitempty"`
}

// ClientMessage is enough of a client's message to tell which it is.
type ClientMessage struct {
	Type MessageType `json:"type"`
}

// Event is a lossless message as REST lists it.
type Event struct {
	Seq int64 `json:"seq"`
	// Time in RFC 3339.
	Time time.Time   `json:"time"`
	Type MessageType `json:"type"`
	// Message is the whole message as the feed sent it.
	Message json.RawMessage `json:"message"`
}
