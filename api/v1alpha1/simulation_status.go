package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// SimulationStatus is what a run has come to.
type SimulationStatus struct {
	// observedGeneration of the spec that this status is about.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions are Succeeded, Running, MetricsAvailable, Finished,
	// AutoScalingAccepted and Advised.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// startTime of the traffic.
	// +optional
	StartTime *metav1.MicroTime `json:"startTime,omitempty"`
	// completionTime of the run.
	// +optional
	CompletionTime *metav1.MicroTime `json:"completionTime,omitempty"`
	// pausedTime is since when the run pauses.
	// +optional
	PausedTime *metav1.MicroTime `json:"pausedTime,omitempty"`
	// pausedMilliseconds is the sum of finished pauses.
	// +kubebuilder:validation:Minimum=0
	// +optional
	PausedMilliseconds int64 `json:"pausedMilliseconds,omitempty"`
	// progress for people, such as 75/180s.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Progress string `json:"progress,omitempty"`
	// elapsedSeconds of traffic.
	// +optional
	ElapsedSeconds int32 `json:"elapsedSeconds,omitempty"`
	// summary of all requests end to end.
	// +optional
	Summary *Summary `json:"summary,omitempty"`
	// decisionCount counts all decisions, those no longer listed included.
	// +optional
	DecisionCount int64 `json:"decisionCount,omitempty"`
	// decisions is the log that the live architecture is folded from; superseded
	// entries are compacted.
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=500
	// +optional
	Decisions []Decision `json:"decisions,omitempty"`
	// droppedDecisions counts entries that compaction removed.
	// +optional
	DroppedDecisions int64 `json:"droppedDecisions,omitempty"`
	// findings are advice that changes nothing by itself.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=50
	// +optional
	Findings []Finding `json:"findings,omitempty"`
	// alerts that were raised, the newest last.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Alerts []Alert `json:"alerts,omitempty"`
	// evaluations say for each component and rule what the last evaluation saw and
	// why it did or did not act.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=400
	// +optional
	Evaluations []Evaluation `json:"evaluations,omitempty"`
	// explanations say for each component, over the whole run, what was done and why
	// nothing was: each holds until the next of its component.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=300
	// +optional
	Explanations []Explanation `json:"explanations,omitempty"`
	// droppedExplanations counts the oldest ones, for which there was no room.
	// +optional
	DroppedExplanations int64 `json:"droppedExplanations,omitempty"`
	// measured are the last values of each component.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	// +optional
	Measured []MeasuredComponent `json:"measured,omitempty"`
	// objectives and whether they hold.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Objectives []ObjectiveStatus `json:"objectives,omitempty"`
	// engine is the state of the rules, by which a restarted manager goes on.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Engine *runtime.RawExtension `json:"engine,omitempty"`
}

// Summary of all requests end to end. Times are microseconds.
type Summary struct {
	// offered requests.
	// +optional
	Offered int64 `json:"offered,omitempty"`
	// answered requests.
	// +optional
	Answered int64 `json:"answered,omitempty"`
	// failed requests.
	// +optional
	Failed int64 `json:"failed,omitempty"`
	// dropped requests, which no generator could send.
	// +optional
	Dropped int64 `json:"dropped,omitempty"`
	// requestsPerSecond offered lately.
	// +optional
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
	// meanMicroseconds of the latency of answered requests.
	// +optional
	MeanMicroseconds int64 `json:"meanMicroseconds,omitempty"`
	// p50Microseconds of the latency.
	// +optional
	P50Microseconds int64 `json:"p50Microseconds,omitempty"`
	// p90Microseconds of the latency.
	// +optional
	P90Microseconds int64 `json:"p90Microseconds,omitempty"`
	// p95Microseconds of the latency.
	// +optional
	P95Microseconds int64 `json:"p95Microseconds,omitempty"`
	// p99Microseconds of the latency.
	// +optional
	P99Microseconds int64 `json:"p99Microseconds,omitempty"`
	// p99 for people, such as 145ms.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	P99 string `json:"p99,omitempty"`
	// errors for people, such as 0.25%.
	// +kubebuilder:validation:MaxLength=32
	// +optional
	Errors string `json:"errors,omitempty"`
	// lateArrivals is how many requests came too late for their logical time.
	// +optional
	LateArrivals int64 `json:"lateArrivals,omitempty"`
	// generatorLagP99Microseconds is how far behind its schedule the generator sent.
	// +optional
	GeneratorLagP99Microseconds int64 `json:"generatorLagP99Microseconds,omitempty"`
	// invalid says why the numbers cannot be believed; empty when they can.
	// +kubebuilder:validation:MaxLength=512
	// +optional
	Invalid string `json:"invalid,omitempty"`
}

// Decision is one change of the architecture and why.
type Decision struct {
	// id counts up from 1.
	// +kubebuilder:validation:Minimum=1
	// +required
	ID int64 `json:"id,omitempty"`
	// time of the decision.
	// +required
	Time metav1.MicroTime `json:"time,omitzero"`
	// rule that decided.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Rule string `json:"rule,omitempty"`
	// action taken.
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:MinLength=1
	// +required
	Action Action `json:"action,omitempty"`
	// component that the action is about.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Component string `json:"component,omitempty"`
	// from so many replicas.
	// +optional
	From int32 `json:"from,omitempty"`
	// to so many replicas.
	// +optional
	To int32 `json:"to,omitempty"`
	// reason in one sentence with its numbers.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:MinLength=1
	// +required
	Reason string `json:"reason,omitempty"`
	// signals that justify the decision.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Signals []DecisionSignal `json:"signals,omitempty"`
	// added is the component that the action inserts.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	Added *runtime.RawExtension `json:"added,omitempty"`
	// effect measured after the action settled.
	// +optional
	Effect *Effect `json:"effect,omitempty"`
}

