package scaling

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// alert raises and clears: thresholds on signals, and the conditions that this tick holds.
func (t *tick) alert() {
	for _, c := range t.live.Components {
		for _, rule := range t.Settings.Alerts {
			if len(rule.Types) == 0 || slices.Contains(rule.Types, c.Type) {
				t.watch(c, rule)
			}
		}
	}
	t.holdFrozen()
	for _, name := range slices.Sorted(maps.Keys(t.held)) {
		t.raise(Alert{Key: name, Component: component(name), Signal: signal(name), Severity: Warning, Message: t.held[name]})
	}
	t.clearGone()
}

// watch compares one signal of one component; what is not known neither raises nor clears.
func (t *tick) watch(c graph.Component, rule AlertRule) {
	name := key(c.Name, rule.Signal)
	if !t.carries(c, rule.Signal) {
		t.clear(Alert{Key: name, Component: c.Name, Signal: rule.Signal, Message: fmt.Sprintf("%s: %s is told of another component", c.Name, label(rule.Signal))})
		return
	}
	v := t.watched(c, rule.Signal)
	if v.unknown(t.Now, t.Settings) != "" {
		return
	}
	severity, threshold := rule.severity(v.Value, t.state.Alerts[name].Severity)
	a := Alert{
		Key: name, Component: c.Name, Signal: rule.Signal, Severity: severity, Value: v.Value, Threshold: threshold,
		Message: fmt.Sprintf("%s %s at %s", c.Name, label(rule.Signal), withUnit(rule.Signal, v.Value)),
	}
	if severity == "" {
		t.clear(a)
		return
	}
	t.raise(a)
}

// carries reports whether an alert on a signal is told of this component: the
// distance of the clients at the entry, which may change, and reads at a primary,
// since nothing but reads is what a read replica is for.
func (t *tick) carries(c graph.Component, name string) bool {
	switch name {
	case GeoLatency:
		entry, ok := graph.Entry(t.live)
		return !ok || entry == c.Name
	case ReadRatio:
		return !c.IsReadReplica()
	}
	return true
}

// watched is the signal of a component as its alert looks at it: reads are those
// of a database as one.
func (t *tick) watched(c graph.Component, name string) Value {
	seen, _ := t.observation(c.Name)
	if name == ReadRatio {
		return t.seenAsOne(seen, name, t.Settings.Window)
	}
	return seen.Signal(name, t.Settings.Window)
}

// severity is that of a value, where an active severity holds until the value
// is below its threshold by the hysteresis.
func (r AlertRule) severity(value float64, active Severity) (Severity, float64) {
	keep := 1 - r.HysteresisPercent/100
	switch {
	case r.Critical > 0 && (value > r.Critical || (active == Critical && value > r.Critical*keep)):
		return Critical, r.Critical
	case r.Warning > 0 && (value > r.Warning || (active != "" && value > r.Warning*keep)):
		return Warning, r.Warning
	}
	return "", r.Warning
}

// raise tells an alert that is new or changed its severity.
func (t *tick) raise(a Alert) {
	active, on := t.state.Alerts[a.Key]
	if on && active.Severity == a.Severity {
		return
	}
	if !on {
		active.Since = t.Now
	}
	active.Severity = a.Severity
	t.state.Alerts[a.Key] = active
	a.Time = t.Now
	t.out.Alerts = append(t.out.Alerts, a)
}

func (t *tick) clear(a Alert) {
	active, on := t.state.Alerts[a.Key]
	if !on {
		return
	}
	delete(t.state.Alerts, a.Key)
	a.Time, a.Cleared, a.Severity = t.Now, true, active.Severity
	t.out.Alerts = append(t.out.Alerts, a)
}

// holdFrozen keeps an alert while flapping froze a component's scale-in.
func (t *tick) holdFrozen() {
	for _, o := range t.sortedObjects() {
		if o.mode == Act && t.Now.Before(o.state.Frozen) {
			t.held[key(o.name, "flapping")] = fmt.Sprintf("%s flaps: %d reversals within %s, scale-in is frozen for %s", o.name, t.Settings.Flap.Reversals, t.Settings.Flap.Window, t.Settings.Flap.Freeze)
		}
	}
}

// clearGone clears conditions that ended and alerts of components that went.
func (t *tick) clearGone() {
	for _, name := range slices.Sorted(maps.Keys(t.state.Alerts)) {
		_, exists := t.live.Component(component(name))
		_, holds := t.held[name]
		if !exists || (isCondition(signal(name)) && !holds) {
			t.clear(Alert{Key: name, Component: component(name), Signal: signal(name), Message: fmt.Sprintf("%s: %s is over", component(name), signal(name))})
		}
	}
}

// isCondition reports whether an alert is about a state of the rules and not about a signal.
func isCondition(signal string) bool {
	return signal == "at-max" || signal == "flapping" || strings.HasPrefix(signal, "no-effect:") || strings.HasPrefix(signal, "advice:")
}

func component(name string) string { return name[:strings.IndexByte(name, '/')] }

func signal(name string) string { return name[strings.IndexByte(name, '/')+1:] }
