package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/dashboard/runs"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// busyDatabase is a Prometheus at which the database is 42 % busy at every moment.
func busyDatabase(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	const metric = `{"signal":"cpu","component":"database"}`
	if r.URL.Path != "/api/v1/query_range" {
		_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":%s,"value":[1,"42"]}]}}`, metric)
		return
	}
	var window [3]float64
	for i, name := range []string{"start", "end", "step"} {
		window[i], _ = strconv.ParseFloat(r.FormValue(name), 64)
	}
	values := [][2]any{}
	for at := window[0]; at <= window[1]+0.001; at += window[2] {
		values = append(values, [2]any{at, "42"})
	}
	text, err := json.Marshal(values)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":%s,"values":%s}]}}`, metric, text)
}

func TestTheMetricsOfARunThatGoesOn(t *testing.T) {
	h := reporting(t, drawn(), busyDatabase)
	sim := simulationIn("default")
	sim.Status.StartTime = new(metav1.NewMicroTime(time.Now().Add(-time.Hour)))
	h.run = runs.Recall(sim, graphIn("default"), runs.Name{Epoch: "e", Server: "test", TickEvery: time.Second}, time.Now())
	ask := func(query string) wire.MetricsResponse {
		return read[wire.MetricsResponse](t, h.ask(http.MethodGet, "/api/simulation/default%2Frun/metrics"+query, "", asAda()))
	}
	if now := ask(""); now.OverTime != nil || len(now.Components) != 1 || now.Components[0].Metrics[wire.ColumnCPU] != 42 {
		t.Errorf("now %+v", now)
	}
	for query, want := range map[string]struct{ least, most, step int }{
		"?range=60":                 {60, 62, 1},
		"?range=60&step=15":         {5, 5, 15},
		"?step=600":                 {7, 8, 600}, // a busy machine may take a moment
		"?range=86400":              {1799, 3603, 0},
		"?range=5&component=queue":  {0, 0, 1},
		"?step=600&component=other": {0, 0, 600},
	} {
		over := ask(query).OverTime
		if over == nil || want.step > 0 && int(over.StepSeconds) != want.step {
			t.Errorf("%s: %+v", query, over)
			continue
		}
		length := 0
		for _, one := range over.Series {
			length += len(one.Values)
			for i, v := range one.Values {
				if v == nil || *v != 42 {
					t.Errorf("%s: value %d of %s is %v", query, i, one.ID, v)
				}
			}
		}
		if length < want.least || length > want.most {
			t.Errorf("%s: %d values, not %d to %d", query, length, want.least, want.most)
		}
	}
}

func TestTheFiltersOfMetricsAreDescribed(t *testing.T) {
	document := read[struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name        string `json:"name"`
				Description string `json:"description"`
			} `json:"parameters"`
		} `json:"paths"`
	}](t, newHouse(t).ask(http.MethodGet, "/api/openapi.json", "", nil))
	described := map[string]string{}
	for _, p := range document.Paths["/api/simulation/{id}/metrics"]["get"].Parameters {
		described[p.Name] = p.Description
	}
	for _, name := range []string{"id", "range", "step", "component"} {
		if described[name] == "" {
			t.Errorf("%s is not described", name)
		}
	}
}
