package stub

import (
	"fmt"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// supported says why a component cannot be served, empty if it can.
func supported(c graph.Component) string {
	switch c.Type {
	case graph.LoadBalancer, graph.APIServer, graph.Database:
		return ""
	default:
		return fmt.Sprintf("components of type %s are not served by this version", c.Type)
	}
}

// stationConfig is the capacity of one replica of a component.
func stationConfig(c graph.Component) (station.Config, error) {
	service, err := distribution(c.Capacity.ServiceTime)
	if err != nil {
		return station.Config{}, fmt.Errorf("service time of %s: %w", c.Name, err)
	}
	config := station.Config{
		Cores:        int(c.Capacity.Cores),
		Service:      station.Service{Default: service, ByClass: make([]station.Distribution, wire.Classes)},
		QueueTimeout: c.Capacity.QueueTimeout,
		Memory:       station.Memory{Limit: c.Capacity.Memory.LimitBytes, Base: c.Capacity.Memory.BaseBytes, PerRequest: c.Capacity.Memory.PerRequestBytes},
		ErrorRate:    station.PPM(c.ErrorRatePPM),
	}
	for class, d := range c.Capacity.ByClass {
		if config.Service.ByClass[wire.CodeOf(class)], err = distribution(d); err != nil {
			return station.Config{}, fmt.Errorf("service time of %s for %s: %w", c.Name, class, err)
		}
	}
	if c.Capacity.MaxInFlight > 0 {
		config.InFlight = station.AtMost(int(c.Capacity.MaxInFlight))
	}
	limitQueue(&config, c)
	return config, nil
}

// limitQueue bounds waiting: for a core, or, in a database, for a connection.
func limitQueue(config *station.Config, c graph.Component) {
	pooled := c.Database != nil && c.Database.ConnectionLimit > 0
	if pooled {
		config.Pool.Connections = station.AtMost(int(c.Database.ConnectionLimit))
	}
	switch limit := c.Capacity.QueueLimit; {
	case limit == nil:
	case pooled:
		config.Pool.Waiting = station.AtMost(int(*limit))
	default:
		config.Queue = station.AtMost(int(*limit))
	}
}

func distribution(d graph.Distribution) (station.Distribution, error) {
	cv := float64(d.CVPercent) / 100
	if cv == 0 {
		cv = 1
	}
	switch d.Kind {
	case graph.Constant:
		return station.Constant(d.Mean), nil
	case graph.Exponential:
		return station.Exponential(d.Mean), nil
	case graph.LogNormal:
		return station.LogNormal(d.Mean, cv)
	case graph.Uniform:
		return uniform(d.Mean, cv)
	case graph.Erlang:
		return station.ErlangCV(d.Mean, cv)
	case graph.Hyper:
		return station.HyperExponential(d.Mean, cv)
	case graph.Quantiles:
		return station.Through(d.P50, d.P90, d.P99)
	default:
		return nil, fmt.Errorf("unknown distribution %q", d.Kind)
	}
}

// uniform lies around its mean; a coefficient of variation of 1/sqrt(3) or more
// would reach below zero, so it spans from zero to twice the mean then.
func uniform(mean time.Duration, cv float64) (station.Distribution, error) {
	const widest = 0.57735026919 // 1/sqrt(3)
	half := time.Duration(float64(mean) * min(cv/widest, 1))
	return station.Uniform(mean-half, mean+half)
}
