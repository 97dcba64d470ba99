package history

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
)

// Told is all that a Simulation and its graph say, as rows: the whole of it each
// time, since what is kept already is kept once. The graph may be nil. The user who
// started the run is the one that the object names, if user is empty.
func Told(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph, user string) (Batch, error) {
	run, err := runOf(sim, cg, user)
	if err != nil {
		return Batch{}, err
	}
	events, err := eventsOf(sim)
	if err != nil {
		return Batch{}, err
	}
	b := Batch{Runs: []Run{run}, Events: events}
	if run.User != "" {
		b.Users = []User{{Name: run.User, CreatedAt: run.CreatedAt}}
	}
	for _, c := range rehearsal.Commands(sim) {
		b.Users = append(b.Users, User{Name: c.User, CreatedAt: c.Time.UTC()})
		b.Events = append(b.Events, commandEvent(run.ID, c))
	}
	return b, nil
}

func runOf(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph, user string) (Run, error) {
	outcome := rehearsal.Report(sim, cg)
	spec, err := json.Marshal(sim.Spec)
	if err != nil {
		return Run{}, fmt.Errorf("the spec of %s/%s: %w", sim.Namespace, sim.Name, err)
	}
	report, err := json.Marshal(outcome)
	if err != nil {
		return Run{}, fmt.Errorf("the report of %s/%s: %w", sim.Namespace, sim.Name, err)
	}
	objects, err := objectsOf(sim, cg)
	if err != nil {
		return Run{}, err
	}
	run := Run{
		Objects: objects,
		ID:      string(sim.UID), User: cmp.Or(user, sim.Annotations[v1alpha1.StartedByAnnotation]), Graph: outcome.Graph, Namespace: sim.Namespace, Name: sim.Name,
		TrafficIntensity: intensity(sim.Spec.Traffic), AutoScalingEnabled: sim.Spec.AutoScaling.Enabled == nil || *sim.Spec.AutoScaling.Enabled,
		Status: string(outcome.Verdict), CreatedAt: sim.CreationTimestamp.UTC(), Spec: spec, Report: report,
	}
	if cg != nil {
		run.Canvas = string(cg.UID)
	}
	if at := sim.Status.StartTime; at != nil {
		run.StartedAt = at.UTC()
	}
	if at := sim.Status.CompletionTime; at != nil {
		run.EndedAt = at.UTC()
	}
	return run, nil
}

// objectsOf a run without what only servers read.
func objectsOf(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph) (Objects, error) {
	sim = sim.DeepCopy()
	sim.ManagedFields = nil
	var o Objects
	var err error
	if o.Simulation, err = json.Marshal(sim); err != nil {
		return o, fmt.Errorf("the object of %s/%s: %w", sim.Namespace, sim.Name, err)
	}
	if cg == nil {
		return o, nil
	}
	cg = cg.DeepCopy()
	cg.ManagedFields = nil
	if o.ComponentGraph, err = json.Marshal(cg); err != nil {
		return o, fmt.Errorf("the graph of %s/%s: %w", sim.Namespace, sim.Name, err)
	}
	return o, nil
}

// intensity is the greatest rate that is written in the traffic.
func intensity(t v1alpha1.Traffic) int64 {
	var peak int32
	rates := []*int32{t.RequestsPerSecond}
	for _, stage := range t.Stages {
		rates = append(rates, stage.RequestsPerSecond)
	}
	if t.Shape != nil {
		rates = append(rates, t.Shape.PeakRequestsPerSecond)
	}
	for _, rate := range rates {
		if rate != nil {
			peak = max(peak, *rate)
		}
	}
	return int64(peak)
}

func eventsOf(sim *v1alpha1.Simulation) ([]Event, error) {
	var events []Event
	add := func(kind EventType, component string, sequence int64, at time.Time, value any) error {
		data, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("a %s of %s/%s: %w", kind, sim.Namespace, sim.Name, err)
		}
		events = append(events, Event{Run: string(sim.UID), Type: kind, Component: component, Sequence: sequence, At: at.UTC(), Data: data})
		return nil
	}
	for _, d := range sim.Status.Decisions {
		if err := add(EventDecision, d.Component, d.ID, d.Time.Time, d); err != nil {
			return nil, err
		}
	}
	for _, a := range sim.Status.Alerts {
		if err := add(EventAlert, a.Component, a.Time.UnixMicro(), a.Time.Time, a); err != nil {
			return nil, err
		}
	}
	for _, f := range sim.Status.Findings {
		if err := add(EventFinding, f.Component, f.Time.UnixMicro(), f.Time.Time, f); err != nil {
			return nil, err
		}
	}
	return events, nil
}
