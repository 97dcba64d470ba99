package scaling

import (
	"math"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// asOne reports whether a rule's action looks at a primary and its read
// replicas as one database: what the action changes serves them together.
func asOne(action graph.Action) bool {
	return action == graph.AddReadReplica || action == graph.InsertCache || action == graph.SuggestSharding
}

// speaksForItself reports whether a component is a subject of its own: a read
// replica is not where a rule looks at its database as one, unless a user names it.
func speaksForItself(rule compiled, c graph.Component) bool {
	return !c.IsReadReplica() || !asOne(rule.Then) || len(rule.Select.Names) > 0
}

// seenFor is the signal of a component as an action looks at it: of the
// component alone, or of a database with its read replicas.
func (t *tick) seenFor(action graph.Action, own Observation, name string, window time.Duration) Value {
	if !asOne(action) {
		return own.Signal(name, window)
	}
	return t.seenAsOne(own, name, window)
}

// seenAsOne is the signal of a database with its read replicas.
func (t *tick) seenAsOne(own Observation, name string, window time.Duration) Value {
	value := own.Signal(name, window)
	replicas := t.live.ReadReplicas(own.Component)
	if len(replicas) == 0 || value.unknown(t.Now, t.Settings) != "" {
		return value
	}
	all := []weighted{{value: value.Value, weight: t.rate(own, window)}}
	for _, r := range replicas {
		seen, _ := t.observation(r.Name)
		if v := seen.Signal(name, window); v.unknown(t.Now, t.Settings) == "" {
			all = append(all, weighted{value: v.Value, weight: t.rate(seen, window)})
		}
	}
	value.Value = together(name, all)
	return value
}

// actionOf is what a rule of the program does, empty if there is none of the name.
func (p Program) actionOf(rule string) graph.Action {
	for _, r := range p.rules {
		if r.Name == rule {
			return r.Then
		}
	}
	return ""
}

// rate is the request rate of a component, 0 if it is not known.
func (t *tick) rate(seen Observation, window time.Duration) float64 {
	v := seen.Signal(RequestRate, window)
	if v.unknown(t.Now, t.Settings) != "" {
		return 0
	}
	return v.Value
}

// weighted is a signal of one part of a database and the requests a second behind it.
type weighted struct{ value, weight float64 }

// together is the signal of all parts: shares and means over all their
// requests, sums of what adds up, and the worst of what does neither, which are
// utilizations and percentiles.
func together(name string, parts []weighted) float64 {
	sum, requests, worst := 0.0, 0.0, math.Inf(-1)
	weightedSum := 0.0
	for _, p := range parts {
		sum += p.value
		weightedSum += p.value * p.weight
		requests += p.weight
		worst = max(worst, p.value)
	}
	switch name {
	case RequestRate, Throughput, InFlight, QueueDepth:
		return sum
	case Latency, ReadRatio, WriteRatio, StaticRatio, ErrorRate, DownstreamShare:
		if requests > 0 {
			return weightedSum / requests
		}
	}
	return worst
}
