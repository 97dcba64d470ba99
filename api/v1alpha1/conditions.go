package v1alpha1

// Conditions of a ComponentGraph.
const (
	// ConditionAccepted says whether the whole graph makes sense.
	//
	// Reasons for True: Accepted. Reasons for False: InvalidGraph, whose message
	// lists every fault and what to write instead; what ran before goes on running.
	ConditionAccepted = "Accepted"
	// ConditionReady says whether every replica of the live architecture is ready.
	//
	// Reasons for True: AllReady. Reasons for False: InstancesStarting, whose
	// message counts them, NotAccepted, and NameConflict,
	// whose message names the object that is in the way.
	ConditionReady = "Ready"
	// ConditionProgressing says whether the workloads are on their way to the
	// live architecture.
	//
	// Reasons for True: InstancesStarting. Reasons for False: AllReady, NotAccepted.
	ConditionProgressing = "Progressing"
)

// Conditions of a Simulation.
const (
	// ConditionSucceeded is the outcome: Unknown until the run has ended.
	//
	// Reasons for Unknown: WaitingForGraph, Preparing, NameConflict (whose message
	// names the Job that is in the way), Running, Paused, Finishing.
	// Reasons for True: ObjectivesMet. Reasons for False: ObjectivesMissed,
	// StoppedEarly, Invalid (the host was too starved for the numbers to be
	// believed), InvalidTraffic, GraphDeleted.
	ConditionSucceeded = "Succeeded"
	// ConditionRunning says whether traffic flows.
	//
	// Reasons for True: TrafficFlowing. Reasons for False: WaitingForGraph,
	// Preparing, NameConflict, Paused, Finished.
	ConditionRunning = "Running"
	// ConditionMetricsAvailable says whether the rules can see.
	//
	// Reasons for True: Measured. Reasons for False: NoData, Unreachable, Stale, and
	// Fault, when the run itself takes the measurements away. While it
	// is False nothing scales.
	ConditionMetricsAvailable = "MetricsAvailable"
	// ConditionFinished is True when the run has ended, whatever the outcome.
	//
	// Reasons for True: those of Succeeded. Reasons for False: NotFinished.
	ConditionFinished = "Finished"
	// ConditionAutoScalingAccepted says whether every rule compiles.
	//
	// Reasons for True: Accepted; Cautions, whose message names rules that will
	// likely be regretted. Reasons for False: InvalidRule, whose message names the
	// rule; the other rules act. AmbiguousOwner, whose message names an autoscaler of
	// the user's; the rules leave what it scales alone.
	ConditionAutoScalingAccepted = "AutoScalingAccepted"
	// ConditionAdvised says whether the run found something that no rule can do by
	// itself, such as sharding a database that writes overload.
	//
	// Reasons for True: Findings, whose message has the last finding on each
	// component, with its numbers. Reasons for False: NoFindings.
	ConditionAdvised = "Advised"
)

// Reasons of conditions.
const (
	ReasonAccepted          = "Accepted"
	ReasonInvalidGraph      = "InvalidGraph"
	ReasonAllReady          = "AllReady"
	ReasonInstancesStarting = "InstancesStarting"
	ReasonNotAccepted       = "NotAccepted"
	ReasonNameConflict      = "NameConflict"

	ReasonWaitingForGraph  = "WaitingForGraph"
	ReasonPreparing        = "Preparing"
	ReasonRunning          = "Running"
	ReasonPaused           = "Paused"
	ReasonFinishing        = "Finishing"
	ReasonObjectivesMet    = "ObjectivesMet"
	ReasonObjectivesMissed = "ObjectivesMissed"
	ReasonStoppedEarly     = "StoppedEarly"
	ReasonInvalid          = "Invalid"
	ReasonGraphDeleted     = "GraphDeleted"
	ReasonInvalidTraffic   = "InvalidTraffic"
	ReasonTrafficFlowing   = "TrafficFlowing"
	ReasonFinished         = "Finished"
	ReasonNotFinished      = "NotFinished"
	ReasonMeasured         = "Measured"
	ReasonNoData           = "NoData"
	ReasonUnreachable      = "Unreachable"
	ReasonStale            = "Stale"
	ReasonFault            = "Fault"
	ReasonInvalidRule      = "InvalidRule"
	ReasonAmbiguousOwner   = "AmbiguousOwner"
	ReasonCautions         = "Cautions"
	ReasonFindings         = "Findings"
	ReasonNoFindings       = "NoFindings"
)
