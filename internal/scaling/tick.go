package scaling

import (
	"slices"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// tick is the working state of one Step.
type tick struct {
	Input
	live    graph.Architecture // what is carried out
	virtual graph.Architecture // with what a dry run would have decided
	state   State
	pairs   []*pair
	objects map[string]*object
	seen    map[string]int     // where in Observations a component is
	byKey   map[string][]*pair // pairs by the key of their object
	held    map[string]string  // conditions that are alerts while they last: key -> message
	out     Output
	nextID  int64
}

// pair is a rule and a component it watches.
type pair struct {
	rule    compiled
	mode    Mode
	subject graph.Component
	object  string // the component that changes size, empty for layers and advice
	state   RuleState
	values  values // as the condition sees them
	inputs  []Measurement
	truth   Truth
	problem string
	firing  bool
	fast    bool
	hot     term    // the comparison that is furthest exceeded
	ratio   float64 // of the hot signal to its threshold
	raw     int32   // proposed size, 0 if none
	layer   *graph.Component
	advice  bool
	notDone NotDone
	detail  string
	did     string // the reason of what it decided, empty if nothing
}

// object is a component that changes size, in one mode.
type object struct {
	name     string
	mode     Mode
	key      string // in State.Objects
	current  int32
	state    ObjectState
	pipeline []PipelineLog
	result   Result
	rule     string
	from, to int32
	reason   string
	notDone  NotDone
}

func newTick(in Input) *tick {
	t := &tick{Input: in, state: in.State.clone(), objects: map[string]*object{}, byKey: map[string][]*pair{}, seen: make(map[string]int, len(in.Observations)), held: map[string]string{}}
	for i, o := range in.Observations {
		t.seen[o.Component] = i
	}
	t.live = graph.Fold(in.Base, in.Log)
	t.virtual = t.live
	if len(t.state.Virtual) > 0 {
		t.virtual = graph.Fold(in.Base, append(slices.Clone(in.Log), t.state.Virtual...))
	}
	if gap := in.Now.Sub(t.state.LastTick); t.state.LastTick.IsZero() || gap > in.Settings.ScaleInStabilization {
		t.forget()
	}
	t.nextID = t.state.LastID
	for _, d := range in.Log {
		t.nextID = max(t.nextID, d.ID)
	}
	return t
}

// forget drops what a gap in the observation made unbelievable; sizes,
// baselines and counts stay.
func (t *tick) forget() {
	t.state.ObservedSince = t.Now
	for key, o := range t.state.Objects {
		o.In, o.Out = nil, nil
		t.state.Objects[key] = o
	}
	for key, r := range t.state.Rules {
		r.Held, r.Truth = 0, Unknown
		t.state.Rules[key] = r
	}
}

// architecture is what a mode decides over.
func (t *tick) architecture(m Mode) graph.Architecture {
	if m == DryRun {
		return t.virtual
	}
	return t.live
}

func (t *tick) observation(name string) (Observation, bool) {
	at, ok := t.seen[name]
	if !ok {
		return Observation{Component: name}, false
	}
	return t.Observations[at], true
}

// interval is the time since the last tick, at most two intervals: a longer
// gap says nothing about what happened in it.
func (t *tick) interval() time.Duration {
	if t.state.LastTick.IsZero() {
		return 0
	}
	return min(t.Now.Sub(t.state.LastTick), 2*t.Settings.Interval)
}

func key(rule, subject string) string { return rule + "/" + subject }

// objectKey keeps the memory of a dry run apart from the real one.
func objectKey(name string, m Mode) string {
	if m == DryRun {
		return "dry-run:" + name
	}
	return name
}

func (t *tick) sortedObjects() []*object {
	all := make([]*object, 0, len(t.objects))
	for _, o := range t.objects {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b *object) int { return strings.Compare(a.key, b.key) })
	return all
}

// pairsOf are the pairs whose object is o, in the order of rules.
func (t *tick) pairsOf(o *object) []*pair {
	return t.byKey[o.key]
}

// objectMode puts suspended rules with the acting ones: they see the same sizes.
func objectMode(m Mode) Mode {
	if m == DryRun {
		return DryRun
	}
	return Act
}
