// Package desired turns what users write into what should be: specs into
// architectures and plans, architectures into Kubernetes objects, and back into
// status. It is pure over Kubernetes types: it has no client and no clock.
package desired

import (
	"fmt"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/graph"
)

// Architecture is the architecture that a spec describes, with the defaults of
// each type filled in. Durations were checked at admission; one that is out of
// range all the same is an error that names its component.
func Architecture(spec v1alpha1.ComponentGraphSpec) (graph.Architecture, error) {
	arch := graph.Architecture{Transport: graph.Transport(or(string(spec.Transport), string(graph.TransportFrames)))}
	for _, c := range spec.Components {
		component, err := component(c)
		if err != nil {
			return graph.Architecture{}, fmt.Errorf("component %s: %w", c.Name, err)
		}
		arch.Components = append(arch.Components, component)
	}
	for _, c := range spec.Connections {
		p := &parser{}
		arch.Connections = append(arch.Connections, p.connection(c))
		if p.err != nil {
			return graph.Architecture{}, fmt.Errorf("connection %s -> %s: %w", c.From, c.To, p.err)
		}
	}
	return arch, nil
}

func component(c v1alpha1.Component) (graph.Component, error) {
	kind := graph.ComponentType(c.Type)
	out := graph.Component{
		Name: c.Name, Type: kind, Replicas: value(c.Replicas, 1),
		ErrorRatePPM: value(c.ErrorRatePartsPerMillion, 0), BurnCPU: c.CPU == v1alpha1.CPUBurn,
	}
	if c.Position != nil {
		out.Position = &graph.Point{X: value(c.Position.X, 0), Y: value(c.Position.Y, 0)}
	}
	p := &parser{}
	out.Capacity = p.capacity(kind, c.Capacity)
	out.StartupDelay = p.optional("startupDelay", c.StartupDelay)
	if w := c.WarmUp; w != nil {
		out.WarmUp = &graph.WarmUp{Duration: p.duration("warmUp.duration", string(w.Duration)), SlowdownPercent: value(w.SlowdownPercent, 0)}
	}
	p.blocks(&out, c)
	return out, p.err
}

// parser remembers the first duration that cannot be read.
type parser struct{ err error }

func (p *parser) duration(field, text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("%s: write a duration with its unit, such as 2ms, not %q", field, text)
	}
	return d
}

func (p *parser) optional(field string, text *v1alpha1.Duration) time.Duration {
	if text == nil {
		return 0
	}
	return p.duration(field, string(*text))
}

func (p *parser) service(field string, text *v1alpha1.ServiceDuration) time.Duration {
	if text == nil {
		return 0
	}
	return p.duration(field, string(*text))
}

func (p *parser) capacity(kind graph.ComponentType, c *v1alpha1.Capacity) graph.Capacity {
	out := defaultCapacity(kind)
	if c == nil {
		return out
	}
	out.Cores = value(c.Cores, out.Cores)
	if c.ServiceTime != nil {
		out.ServiceTime = p.distribution(*c.ServiceTime)
	}
	for _, class := range c.Classes {
		if out.ByClass == nil {
			out.ByClass = map[graph.Class]graph.Distribution{}
		}
		out.ByClass[graph.Class(class.Class)] = p.distribution(class.ServiceTime)
	}
	out.MaxInFlight = value(c.MaxInFlight, 0)
	out.QueueLimit = c.QueueLimit
	out.QueueTimeout = p.optional("queueTimeout", c.QueueTimeout)
	if m := c.Memory; m != nil {
		out.Memory = graph.Memory{
			LimitBytes:      int64(value(m.LimitMiB, int32(out.Memory.LimitBytes>>20))) << 20,
			BaseBytes:       int64(value(m.BaseMiB, int32(out.Memory.BaseBytes>>20))) << 20,
			PerRequestBytes: int64(value(m.PerRequestKiB, int32(out.Memory.PerRequestBytes>>10))) << 10,
			PerPeerBytes:    int64(value(m.PerPeerKiB, 0)) << 10,
		}
	}
	return out
}

