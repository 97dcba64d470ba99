package history

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"flashcrowd.io/flashcrowd/internal/report"
)

// User is a person who started, changed or stopped runs.
type User struct {
	// Name is the authenticated one.
	Name string
	// CreatedAt is when the user was first seen.
	CreatedAt time.Time
}

// ID follows from the name, so that every installation gives a user the same.
func (u User) ID() string { return uuid.NewSHA1(uuid.NameSpaceOID, []byte("user\x00"+u.Name)).String() }

// Run is one Simulation object's life.
type Run struct {
	// ID is the UID of the Simulation.
	ID string
	// User who started it, empty where nobody is known.
	User string
	// Canvas is the UID of the ComponentGraph, Graph its namespace/name.
	Canvas, Graph   string
	Namespace, Name string
	// TrafficIntensity is the greatest rate that is asked for, in requests a second.
	TrafficIntensity   int64
	AutoScalingEnabled bool
	// Status is the verdict, or Running.
	Status string
	// StartedAt and EndedAt are zero until it came to that.
	StartedAt, EndedAt, CreatedAt time.Time
	// Spec is the SimulationSpec and Report the report as far as it has come, both
	// JSON objects.
	Spec, Report json.RawMessage
	// Objects that the run was last seen as; lists of runs leave them out.
	Objects Objects
}

// Objects are a run's as the API server had them, nil where there was none.
type Objects struct{ Simulation, ComponentGraph json.RawMessage }

// EventType says what an event's data are.
type EventType string

// The types of events.
const (
	EventDecision EventType = "decision"
	EventAlert    EventType = "alert"
	EventFinding  EventType = "finding"
	// EventCommand says who did what to a run: its data are a report.Command.
	EventCommand EventType = "command"
	// EventGap says which metrics are missing: its data are a Gap.
	EventGap EventType = "gap"
)

// Event is something that happened in a run, once.
type Event struct {
	// Run is its id.
	Run  string
	Type EventType
	// Component that it is about, empty for the whole run.
	Component string
	// Sequence tells events of a type, run and component apart: of a decision its
	// number in the log, of a command the generation that it made, of the others, and
	// of a command that made none, the microsecond of their time.
	Sequence int64
	At       time.Time
	// Data is a JSON object.
	Data json.RawMessage
}

// ID follows from what the event is, so that it is kept once.
func (e Event) ID() string {
	parts := []string{"event", string(e.Type), e.Component, strconv.FormatInt(e.Sequence, 10)}
	if e.Type == EventAlert || e.Type == EventFinding || e.Type == EventCommand {
		parts = append(parts, e.words()...)
	}
	return derived(e.Run, parts...)
}

// words tell apart what may come at once. They leave out what comes later, such as
// when an alert was cleared, and how a database writes JSON.
func (e Event) words() []string {
	var w struct{ Signal, Rule, Message, User, Action string }
	if err := json.Unmarshal(e.Data, &w); err != nil {
		return []string{string(e.Data)}
	}
	return []string{w.Signal, w.Rule, w.Message, w.User, w.Action}
}

// Gap is a stretch of time whose metrics were lost.
type Gap struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Rows that are missing, 0 where nobody knows.
	Rows   int64  `json:"rows,omitempty"`
	Reason string `json:"reason"`
}

// event is the gap of a run's component, or of all of them.
func (g Gap) event(run, component string) Event {
	data, err := json.Marshal(g)
	if err != nil {
		panic(err) // times and numbers always encode
	}
	return Event{Run: run, Component: component, Type: EventGap, Sequence: g.From.UnixMicro(), At: g.From, Data: data}
}

// commandEvent is a command on a run. It is told apart by the generation that it made,
// or by its time where that is not known.
func commandEvent(run string, c report.Command) Event {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // texts and times always encode
	}
	sequence := c.Generation
	if sequence == 0 {
		sequence = c.Time.UnixMicro()
	}
	return Event{Run: run, Type: EventCommand, Sequence: sequence, At: c.Time.UTC(), Data: data}
}

// Sample is what was measured at a moment; nil is not measured.
type Sample struct {
	// Run is its id.
	Run string
	// Component, or a connection written from>to, or empty for the run end to end.
	Component string
	At        time.Time
	Values
}

// Values of a component: percents are 0 to 100, latencies milliseconds, rates a second.
type Values struct {
	CPU, Memory, RequestRate, Latency, LatencyP95, ErrorRate, QueueDepth, InFlight, Connections *float64
	// Of the run end to end only.
	LatencyP50, LatencyP99, TargetRate *float64
}

// columns of component_metrics that hold values, in the order of fields.
const columns = "cpu_usage, memory_usage, request_rate, latency, latency_p95, error_rate, queue_depth, in_flight, connections, latency_p50, latency_p99, target_rate"

// fields are where the columns are.
func (v *Values) fields() []**float64 {
	return []**float64{&v.CPU, &v.Memory, &v.RequestRate, &v.Latency, &v.LatencyP95, &v.ErrorRate, &v.QueueDepth, &v.InFlight, &v.Connections, &v.LatencyP50, &v.LatencyP99, &v.TargetRate}
}

// ID follows from run, component and time, so that a sample is kept once.
func (s Sample) ID() string {
	return derived(s.Run, "sample", s.Component, strconv.FormatInt(s.At.UnixMicro(), 10))
}

func derived(run string, parts ...string) string {
	name := []byte(run)
	for _, p := range parts {
		name = append(append(name, 0), p...)
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, name).String()
}

// Batch is written whole or not at all.
type Batch struct {
	Users   []User
	Runs    []Run
	Events  []Event
	Samples []Sample
}

// Empty reports whether there is nothing to write.
func (b Batch) Empty() bool {
	return len(b.Users)+len(b.Runs)+len(b.Events)+len(b.Samples) == 0
}
