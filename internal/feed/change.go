package feed

import (
	"cmp"
	"slices"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// Change is a lossless message that has no number yet.
type Change interface {
	// frame is the message under its envelope.
	frame(wire.Envelope) any
	// apply folds the message into what a client holds.
	apply(*wire.FeedSnapshot, wire.Envelope)
	kind() wire.MessageType
}

// The changes, each by what it tells.
type (
	Topology wire.CanvasChange
	Decision wire.ScalingDecision
	Alert    wire.RunAlert
	Finding  wire.RunFinding
	Control  wire.Control
	Phase    wire.Phase
)

func (c Topology) kind() wire.MessageType { return wire.MessageTopo }
func (c Decision) kind() wire.MessageType { return wire.MessageDecision }
func (c Alert) kind() wire.MessageType    { return wire.MessageAlert }
func (c Finding) kind() wire.MessageType  { return wire.MessageFinding }
func (c Control) kind() wire.MessageType  { return wire.MessageControl }
func (c Phase) kind() wire.MessageType    { return wire.MessagePhase }

// numbered is the change of a canvas with its number; its time stays its own
// where it has one, as a change that is told late has.
func (c Topology) numbered(e wire.Envelope) wire.CanvasChange {
	change := wire.CanvasChange(c)
	change.Seq, change.At = e.Seq, cmp.Or(change.At, e.At)
	return change
}

func (c Topology) frame(e wire.Envelope) any {
	return wire.FeedTopo{Type: c.kind(), Envelope: e, Change: c.numbered(e)}
}

func (c Decision) frame(e wire.Envelope) any {
	return wire.FeedDecision{Type: c.kind(), Envelope: e, Decision: wire.ScalingDecision(c)}
}

func (c Alert) frame(e wire.Envelope) any {
	return wire.FeedAlert{Type: c.kind(), Envelope: e, Alert: wire.RunAlert(c)}
}

func (c Finding) frame(e wire.Envelope) any {
	return wire.FeedFinding{Type: c.kind(), Envelope: e, Finding: wire.RunFinding(c)}
}

func (c Control) frame(e wire.Envelope) any {
	return wire.FeedControl{Type: c.kind(), Envelope: e, Control: wire.Control(c)}
}

func (c Phase) frame(e wire.Envelope) any {
	return wire.FeedPhase{Type: c.kind(), Envelope: e, Phase: wire.Phase(c)}
}

// maxLog bounds the topology log of a snapshot; older steps become part of its base.
const maxLog = 2000

func (c Topology) apply(s *wire.FeedSnapshot, e wire.Envelope) {
	change := c.numbered(e)
	s.Topology = Step(s.Topology, change)
	s.Log = append(slices.Clone(s.Log), change)
	for len(s.Log) > maxLog {
		s.Base, s.Log = Step(s.Base, s.Log[0]), s.Log[1:]
	}
}

func (c Decision) apply(s *wire.FeedSnapshot, _ wire.Envelope) {
	s.Decisions = upsert(s.Decisions, wire.ScalingDecision(c), func(d wire.ScalingDecision) string { return d.ID })
}

func (c Alert) apply(s *wire.FeedSnapshot, _ wire.Envelope) {
	s.Alerts = upsert(s.Alerts, wire.RunAlert(c), func(a wire.RunAlert) string { return a.ID })
}

func (c Finding) apply(s *wire.FeedSnapshot, _ wire.Envelope) {
	s.Findings = upsert(s.Findings, wire.RunFinding(c), func(f wire.RunFinding) string { return f.ID })
}

func (c Control) apply(s *wire.FeedSnapshot, _ wire.Envelope) { s.Control = wire.Control(c) }

func (c Phase) apply(s *wire.FeedSnapshot, _ wire.Envelope) { s.Phase = wire.Phase(c) }

// Step is a canvas after a change; the order of what stays is kept.
func Step(canvas wire.Canvas, change wire.CanvasChange) wire.Canvas {
	canvas.Order, canvas.IDs, canvas.LinkIDs = change.Seq, change.IDs, change.LinkIDs
	nodeID, linkID := func(n wire.Node) string { return n.ID }, func(l wire.Link) string { return l.ID }
	canvas.Nodes = without(canvas.Nodes, change.RemovedNodes, nodeID)
	canvas.Links = without(canvas.Links, change.RemovedLinks, linkID)
	for _, n := range change.Nodes {
		canvas.Nodes = upsert(canvas.Nodes, n, nodeID)
	}
	for _, l := range change.Links {
		canvas.Links = upsert(canvas.Links, l, linkID)
	}
	return canvas
}

// upsert replaces the item of the same id, or appends; the list it is given is
// not changed, as a reader may hold it.
func upsert[T any](list []T, item T, id func(T) string) []T {
	list = slices.Clone(list)
	if at := slices.IndexFunc(list, func(have T) bool { return id(have) == id(item) }); at >= 0 {
		list[at] = item
		return list
	}
	return append(list, item)
}

func without[T any](list []T, gone []string, id func(T) string) []T {
	return slices.DeleteFunc(slices.Clone(list), func(have T) bool { return slices.Contains(gone, id(have)) })
}
