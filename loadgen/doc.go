// Package loadgen offers the traffic of a plan: open loop, so that a slow system
// is offered no less, and every request has an intended time that its latency
// counts from.
//
// One goroutine, the loop, owns all state and works in ticks. Requests carry
// their intended time to the first station, so a late tick falsifies no number;
// how late ticks were is measured and makes a run invalid when it is too much.
// Several generators walk the same sequence of arrivals and each sends its own.
package loadgen
