package dashboard

import (
	"fmt"

	apimeta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// rehearsal is a run whose status this test writes as controllers would.
type rehearsal struct {
	// raised counts the alerts so far, of which the status keeps the last hundred.
	raised int
	*stage
	sim   v1alpha1.Simulation
	graph v1alpha1.ComponentGraph
}

// rehearse makes a graph and a run on it that has begun.
func (s *stage) rehearse() *rehearsal {
	s.t.Helper()
	r := &rehearsal{stage: s}
	r.graph = v1alpha1.ComponentGraph{ObjectMeta: apimeta.ObjectMeta{Namespace: s.namespace, Name: "shop"}, Spec: shop()}
	r.sim = v1alpha1.Simulation{ObjectMeta: apimeta.ObjectMeta{Namespace: s.namespace, Name: "run"}, Spec: v1alpha1.SimulationSpec{
		GraphRef: v1alpha1.GraphRef{Name: "shop"}, DurationSeconds: new(int32(600)), Traffic: v1alpha1.Traffic{RequestsPerSecond: new(int32(100))},
	}}
	for _, o := range []client.Object{&r.graph, &r.sim} {
		if err := cluster.admin.Create(s.t.Context(), o); err != nil {
			s.t.Fatal(err)
		}
	}
	r.graph.Status.HeldBy = r.sim.Name
	r.size("api-server", v1alpha1.APIServer, 1)
	r.size("database", v1alpha1.Database, 1)
	r.sim.Status.StartTime = new(apimeta.NowMicro())
	r.write(&r.graph)
	r.write(&r.sim)
	return r
}

func (r *rehearsal) id() string { return string(r.sim.UID) }

func (r *rehearsal) write(o client.Object) {
	r.t.Helper()
	if err := cluster.admin.Status().Update(r.t.Context(), o); err != nil {
		r.t.Fatal(err)
	}
}

// size gives a component so many instances that answer; it is not written yet.
func (r *rehearsal) size(name string, kind v1alpha1.ComponentType, replicas int32) {
	live := v1alpha1.LiveComponent{Name: name, Type: kind, Replicas: &replicas, ReadyReplicas: &replicas}
	for i := range replicas {
		id := fmt.Sprintf("%s-%d", name, i+1)
		live.Instances = append(live.Instances, v1alpha1.Instance{ID: id, Pod: "shop-" + id, Ready: new(true)})
	}
	for i, c := range r.graph.Status.Components {
		if c.Name == name {
			r.graph.Status.Components[i] = live
			return
		}
	}
	r.graph.Status.Components = append(r.graph.Status.Components, live)
}

// grow decides one more API server, which is there at once.
func (r *rehearsal) grow() {
	r.t.Helper()
	n := int32(len(r.sim.Status.Decisions)) + 1
	r.sim.Status.Decisions = append(r.sim.Status.Decisions, v1alpha1.Decision{
		ID: int64(n), Time: apimeta.NowMicro(), Rule: "api-server", Action: "AddReplica", Component: "api-server", From: n, To: n + 1, Reason: "CPU overload (85.5%)",
	})
	r.write(&r.sim)
	r.size("api-server", v1alpha1.APIServer, n+1)
	r.write(&r.graph)
}

// alert raises one, and is its message.
func (r *rehearsal) alert() string {
	r.t.Helper()
	r.raised++
	message := fmt.Sprintf("alert %d of %s", r.raised, r.namespace)
	r.sim.Status.Alerts = append(r.sim.Status.Alerts, v1alpha1.Alert{Time: apimeta.NowMicro(), Severity: "Warning", Component: "api-server", Signal: "cpu", Message: message})
	r.sim.Status.Alerts = r.sim.Status.Alerts[max(0, len(r.sim.Status.Alerts)-100):]
	r.write(&r.sim)
	return message
}

// heard reports whether a watcher knows an alert.
func (w *watcher) knows(message string) bool {
	for _, a := range w.alerts {
		if a.Message == message {
			return true
		}
	}
	return false
}
