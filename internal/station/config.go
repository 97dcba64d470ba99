package station

import (
	"errors"
	"fmt"
	"time"
)

// MaxCores is the most virtual cores a station can have.
const MaxCores = 4096

// Config is the capacity of one replica. The zero value of every limit is
// "unbounded"; Cores and Service.Default must be set.
type Config struct {
	// Cores is the number of virtual cores, 1 to MaxCores. A request holds one
	// core for its whole service time.
	Cores int
	// Service is how long requests hold a core.
	Service Service
	// Queue bounds the requests that wait for a core; AtMost(0) is a pure loss
	// station, AtMost(k) on c cores is M/M/c/K with K = c + k.
	Queue Limit
	// QueueTimeout is how long a request waits for a core before it leaves
	// unserved; 0 waits for ever. It counts as waiting until it leaves.
	QueueTimeout time.Duration
	// InFlight bounds the requests that hold a slot of the replica: those waiting
	// or in service here and those of ArriveHolding that were not yet released.
	InFlight Limit
	// Pool is the connection pool in front of the cores.
	Pool Pool
	// Memory is the memory model.
	Memory Memory
	// ErrorRate is the share of served requests that fail by themselves. A
	// failing request uses its core like any other.
	ErrorRate PPM
}

// Pool is a FIFO pool of connections in front of the cores. A request takes a
// connection before it may wait for a core and gives it back when it leaves,
// so with P connections in use of N requests P = min(N, Connections). With at
// least as many connections as cores the response time is that of M/M/c
// exactly; with fewer the pool is the number of servers.
type Pool struct {
	// Connections bounds the connections in use; the zero value has no pool
	// and counts one connection per request.
	Connections Limit
	// Waiting bounds the requests that wait for a connection; AtMost(0) fails fast.
	Waiting Limit
}

// Memory is the memory model of a replica in bytes: Base, and PerRequest for
// every request in flight.
type Memory struct {
	// Limit refuses requests that would need more; 0 is unbounded.
	Limit      int64
	Base       int64
	PerRequest int64
}

// Service is the service time of each traffic class.
type Service struct {
	Default Distribution
	// ByClass overrides Default for the class that is its index; nil entries
	// and classes beyond its end have the default.
	ByClass []Distribution
}

// Of is the distribution of a class.
func (s Service) Of(class uint8) Distribution {
	if int(class) < len(s.ByClass) && s.ByClass[class] != nil {
		return s.ByClass[class]
	}
	return s.Default
}

// Demand is the service time of a request of a class whose uniform draw is u.
func (s Service) Demand(class uint8, u float64) time.Duration {
	return s.Of(class).Sample(u)
}

// Limit is an upper bound on a count. The zero value is no bound.
type Limit struct {
	bounded bool
	most    int
}

// AtMost is the limit of n; a negative n is no bound.
func AtMost(n int) Limit {
	if n < 0 {
		return Limit{}
	}
	return Limit{bounded: true, most: n}
}

// Bound is the limit and whether there is one.
func (l Limit) Bound() (most int, bounded bool) { return l.most, l.bounded }

// reached says that a count of n leaves no place.
func (l Limit) reached(n int) bool { return l.bounded && n >= l.most }

// clip is n cut to the limit.
func (l Limit) clip(n int) int {
	if l.bounded {
		return min(n, l.most)
	}
	return n
}

// Validate says what is wrong with a configuration.
func (c Config) Validate() error {
	var errs []error
	if c.Cores < 1 || c.Cores > MaxCores {
		errs = append(errs, fmt.Errorf("cores must be between 1 and %d, not %d", MaxCores, c.Cores))
	}
	if c.Service.Default == nil {
		errs = append(errs, errors.New("service time must be set"))
	}
	if c.QueueTimeout < 0 {
		errs = append(errs, fmt.Errorf("queue timeout must not be negative, not %v", c.QueueTimeout))
	}
	if most, bounded := c.Pool.Connections.Bound(); bounded && most == 0 {
		errs = append(errs, errors.New("a pool needs at least one connection"))
	}
	if m := c.Memory; m.Limit < 0 || m.Base < 0 || m.PerRequest < 0 {
		errs = append(errs, fmt.Errorf("memory must not be negative: %+v", m))
	}
	if c.ErrorRate < 0 || c.ErrorRate > Always {
		errs = append(errs, fmt.Errorf("error rate must be between 0 and %d parts per million, not %d", Always, c.ErrorRate))
	}
	return errors.Join(errs...)
}

// servers is how many requests can be in service at once.
func (c Config) servers() int { return c.Pool.Connections.clip(c.Cores) }
