package scaling

import "time"

// Record explains one tick of one component: what was seen, what each rule
// said, how the size was reached, what was done, and if nothing, why.
// Identical inputs give byte-identical records.
type Record struct {
	Tick      int64     `json:"tick"`
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	Mode      Mode      `json:"mode"`
	// Current is what the component has; Virtual is the size a dry run has reached.
	Current  Replicas      `json:"current"`
	Virtual  int32         `json:"virtual,omitempty"`
	Inputs   []Measurement `json:"inputs,omitempty"`
	Rules    []RuleRecord  `json:"rules"`
	Pipeline []PipelineLog `json:"pipeline,omitempty"`
	Result   Result        `json:"result"`
	// Rule is the one that won; From and To the sizes of the object.
	Rule string `json:"rule,omitempty"`
	From int32  `json:"from"`
	To   int32  `json:"to"`
	// Reason is a sentence with the numbers.
	Reason string `json:"reason,omitempty"`
	// NotDone says why nothing was done, empty when something was or nothing was asked for.
	NotDone NotDone `json:"notDone,omitempty"`
	// InputsHash is a digest of all that the component's part of the tick looked at.
	InputsHash string `json:"inputsHash"`
}

// RuleRecord is what one rule said.
type RuleRecord struct {
	Rule  string `json:"rule"`
	Truth Truth  `json:"truth"`
	State Phase  `json:"state"`
	// Compared are the values that the rule looks at beside their thresholds.
	Compared string `json:"compared,omitempty"`
	// Acted says that this tick's decision on the component is this rule's; Detail
	// then has its reason.
	Acted bool `json:"acted,omitempty"`
	// PendingFor is how long the condition has been true.
	PendingFor time.Duration `json:"pendingFor,omitempty"`
	// Raw is the size the rule proposes before any limit; 0 if none.
	Raw int32 `json:"raw,omitempty"`
	// Suppressed says why the rule's proposal was dropped, empty if it was not.
	Suppressed NotDone `json:"suppressed,omitempty"`
	Detail     string  `json:"detail,omitempty"`
}

// PipelineLog is what one step of the pipeline made of the size.
type PipelineLog struct {
	Step   string `json:"step"`
	N      int32  `json:"n"`
	Cut    bool   `json:"cut,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Result is what a tick did to a component.
type Result string

// The results.
const (
	None       Result = "None"
	ScaleOut   Result = "ScaleOut"
	ScaleIn    Result = "ScaleIn"
	Structural Result = "Structural"
	Advice     Result = "Advice"
)

// NotDone is a reason for inaction.
type NotDone string

// The reasons.
const (
	WithinTolerance NotDone = "WithinTolerance" // the deviation from the target is too small
	StillPending    NotDone = "Pending"         // true, but not for long enough
	InCooldown      NotDone = "Cooling"         // too soon after the last change
	ReArming        NotDone = "ReArming"        // the window still shows the time before the last change
	Stabilized      NotDone = "Stabilized"      // another size was recommended within the stabilization window
	RateLimited     NotDone = "RateLimited"     // a rate policy
	AtMax           NotDone = "AtMax"
	AtMin           NotDone = "AtMin"
	NoData          NotDone = "Unknown"         // a signal is not known
	WouldFlap       NotDone = "WouldFlap"       // the smaller size would scale out again
	WrongBottleneck NotDone = "WrongBottleneck" // the time is spent elsewhere
	DownstreamLimit NotDone = "DownstreamLimit" // a declared limit of a peer
	OverBudget      NotDone = "OverBudget"
	NoEffect        NotDone = "NoEffect"   // the last actions did not help
	FlapFrozen      NotDone = "FlapFrozen" // too many reversals
	InSuspension    NotDone = "Suspended"
	InDryRun        NotDone = "DryRun"
	AmbiguousOwner  NotDone = "AmbiguousOwner"
	Busy            NotDone = "Busy"         // low CPU, but requests occupy the replicas
	Outvoted        NotDone = "Outvoted"     // another rule's proposal won
	OneAtATime      NotDone = "OneAtATime"   // another structural change goes first
	AlreadyThere    NotDone = "AlreadyThere" // the layer to insert exists
	Exhausted       NotDone = "Exhausted"    // the rule has acted as often as it may
	ScaledToZero    NotDone = "ScaledToZero" // a human set zero replicas
	Recovering      NotDone = "Recovering"   // state was lost; one full window must pass
)

// Words are the reason for people, for where nothing more is known.
func (n NotDone) Words() string {
	return map[NotDone]string{
		WithinTolerance: "the deviation from the target is too small", StillPending: "not true for long enough",
		InCooldown: "too soon after the last change", ReArming: "the window still shows the time before the last change",
		Stabilized: "another size was needed within the stabilization window", RateLimited: "a rate policy holds it",
		AtMax: "at its maximum", AtMin: "at its minimum", NoData: "not measured", WouldFlap: "the smaller size would scale out again",
		WrongBottleneck: "the time is spent elsewhere", DownstreamLimit: "a declared limit of a peer holds it",
		OverBudget: "the replicas of all components together are at their limit", NoEffect: "the last actions did not help",
		FlapFrozen: "frozen after too many reversals", InSuspension: "suspended", InDryRun: "a dry run decides and does nothing",
		AmbiguousOwner: "something else scales it too", Busy: "its replicas are occupied", Outvoted: "another rule asks for more",
		OneAtATime: "another layer goes first, one at a time", AlreadyThere: "what it inserts is there already",
		Exhausted: "acted as often as it may", ScaledToZero: "a human set zero replicas", Recovering: "the state was lost, one full window must pass",
	}[n]
}

// Truth is the value of a condition.
type Truth string

// The truth values.
const (
	True    Truth = "True"
	False   Truth = "False"
	Unknown Truth = "Unknown"
)
