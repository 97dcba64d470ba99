package runs

import (
	"reflect"
	"slices"
	"sync"
	"time"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/internal/feed"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Run is one run that is watched.
type Run struct {
	Feed *feed.Feed

	mu      sync.Mutex
	sim     *v1alpha1.Simulation
	steps   projection.Architectures
	picture projection.Picture
	// drawn says that the graph was there to be drawn.
	drawn bool
	sight projection.Sight
	// changed is when the object was last seen to be another than before.
	changed time.Time
}

// Recall is the run of an object that nobody watches: as it is now, with its
// history. cg is its graph, nil when that is gone.
func Recall(sim *v1alpha1.Simulation, cg *v1alpha1.ComponentGraph, name Name, now time.Time) *Run {
	return first(seen{sim: sim, graph: cg, sight: projection.Clear(), now: now}, name)
}

// Simulation is the newest object that was seen; it is not to be changed.
func (r *Run) Simulation() *v1alpha1.Simulation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sim
}

// seen is what the API says at one moment.
type seen struct {
	sim   *v1alpha1.Simulation
	graph *v1alpha1.ComponentGraph // nil when it is gone
	sight projection.Sight
	now   time.Time
}

// statusOf is the graph's status if it is about this run: one that holds the
// graph, or that is about to.
func (s seen) statusOf() *v1alpha1.ComponentGraphStatus {
	if s.graph == nil {
		return nil
	}
	switch by := s.graph.Status.HeldBy; {
	case by == s.sim.Name, by == "" && !projection.Finished(s.sim):
		return &s.graph.Status
	default:
		return nil
	}
}

// first is the run as it is when it is seen for the first time: what has
// happened before is its history.
func first(s seen, name Name) *Run {
	r := &Run{sim: s.sim, sight: s.sight, changed: s.now}
	snapshot := wire.FeedSnapshot{
		Run: projection.Summary(s.sim, s.graph), Base: empty(), Log: []wire.CanvasChange{}, Topology: empty(), Columns: wire.Columns(int(projection.Window / time.Second)),
		Decisions: []wire.ScalingDecision{}, Alerts: projection.Alerts(s.sim), Findings: projection.Findings(s.sim),
		Control: projection.Control(s.sim), Phase: projection.Phase(s.sim, s.sight),
	}
	if steps, ok := read(s); ok {
		r.steps, r.drawn = steps, true
		snapshot.Base, snapshot.Log, r.picture = projection.History(steps)
		snapshot.Topology = snapshot.Base
		for _, change := range snapshot.Log {
			snapshot.Topology = feed.Step(snapshot.Topology, change)
		}
		r.arrive(&snapshot, s)
		snapshot.Decisions = r.moment(s, snapshot.Topology, true).Decisions(nil)
	}
	r.Feed = feed.New(name.Epoch, name.Server, name.TickEvery, snapshot)
	return r
}

// arrive takes a history to what is there now.
func (r *Run) arrive(snapshot *wire.FeedSnapshot, s seen) {
	now := projection.Canvas(r.steps.Live(), r.picture, s.statusOf())
	change, some := projection.Difference(snapshot.Topology, now)
	if some {
		change.Seq, change.At = int64(len(snapshot.Log)+1), s.now.UnixMilli()
		snapshot.Log = append(snapshot.Log, change)
		snapshot.Topology = feed.Step(snapshot.Topology, change)
	}
	snapshot.Seq = int64(len(snapshot.Log))
}

func empty() wire.Canvas {
	return wire.Canvas{Nodes: []wire.Node{}, Links: []wire.Link{}, IDs: []string{}, LinkIDs: []string{}, Direction: wire.LeftToRight}
}

// read is the architecture of the run; it is not ok when there is none to read,
// because the graph is gone or makes no sense.
func read(s seen) (projection.Architectures, bool) {
	if s.graph == nil {
		return projection.Architectures{}, false
	}
	steps, err := projection.Read(s.graph, s.sim)
	return steps, err == nil
}

func (r *Run) moment(s seen, canvas wire.Canvas, isFirst bool) projection.Moment {
	return projection.Moment{Now: s.now, Simulation: s.sim, Architectures: r.steps, Picture: r.picture, Canvas: canvas, First: isFirst}
}

