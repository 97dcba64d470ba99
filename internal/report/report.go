// Package report is what a run tells at its end, the same for a live run and a
// planned one, as data and as text. It is pure.
package report

import "time"

// Report is the outcome of one run.
type Report struct {
	// Simulation and Graph are namespace/name.
	Simulation string `json:"simulation"`
	Graph      string `json:"graph"`
	Engine     Engine `json:"engine"`
	Valid      bool   `json:"valid"`
	// InvalidReason says why the numbers cannot be believed, empty when they can.
	InvalidReason   string      `json:"invalidReason,omitempty"`
	Verdict         Verdict     `json:"verdict"`
	DurationSeconds float64     `json:"durationSeconds"`
	Requests        Requests    `json:"requests"`
	LatencyMs       LatencyMs   `json:"latencyMs"`
	Objectives      []Objective `json:"objectives"`
	Decisions       []Decision  `json:"decisions"`
	Alerts          []Alert     `json:"alerts"`
	Findings        []Finding   `json:"findings"`
	// Commands are what people did to the run, as far as it is known who they were.
	Commands []Command `json:"commands,omitempty"`
	// Evaluations are the last word of each rule on each component: why nothing
	// more was done.
	Evaluations []Evaluation `json:"evaluations"`
	// Explanations are for each component the whole run in spans: what was done, or
	// why nothing was.
	Explanations []Explanation `json:"explanations,omitempty"`
	// DroppedExplanations counts the oldest ones, which were not kept.
	DroppedExplanations int64 `json:"droppedExplanations,omitempty"`
	// Components and Connections are the final architecture.
	Components  []Component  `json:"components"`
	Connections []Connection `json:"connections"`
	// Scaling are the times that the rules kept to, nil where they are not known.
	Scaling *Scaling `json:"scaling,omitempty"`
	// StartedAt is when the traffic began, EndedAt when the run ended; zero until then.
	StartedAt time.Time `json:"startedAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	// Settings are what people wrote of the run and its graph, by field.
	Settings map[string]string `json:"settings,omitempty"`
	// Sizes are how many replicas each component had, by the second of each change;
	// nil where the log of decisions no longer tells it.
	Sizes map[string][]Size `json:"sizes,omitempty"`
	// Series are what was measured over the run; where they are nil, Unmeasured says why.
	Series     *Series `json:"series,omitempty"`
	Unmeasured string  `json:"unmeasured,omitempty"`
	// Capacity is what ran for how long; nil of a run that never began or whose
	// sizes are not known.
	Capacity *Capacity `json:"capacity,omitempty"`
}

// seconds that a run lasted, pauses included.
func (r Report) seconds() float64 {
	if r.StartedAt.IsZero() || r.EndedAt.IsZero() {
		return r.DurationSeconds
	}
	return r.EndedAt.Sub(r.StartedAt).Seconds()
}

// Scaling are the times of the rules, in seconds.
type Scaling struct {
	WindowSeconds int32 `json:"windowSeconds"`
	// StabilizationSeconds that scaling in looks back.
	StabilizationSeconds int32 `json:"stabilizationSeconds"`
	// ScaleInCooldownSeconds that scaling in waits after a change.
	ScaleInCooldownSeconds int32 `json:"scaleInCooldownSeconds,omitempty"`
	// NoScaleIn says that nothing is ever scaled in.
	NoScaleIn bool `json:"noScaleIn,omitempty"`
	// ScaleOutPolicies bound how fast a component grows; the largest counts.
	ScaleOutPolicies []RatePolicy `json:"scaleOutPolicies,omitempty"`
	// Rules are the sizes of those that add replicas.
	Rules []Rule `json:"rules,omitempty"`
}

// RatePolicy allows Value Pods or Percent more in each period.
type RatePolicy struct {
	Unit          string `json:"unit"`
	Value         int32  `json:"value"`
	PeriodSeconds int32  `json:"periodSeconds"`
}

// Rule is what a rule that adds replicas kept to.
type Rule struct {
	Name string `json:"name"`
	// MinReplicas and MaxReplicas of a component; a minimum of 0 is the user's own size.
	MinReplicas int32 `json:"minReplicas,omitempty"`
	MaxReplicas int32 `json:"maxReplicas"`
	// HoldSeconds that the condition must be true, or the size be asked for, first.
	HoldSeconds int32 `json:"holdSeconds,omitempty"`
	// Step is the fixed number of replicas that one action adds, 0 for as many as needed.
	Step int32 `json:"step,omitempty"`
	// TargetPercent that utilization is brought to, 0 for the threshold itself.
	TargetPercent float64 `json:"targetPercent,omitempty"`
}

// Engine is what played the run.
type Engine string

// The engines.
const (
	Live Engine = "live"
	Plan Engine = "plan"
)

// Verdict is the outcome in one word.
type Verdict string

// The verdicts.
const (
	// Met: the run finished and every objective held.
	Met Verdict = "Met"
	// Missed: the run finished and an objective did not hold.
	Missed Verdict = "Missed"
	// Stopped: somebody ended the run before its time.
	Stopped Verdict = "Stopped"
	// Failed: the run could not be carried out.
	Failed Verdict = "Failed"
	// Running: the run has not ended.
	Running Verdict = "Running"
)

// Requests counts what was offered and what became of it.
type Requests struct {
	Offered  int64 `json:"offered"`
	Answered int64 `json:"answered"`
	Failed   int64 `json:"failed"`
	Dropped  int64 `json:"dropped"`
}

// LatencyMs is the end-to-end latency in milliseconds, from the intended time
// of each answered request.
type LatencyMs struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
}

// Objective is one objective and whether it held.
type Objective struct {
	Name string `json:"name"`
	Met  bool   `json:"met"`
	// Value and Target are in Unit.
	Value  float64 `json:"value"`
	Target float64 `json:"target"`
	Unit   string  `json:"unit"`
}

// Decision is one change of the architecture with its reason.
type Decision struct {
	Time      time.Time `json:"time"`
	Second    float64   `json:"second"`
	Rule      string    `json:"rule"`
	Action    string    `json:"action"`
	Component string    `json:"component"`
	From      int32     `json:"from"`
	To        int32     `json:"to"`
	// Added is the component that was put there, empty if none was.
	Added  string `json:"added,omitempty"`
	Reason string `json:"reason"`
	// Signals that justify the decision.
	Signals []Signal `json:"signals,omitempty"`
	// Effect says what was measured before and after, empty if not measured.
	Effect string `json:"effect,omitempty"`
}

// Signal is a value that justified a decision, 0 for no threshold. Percents are 0
// to 100, latencies milliseconds, lags seconds.
type Signal struct {
	Name          string  `json:"name"`
	Value         float64 `json:"value"`
	Threshold     float64 `json:"threshold,omitempty"`
	WindowSeconds int32   `json:"windowSeconds,omitempty"`
}

// Alert is a threshold that was crossed.
type Alert struct {
	Time      time.Time `json:"time"`
	Severity  string    `json:"severity"`
	Component string    `json:"component"`
	Message   string    `json:"message"`
	// Cleared is when the signal came back, zero while it lasts.
	Cleared time.Time `json:"cleared,omitzero"`
}

// Finding is advice that changes nothing by itself.
type Finding struct {
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	Message   string    `json:"message"`
}

// Evaluation is what one rule last came to on one component, and why.
type Evaluation struct {
	Component string `json:"component"`
	Rule      string `json:"rule"`
	// Result is such as Acted, NotTrue, Cooling or AtMax, since Second of the run.
	Result  string  `json:"result"`
	Second  float64 `json:"second"`
	Message string  `json:"message"`
}

// Explanation is why nothing was done to a component, or what was, over a span of
// the run.
type Explanation struct {
	Component string `json:"component"`
	// FromSecond to ToSecond of the run.
	FromSecond float64 `json:"fromSecond"`
	ToSecond   float64 `json:"toSecond"`
	// Result is such as ScaleOut, NotTrue, Cooling or AtMax.
	Result string `json:"result"`
	// Rule that acted or was held back, empty where no condition was true.
	Rule    string `json:"rule,omitempty"`
	Message string `json:"message"`
}

// HeldBack reports whether a rule wanted something and did not get it.
func (e Explanation) HeldBack() bool {
	switch e.Result {
	case "NotTrue", "AlreadyThere", "ScaleOut", "ScaleIn", "Structural", "Advice":
		return false
	}
	return true
}

// Component is one component of the final architecture.
type Component struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Replicas int32  `json:"replicas"`
	// Baseline are the replicas that the user drew, 0 of what a rule put there.
	Baseline int32 `json:"baseline,omitempty"`
	// Origin is "user", or the rule that put it there.
	Origin string `json:"origin"`
	// Utilization is the last measured CPU in percent; nil when not measured.
	Utilization *float64 `json:"utilization"`
	LatencyMs   *float64 `json:"latencyMs"`
	ErrorRate   *float64 `json:"errorRate"`
	// Cores and MemoryLimitBytes are the capacity of one replica, 0 where it is not
	// known or unbounded.
	Cores            int32 `json:"cores,omitempty"`
	MemoryLimitBytes int64 `json:"memoryLimitBytes,omitempty"`
}

// Connection is one edge of the final architecture.
type Connection struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Succeeded reports whether the run finished, is valid, and met its objectives.
func (r Report) Succeeded() bool { return r.Verdict == Met && r.Valid }
