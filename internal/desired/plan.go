package desired

import (
	"fmt"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/fault"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Plan is what the generators of a simulation play. trace is the CSV that a
// replay asks for; an error says what is wrong with it.
func Plan(sim *v1alpha1.Simulation, trace string) (wire.Plan, error) {
	offered, err := Traffic(sim.Spec, trace)
	if err != nil {
		return wire.Plan{}, err
	}
	faults, err := Faults(sim.Spec.Faults)
	if err != nil {
		return wire.Plan{}, err
	}
	plan := wire.Plan{
		Simulation: sim.Namespace + "/" + sim.Name, UID: string(sim.UID),
		Duration:   seconds(sim.Spec.DurationSeconds),
		PausedFor:  time.Duration(sim.Status.PausedMilliseconds) * time.Millisecond,
		Stopped:    sim.Spec.State == v1alpha1.StateStopped,
		Finished:   sim.Status.CompletionTime != nil,
		Traffic:    offered,
		Faults:     faults,
		Generators: value(sim.Spec.Traffic.Generators, 1),
	}
	if sim.Status.StartTime != nil {
		plan.Start = sim.Status.StartTime.Time
	}
	if sim.Status.PausedTime != nil {
		plan.PausedAt = sim.Status.PausedTime.Time
	}
	return plan, nil
}

// Faults are what goes wrong in a run, as its spec has them.
func Faults(list []v1alpha1.Fault) (fault.Plan, error) {
	p := &parser{}
	var out fault.Plan
	for _, f := range list {
		out = append(out, fault.Fault{
			Name: f.Name, Kind: fault.Kind(f.Kind), At: seconds(f.AtSeconds), Duration: seconds(f.DurationSeconds), Every: seconds(f.EverySeconds),
			Component: f.Component, Instances: value(f.Instances, 0), Latency: p.optional("latency", f.Latency),
			ErrorRatePPM: value(f.ErrorRatePartsPerMillion, 0), Delay: seconds(f.DelaySeconds),
		})
	}
	return out, p.err
}

func seconds(s *int32) time.Duration { return time.Duration(value(s, 0)) * time.Second }

// Traffic is what a spec offers over its duration.
func Traffic(spec v1alpha1.SimulationSpec, trace string) (traffic.Traffic, error) {
	t := spec.Traffic
	profile, err := profile(t, seconds(spec.DurationSeconds), trace)
	if err != nil {
		return traffic.Traffic{}, err
	}
	p := &parser{}
	out := traffic.Traffic{
		Profile: profile, Arrival: traffic.Arrival(or(string(t.Arrival), string(traffic.Poisson))),
		Mix: mix(t.Mix), Keys: traffic.Keys{Count: 10_000, SkewPercent: 99},
		Timeout: p.duration("timeout", or(string(t.Timeout), "10s")),
	}
	if t.Keys != nil {
		out.Keys = traffic.Keys{Count: int64(value(t.Keys.Count, 10_000)), SkewPercent: value(t.Keys.ZipfSkewPercent, 99)}
	}
	for _, r := range t.Regions {
		out.Regions = append(out.Regions, traffic.Region{Name: r.Name, Weight: value(r.Weight, 1), RoundTrip: p.duration("roundTrip", string(r.RoundTrip))})
	}
	return out, p.err
}

func mix(m v1alpha1.Mix) traffic.Mix {
	out := traffic.Mix{
		ReadPercent: value(m.ReadPercent, 0), WritePercent: value(m.WritePercent, 0),
		StaticPercent: value(m.StaticPercent, 0), AsyncPercent: value(m.AsyncPercent, 0),
	}
	if out == (traffic.Mix{}) {
		return traffic.Mix{ReadPercent: 80, WritePercent: 20}
	}
	return out
}

// profile is the rate over time, from whichever form the user chose.
func profile(t v1alpha1.Traffic, duration time.Duration, trace string) (traffic.Profile, error) {
	base := float64(value(t.RequestsPerSecond, 0))
	switch {
	case len(t.Stages) > 0:
		return stages(base, t.Stages), nil
	case t.Shape != nil:
		return shape(base, *t.Shape, duration), nil
	case t.Replay != nil:
		return replay(*t.Replay, trace)
	default:
		return traffic.Constant(base, duration), nil
	}
}

func stages(base float64, list []v1alpha1.Stage) traffic.Profile {
	steps := make([]traffic.Stage, 0, len(list))
	for _, s := range list {
		steps = append(steps, traffic.Stage{
			Duration: seconds(s.DurationSeconds), Rate: float64(value(s.RequestsPerSecond, 0)), Step: s.Ramp == v1alpha1.RampStep,
		})
	}
	return traffic.Stages(base, steps)
}

func shape(base float64, s v1alpha1.Shape, duration time.Duration) traffic.Profile {
	peak := float64(value(s.PeakRequestsPerSecond, 0))
	switch s.Kind {
	case v1alpha1.ShapeRamp:
		return traffic.Ramp(base, peak, duration)
	case v1alpha1.ShapeSpike:
		return traffic.Spike(base, peak, duration)
	case v1alpha1.ShapeWave:
		return traffic.Wave(base, peak, seconds(s.PeriodSeconds), duration)
	default:
		return traffic.Constant(base, duration)
	}
}

func replay(r v1alpha1.Replay, trace string) (traffic.Profile, error) {
	rows, err := traffic.ParseTrace(strings.NewReader(trace), r.Column)
	if err != nil {
		return traffic.Profile{}, fmt.Errorf("replay of %s in ConfigMap %s: %w", or(r.Key, "trace.csv"), r.ConfigMapName, err)
	}
	return traffic.Replay(rows, traffic.Scaling{
		Interval: time.Duration(value(r.IntervalSeconds, 60)) * time.Second,
		Rate:     float64(value(r.RatePartsPerMillion, 1_000_000)) / 1e6,
		Speed:    float64(value(r.SpeedPercent, 100)) / 100,
	}), nil
}
