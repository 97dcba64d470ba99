package scaling

import (
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// Mode says whether what is decided is also done.
type Mode string

// The modes. A rule without a mode takes that of the Settings, whose zero value acts.
const (
	// Act carries decisions out.
	Act Mode = "Act"
	// DryRun decides against virtual replica counts and carries nothing out.
	DryRun Mode = "DryRun"
	// Suspended evaluates and records, and decides nothing.
	Suspended Mode = "Suspended"
)

// Rule is one rule as data: where it looks, when it is true, and what then.
type Rule struct {
	// Name identifies the rule; a user's rule replaces the built-in one of the same name.
	Name     string `json:"name"`
	Disabled bool   `json:"disabled,omitempty"`
	Mode     Mode   `json:"mode,omitempty"`
	// Select picks the components the rule watches.
	Select Selector `json:"select"`
	// When is a CEL condition over windowed signals and `replicas` and `ready`.
	// Empty is always true, which suits RemoveReplica: its count is already
	// the smallest that fires no other rule.
	When string `json:"when,omitempty"`
	// For is how long the condition must be true at every tick before the rule fires.
	For time.Duration `json:"for,omitempty"`
	// KeepFiringFor holds a firing rule for so long after its condition became false.
	KeepFiringFor time.Duration `json:"keepFiringFor,omitempty"`
	Then          graph.Action  `json:"then"`
	Step          StepSize      `json:"step,omitzero"`
	// Window is over what the signals are measured; 0 takes that of the Settings.
	Window time.Duration `json:"window,omitempty"`
	// Cooldown is how long the rule rests after the last change of its object, counted
	// from a change in either direction for a scale-in; nil takes that of the Settings.
	Cooldown *time.Duration `json:"cooldown,omitempty"`
	// Stabilization is the window whose largest (scale-in) or smallest
	// (scale-out) recommendation counts; nil takes that of the Settings.
	Stabilization *time.Duration `json:"stabilization,omitempty"`
	// TolerancePercent is the deviation from a target that changes nothing;
	// nil is 10 where Step.Target is set and 0 where the condition itself is the gate.
	TolerancePercent *int32 `json:"tolerancePercent,omitempty"`
	// Policies bound the rate of change; empty takes those of the Settings.
	Policies  []RatePolicy `json:"policies,omitempty"`
	Limits    Limits       `json:"limits,omitzero"`
	OnMissing OnMissing    `json:"onMissing,omitzero"`
	Fast      *FastPath    `json:"fast,omitempty"`
	// Priority orders structural changes, lowest first, then by name.
	Priority int32 `json:"priority,omitempty"`
	// IgnoreBottleneck lets a latency rule scale a component that only waits for another.
	IgnoreBottleneck bool `json:"ignoreBottleneck,omitempty"`
	// Queries are further signals by name, measured with PromQL.
	Queries []Query `json:"queries,omitempty"`
}

// Selector picks components; all given conditions must hold.
type Selector struct {
	Types []graph.ComponentType `json:"types,omitempty"`
	Names []string              `json:"names,omitempty"`
	// Entry picks the component that traffic enters at.
	Entry bool `json:"entry,omitempty"`
	// ScaledOut picks components with more replicas than their baseline.
	ScaledOut bool `json:"scaledOut,omitempty"`
}

// Query is a signal of the user's own.
type Query struct {
	// Name is an identifier that the condition uses.
	Name   string `json:"name"`
	PromQL string `json:"promql"`
}

// StepKind says how a step is sized.
type StepKind string

// The kinds of step; the zero value is Proportional.
const (
	// Proportional sizes the step by how far the signal is over its threshold or target.
	Proportional StepKind = "Proportional"
	// Fixed adds or removes Count replicas.
	Fixed StepKind = "Fixed"
	// Exact goes to Count replicas.
	Exact StepKind = "Exact"
	// Ladder takes the rung that the breach stands on.
	Ladder StepKind = "Ladder"
)

// StepSize says how many replicas a rule proposes.
type StepSize struct {
	Kind  StepKind `json:"kind,omitempty"`
	Count int32    `json:"count,omitempty"`
	// Target makes a Proportional rule track Signal at this value.
	Target float64 `json:"target,omitempty"`
	// Signal is what Proportional and Ladder look at; empty takes the
	// proportional signal of the condition that is furthest over its threshold.
	Signal string `json:"signal,omitempty"`
	// Threshold is what the rungs of a Ladder are relative to.
	Threshold float64 `json:"threshold,omitempty"`
	Rungs     []Rung  `json:"rungs,omitempty"`
}

// Rung changes the size by Percent while the breach (value minus threshold)
// is in [From, To); a nil end is open. Below the threshold the ends are
// negative and the interval is (From, To].
type Rung struct {
	From    *float64 `json:"from,omitempty"`
	To      *float64 `json:"to,omitempty"`
	Percent int32    `json:"percent"`
}

// PolicyUnit is what a rate policy counts.
type PolicyUnit string

// The units of rate policies.
const (
	Pods    PolicyUnit = "Pods"
	Percent PolicyUnit = "Percent"
)

// RatePolicy bounds the change of one direction to Value per Period, counted
// from the size at the start of the period.
type RatePolicy struct {
	Unit   PolicyUnit    `json:"unit"`
	Value  int32         `json:"value"`
	Period time.Duration `json:"period"`
	// Select says which of several policies counts: Max (default), Min or
	// Disabled, which forbids the direction. The first policy's word counts.
	Select PolicySelect `json:"select,omitempty"`
}

// PolicySelect picks among rate policies.
type PolicySelect string

// The selections.
const (
	SelectMax      PolicySelect = "Max"
	SelectMin      PolicySelect = "Min"
	SelectDisabled PolicySelect = "Disabled"
)

// Limits bound the replicas of the object.
type Limits struct {
	// Min replicas; 0 is 1, and a scale-in never goes below the user's baseline.
	Min int32 `json:"min,omitempty"`
	// Max replicas; 0 takes that of the Settings.
	Max int32 `json:"max,omitempty"`
	// MaxFirings bounds how often the rule may act on one subject; 0 is unbounded.
	MaxFirings int32 `json:"maxFirings,omitempty"`
}

// MissingAction is what a rule does without data.
type MissingAction string

// The missing actions; the zero value is Hold.
const (
	Hold     MissingAction = "Hold"
	Fallback MissingAction = "Fallback"
	Assume   MissingAction = "Assume"
)

// OnMissing says what stands in for a signal that is not measured.
type OnMissing struct {
	Action MissingAction `json:"action,omitempty"`
	// Assumed is the value that Assume takes.
	Assumed float64 `json:"assumed,omitempty"`
	// After is how long data must be missing before Fallback proposes Replicas; 0 is three minutes.
	After    time.Duration `json:"after,omitempty"`
	Replicas int32         `json:"replicas,omitempty"`
	// IfHigher keeps the current size where that is larger than Replicas.
	IfHigher bool `json:"ifHigher,omitempty"`
}

// FastPath reacts to a breach of Factor times the threshold within a short
// window; while it is active nothing is scaled in.
type FastPath struct {
	Window time.Duration `json:"window"`
	Factor float64       `json:"factor"`
}
