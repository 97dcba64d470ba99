// Package stub is the process behind a replica: a queueing station on logical
// time, reached over frames or HTTP/1.1, that calls the components behind it.
//
// One goroutine, the loop, owns all state and works in turns:
//
//	frames of all connections ─► pending, merged by logical time
//	      pending, up to the horizon ─► station ─► due (finish of each visit)
//	      due, up to the horizon ─► calls to peers, answers to callers
//	      one write for each connection
//
// The horizon is the logical time up to which every caller has promised that
// nothing earlier follows (conservative synchronisation after Chandy, Misra and
// Bryant), never ahead of the wall clock by more than a turn, and never behind
// it by more than the hold-back: what comes later than that is late, is counted,
// and says so in its answer.
//
// A queue and its workers are a circle: what the queue delivers waits for answers
// of workers, whose horizon waits for the queue. Five things make it go round
// without any waiting of the one for the other in wall time:
//
//   - what a worker does for a queue, and all that it calls for that, is answered
//     ahead: as soon as the time of the answer is known, not when it has come;
//   - a caller that waits so computes itself how long its callee takes at least,
//     since draws are pure functions of the request;
//   - whoever learns that an answer will come later than its caller knows, says so;
//   - a worker needs no promise of a queue whose credit is used up: nothing comes
//     before something here is done;
//   - the queue runs a few milliseconds behind the wall clock, so that answers are
//     there when it gets to them, one event after the other.
package stub