// update tells what is new since the run was last seen.
func (r *Run) update(s seen) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended := projection.Finished(r.sim)
	if s.sim.ResourceVersion != r.sim.ResourceVersion {
		r.changed, s.sight.Manager = s.now, wire.Health{OK: true}
	}
	r.sim, r.sight = s.sim, s.sight
	held := r.Feed.Snapshot()
	r.Feed.Describe(projection.Summary(s.sim, s.graph))
	var changes []feed.Change
	canvas := held.Topology
	if !ended { // what a run ended with stays, whoever plays on its graph next
		var grown []feed.Change
		canvas, grown = r.grow(s, held)
		changes = append(changes, grown...)
	}
	if r.drawn {
		changes = order(r.moment(s, canvas, false).Decisions(held.Decisions), held.Decisions, changes)
	}
	changes = append(changes, told(projection.Alerts(s.sim), held.Alerts, func(a wire.RunAlert) feed.Change { return feed.Alert(a) })...)
	changes = append(changes, told(projection.Findings(s.sim), held.Findings, func(f wire.RunFinding) feed.Change { return feed.Finding(f) })...)
	if control := projection.Control(s.sim); !reflect.DeepEqual(control, held.Control) {
		changes = append(changes, feed.Control(control))
	}
	if phase := projection.Phase(s.sim, s.sight); !reflect.DeepEqual(phase, held.Phase) {
		changes = append(changes, feed.Phase(phase))
	}
	return r.Feed.Publish(s.now, changes...)
}

// grow draws the architecture of now and tells how it differs.
func (r *Run) grow(s seen, held wire.FeedSnapshot) (wire.Canvas, []feed.Change) {
	steps, ok := read(s)
	if !ok {
		return held.Topology, nil
	}
	if !r.drawn || !reflect.DeepEqual(steps.Base, r.steps.Base) {
		_, _, r.picture = projection.History(steps)
	} else if live := steps.Live(); !sameComponents(live, r.steps.Live()) {
		r.picture = r.picture.With(live)
	}
	r.steps, r.drawn = steps, true
	canvas := projection.Canvas(steps.Live(), r.picture, s.statusOf())
	change, some := projection.Difference(held.Topology, canvas)
	if !some {
		return held.Topology, nil
	}
	change.Decision = projection.Cause(steps, change)
	return canvas, []feed.Change{feed.Topology(change)}
}

func sameComponents(a, b graph.Architecture) bool {
	return slices.EqualFunc(a.Components, b.Components, func(x, y graph.Component) bool { return x.Name == y.Name }) &&
		slices.EqualFunc(a.Connections, b.Connections, func(x, y graph.Connection) bool { return x.From == y.From && x.To == y.To })
}

// order puts new decisions before what they did, and what came of them behind.
func order(decisions, held []wire.ScalingDecision, did []feed.Change) []feed.Change {
	var before, behind []feed.Change
	for _, d := range decisions {
		at := slices.IndexFunc(held, func(h wire.ScalingDecision) bool { return h.ID == d.ID })
		switch {
		case at < 0 && d.Stage == wire.StageApplied:
			before = append(before, feed.Decision(d))
		case at < 0 || !reflect.DeepEqual(held[at], d):
			behind = append(behind, feed.Decision(d))
		}
	}
	return slices.Concat(before, did, behind)
}

// told are those of a list that are new or changed.
func told[T any](now, held []T, as func(T) feed.Change) []feed.Change {
	var changes []feed.Change
	for _, item := range now {
		if !slices.ContainsFunc(held, func(h T) bool { return reflect.DeepEqual(h, item) }) {
			changes = append(changes, as(item))
		}
	}
	return changes
}

// see tells a change of what the dashboard itself can see.
func (r *Run) see(sight projection.Sight, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sight == sight || projection.Finished(r.sim) {
		return nil
	}
	r.sight = sight
	return r.Feed.Publish(now, feed.Phase(projection.Phase(r.sim, sight)))
}

// lookedAfter is whether the manager looks after the run.
func (r *Run) lookedAfter(now time.Time) wire.Health {
	r.mu.Lock()
	defer r.mu.Unlock()
	return projection.Manager(r.sim, r.changed, now)
}

// runs reports whether there is something to measure.
func (r *Run) runs() bool {
	sim := r.Simulation()
	return sim.Status.StartTime != nil && !projection.Finished(sim)
}

// scene is the question for what the run did lately.
func (r *Run) scene(at time.Time) metrics.Scene {
	sim := r.Simulation()
	return metrics.Scene{Namespace: sim.Namespace, Graph: sim.Spec.GraphRef.Name, Simulation: sim.Name, At: at, Window: projection.Window}
}

// measured tells a measurement, nil when the source did not answer.
func (r *Run) measured(shown *metrics.Shown, now time.Time) error {
	elapsed := projection.Elapsed(r.Simulation(), now)
	return r.Feed.Measure(now, projection.Tick(r.Feed.Snapshot().Topology, elapsed, shown))
}

// gone says that the object was deleted.
func (r *Run) gone(now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	phase := projection.Phase(r.sim, projection.Clear())
	phase.Stage, phase.Message, phase.Finished = projection.StageDeleted, "the run was deleted", true
	if err := r.Feed.Publish(now, feed.Phase(phase)); err != nil {
		return err
	}
	r.Feed.Close(now, wire.CloseNotFound, "the run was deleted", -time.Millisecond)
	return nil
}
