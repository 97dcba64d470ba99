package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/history"
	"flashcrowd.io/flashcrowd/internal/report"
)

const (
	uidOlder = "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a01"
	uidNewer = "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a02"
	uidLive  = "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a03"
	uidOther = "6a1f0c3e-5d0a-4b52-9f43-0d6f3d0c2a04"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// finished is a run of a name that began some minutes after noon and lasted one.
func finished(uid, name string, minutes int, offered int64) *v1alpha1.Simulation {
	began := noon.Add(time.Duration(minutes) * time.Minute)
	start, end := metav1.NewMicroTime(began), metav1.NewMicroTime(began.Add(time.Minute))
	return &v1alpha1.Simulation{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Simulation"},
		ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name, UID: types.UID(uid), CreationTimestamp: metav1.NewTime(began)},
		Spec:       v1alpha1.SimulationSpec{GraphRef: v1alpha1.GraphRef{Name: "shop"}, DurationSeconds: new(int32(60)), Traffic: v1alpha1.Traffic{RequestsPerSecond: new(int32(100))}},
		Status: v1alpha1.SimulationStatus{
			StartTime: &start, CompletionTime: &end, ElapsedSeconds: 60, Summary: &v1alpha1.Summary{Offered: offered, Answered: offered, P99Microseconds: 12_000},
			Conditions: []metav1.Condition{
				{Type: v1alpha1.ConditionFinished, Status: metav1.ConditionTrue}, {Type: v1alpha1.ConditionSucceeded, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonObjectivesMet},
			},
		},
	}
}

func shop() *v1alpha1.ComponentGraph {
	cg := &v1alpha1.ComponentGraph{Spec: v1alpha1.ComponentGraphSpec{Components: []v1alpha1.Component{{Name: "api-server", Type: v1alpha1.APIServer}}}}
	cg.Namespace, cg.Name = "default", "shop"
	return cg
}

