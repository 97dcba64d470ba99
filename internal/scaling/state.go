package scaling

import (
	"maps"
	"slices"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// State is what Step remembers between ticks. The zero State is a start
// without memory. It marshals to JSON and its size is bounded by the number of
// rules and components, not by time.
type State struct {
	// LastTick is when Step last ran, ObservedSince since when without a gap.
	LastTick      time.Time `json:"lastTick,omitzero"`
	ObservedSince time.Time `json:"observedSince,omitzero"`
	// LastID is the highest decision ID given out.
	LastID  int64                  `json:"lastID,omitempty"`
	Objects map[string]ObjectState `json:"objects,omitempty"`
	Rules   map[string]RuleState   `json:"rules,omitempty"` // key rule/subject
	Alerts  map[string]ActiveAlert `json:"alerts,omitempty"`
	Told    map[string]time.Time   `json:"told,omitempty"` // findings by key
	Effects []PendingEffect        `json:"effects,omitempty"`
	Virtual []graph.Decision       `json:"virtual,omitempty"` // what a dry run would have decided
}

// ObjectState is what is remembered of a component that is scaled.
type ObjectState struct {
	// Baseline is the user's size; a change of it by the user is adopted.
	Baseline int32 `json:"baseline"`
	// Spec and Ready are those of the last tick.
	Spec  int32 `json:"spec"`
	Ready int32 `json:"ready"`
	// Settling is true while a change is under way; Effective is when the last
	// one took effect, zero if none was seen.
	Settling  bool      `json:"settling,omitempty"`
	Effective time.Time `json:"effective,omitzero"`
	// ChangedOut and ChangedIn are when the size was last changed in a direction.
	ChangedOut time.Time `json:"changedOut,omitzero"`
	ChangedIn  time.Time `json:"changedIn,omitzero"`
	// Changes within the longest rate period, oldest first.
	Changes []Change `json:"changes,omitempty"`
	// Reversals within the flap window, oldest first; Frozen until when scale-in is frozen.
	Reversals []time.Time `json:"reversals,omitempty"`
	Frozen    time.Time   `json:"frozen,omitzero"`
	// In and Out are raw recommendations that can still be the maximum or minimum of their window.
	// InSince is since when recommendations to scale in are remembered.
	In      []Recommendation `json:"in,omitempty"`
	InSince time.Time        `json:"inSince,omitzero"`
	Out     []Recommendation `json:"out,omitempty"`
	// Panic is until when the fast path forbids a scale-in.
	Panic time.Time `json:"panic,omitzero"`
}

// Change is one change of a size.
type Change struct {
	Time time.Time `json:"time"`
	By   int32     `json:"by"`
}

// Recommendation is a raw recommended size.
type Recommendation struct {
	Time time.Time `json:"time"`
	N    int32     `json:"n"`
}

// Phase is where a rule is in its life.
type Phase string

// The phases.
const (
	Inactive Phase = "Inactive"
	Pending  Phase = "Pending"
	Firing   Phase = "Firing"
	Acted    Phase = "Acted"
	Cooling  Phase = "Cooling"
)

// RuleState is what is remembered of a rule and its subject.
type RuleState struct {
	Phase Phase `json:"phase"`
	// Held is how long the condition was true, Unknown ticks left out.
	Held time.Duration `json:"held,omitempty"`
	// Truth is that of the last tick, LastTrue when it was last True.
	Truth    Truth     `json:"truth,omitempty"`
	LastTrue time.Time `json:"lastTrue,omitzero"`
	// ActedAt is when the rule last acted, Breach how far over its threshold the
	// signal then was, as a ratio; 0 once the condition was False.
	ActedAt time.Time `json:"actedAt,omitzero"`
	Breach  float64   `json:"breach,omitempty"`
	Firings int32     `json:"firings,omitempty"`
	// Futile counts actions in a row that had no effect.
	Futile int32 `json:"futile,omitempty"`
	// MissingSince is since when its signals are unknown.
	MissingSince time.Time `json:"missingSince,omitzero"`
}

// PendingEffect is an action whose effect is still to be measured.
type PendingEffect struct {
	Decision int64         `json:"decision"`
	Rule     string        `json:"rule"`
	Subject  string        `json:"subject"`
	Object   string        `json:"object"`
	In       bool          `json:"in,omitempty"`
	Signal   string        `json:"signal"`
	Window   time.Duration `json:"window"`
	Before   float64       `json:"before"`
	// Rate is the request rate before, 0 if it was not known.
	Rate  float64   `json:"rate,omitempty"`
	Since time.Time `json:"since"`
}

// clone copies the state so that Step leaves its argument alone.
func (s State) clone() State {
	s.Objects = orEmpty(maps.Clone(s.Objects))
	for name, o := range s.Objects {
		o.Changes = slices.Clone(o.Changes)
		o.Reversals = slices.Clone(o.Reversals)
		o.In, o.Out = slices.Clone(o.In), slices.Clone(o.Out)
		s.Objects[name] = o
	}
	s.Rules = orEmpty(maps.Clone(s.Rules))
	s.Alerts = orEmpty(maps.Clone(s.Alerts))
	s.Told = orEmpty(maps.Clone(s.Told))
	s.Effects = slices.Clone(s.Effects)
	s.Virtual = slices.Clone(s.Virtual)
	return s
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