// DecisionSignal is a value that justified a decision, in thousandths of its unit.
type DecisionSignal struct {
	// name of the signal.
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:MinLength=1
	// +required
	Name string `json:"name,omitempty"`
	// valueMilli measured.
	// +required
	ValueMilli *int64 `json:"valueMilli,omitempty"`
	// thresholdMilli it was held against.
	// +optional
	ThresholdMilli *int64 `json:"thresholdMilli,omitempty"`
	// windowSeconds it was measured over.
	// +optional
	WindowSeconds int32 `json:"windowSeconds,omitempty"`
}

// Effect is a signal before an action and after it settled, in thousandths.
type Effect struct {
	// signal that was measured.
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:MinLength=1
	// +required
	Signal string `json:"signal,omitempty"`
	// beforeMilli the action.
	// +required
	BeforeMilli *int64 `json:"beforeMilli,omitempty"`
	// afterMilli it settled.
	// +required
	AfterMilli *int64 `json:"afterMilli,omitempty"`
	// verdict is Helped, NoEffect or Worse.
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:MinLength=1
	// +required
	Verdict string `json:"verdict,omitempty"`
}

// Finding is advice.
type Finding struct {
	// time it was found.
	// +required
	Time metav1.MicroTime `json:"time,omitzero"`
	// component it is about.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Component string `json:"component,omitempty"`
	// rule that found it.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Rule string `json:"rule,omitempty"`
	// message with the numbers that led to it.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:MinLength=1
	// +required
	Message string `json:"message,omitempty"`
}

// Alert is a threshold that was crossed.
type Alert struct {
	// time it was raised.
	// +required
	Time metav1.MicroTime `json:"time,omitzero"`
	// severity is Warning or Critical.
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:MinLength=1
	// +required
	Severity string `json:"severity,omitempty"`
	// component it is about.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Component string `json:"component,omitempty"`
	// signal that crossed its threshold.
	// +kubebuilder:validation:MaxLength=40
	// +optional
	Signal string `json:"signal,omitempty"`
	// message with the numbers.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:MinLength=1
	// +required
	Message string `json:"message,omitempty"`
	// cleared is when the signal came back; left out while it lasts.
	// +optional
	Cleared *metav1.MicroTime `json:"cleared,omitempty"`
}

// Evaluation is the last word of one rule on one component.
type Evaluation struct {
	// component evaluated.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Component string `json:"component,omitempty"`
	// rule evaluated.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Rule string `json:"rule,omitempty"`
	// result is what was done, or why nothing was.
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:MinLength=1
	// +required
	Result string `json:"result,omitempty"`
	// message in words.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`
	// since when the result is the same.
	// +optional
	Since *metav1.MicroTime `json:"since,omitempty"`
}

// Explanation is why nothing was done to a component, or what was, from a time on.
type Explanation struct {
	// component explained.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Component string `json:"component,omitempty"`
	// time from which on it is so.
	// +required
	Time metav1.MicroTime `json:"time,omitzero"`
	// result is what was done, such as ScaleOut, or why nothing was: NotTrue where no
	// condition was true, or what held the rule back.
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:MinLength=1
	// +required
	Result string `json:"result,omitempty"`
	// rule that acted or was held back; none where no condition was true.
	// +kubebuilder:validation:MaxLength=63
	// +optional
	Rule string `json:"rule,omitempty"`
	// message in words, with the numbers of the first moment.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Message string `json:"message,omitempty"`
}

// MeasuredComponent are the last values of a component, in thousandths; what
// was not measured is left out.
type MeasuredComponent struct {
	// name of the component.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Name string `json:"name,omitempty"`
	// cpuMilliPercent of capacity.
	// +optional
	CPUMilliPercent *int64 `json:"cpuMilliPercent,omitempty"`
	// latencyMicroseconds on average.
	// +optional
	LatencyMicroseconds *int64 `json:"latencyMicroseconds,omitempty"`
	// errorMilliPercent of requests.
	// +optional
	ErrorMilliPercent *int64 `json:"errorMilliPercent,omitempty"`
	// requestsPerSecondMilli that arrive.
	// +optional
	RequestsPerSecondMilli *int64 `json:"requestsPerSecondMilli,omitempty"`
}

// ObjectiveStatus says whether an objective holds.
type ObjectiveStatus struct {
	// name of the objective.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:MinLength=1
	// +required
	Name string `json:"name,omitempty"`
	// met says whether it holds.
	// +required
	Met *bool `json:"met,omitempty"`
	// valueMilli measured: milliseconds or percent, in thousandths.
	// +required
	ValueMilli *int64 `json:"valueMilli,omitempty"`
	// targetMilli it was held against.
	// +required
	TargetMilli *int64 `json:"targetMilli,omitempty"`
	// unit of both.
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:MinLength=1
	// +required
	Unit string `json:"unit,omitempty"`
}