// keptIn writes finished runs with a minute of measurements into a new history.
func keptIn(t *testing.T, sims ...*v1alpha1.Simulation) string {
	t.Helper()
	dsn := filepath.Join(t.TempDir(), "history.db")
	store, err := history.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, sim := range sims {
		told, err := history.Told(sim, shop(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		for second := range 61 {
			cpu := float64(second)
			at := sim.Status.StartTime.Add(time.Duration(second) * time.Second)
			told.Samples = append(told.Samples, history.Sample{Run: string(sim.UID), Component: "api-server", At: at, Values: history.Values{CPU: &cpu}})
		}
		if err := store.Write(t.Context(), told); err != nil {
			t.Fatal(err)
		}
	}
	return dsn
}

// apiServer is a cluster that has some simulations and nothing else; it is reached by
// the kubeconfig.
func apiServer(t *testing.T, sims ...*v1alpha1.Simulation) (kubeconfig string) {
	t.Helper()
	const group = "/apis/flashcrowd.io/v1alpha1"
	answer := func(w http.ResponseWriter, value any) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(value); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api", func(w http.ResponseWriter, _ *http.Request) { answer(w, metav1.APIVersions{}) })
	mux.HandleFunc("GET /apis", func(w http.ResponseWriter, _ *http.Request) {
		version := metav1.GroupVersionForDiscovery{GroupVersion: v1alpha1.GroupVersion.String(), Version: "v1alpha1"}
		answer(w, metav1.APIGroupList{Groups: []metav1.APIGroup{{Name: "flashcrowd.io", Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version}}})
	})
	mux.HandleFunc("GET "+group, func(w http.ResponseWriter, _ *http.Request) {
		answer(w, metav1.APIResourceList{GroupVersion: v1alpha1.GroupVersion.String(), APIResources: []metav1.APIResource{
			{Name: "simulations", Namespaced: true, Kind: "Simulation"}, {Name: "componentgraphs", Namespaced: true, Kind: "ComponentGraph"},
		}})
	})
	mux.HandleFunc("GET "+group+"/namespaces/{namespace}/simulations", func(w http.ResponseWriter, r *http.Request) {
		list := v1alpha1.SimulationList{TypeMeta: metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "SimulationList"}}
		for _, sim := range sims {
			if sim.Namespace == r.PathValue("namespace") {
				list.Items = append(list.Items, *sim)
			}
		}
		answer(w, list)
	})
	mux.HandleFunc("GET "+group+"/namespaces/{namespace}/{resource}/{name}", func(w http.ResponseWriter, r *http.Request) {
		for _, sim := range sims {
			if r.PathValue("resource") == "simulations" && sim.Namespace == r.PathValue("namespace") && sim.Name == r.PathValue("name") {
				answer(w, sim)
				return
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		answer(w, apierrors.NewNotFound(schema.GroupResource{Resource: r.PathValue("resource")}, r.PathValue("name")).Status())
	})
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	return kubeconfigOf(t, web.URL)
}

func kubeconfigOf(t *testing.T, url string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: %q}}], contexts: [{name: c, context: {cluster: c, user: u}}], users: [{name: u}]}`, url)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// told is the report that the program prints as JSON.
func told(t *testing.T, args ...string) report.Report {
	t.Helper()
	out, err := says(t, append([]string{"report", "-o", "json"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var r report.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return r
}

func TestTheRunOfTheClusterCountsBeforeThoseThatWereKept(t *testing.T) {
	dsn := keptIn(t, finished(uidOlder, "match-day", 0, 1), finished(uidNewer, "match-day", 10, 2), finished(uidOther, "gone", 5, 4))
	kubeconfig := apiServer(t, finished(uidLive, "match-day", 20, 3))
	where := []string{"--kubeconfig", kubeconfig, "--history", dsn}
	for name, want := range map[string]int64{
		"match-day": 3, "default/match-day": 3, uidLive: 3, uidNewer: 2, uidOlder: 1, "gone": 4, "default/gone": 4,
	} {
		if r := told(t, append(where, name)...); r.Requests.Offered != want {
			t.Errorf("%s offered %d, not %d", name, r.Requests.Offered, want)
		}
	}
	gone := []string{"--kubeconfig", apiServer(t), "--history", dsn}
	if r := told(t, append(gone, "match-day")...); r.Requests.Offered != 2 || r.Series == nil || len(r.Series.Components["api-server"]["cpu"]) != 61 || len(r.Components) != 1 {
		t.Errorf("the newest that was kept is %+v", r)
	}
}

func TestARunThatIsGoneIsReportedInEveryForm(t *testing.T) {
	dsn := keptIn(t, finished(uidOlder, "before", 0, 1), finished(uidNewer, "match-day", 10, 2))
	where := []string{"--kubeconfig", apiServer(t), "--history", dsn}
	for form, want := range map[string]string{
		"": "finished after 1m0s, every objective held", "-o markdown": "| offered | 2 |", "-o html": `aria-label="CPU (%)"`, "-o json": `"offered": 2`, "-o yaml": "offered: 2",
		"--export hpa": "kind: Deployment", "--against before": "default/before", "--against before -o json": `"name": "default/before"`, "--against " + uidOlder: "default/before",
	} {
		out, err := says(t, append(append([]string{"report", "match-day"}, where...), strings.Fields(form)...)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%q: no %s in\n%s%v", form, want, out, err)
		}
	}
}

func TestReportSaysWhereItLooked(t *testing.T) {
	kubeconfig, dsn := apiServer(t), keptIn(t, finished(uidOlder, "match-day", 0, 1))
	away := kubeconfigOf(t, "http://127.0.0.1:1")
	for name, tt := range map[string]struct{ args, words string }{
		"no history":          {"nothing --kubeconfig " + kubeconfig, `no run "nothing" in namespace default, and there is no history to look in: --history names one`},
		"neither":             {"nothing --kubeconfig " + kubeconfig + " --history " + dsn, `no run "nothing" in namespace default, neither in the cluster nor in the history`},
		"another namespace":   {"match-day -n prod --kubeconfig " + kubeconfig + " --history " + dsn, `no run "match-day" in namespace prod`},
		"to be compared with": {"match-day --against nothing --kubeconfig " + kubeconfig + " --history " + dsn, `no run "nothing"`},
		"a missing file":      {"nothing --kubeconfig " + kubeconfig + " --history " + dsn + ".old", "there is no history yet"},
		"nobody answers":      {"nothing --kubeconfig " + away, "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := says(t, append([]string{"report"}, strings.Fields(tt.args)...)...); err == nil || !strings.Contains(err.Error(), tt.words) {
				t.Errorf("%v, want %q in it\n%s", err, tt.words, out)
			}
		})
	}
	if r := told(t, "match-day", "--kubeconfig", away, "--history", dsn); r.Requests.Offered != 1 {
		t.Errorf("without a cluster: %+v", r.Requests)
	}
}
