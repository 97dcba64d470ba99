package rehearsal

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// played is a run whose log grew a graph.
func played() (*v1alpha1.Simulation, *v1alpha1.ComponentGraph) {
	start := metav1.NewMicroTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	at := func(second int) metav1.MicroTime {
		return metav1.NewMicroTime(start.Add(time.Duration(second) * time.Second))
	}
	end := at(100)
	cg := &v1alpha1.ComponentGraph{Spec: v1alpha1.ComponentGraphSpec{
		Components: []v1alpha1.Component{
			{Name: "api", Type: v1alpha1.APIServer, Replicas: new(int32(1))}, {Name: "db", Type: v1alpha1.Database, Replicas: new(int32(1))},
			{Name: "jobs", Type: v1alpha1.MessageQueue, Replicas: new(int32(1))}, {Name: "worker", Type: v1alpha1.Worker, Replicas: new(int32(1))},
		},
		Connections: []v1alpha1.Connection{{From: "api", To: "db"}, {From: "api", To: "jobs"}, {From: "jobs", To: "worker"}},
	}}
	readers := &runtime.RawExtension{Raw: []byte(`{"name":"db-replica","type":"Database","replicas":1,"database":{"replicaOf":"db"}}`)}
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "run"}}
	sim.Status = v1alpha1.SimulationStatus{StartTime: &start, CompletionTime: &end, ElapsedSeconds: 100, Decisions: []v1alpha1.Decision{
		{ID: 1, Time: at(10), Rule: "api-server", Action: "AddReplica", Component: "api", From: 1, To: 3},
		{ID: 2, Time: at(40), Rule: "database", Action: "AddReadReplica", Component: "db", From: 0, To: 1, Added: readers},
		{ID: 3, Time: at(50), Rule: "database", Action: "AddReadReplica", Component: "db", From: 1, To: 2, Added: readers},
		{ID: 4, Time: at(60), Rule: "message-queue", Action: "AddWorkers", Component: "jobs", From: 1, To: 4},
		{ID: 5, Time: at(70), Rule: "scale-in", Action: "RemoveReplica", Component: "api", From: 3, To: 2},
	}}
	return sim, cg
}

func TestSizesFollowTheLog(t *testing.T) {
	sim, cg := played()
	want := map[string][]report.Size{
		"api": {{Second: 0, Replicas: 1}, {Second: 10, Replicas: 3}, {Second: 70, Replicas: 2}}, "db": {{Second: 0, Replicas: 1}},
		"db-replica": {{Second: 40, Replicas: 1}, {Second: 50, Replicas: 2}}, "jobs": {{Second: 0, Replicas: 1}},
		"worker": {{Second: 0, Replicas: 1}, {Second: 60, Replicas: 4}},
	}
	r := Report(sim, cg)
	if diff := cmp.Diff(want, r.Sizes); diff != "" {
		t.Errorf("sizes (-want +got):\n%s", diff)
	}
	if got, want := r.Capacity.ReplicaSeconds, float64(10+3*60+2*30+100+10+2*50+100+60+4*40); got != want {
		t.Errorf("%v replica-seconds, want %v", got, want)
	}
	sim.Status.DroppedDecisions = 1
	if r := Report(sim, cg); r.Sizes != nil || r.Capacity != nil {
		t.Errorf("a compacted log told %+v", r.Sizes)
	}
}

