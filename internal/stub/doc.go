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
package stub
