// Package bench measures what a rehearsal costs and how true it is, with the real
// stub and generator as separate processes on real sockets: CPU per request over
// chains and fan-ins, beside a plain net/http chain of the same shape in the same
// run, and logical latencies beside queueing theory. `make bench` runs it.
package bench
