package e2e

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/internal/localcluster"
)

// reconciles are how long the manager's reconciles of simulations took: how many,
// their sum in seconds, and how many within each bound in seconds.
type reconciles struct {
	count   uint64
	sum     float64
	buckets map[float64]uint64
}

// since is what came after an earlier reading.
func (r reconciles) since(before reconciles) reconciles {
	d := reconciles{count: r.count - before.count, sum: r.sum - before.sum, buckets: map[float64]uint64{}}
	for bound, n := range r.buckets {
		d.buckets[bound] = n - before.buckets[bound]
	}
	return d
}

// with is both together.
func (r reconciles) with(other reconciles) reconciles {
	d := reconciles{count: r.count + other.count, sum: r.sum + other.sum, buckets: maps.Clone(other.buckets)}
	for bound, n := range r.buckets {
		d.buckets[bound] += n
	}
	return d
}

// p99 in milliseconds, by lines between bounds as Prometheus draws them.
func (r reconciles) p99() float64 {
	rank, low, below := 0.99*float64(r.count), 0.0, 0.0
	for _, bound := range slices.Sorted(maps.Keys(r.buckets)) {
		n := float64(r.buckets[bound])
		if n >= rank && !math.IsInf(bound, 1) {
			return 1000 * (low + (bound-low)*(rank-below)/(n-below))
		}
		low, below = bound, n
	}
	return 1000 * low
}

func (r reconciles) mean() float64 { return 1000 * r.sum / float64(r.count) }

func (r reconciles) String() string {
	return fmt.Sprintf("%d reconciles, mean %.2f ms, p99 %.2f ms", r.count, r.mean(), r.p99())
}

// managerMetrics reads the manager's own metrics.
type managerMetrics struct {
	t       *testing.T
	address string
	token   string
}

func newManagerMetrics(t *testing.T) *managerMetrics {
	t.Helper()
	_, k := clients(t)
	const system, name = "flashcrowd-system", "e2e-metrics-reader"
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: name}}
	if _, err := k.CoreV1().ServiceAccounts(system).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "flashcrowd-metrics-reader"},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: system, Name: name}},
	}
	if _, err := k.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pods, err := k.CoreV1().Pods(system).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=flashcrowd-manager"})
	if err != nil || len(pods.Items) != 1 {
		t.Fatalf("%d managers, want one: %v", len(pods.Items), err)
	}
	return &managerMetrics{t: t, address: "https://" + pods.Items[0].Status.PodIP + ":8443/metrics", token: token(t, system, name)}
}

func (m *managerMetrics) reconciles() reconciles {
	m.t.Helper()
	request, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, m.address, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+m.token)
	insecure := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // the manager signs its certificate itself
	response, err := insecure.Do(request)
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		m.t.Fatalf("the manager's metrics: %s", response.Status)
	}
	all := reconciles{buckets: map[float64]uint64{}}
	decoder := expfmt.NewDecoder(response.Body, expfmt.ResponseFormat(response.Header))
	for {
		family := &dto.MetricFamily{}
		switch err := decoder.Decode(family); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			m.t.Fatal(err)
		}
		if family.GetName() == "controller_runtime_reconcile_time_seconds" {
			all = ofSimulations(family)
		}
	}
}

func ofSimulations(family *dto.MetricFamily) reconciles {
	all := reconciles{buckets: map[float64]uint64{}}
	for _, series := range family.GetMetric() {
		for _, label := range series.GetLabel() {
			if label.GetName() != "controller" || label.GetValue() != "simulation" {
				continue
			}
			all.count, all.sum = series.GetHistogram().GetSampleCount(), series.GetHistogram().GetSampleSum()
			for _, bucket := range series.GetHistogram().GetBucket() {
				all.buckets[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
			}
		}
	}
	return all
}

// killManager ends the manager of the local cluster as a crash does.
func killManager(t *testing.T) {
	t.Helper()
	prometheus, err := localcluster.Open(directory).PrometheusURL()
	if err != nil {
		t.Fatal(err)
	}
	killed := 0
	entries, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		text, err := os.ReadFile(entry)
		if err != nil {
			continue // it has ended meanwhile
		}
		arguments := strings.Split(string(text), "\x00")
		if filepath.Base(arguments[0]) != "manager" || !slices.Contains(arguments, "--prometheus-url="+prometheus) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(entry)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		killed++
	}
	if killed != 1 {
		t.Fatalf("%d managers were killed, want one", killed)
	}
}
