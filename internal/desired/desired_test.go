package desired

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var options = Options{StubImage: "flashcrowd/stub:latest", LoadgenImage: "flashcrowd/loadgen:latest", TopologyAddress: "topology:8090"}

func shop() *v1alpha1.ComponentGraph {
	return &v1alpha1.ComponentGraph{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shop", UID: "graph-uid"}}
}

func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestWorkloads(t *testing.T) {
	golden(t, "deployment.yaml", Deployment(shop(), graph.Component{Name: "api", Replicas: 2}, options))
	golden(t, "service.yaml", Service(shop(), "api"))
	generators := int32(3)
	golden(t, "job.yaml", GeneratorJob(&v1alpha1.Simulation{
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "run", UID: "run-uid"},
		Spec:       v1alpha1.SimulationSpec{GraphRef: v1alpha1.GraphRef{Name: "shop"}, Traffic: v1alpha1.Traffic{Generators: &generators}},
	}, options))
}

func TestPodsDoNotChangeWithSettings(t *testing.T) {
	plain, _ := json.Marshal(Deployment(shop(), graph.Component{Name: "api", Replicas: 1}, options).Spec.Template)
	tuned, _ := json.Marshal(Deployment(shop(), graph.Component{Name: "api", Replicas: 9, Capacity: graph.Capacity{Cores: 64}, BurnCPU: true}, options).Spec.Template)
	if string(plain) != string(tuned) {
		t.Error("a change of settings would restart every pod")
	}
}

func TestArchitectureFillsInDefaults(t *testing.T) {
	var cg v1alpha1.ComponentGraph
	err := yaml.UnmarshalStrict([]byte(`
spec:
  components:
  - {name: api, type: APIServer, capacity: {cores: 2, serviceTime: {p50: 1ms, p90: 2ms, p99: 9ms}}, startupDelay: 3s}
  - {name: db, type: Database, database: {connectionLimit: 7}}
  connections:
  - {from: api, to: db}
`), &cg)
	if err != nil {
		t.Fatal(err)
	}
	arch, err := Architecture(cg.Spec)
	if err != nil {
		t.Fatal(err)
	}
	api, db := arch.Components[0], arch.Components[1]
	if api.Capacity.Cores != 2 || api.Capacity.ServiceTime.Kind != graph.Quantiles || api.Capacity.ServiceTime.P99 != 9*time.Millisecond || api.StartupDelay != 3*time.Second {
		t.Errorf("api %+v", api)
	}
	if db.Replicas != 1 || db.Capacity.Cores != 4 || db.Database.ConnectionLimit != 7 {
		t.Errorf("db %+v", db)
	}
	want := graph.Connection{From: "api", To: "db", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}
	if diff := cmp.Diff([]graph.Connection{want}, arch.Connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
}

func TestArchitectureNamesABadDuration(t *testing.T) {
	bad := v1alpha1.Duration("soon")
	_, err := Architecture(v1alpha1.ComponentGraphSpec{Components: []v1alpha1.Component{{Name: "api", Type: v1alpha1.APIServer, StartupDelay: &bad}}})
	if err == nil || !strings.Contains(err.Error(), "component api: startupDelay: write a duration") {
		t.Errorf("error %v", err)
	}
}

func TestDecisionsComeBackWhole(t *testing.T) {
	log := []graph.Decision{{
		ID: 3, Time: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), Simulation: "default/run", Rule: "load-balancer", Action: graph.InsertLoadBalancer,
		Component: "api", To: 1, Reason: "replicas 2 > 1", Signals: []graph.Signal{{Name: "replicas", Value: 2, Threshold: 1, Window: 10 * time.Second}},
		Added:  &graph.Component{Name: "load-balancer", Type: graph.LoadBalancer, Replicas: 1, LoadBalancer: &graph.Balancing{Algorithm: graph.RoundRobin}},
		Effect: &graph.Effect{Signal: "cpu", Before: 82.5, After: 45.25, Verdict: graph.Helped},
	}}
	status, err := LogStatus(log)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Log("default/run", status)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(log, back); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func pod(name string, second int, change func(*corev1.Pod)) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(time.Unix(int64(second), 0))}}
	p.Status.PodIP = "127.0.0." + name[len(name)-1:]
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	change(&p)
	return p
}

func keep(*corev1.Pod) {}

