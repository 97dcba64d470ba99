package feed

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// plainly is what a plain reader hears of a change.
func plainly(before, after wire.FeedSnapshot, c Change) ([][]byte, error) {
	switch c := c.(type) {
	case Topology:
		return plainScaling(before, after, wire.CanvasChange(c).Decision)
	case Alert:
		if c.ClearedAt != nil {
			return nil, nil
		}
		return encodeAll(wire.PlainAlarm{Type: wire.PlainAlert, Severity: strings.ToLower(c.Severity), Message: c.Message, ComponentID: loudest(after, c)})
	default:
		return nil, nil
	}
}

// loudest is the instance that an alert is about most: the one with the highest
// value of its signal, or the component where that was not measured.
func loudest(s wire.FeedSnapshot, a Alert) string {
	if s.Tick == nil {
		return a.Component
	}
	at := slices.IndexFunc(s.Topology.Nodes, func(n wire.Node) bool { return n.ID == a.Component })
	values, measured := s.Tick.Columns[wire.MetricColumn(a.Signal)]
	if at < 0 || !measured || s.Tick.Order != s.Topology.Order {
		return a.Component
	}
	loudest, highest := a.Component, math.Inf(-1)
	for _, i := range s.Topology.Nodes[at].Instances {
		if column := slices.Index(s.Topology.IDs, i.ID); column >= 0 && column < len(values) && values[column] != nil && *values[column] > highest {
			loudest, highest = i.ID, *values[column]
		}
	}
	return loudest
}

// plainScaling tells every instance that appeared or went by a decision. What
// begins or ends with the run is no scaling.
func plainScaling(before, after wire.FeedSnapshot, decision string) ([][]byte, error) {
	if decision == "" {
		return nil, nil
	}
	reason := ""
	if at := slices.IndexFunc(after.Decisions, func(d wire.ScalingDecision) bool { return d.ID == decision }); at >= 0 {
		reason = after.Decisions[at].Reason
	}
	old, young := instancesOf(before.Topology), instancesOf(after.Topology)
	var messages []wire.PlainScaling
	for _, i := range young {
		if !slices.ContainsFunc(old, func(o placed) bool { return o.id == i.id }) {
			messages = append(messages, scaling(wire.PlainAdd, after.Topology, i, reason))
		}
	}
	for _, i := range old {
		if !slices.ContainsFunc(young, func(o placed) bool { return o.id == i.id }) {
			messages = append(messages, scaling(wire.PlainRemove, before.Topology, i, reason))
		}
	}
	return encodeAll(messages...)
}

// placed is one instance with its component.
type placed struct {
	id, component, kind string
	position            wire.XY
}

func instancesOf(c wire.Canvas) []placed {
	var all []placed
	for _, n := range c.Nodes {
		for _, i := range n.Instances {
			all = append(all, placed{id: i.ID, component: n.ID, kind: n.Kind, position: i.Position})
		}
	}
	return all
}

func scaling(action wire.PlainAction, c wire.Canvas, i placed, reason string) wire.PlainScaling {
	m := wire.PlainScaling{
		Type: wire.PlainAutoScale, Action: action, Component: wire.PlainComponent{Type: graph.Kebab(graph.ComponentType(i.kind)), ID: i.id, Position: i.position},
		Connections: []wire.PlainConnection{}, Reason: reason,
	}
	for _, l := range c.Links {
		switch i.component {
		case l.From:
			m.Connections = append(m.Connections, wire.PlainConnection{From: i.id, To: l.To})
		case l.To:
			m.Connections = append(m.Connections, wire.PlainConnection{From: l.From, To: i.id})
		}
	}
	return m
}

// plainMetrics tells what each instance did that was measured.
func plainMetrics(c wire.Canvas, t wire.FeedTick) ([][]byte, error) {
	var messages []wire.PlainMetricsUpdate
	for _, i := range instancesOf(c) {
		at := slices.Index(c.IDs, i.id)
		value := func(name wire.MetricColumn) float64 {
			if values := t.Columns[name]; at < len(values) && values[at] != nil {
				return *values[at]
			}
			return 0
		}
		if values := t.Columns[wire.ColumnCPU]; at < 0 || at >= len(values) || values[at] == nil {
			continue
		}
		messages = append(messages, wire.PlainMetricsUpdate{Type: wire.PlainMetrics, ComponentID: i.id, Metrics: wire.ComponentMetrics{
			CPU: value(wire.ColumnCPU), Memory: value(wire.ColumnMemory), RequestRate: value(wire.ColumnRequestRate), Latency: value(wire.ColumnLatency),
			QueueDepth: value(wire.ColumnQueueDepth), ErrorRate: wire.Decimal(value(wire.ColumnErrorRate)),
		}})
	}
	return encodeAll(messages...)
}

func encodeAll[T any](messages ...T) ([][]byte, error) {
	frames := make([][]byte, 0, len(messages))
	for _, m := range messages {
		data, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("encoding a plain message: %w", err)
		}
		frames = append(frames, data)
	}
	return frames, nil
}
