// Package scaling decides how an architecture grows and shrinks under traffic.
//
// Step is a pure function: it takes the time, the architecture, what was
// measured and the state of the last tick, and returns decisions, records that
// explain each of them (and each inaction), alerts, findings and the next
// state. It has no clock, goroutine, randomness or I/O of its own, so that a
// live run, a dry run, a replay and a plan all decide the same.
//
// A rule watches a component (its subject) and changes a component (its
// object; most often the same one, but a queue's rule changes its workers).
// Each pair of rule and subject walks these states:
//
//	           condition True             True for the whole `for`
//	Inactive ------------------> Pending -------------------------> Firing
//	   ^  ^                      |    ^ |                             |
//	   |  +----------------------+    +-+                             | a decision was taken
//	   |       one False         Unknown pauses the timer             v
//	Cooling <------------------------------------------------------ Acted
//	   cool-down over, back to Inactive        the change took effect
//
// Unknown is a third truth value: what was not measured never starts a
// scale-out and never confirms a scale-in.
package scaling