func TestInstancesKeepTheirNumbers(t *testing.T) {
	first := AssignInstances("api", nil, []corev1.Pod{pod("p2", 2, keep), pod("p1", 1, keep), pod("p3", 3, keep)})
	ids := func(list []v1alpha1.Instance) (text string) {
		for _, i := range list {
			text += i.ID + "=" + i.Pod + " "
		}
		return text
	}
	if got := ids(first); got != "api-1=p1 api-2=p2 api-3=p3 " {
		t.Fatalf("instances %s", got)
	}
	failed := func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }
	next := AssignInstances("api", first, []corev1.Pod{pod("p1", 1, keep), pod("p2", 2, failed), pod("p3", 3, keep), pod("p4", 4, keep)})
	if got := ids(next); got != "api-1=p1 api-2=p4 api-3=p3 " {
		t.Errorf("instances %s, want the free number given again", got)
	}
}

func TestTheNewestGoesFirst(t *testing.T) {
	pods := []corev1.Pod{pod("p1", 1, keep), pod("p2", 2, keep)}
	instances := AssignInstances("api", nil, pods)
	want := map[string]string{"p1": "-1", "p2": "-2"}
	if diff := cmp.Diff(want, DeletionCosts(instances, pods)); diff != "" {
		t.Errorf("costs (-want +got):\n%s", diff)
	}
	pods[0].Annotations = map[string]string{DeletionCostAnnotation: "-1"}
	if got := DeletionCosts(instances, pods); len(got) != 1 {
		t.Errorf("costs %v, want only what differs", got)
	}
}

func TestWireInstances(t *testing.T) {
	going := func(p *corev1.Pod) { at := metav1.Now(); p.DeletionTimestamp = &at }
	young := func(p *corev1.Pod) { p.Status.Conditions, p.Status.PodIP = nil, "" }
	pods := []corev1.Pod{pod("p1", 1, keep), pod("p2", 2, going), pod("p3", 3, young)}
	got := WireInstances("api", AssignInstances("api", nil, pods), pods, 8080)
	want := []wire.Instance{
		{ID: "api-1", Component: "api", Pod: "p1", Address: "127.0.0.1:8080", State: wire.Ready},
		{ID: "api-2", Component: "api", Pod: "p2", Address: "127.0.0.2:8080", State: wire.Draining},
		{ID: "api-3", Component: "api", Pod: "p3", State: wire.Starting},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
}

func TestPlanFollowsTheForms(t *testing.T) {
	base := `
graphRef: {name: shop}
durationSeconds: 60
`
	tests := map[string]struct {
		traffic, trace string
		at             time.Duration
		rate           float64
		words          string
	}{
		"one rate":       {traffic: "{requestsPerSecond: 40}", at: 30 * time.Second, rate: 40},
		"stages":         {traffic: "{requestsPerSecond: 10, stages: [{durationSeconds: 10, requestsPerSecond: 30}]}", at: 5 * time.Second, rate: 20},
		"a step":         {traffic: "{requestsPerSecond: 10, stages: [{durationSeconds: 10, requestsPerSecond: 30, ramp: Step}]}", at: 5 * time.Second, rate: 30},
		"a shape":        {traffic: "{requestsPerSecond: 10, shape: {kind: Ramp, peakRequestsPerSecond: 70}}", at: 30 * time.Second, rate: 40},
		"a replay":       {traffic: "{replay: {configMapName: t, ratePartsPerMillion: 500000, speedPercent: 200}}", trace: "n\n600\n600\n", at: 10 * time.Second, rate: 5},
		"a broken trace": {traffic: "{replay: {configMapName: t}}", trace: "n\n?\n", words: "row 2"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var sim v1alpha1.Simulation
			if err := yaml.UnmarshalStrict([]byte(base+"traffic: "+tt.traffic), &sim.Spec); err != nil {
				t.Fatal(err)
			}
			plan, err := Plan(&sim, tt.trace)
			if tt.words != "" {
				if err == nil || !strings.Contains(err.Error(), tt.words) {
					t.Errorf("error %v, want words %q", err, tt.words)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := plan.Traffic.Profile.Rate(tt.at); got != tt.rate {
				t.Errorf("rate %v at %v, want %v", got, tt.at, tt.rate)
			}
			if plan.Traffic.Timeout != 10*time.Second || plan.Traffic.Mix.ReadPercent != 80 || plan.Generators != 1 {
				t.Errorf("defaults of %+v", plan)
			}
		})
	}
}
