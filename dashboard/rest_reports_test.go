package dashboard

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/report"
)

// graphs are those of the runs of a house, unless they are gone.
type graphs struct {
	client.Reader
	spec *v1alpha1.ComponentGraphSpec
}

func (g graphs) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	cg, ok := object.(*v1alpha1.ComponentGraph)
	if !ok || g.spec == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "componentgraphs"}, key.Name)
	}
	cg.Name, cg.Namespace, cg.Spec = key.Name, key.Namespace, *g.spec
	return nil
}

// reporting is a house whose graphs and metrics answer.
func reporting(t *testing.T, g graphs, prometheus http.HandlerFunc) *house {
	t.Helper()
	source := httptest.NewServer(prometheus)
	t.Cleanup(source.Close)
	meter, err := metrics.NewClient(source.URL, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return newHouse(t, func(o *Options) { o.Graphs, o.Meter = g, meter })
}

func drawn() graphs {
	return graphs{spec: &v1alpha1.ComponentGraphSpec{Components: []v1alpha1.Component{{Name: "api-server", Type: v1alpha1.APIServer, Replicas: new(int32(2))}}}}
}

func nothingMeasured(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
}

func TestReportsAreWrittenAsAsked(t *testing.T) {
	h := reporting(t, drawn(), nothingMeasured)
	tests := map[string]struct{ query, accept, mediaType, words string }{
		"nobody says":        {"", "", "application/json", `"simulation":"default/run"`},
		"anything":           {"", "*/*", "application/json", `"simulation":"default/run"`},
		"a browser":          {"", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8", "<h1>default/run</h1>"},
		"by preference":      {"", "text/html;q=0.5, text/markdown", "text/markdown; charset=utf-8", "# default/run\n"},
		"a name wins":        {"?format=text", "text/html", "text/plain; charset=utf-8", "\nFinal architecture\n"},
		"a page by name":     {"?format=html", "", "text/html; charset=utf-8", "<h1>default/run</h1>"},
		"Markdown by name":   {"?format=md", "application/json", "text/markdown; charset=utf-8", "# default/run\n"},
		"data by name":       {"?format=json", "text/html", "application/json", `"simulation":"default/run"`},
		"what nobody writes": {"", "application/pdf", "application/json", `"simulation":"default/run"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			response := h.ask(http.MethodGet, "/api/simulation/run-in-default/report"+tt.query, "", map[string]string{"Authorization": "Bearer jane", "Accept": tt.accept})
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != tt.mediaType || !strings.Contains(string(body), tt.words) {
				t.Errorf("%s, %s, wrote\n%s", response.Status, response.Header.Get("Content-Type"), body)
			}
			if got := response.Header.Get("Content-Security-Policy"); got != reportPolicy {
				t.Errorf("policy %s", got)
			}
		})
	}
}

func TestReportsAreRefused(t *testing.T) {
	h := reporting(t, drawn(), nothingMeasured)
	for path, want := range map[string]int{
		"run-in-default/report?format=pdf": http.StatusUnprocessableEntity,
		"run-in-secret/report":             http.StatusForbidden,
		"nobody/report":                    http.StatusNotFound,
	} {
		response := h.ask(http.MethodGet, "/api/simulation/"+path, "", map[string]string{"Authorization": "Bearer jane", "Accept": "text/html"})
		if response.StatusCode != want || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s as %s, want %d as a problem", path, response.Status, response.Header.Get("Content-Type"), want)
		}
	}
}

// TestAReportNeedsNeitherMetricsNorGraph: the run's object is a truth of its own.
func TestAReportNeedsNeitherMetricsNorGraph(t *testing.T) {
	h := reporting(t, graphs{}, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "away", http.StatusServiceUnavailable) })
	response := h.ask(http.MethodGet, "/api/simulation/default%2Frun/report", "", map[string]string{"Authorization": "Bearer jane"})
	var r report.Report
	if err := json.NewDecoder(response.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Simulation != "default/run" || r.Series != nil || r.Unmeasured == "" || len(r.Components) != 0 {
		t.Errorf("%+v", r)
	}
}
