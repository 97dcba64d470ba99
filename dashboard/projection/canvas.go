package projection

import (
	"fmt"
	"reflect"
	"slices"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Architectures are the steps of a run: the user's, and the one after each
// decision of the log.
type Architectures struct {
	Base graph.Architecture
	Log  []graph.Decision
}

// Read is the architecture of a graph and the log of a run, which may be nil.
func Read(cg *v1alpha1.ComponentGraph, sim *v1alpha1.Simulation) (Architectures, error) {
	base, err := desired.Architecture(cg.Spec)
	if err != nil {
		return Architectures{}, err
	}
	a := Architectures{Base: base}
	if sim != nil {
		a.Log, err = desired.Log(sim.Namespace+"/"+sim.Name, sim.Status.Decisions)
	}
	return a, err
}

// Live is the architecture after every decision.
func (a Architectures) Live() graph.Architecture { return graph.Fold(a.Base, a.Log) }

// Canvas is an architecture drawn: where its layout puts it, with the instances
// that the graph's status knows. Components that it does not know, and all of
// them with a nil status, have as many instances as they should.
func Canvas(live graph.Architecture, picture Picture, status *v1alpha1.ComponentGraphStatus) wire.Canvas {
	canvas := wire.Canvas{Direction: picture.Direction(), Nodes: []wire.Node{}, Links: []wire.Link{}, IDs: []string{}, LinkIDs: []string{}}
	for _, c := range live.Components {
		n := node(c, picture, instances(c, status))
		canvas.Nodes = append(canvas.Nodes, n)
		canvas.IDs = append(canvas.IDs, n.ID)
	}
	for _, n := range canvas.Nodes {
		for _, i := range n.Instances {
			canvas.IDs = append(canvas.IDs, i.ID)
		}
	}
	for _, c := range live.Connections {
		id := c.From + ">" + c.To
		canvas.Links = append(canvas.Links, wire.Link{ID: id, From: c.From, To: c.To, Origin: origin(c.Origin), Route: picture.Route(c.From, c.To)})
		canvas.LinkIDs = append(canvas.LinkIDs, id)
	}
	return canvas
}

func node(c graph.Component, picture Picture, instances []v1alpha1.Instance) wire.Node {
	position, pinned := picture.Place(c.Name, 1)
	n := wire.Node{ID: c.Name, Kind: string(c.Type), Replicas: c.Replicas, Position: position, Pinned: pinned, Origin: origin(c.Origin), Instances: []wire.NodeReplica{}}
	if c.Database != nil {
		n.ReplicaOf = c.Database.ReplicaOf
	}
	for _, i := range instances {
		at, _ := picture.Place(c.Name, int32(desired.Ordinal(i.ID)))
		ready := value(i.Ready, false)
		if ready {
			n.Ready++
		}
		n.Instances = append(n.Instances, wire.NodeReplica{ID: i.ID, Pod: i.Pod, Ready: ready, Position: at})
	}
	return n
}

// instances that status knows of a component, or as many as there should be.
func instances(c graph.Component, status *v1alpha1.ComponentGraphStatus) []v1alpha1.Instance {
	if status != nil {
		if at := slices.IndexFunc(status.Components, func(l v1alpha1.LiveComponent) bool { return l.Name == c.Name }); at >= 0 {
			return status.Components[at].Instances
		}
		return nil // a component that was decided a moment ago has none yet
	}
	var all []v1alpha1.Instance
	for n := range c.Replicas {
		ready := true
		all = append(all, v1alpha1.Instance{ID: fmt.Sprintf("%s-%d", c.Name, n+1), Ready: &ready})
	}
	return all
}

func origin(o graph.Origin) wire.NodeOrigin {
	if o.ByUser() {
		return wire.NodeOrigin{}
	}
	return wire.NodeOrigin{Rule: o.Rule, Decision: decisionID(o.Decision)}
}

func decisionID(number int64) string { return fmt.Sprintf("d%d", number) }

// Difference is the change from one canvas to the next; it is not ok when there
// is none.
func Difference(before, after wire.Canvas) (wire.CanvasChange, bool) {
	change := wire.CanvasChange{Nodes: []wire.Node{}, Links: []wire.Link{}, RemovedNodes: []string{}, RemovedLinks: []string{}, IDs: after.IDs, LinkIDs: after.LinkIDs}
	nodeID, linkID := func(n wire.Node) string { return n.ID }, func(l wire.Link) string { return l.ID }
	change.Nodes, change.RemovedNodes = differ(before.Nodes, after.Nodes, nodeID)
	change.Links, change.RemovedLinks = differ(before.Links, after.Links, linkID)
	some := len(change.Nodes)+len(change.Links)+len(change.RemovedNodes)+len(change.RemovedLinks) > 0
	return change, some
}

func differ[T any](before, after []T, id func(T) string) (changed []T, removed []string) {
	changed, removed = []T{}, []string{}
	for _, item := range after {
		at := slices.IndexFunc(before, func(old T) bool { return id(old) == id(item) })
		if at < 0 || !reflect.DeepEqual(before[at], item) {
			changed = append(changed, item)
		}
	}
	for _, item := range before {
		if !slices.ContainsFunc(after, func(young T) bool { return id(young) == id(item) }) {
			removed = append(removed, id(item))
		}
	}
	return changed, removed
}

// History is what a log amounts to for a page that comes late: the canvas that
// the run began with and a change for every decision.
func History(a Architectures) (wire.Canvas, []wire.CanvasChange, Picture) {
	picture := Draw(a.Base)
	base := Canvas(a.Base, picture, nil)
	log, at := []wire.CanvasChange{}, base
	for i, d := range a.Log {
		live := graph.Fold(a.Base, a.Log[:i+1])
		if d.Added != nil || i == len(a.Log)-1 { // the others move and add nothing
			picture = picture.With(live)
		}
		next := Canvas(live, picture, nil)
		change, some := Difference(at, next)
		if !some {
			continue
		}
		change.Seq, change.At, change.Decision = int64(len(log)+1), d.Time.UnixMilli(), decisionID(d.ID)
		log, at = append(log, change), next
	}
	return base, log, picture
}

// Cause is the last decision of a log that touched one of the changed nodes,
// empty when none did.
func Cause(a Architectures, change wire.CanvasChange) string {
	for i, v := range slices.Backward(a.Log) {
		touched := touched(graph.Fold(a.Base, a.Log[:i]), graph.Fold(a.Base, a.Log[:i+1]))
		for _, n := range change.Nodes {
			if slices.ContainsFunc(touched, func(t sized) bool { return t.name == n.ID }) {
				return decisionID(v.ID)
			}
		}
		for _, id := range change.RemovedNodes {
			if slices.ContainsFunc(touched, func(t sized) bool { return t.name == id }) {
				return decisionID(v.ID)
			}
		}
	}
	return ""
}

// sized is a component whose replicas changed from one number to another; a
// component that was not there had none.
type sized struct {
	name     string
	from, to int32
}

func touched(before, after graph.Architecture) []sized {
	var all []sized
	for _, c := range after.Components {
		if old, _ := before.Component(c.Name); old.Replicas != c.Replicas {
			all = append(all, sized{c.Name, old.Replicas, c.Replicas})
		}
	}
	for _, c := range before.Components {
		if _, still := after.Component(c.Name); !still {
			all = append(all, sized{c.Name, c.Replicas, 0})
		}
	}
	return all
}
