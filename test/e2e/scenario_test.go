package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
	"flashcrowd.io/flashcrowd/internal/wire"
)

func TestScenario1GrowsASecondAPIServerAndLosesNothing(t *testing.T) {
	r := valid(t, "scenario-1.yaml")
	grown := decided(r, "AddReplica", "api-server")
	if len(grown) != 1 || grown[0].From != 1 || grown[0].To != 2 || grown[0].Rule != "api-server" || !strings.Contains(grown[0].Reason, "CPU") {
		t.Errorf("decisions %+v, want one that adds api-server-2 because of its CPU", r.Decisions)
	}
	if api := component(t, r, "api-server"); api.Replicas != 2 || api.Utilization == nil || *api.Utilization > 60 {
		t.Errorf("api-server %+v, want two replicas that share the load", api)
	}
	if r.Requests.Offered < 80_000 || r.Requests.Answered != r.Requests.Offered {
		t.Errorf("requests %+v, want all of some 88,000 answered", r.Requests)
	}
	if r.Verdict != report.Met || r.LatencyMs.P99 > 100 {
		t.Errorf("verdict %s, p99 %.1f ms: want every objective held and latency that recovers", r.Verdict, r.LatencyMs.P99)
	}
	t.Run("the ledger agrees", func(t *testing.T) { checkEvents(t, r) })
	t.Run("every interval is explained", func(t *testing.T) { checkExplanations(t, r) })
	t.Run("both replicas are named", func(t *testing.T) { checkInstances(t) })
	t.Run("deleted, it leaves nothing", func(t *testing.T) { checkDeletion(t) })
}

func clients(t *testing.T) (client.Client, kubernetes.Interface) {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(directory, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	k, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return c, k
}

// checkEvents wants an Event for each decision of the report.
func checkEvents(t *testing.T, r report.Report) {
	_, k := clients(t)
	events, err := k.EventsV1().Events("default").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Decisions {
		told := false
		for _, e := range events.Items {
			told = told || (e.Reason == d.Action && strings.Contains(e.Note, d.Reason))
		}
		if !told {
			t.Errorf("no Event tells %+v", d)
		}
	}
}

// checkExplanations wants to be told of each component that rules watch, second by
// second, what was done or why nothing was.
func checkExplanations(t *testing.T, r report.Report) {
	for _, name := range []string{"api-server", "database"} {
		end := 0.0
		for _, e := range r.Explanations {
			if e.Component != name {
				continue
			}
			if e.Result == "" || e.Message == "" || e.FromSecond > end+1.5 {
				t.Errorf("%s is not explained after %.1f s: %+v", name, end, e)
			}
			end = e.ToSecond
		}
		if end < r.DurationSeconds {
			t.Errorf("%s is explained until %.1f s, want the whole run of %.1f s", name, end, r.DurationSeconds)
		}
	}
	if !slices.ContainsFunc(r.Explanations, func(e report.Explanation) bool { return e.Component == "api-server" && e.Result == "ScaleOut" }) {
		t.Errorf("explanations %+v, want the decision among them", r.Explanations)
	}
}

func checkInstances(t *testing.T) {
	c, _ := clients(t)
	var cg v1alpha1.ComponentGraph
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "shop"}, &cg); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, component := range cg.Status.Components {
		for _, i := range component.Instances {
			ids = append(ids, i.ID)
		}
	}
	want := []string{"load-balancer-1", "api-server-1", "api-server-2", "database-1"}
	if !slices.Equal(ids, want) {
		t.Errorf("instances %v, want %v", ids, want)
	}
}

// checkDeletion deletes graph and simulation and waits for everything to go.
func checkDeletion(t *testing.T) {
	c, k := clients(t)
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "scenario-1"}}
	cg := &v1alpha1.ComponentGraph{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shop"}}
	for _, o := range []client.Object{sim, cg} {
		if err := c.Delete(t.Context(), o, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			t.Fatal(err)
		}
	}
	ofGraph := metav1.ListOptions{LabelSelector: wire.LabelGraph + "=" + cg.Name}
	eventually(t, "every pod is gone", func(ctx context.Context) bool {
		pods, err := k.CoreV1().Pods("default").List(ctx, ofGraph)
		return err == nil && len(pods.Items) == 0
	})
	deployments, err := k.AppsV1().Deployments("default").List(t.Context(), ofGraph)
	if err != nil || len(deployments.Items) != 0 {
		t.Errorf("%d deployments are left, error %v", len(deployments.Items), err)
	}
}

func eventually(t *testing.T, what string, condition func(context.Context) bool) {
	t.Helper()
	deadline := time.After(3 * time.Minute)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !condition(t.Context()) {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func TestWithoutALoadBalancerOneAppearsAndBecomesTheEntry(t *testing.T) {
	r := valid(t, "no-balancer.yaml")
	if len(decided(r, "InsertLoadBalancer", "api-server")) != 1 {
		t.Fatalf("decisions %+v, want a load balancer before api-server", r.Decisions)
	}
	if lb := component(t, r, "load-balancer"); lb.Origin != "load-balancer" || lb.Type != "LoadBalancer" {
		t.Errorf("load balancer %+v, want one that the rule put there", lb)
	}
	edge := report.Connection{From: "load-balancer", To: "api-server"}
	if !slices.Contains(r.Connections, edge) {
		t.Errorf("connections %+v, want %+v", r.Connections, edge)
	}
	if r.Requests.Answered != r.Requests.Offered {
		t.Errorf("requests %+v: some were lost while the entry changed", r.Requests)
	}
}

func TestWorldCupGrowsIntoTheCrowdAndShrinksAfterIt(t *testing.T) {
	r := valid(t, "worldcup98.yaml")
	grown, shrunk := decided(r, "AddReplica", "api-server"), decided(r, "RemoveReplica", "api-server")
	if len(grown) == 0 || len(shrunk) == 0 {
		t.Fatalf("decisions %+v, want growth and shrinking", r.Decisions)
	}
	peak := slices.MaxFunc(grown, func(a, b report.Decision) int { return int(a.To - b.To) }).To
	if api := component(t, r, "api-server"); api.Replicas >= peak {
		t.Errorf("%d replicas at the end of %d at the peak", api.Replicas, peak)
	}
	if r.Requests.Failed+r.Requests.Dropped != 0 {
		t.Errorf("requests %+v: none may be lost as replicas come and go", r.Requests)
	}
}

func TestRunTellsWhatIsWrongWithAManifest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.yaml")
	out, err := exec.Command(binary(), "run", "--dir", directory, path).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "none.yaml") {
		t.Errorf("error %v, output %s: want words that name the file", err, out)
	}
}
