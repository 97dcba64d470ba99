package wire

import "flashcrowd.io/flashcrowd/internal/graph"

// ClassCode is a traffic class on the wire.
type ClassCode uint8

// The classes.
const (
	ClassRead ClassCode = iota
	ClassWrite
	ClassStatic
	ClassAsync

	// Classes is their number.
	Classes = int(ClassAsync) + 1
)

var classNames = [Classes]graph.Class{graph.Read, graph.Write, graph.Static, graph.Async}

// Class is the class by its name in the API; an unknown code reads.
func (c ClassCode) Class() graph.Class {
	if int(c) < Classes {
		return classNames[c]
	}
	return graph.Read
}

// CodeOf is the code of a class; an unknown class reads.
func CodeOf(class graph.Class) ClassCode {
	for i, name := range classNames {
		if name == class {
			return ClassCode(i)
		}
	}
	return ClassRead
}

// OutcomeCode is what became of a request.
type OutcomeCode uint8

// The outcomes.
const (
	Answered OutcomeCode = iota
	Failed
	Dropped
)

var outcomeNames = [...]string{OutcomeAnswered, OutcomeFailed, OutcomeDropped}

// String is the value of the label outcome.
func (o OutcomeCode) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return OutcomeFailed
}

// Reason says why a request was not answered.
type Reason uint8

// The reasons.
const (
	ReasonNone           Reason = iota
	ReasonError                 // failed by its error rate
	ReasonQueueFull             // no waiting place
	ReasonQueueTimeout          // waited too long for a core
	ReasonInFlightLimit         // too many requests in the replica
	ReasonPoolExhausted         // no connection
	ReasonMemoryLimit           // no memory
	ReasonNoEndpoint            // no instance to call
	ReasonConnectionLost        // the callee's connection broke
	ReasonTimeout               // the client gave up
	ReasonOverload              // the generator had too many requests open

	// Reasons is their number.
	Reasons = int(ReasonOverload) + 1
)

var reasonNames = [Reasons]string{
	"", "error", "queue_full", "queue_timeout", "in_flight_limit", "pool_exhausted", "memory_limit",
	"no_endpoint", "connection_lost", "timeout", "overload",
}

// String is the value of the label reason.
func (r Reason) String() string {
	if int(r) < Reasons {
		return reasonNames[r]
	}
	return "unknown"
}

// ReasonOf is the reason of a name; a name that is not known is a plain error.
func ReasonOf(name string) Reason {
	for i, known := range reasonNames {
		if i > 0 && known == name {
			return Reason(i)
		}
	}
	return ReasonError
}

var verbNames = [Verbs]string{"serve", "get", "set", "delete", "replicate"}

// String is the verb as a header has it.
func (v Verb) String() string {
	if int(v) < Verbs {
		return verbNames[v]
	}
	return "unknown"
}

// VerbOf is the verb of a name; it is not ok if there is none such.
func VerbOf(name string) (v Verb, ok bool) {
	for i, known := range verbNames {
		if known == name {
			return Verb(i), true
		}
	}
	return VerbServe, false
}
