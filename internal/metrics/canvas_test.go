package metrics

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"flashcrowd.io/flashcrowd/internal/wire"
)

func scene() Scene {
	return Scene{Namespace: "default", Graph: "shop", Simulation: "run", At: noon, Window: 5 * time.Second}
}

func TestShowSortsByComponentPodLinkAndTotal(t *testing.T) {
	c := prometheus(t,
		sample("85.5", "signal", "cpu", "component", "api"), sample("80", "signal", "cpu", "component", "api", "pod", "shop-api-1"),
		sample("NaN", "signal", "latency", "component", "api"), sample("12", "signal", "link", "component", "api", "target", "db"),
		sample("100", "signal", "target"), sample("98.5", "signal", "rate"), sample("990", "signal", "ended_answered"), sample("1000", "signal", "offered"))
	got, err := c.Show(t.Context(), scene())
	if err != nil {
		t.Fatal(err)
	}
	target, rate := 100.0, 98.5
	want := Shown{
		Components: map[string]Values{"api": {wire.ColumnCPU: 85.5}}, Pods: map[string]Values{"shop-api-1": {wire.ColumnCPU: 80}},
		Links: map[string]float64{"api>db": 12}, Total: wire.Total{Target: &target, Rate: &rate, Offered: 1000, Answered: 990},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

// rangeAnswer answers a range query with one series that has every other sample.
func rangeAnswer(t *testing.T, asked *[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		*asked = append(*asked, r.Form.Get("query"))
		result := []map[string]any{}
		if strings.Contains(r.Form.Get("query"), `"signal", "cpu"`) && !strings.Contains(r.Form.Get("query"), "component, pod") {
			result = append(result, map[string]any{
				"metric": map[string]string{"signal": "cpu", "component": "api"},
				"values": []any{[]any{float64(noon.Unix()), "10"}, []any{float64(noon.Add(2 * time.Second).Unix()), "30"}},
			})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": result}})
	}
}

func TestRecordKeepsWhatWasNotMeasuredApart(t *testing.T) {
	var asked []string
	c := answering(t, rangeAnswer(t, &asked))
	r, err := c.Record(t.Context(), scene(), noon, noon.Add(3*time.Second), time.Second, 5)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Components["api"][wire.ColumnCPU]
	if len(got) != 4 || got[0] != 10 || !math.IsNaN(got[1]) || got[2] != 30 || !math.IsNaN(got[3]) {
		t.Errorf("cpu is %v, want 10, nothing, 30, nothing", got)
	}
	if parts := 2*9 + 1 + 7; len(asked) != parts {
		t.Errorf("%d questions, want one for each of %d parts", len(asked), parts)
	}
}

func TestRecordAsksALongRunInPieces(t *testing.T) {
	var asked []string
	c := answering(t, rangeAnswer(t, &asked))
	if _, err := c.Record(t.Context(), scene(), noon, noon.Add(999*time.Second), time.Second, 100); err != nil {
		t.Fatal(err)
	}
	if want := (2*9 + 1 + 7) * 2; len(asked) != want {
		t.Errorf("%d questions, want %d: 1,000 points of 100 series are two answers", len(asked), want)
	}
}

func TestInstancesByPod(t *testing.T) {
	c := prometheus(t, sample("1", "pod", "shop-api-x1", "replica", "api-1"), sample("1", "pod", "shop-api-x2", "replica", "api-2"))
	got, err := c.Instances(t.Context(), scene(), noon.Add(-time.Minute), noon)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"shop-api-x1": "api-1", "shop-api-x2": "api-2"}, got); diff != "" {
		t.Errorf("instances (-want +got):\n%s", diff)
	}
}
