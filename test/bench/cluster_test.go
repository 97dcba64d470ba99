package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/controllers"
	"flashcrowd.io/flashcrowd/internal/localcluster"
)

const (
	largeServices = 100
	largeReplicas = 3
	system        = "flashcrowd-system"
	// standing is how long the replicas may take to be ready.
	standing = 5 * time.Minute
	// starting is how long a run may take to be under way.
	starting = time.Minute
)

// host is a local cluster of a benchmark's own.
type host struct {
	client     client.Client
	supervisor int
	token      string
}

// newHost starts a local cluster and ends it with the benchmark.
func newHost(b *testing.B) *host {
	b.Helper()
	binary, err := filepath.Abs(filepath.Join("..", "..", "bin", "flashcrowd"))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		b.Fatal("the binaries are not built: run make controlplane build")
	}
	dir := b.TempDir()
	b.Cleanup(func() {
		if out, err := exec.Command(binary, "local", "down", "--dir", dir, "--delete").CombinedOutput(); err != nil {
			b.Errorf("ending the local cluster: %v\n%s", err, out)
		}
	})
	if out, err := exec.Command(binary, "local", "up", "--dir", dir).CombinedOutput(); err != nil {
		b.Fatalf("starting the local cluster: %v\n%s", err, out)
	}
	cluster := localcluster.Open(dir)
	status, err := cluster.Status(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", cluster.Kubeconfig())
	if err != nil {
		b.Fatal(err)
	}
	options, err := controllers.ManagerOptions()
	if err != nil {
		b.Fatal(err)
	}
	c, err := client.New(config, client.Options{Scheme: options.Scheme})
	if err != nil {
		b.Fatal(err)
	}
	h := &host{client: c, supervisor: status.Supervisor}
	h.token = h.reader(b)
	return h
}

// reader is the token of an account that may read the manager's metrics.
func (h *host) reader(b *testing.B) string {
	b.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "bench"}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "bench"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "flashcrowd-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: system, Name: "bench"}},
	}
	for _, o := range []client.Object{account, binding} {
		if err := h.client.Create(b.Context(), o); err != nil {
			b.Fatal(err)
		}
	}
	request := &authenticationv1.TokenRequest{}
	if err := h.client.SubResource("token").Create(b.Context(), account, request); err != nil {
		b.Fatal(err)
	}
	return request.Status.Token
}

// reconciles are how long the manager's reconciles of one kind took, as its
// histogram tells: how many, and how many within each bound in seconds.
type reconciles struct {
	count   uint64
	buckets map[float64]uint64
}

// reconciled asks the manager.
func (h *host) reconciled(b *testing.B, controller string) reconciles {
	b.Helper()
	var pods corev1.PodList
	if err := h.client.List(b.Context(), &pods, client.InNamespace(system), client.MatchingLabels{"app.kubernetes.io/name": "flashcrowd-manager"}); err != nil {
		b.Fatal(err)
	}
	if len(pods.Items) != 1 {
		b.Fatalf("%d managers, want one", len(pods.Items))
	}
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, fmt.Sprintf("https://%s:8443/metrics", pods.Items[0].Status.PodIP), nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the manager signs its certificate itself
	response, err := insecure.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.Fatalf("the manager's metrics: %s", response.Status)
	}
	all := reconciles{buckets: map[float64]uint64{}}
	for _, m := range families(b, response)["controller_runtime_reconcile_time_seconds"].GetMetric() {
		for _, label := range m.GetLabel() {
			if label.GetName() != "controller" || label.GetValue() != controller {
				continue
			}
			all.count = m.GetHistogram().GetSampleCount()
			for _, bucket := range m.GetHistogram().GetBucket() {
				all.buckets[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
			}
		}
	}
	return all
}

// within is the least bound that a share of the reconciles since before kept to,
// in seconds: a histogram knows no more.
func (r reconciles) within(share float64, before reconciles) float64 {
	bound := 0.0
	for upper, count := range r.buckets {
		if float64(count-before.buckets[upper]) >= share*float64(r.count-before.count) && (bound == 0 || upper < bound) {
			bound = upper
		}
	}
	return bound
}

// services is a graph of so many services behind a load balancer, each of which
// calls up to three others.
func services() *v1alpha1.ComponentGraph {
	name := func(i int) string { return fmt.Sprintf("service-%d", i) }
	cg := &v1alpha1.ComponentGraph{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "large"}}
	for i := range largeServices {
		replicas, kind := int32(largeReplicas), v1alpha1.APIServer
		if i == 0 {
			kind = v1alpha1.LoadBalancer
		}
		cg.Spec.Components = append(cg.Spec.Components, v1alpha1.Component{Name: name(i), Type: kind, Replicas: &replicas})
		if i > 0 {
			cg.Spec.Connections = append(cg.Spec.Connections, v1alpha1.Connection{From: name((i - 1) / 3), To: name(i)})
		}
	}
	return cg
}