// TestTheArchitectureIsTheRunsOwn although the graph plays another run by now.
func TestTheArchitectureIsTheRunsOwn(t *testing.T) {
	sim, cg := played()
	cg.Status.HeldBy = "another"
	cg.Status.Components = []v1alpha1.LiveComponent{{Name: "api", Type: v1alpha1.APIServer, Replicas: new(int32(9))}}
	got := map[string]report.Component{}
	for _, c := range Report(sim, cg).Components {
		got[c.Name] = report.Component{Replicas: c.Replicas, Baseline: c.Baseline, Origin: c.Origin}
	}
	want := map[string]report.Component{
		"api": {Replicas: 2, Baseline: 1, Origin: "user"}, "db": {Replicas: 1, Baseline: 1, Origin: "user"}, "db-replica": {Replicas: 2, Origin: "database"},
		"jobs": {Replicas: 1, Baseline: 1, Origin: "user"}, "worker": {Replicas: 4, Baseline: 1, Origin: "user"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("components (-want +got):\n%s", diff)
	}
}

func TestAReportNamesWhoStartedTheRun(t *testing.T) {
	sim, cg := played()
	if got := Report(sim, cg).Commands; got != nil {
		t.Errorf("nobody did %+v", got)
	}
	sim.CreationTimestamp = metav1.NewTime(sim.Status.StartTime.Add(-2 * time.Second))
	sim.Annotations = map[string]string{v1alpha1.StartedByAnnotation: "jane@example.org"}
	want := []report.Command{{Time: sim.CreationTimestamp.Time, User: "jane@example.org", Action: report.ActionStarted, Generation: 1}}
	if diff := cmp.Diff(want, Report(sim, cg).Commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// TestARunIsSigned with the name that the cluster knows, and with no other.
func TestARunIsSigned(t *testing.T) {
	manifest := func(annotations map[string]string) *unstructured.Unstructured {
		o := &unstructured.Unstructured{Object: map[string]any{}}
		o.SetAnnotations(annotations)
		return o
	}
	forged := map[string]string{v1alpha1.StartedByAnnotation: "root", "kept": "yes"}
	tests := map[string]struct {
		known  string
		before map[string]string
		want   map[string]string
	}{
		"known":                     {"jane", nil, map[string]string{v1alpha1.StartedByAnnotation: "jane"}},
		"known, another is written": {"jane", forged, map[string]string{v1alpha1.StartedByAnnotation: "jane", "kept": "yes"}},
		"not known":                 {"", forged, map[string]string{"kept": "yes"}},
		"not known, nothing there":  {"", nil, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sim := manifest(tt.before)
			(&Runner{client: knowing{user: tt.known}}).sign(t.Context(), sim)
			if diff := cmp.Diff(tt.want, sim.GetAnnotations()); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
		})
	}
}

// knowing is a cluster that tells a user who they are, unless it does not know.
type knowing struct {
	client.Client
	user string
}

func (k knowing) Create(_ context.Context, object client.Object, _ ...client.CreateOption) error {
	review, ok := object.(*authenticationv1.SelfSubjectReview)
	if !ok || k.user == "" {
		return errors.New("forbidden")
	}
	review.Status.UserInfo.Username = k.user
	return nil
}

func TestExplanationsAreSpansThatCoverTheRun(t *testing.T) {
	began := metav1.NewMicroTime(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
	at := func(second int) metav1.MicroTime {
		return metav1.NewMicroTime(began.Add(time.Duration(second) * time.Second))
	}
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "run"}, Spec: v1alpha1.SimulationSpec{GraphRef: v1alpha1.GraphRef{Name: "shop"}}}
	sim.Status.StartTime, sim.Status.ElapsedSeconds, sim.Status.DroppedExplanations = &began, 60, 3
	sim.Status.Explanations = []v1alpha1.Explanation{
		{Component: "api", Time: at(-1), Result: "Unknown", Rule: "api-server", Message: "cpu: not measured"},
		{Component: "db", Time: at(2), Result: "NotTrue", Message: "cache: latency 3 (> 300)"},
		{Component: "api", Time: at(10), Result: "ScaleOut", Rule: "api-server", Message: "CPU overload"},
		{Component: "api", Time: at(11), Result: "Cooling", Rule: "scale-in", Message: "too soon after the last change"},
	}
	r := Report(sim, nil)
	want := []report.Explanation{
		{Component: "api", ToSecond: 10, Result: "Unknown", Rule: "api-server", Message: "cpu: not measured"},
		{Component: "db", FromSecond: 2, ToSecond: 60, Result: "NotTrue", Message: "cache: latency 3 (> 300)"},
		{Component: "api", FromSecond: 10, ToSecond: 11, Result: "ScaleOut", Rule: "api-server", Message: "CPU overload"},
		{Component: "api", FromSecond: 11, ToSecond: 60, Result: "Cooling", Rule: "scale-in", Message: "too soon after the last change"},
	}
	if diff := cmp.Diff(want, r.Explanations); diff != "" || r.DroppedExplanations != 3 {
		t.Errorf("%d dropped, explanations (-want +got):\n%s", r.DroppedExplanations, diff)
	}
}