func (p *parser) distribution(s v1alpha1.ServiceTime) graph.Distribution {
	if s.P50 != nil {
		return graph.Distribution{
			Kind: graph.Quantiles, P50: p.service("p50", s.P50), P90: p.service("p90", s.P90), P99: p.service("p99", s.P99),
		}
	}
	return graph.Distribution{
		Kind: graph.DistributionKind(or(string(s.Distribution), string(graph.Exponential))),
		Mean: p.service("mean", s.Mean), CVPercent: value(s.CVPercent, 0),
	}
}

// blocks fills the block of the component's type.
func (p *parser) blocks(out *graph.Component, c v1alpha1.Component) {
	switch out.Type {
	case graph.LoadBalancer:
		out.LoadBalancer = &graph.Balancing{Algorithm: graph.RoundRobin}
		if c.LoadBalancer != nil && c.LoadBalancer.Algorithm != "" {
			out.LoadBalancer.Algorithm = graph.Algorithm(c.LoadBalancer.Algorithm)
		}
	case graph.Database:
		out.Database = &graph.DatabaseRole{ConnectionLimit: defaultConnectionLimit}
		if d := c.Database; d != nil {
			out.Database.ConnectionLimit = value(d.ConnectionLimit, defaultConnectionLimit)
			out.Database.ReplicaOf = value(d.ReplicaOf, "")
			out.Database.ReplicationLag = p.optional("replicationLag", d.ReplicationLag)
		}
	case graph.Cache:
		out.Cache = &graph.Caching{Entries: 10_000, Policy: graph.LRU}
		if k := c.Cache; k != nil {
			out.Cache = &graph.Caching{
				Entries: int64(value(k.Entries, 10_000)), Policy: graph.CachePolicy(or(string(k.Policy), string(graph.LRU))), TTL: p.optional("ttl", k.TTL),
			}
		}
	case graph.MessageQueue:
		out.Queue = &graph.Queueing{}
		if c.Queue != nil {
			out.Queue.DepthLimit = int64(value(c.Queue.DepthLimit, 0))
		}
	case graph.Worker:
		out.Worker = &graph.Working{Concurrency: 1}
		if c.Worker != nil {
			out.Worker.Concurrency = value(c.Worker.Concurrency, 1)
		}
	case graph.CDN:
		out.CDN = &graph.Edge{Entries: 10_000}
		if c.CDN != nil {
			out.CDN = &graph.Edge{Entries: int64(value(c.CDN.Entries, 10_000)), Regions: c.CDN.Regions}
		}
	}
}

// defaultPoolTimeout is how long calls wait for a connection where nothing is said,
// as in client libraries.
const defaultPoolTimeout = 30 * time.Second

func (p *parser) connection(c v1alpha1.Connection) graph.Connection {
	out := graph.Connection{
		From: c.From, To: c.To, Calls: value(c.Calls, 1),
		Mode: graph.CallMode(or(string(c.Mode), string(graph.Sequential))), ProbabilityPercent: value(c.ProbabilityPercent, 100),
		PoolSize: value(c.PoolSize, 0), Timeout: p.optional("timeout", c.Timeout),
	}
	if out.PoolSize > 0 {
		if out.PoolTimeout = p.optional("poolTimeout", c.PoolTimeout); out.PoolTimeout == 0 {
			out.PoolTimeout = defaultPoolTimeout
		}
	}
	if r := c.Retries; r != nil {
		out.Retries = graph.Retries{
			Count: value(r.Count, 1), Backoff: p.duration("backoff", or(string(r.Backoff), "25ms")), MaxBackoff: p.duration("maxBackoff", or(string(r.MaxBackoff), "1s")),
			BudgetPercent: value(r.BudgetPercent, 0),
		}
	}
	for _, class := range c.Classes {
		out.Classes = append(out.Classes, graph.Class(class))
	}
	return out
}

// value is what a pointer points to, or the default.
func value[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