// trickle is a run of one request a second, whose rules are evaluated each second
// and have nothing to do: a request goes to all services.
func trickle() *v1alpha1.Simulation {
	rate, seconds, yes := int32(1), int32(3600), true
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "large"}}
	sim.Spec.GraphRef.Name, sim.Spec.DurationSeconds = "large", &seconds
	sim.Spec.Traffic.RequestsPerSecond = &rate
	sim.Spec.AutoScaling.Rules = []v1alpha1.Rule{{Name: "load-balancer", Disabled: &yes}}
	return sim
}

// await waits until a condition holds, and reports whether it did in time.
func await(ctx context.Context, within time.Duration, holds func(context.Context) bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	poll := time.NewTicker(500 * time.Millisecond)
	defer poll.Stop()
	for !holds(ctx) {
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
		}
	}
	return true
}

// create creates an object and returns when it was.
func (h *host) create(b *testing.B, o client.Object) time.Time {
	b.Helper()
	if err := h.client.Create(b.Context(), o); err != nil {
		b.Fatal(err)
	}
	return time.Now()
}

// BenchmarkHundredComponents tells what a hundred components of three replicas
// take on the local cluster, each a process of its own: idle, and while a run
// evaluates them each second.
func BenchmarkHundredComponents(b *testing.B) {
	h := newHost(b)
	cg, sim := services(), trickle()
	began := h.create(b, cg)
	stands := await(b.Context(), standing, func(ctx context.Context) bool {
		return h.client.Get(ctx, client.ObjectKeyFromObject(cg), cg) == nil && ready(cg) == largeServices*largeReplicas
	})
	spent(b, descendants(b, h.supervisor))
	bar{"seconds until every replica is ready", time.Since(began).Seconds(), standing.Seconds()}.tell(b)
	if !stands {
		b.Skipf("%d of %d replicas are ready after %v", ready(cg), largeServices*largeReplicas, standing)
	}
	length := 3 * *duration
	<-time.After(*duration) // what starting them has left to do
	idle := watch(b, descendants(b, h.supervisor), length)
	tell(b, "idle", idle)
	bar{"millicores of an idle stub", idle["stub"].millicores(), 2}.tell(b)

	began = h.create(b, sim)
	flows := await(b.Context(), starting+*duration, func(ctx context.Context) bool {
		return h.client.Get(ctx, client.ObjectKeyFromObject(sim), sim) == nil && sim.Status.ElapsedSeconds > int32(duration.Seconds())
	})
	bar{fmt.Sprintf("seconds until a run has lasted for %v", *duration), time.Since(began).Seconds(), (starting + *duration).Seconds()}.tell(b)
	if !flows {
		tell(b, "while the run does not get on", watch(b, descendants(b, h.supervisor), *duration))
		b.Skipf("after %d s of the run: %+v", sim.Status.ElapsedSeconds, sim.Status.Conditions)
	}
	before, elapsed := h.reconciled(b, "simulation"), sim.Status.ElapsedSeconds
	busy := watch(b, descendants(b, h.supervisor), length)
	tell(b, "evaluated each second", busy)
	after := h.reconciled(b, "simulation")
	if err := h.client.Get(b.Context(), client.ObjectKeyFromObject(sim), sim); err != nil {
		b.Fatal(err)
	}
	if ticks := sim.Status.ElapsedSeconds - elapsed; float64(ticks) < 0.9*length.Seconds() {
		b.Errorf("evaluated for %d of %v", ticks, length)
	}
	b.Logf("%d reconciles of the run: half within %v s, 99 %% within %v s", after.count-before.count, after.within(0.5, before), after.within(0.99, before))
	bar{"MB of the largest stub", busy["stub"].largest, 20}.tell(b)
	bar{"seconds of a reconcile, 99 %", after.within(0.99, before), 1}.tell(b)
	b.ReportMetric(idle["manager"].cores, "manager-idle-cores")
	b.ReportMetric(busy["manager"].cores, "manager-cores")
	b.ReportMetric(busy["manager"].megabytes, "manager-MB")
	b.ReportMetric(idle["stub"].millicores(), "idle-stub-millicores")
	b.ReportMetric(busy["stub"].megabytes/float64(busy["stub"].processes), "stub-MB")
	b.ReportMetric(after.within(0.99, before), "reconcile-p99-s")
	b.ReportMetric(0, "ns/op")
}

// ready counts the replicas that serve.
func ready(cg *v1alpha1.ComponentGraph) int {
	n := 0
	for _, c := range cg.Status.Components {
		if c.ReadyReplicas != nil {
			n += int(*c.ReadyReplicas)
		}
	}
	return n
}
