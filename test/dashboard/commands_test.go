package dashboard

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/config"
	product "flashcrowd.io/flashcrowd/dashboard"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// TestTheHistoryKnowsWhoCommandedWhat has people command a run through the dashboard
// and past it, one who may not, and a dashboard that crashes afterwards.
func TestTheHistoryKnowsWhoCommandedWhat(t *testing.T) {
	t.Run("as the dashboard notes it", func(t *testing.T) {
		commanded(t, []string{
			"ada: started", "ada: changed traffic", "bob: changed auto-scaling", "bob: paused", "ada: resumed", "bob: stopped", "ada: deleted",
		})
	})
	t.Run("as the API server notes it", func(t *testing.T) {
		noting(t)
		commanded(t, []string{
			"ada: started", "ada: changed traffic (traffic.requestsPerSecond 100 -> 250)", "eve: changed the run (durationSeconds 60 -> 90)",
			"bob: changed auto-scaling (autoScaling.mode Act -> DryRun)", "bob: paused", "ada: resumed", "bob: stopped", "ada: deleted",
		})
	})
}

// commanded commands a run, and wants it told in these sentences.
func commanded(t *testing.T, want []string) {
	s := newStage(t)
	ada, bob, viewer, eve := s.person("ada", editor), s.person("bob", editor), s.person("viewer", viewer), s.person("eve", editor)
	p := newProcess(t, cluster.acting)
	p.history = filepath.Join(t.TempDir(), "history.db")
	p.start()
	p.ready()
	s.url = "http://" + p.address
	if status, answer := s.ask(bob, http.MethodPost, "/api/graphs", product.GraphDraft{Namespace: s.namespace, Name: "shop", Spec: shop()}); status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	status, answer := s.ask(ada, http.MethodPost, "/api/simulation/start", wire.StartRequest{CanvasID: s.namespace + "/shop", TrafficIntensity: 100, Duration: 60})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, answer)
	}
	started := parsed[wire.StartResponse](t, answer)
	run := started.SimulationID
	path := "/api/simulation/" + run
	rate, mode := int32(250), "DryRun"
	for _, step := range []struct {
		token, method, path string
		body                any
		allowed             bool
	}{
		{ada, http.MethodPatch, path + "/traffic", product.TrafficPatch{RequestsPerSecond: &rate}, true},
		{viewer, http.MethodPatch, path + "/traffic", product.TrafficPatch{RequestsPerSecond: &rate}, false},
		{eve, "", "", nil, true},
		{bob, http.MethodPatch, path + "/autoscaling", wire.AutoScalingPatch{Mode: &mode}, true},
		{bob, http.MethodPost, path + "/pause", nil, true},
		{ada, http.MethodPost, path + "/resume", nil, true},
		{bob, http.MethodPost, "/api/simulation/stop", wire.StopRequest{SimulationID: run}, true},
		{ada, http.MethodPost, path + "/resume", nil, false}, // a stopped run cannot go on
		{ada, http.MethodDelete, path, nil, true},
	} {
		if step.method == "" {
			s.lengthen(step.token, started.Name)
			continue
		}
		if status, answer := s.ask(step.token, step.method, step.path, step.body); (status < 300) != step.allowed {
			t.Errorf("%s %s: %d %s", step.method, step.path, status, answer)
		}
	}
	store, err := history.Open(t.Context(), p.history)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	eventually(t, "every command is kept", func() bool { return len(s.commands(store, run)) >= len(want) })
	p.kill()
	p.start()
	p.ready()
	if diff := cmp.Diff(want, s.commands(store, run)); diff != "" {
		t.Errorf("commands (-want +kept):\n%s", diff)
	}
	if kept, err := store.Run(t.Context(), run); err != nil || kept.User != s.account("ada") {
		t.Errorf("the run is %q's, %v", kept.User, err)
	}
	status, answer = s.ask(viewer, http.MethodGet, path+"/report", nil)
	if status != http.StatusOK {
		t.Fatalf("the report of the deleted run: %d %s", status, answer)
	}
	if diff := cmp.Diff(want, s.sentences(parsed[report.Report](t, answer).Commands)); diff != "" {
		t.Errorf("the report's commands (-want +told):\n%s", diff)
	}
}

// noting has the API server note who changes a run, as that of an installation does.
func noting(t *testing.T) {
	t.Helper()
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(config.Install()), 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := documents.Decode(&o.Object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(o.GetKind(), "AdmissionPolicy") {
			continue
		}
		if err := cluster.admin.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := cluster.admin.Delete(context.WithoutCancel(t.Context()), o); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "the policies are in force", func() bool {
		probe := &v1alpha1.Simulation{Spec: v1alpha1.SimulationSpec{
			GraphRef: v1alpha1.GraphRef{Name: "shop"}, DurationSeconds: new(int32(60)), Traffic: v1alpha1.Traffic{RequestsPerSecond: new(int32(1))},
		}}
		probe.Namespace, probe.Name = "default", "probe"
		forged := probe.DeepCopy()
		forged.Annotations = map[string]string{v1alpha1.StartedByAnnotation: "somebody"}
		if err := cluster.admin.Create(t.Context(), probe, client.DryRunAll); err != nil {
			t.Fatal(err)
		}
		return probe.Annotations[v1alpha1.StartedByAnnotation] != "" && apierrors.IsForbidden(cluster.admin.Create(t.Context(), forged, client.DryRunAll))
	})
}

// lengthen has somebody change how long a run lasts past the dashboard.
func (s *stage) lengthen(token, name string) {
	s.t.Helper()
	acting := rest.AnonymousClientConfig(cluster.acting)
	acting.BearerToken = token
	direct, err := client.New(acting, client.Options{Scheme: cluster.admin.Scheme()})
	if err != nil {
		s.t.Fatal(err)
	}
	sim := &v1alpha1.Simulation{}
	sim.Namespace, sim.Name = s.namespace, name
	if err := direct.Patch(s.t.Context(), sim, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"durationSeconds":90}}`))); err != nil {
		s.t.Fatal(err)
	}
}

// account is the name that the API server gives a person.
func (s *stage) account(name string) string {
	return "system:serviceaccount:" + s.namespace + ":" + name
}

// commands of a run in a history, in the order of time.
func (s *stage) commands(store *history.Store, run string) []string {
	s.t.Helper()
	all, err := store.Commands(s.t.Context(), run)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.sentences(all)
}

// sentences are commands in words, with the short names of people.
func (s *stage) sentences(commands []report.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, strings.TrimPrefix(c.Sentence(), s.account("")))
	}
	return all
}
