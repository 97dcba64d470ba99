package scaling

import (
	"flashcrowd.io/flashcrowd/internal/graph"
)

// observeSizes notes for every component what settled since the last tick and
// adopts a size that a human changed as the new baseline.
func (t *tick) observeSizes() {
	first := t.state.LastTick.IsZero()
	for _, c := range t.live.Components {
		t.observe(c, Act, first)
	}
	if !t.dryRuns() {
		return
	}
	for _, c := range t.virtual.Components {
		t.observe(c, DryRun, first)
	}
}

func (t *tick) dryRuns() bool {
	for _, r := range t.Program.rules {
		if r.mode(t.Settings) == DryRun {
			return true
		}
	}
	return false
}

func (t *tick) observe(c graph.Component, m Mode, first bool) {
	o := &object{name: c.Name, mode: m, key: objectKey(c.Name, m), current: c.Replicas, from: c.Replicas, to: c.Replicas, result: None}
	known, seen := t.state.Objects[o.key]
	users := t.usersSize(c)
	ready, serving := t.readiness(c, m)
	switch {
	case !seen:
		known = ObjectState{Baseline: users, Spec: c.Replicas, Settling: !first || !serving}
	case known.Baseline != users:
		known.Baseline, known.ChangedIn, known.ChangedOut = users, t.Now, t.Now
		known.In, known.Out = nil, nil
	}
	if known.Spec != c.Replicas {
		known.Spec, known.Settling = c.Replicas, true
	}
	if known.Settling && serving {
		known.Settling, known.Effective = false, t.Now
	}
	if seen && !known.Settling && known.Ready != ready {
		known.Effective = t.Now // a replica was lost or came back
	}
	known.Ready = ready
	known.Changes = keepWithin(known.Changes, t.Now, longestPeriod(t.Program, t.Settings))
	o.state = known
	t.objects[o.key] = o
}

// usersSize is the size of the user's own component, 1 for a component that a decision added.
func (t *tick) usersSize(c graph.Component) int32 {
	if mine, ok := t.Base.Component(c.Name); ok {
		return mine.Replicas
	}
	return 1
}

// readiness is the number of ready replicas and whether exactly the wanted ones
// serve. A dry run's replicas are ready after their start-up delay.
func (t *tick) readiness(c graph.Component, m Mode) (int32, bool) {
	if m == DryRun {
		changed := t.state.Objects[objectKey(c.Name, m)].ChangedOut
		return c.Replicas, !t.Now.Before(changed.Add(c.StartupDelay))
	}
	seen, ok := t.observation(c.Name)
	r := seen.Replicas
	return r.Ready, ok && r.Ready >= c.Replicas && r.Spec <= c.Replicas && r.Terminating == 0
}
