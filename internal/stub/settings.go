package stub

import (
	"fmt"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// capacityOf is the capacity of one replica as its spec has it.
func capacityOf(c graph.Component) (station.Config, error) {
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
	if c.Capacity.QueueLimit != nil {
		config.Queue = station.AtMost(int(*c.Capacity.QueueLimit))
	}
	return config, nil
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
