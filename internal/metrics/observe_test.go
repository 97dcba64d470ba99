package metrics

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/scaling"
	"flashcrowd.io/flashcrowd/internal/wire"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// sample is one element of a Prometheus vector.
func sample(value string, labels ...string) map[string]any {
	metric := map[string]string{}
	for i := 0; i < len(labels); i += 2 {
		metric[labels[i]] = labels[i+1]
	}
	return map[string]any{"metric": metric, "value": []any{float64(noon.Unix()), value}}
}

// prometheus answers every query with the same vector.
func prometheus(t *testing.T, samples ...map[string]any) *Client {
	t.Helper()
	return answering(t, func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": samples}})
	})
}

func answering(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL, 500*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func question() Question {
	return Question{
		Namespace: "default", Graph: "shop", At: noon, Window: 10 * time.Second, ScrapeInterval: time.Second,
		Components: []ComponentQuestion{{Name: "api", Type: graph.APIServer, Replicas: scaling.Replicas{Spec: 2, Ready: 2}}, {Name: "db", Type: graph.Database}},
	}
}

func seen(component, pod string) []map[string]any {
	return []map[string]any{
		sample("10", "signal", "samples", "component", component, "pod", pod),
		sample(fmt.Sprint(noon.Unix()), "signal", "last", "component", component, "pod", pod),
	}
}

func observe(t *testing.T, c *Client) map[string]scaling.Observation {
	t.Helper()
	list, err := c.Observe(t.Context(), question())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]scaling.Observation{}
	for _, o := range list {
		out[o.Component] = o
	}
	return out
}

func TestObserveTurnsSamplesIntoSignals(t *testing.T) {
	samples := append(seen("api", "a"), seen("api", "b")...)
	samples = append(samples, seen("db", "d")...)
	samples = append(samples,
		sample("60", "signal", "cpu", "component", "api", "pod", "a"), sample("80", "signal", "cpu", "component", "api", "pod", "b"),
		sample("900", "signal", "arrivals", "component", "api", "class", "Read"), sample("100", "signal", "arrivals", "component", "api", "class", "Write"),
		sample("950", "signal", "rates", "component", "api", "outcome", "answered"), sample("50", "signal", "rates", "component", "api", "outcome", "failed"),
		sample("20", "signal", "latency", "component", "api"), sample("5", "signal", "ownLatency", "component", "api"),
		sample("20", "signal", "latency", "component", "db"), sample("7", "signal", "ownLatency", "component", "db"),
		sample("NaN", "signal", "latencyP95", "component", "api"),
	)
	observed := observe(t, prometheus(t, samples...))
	want := map[string]float64{
		scaling.CPU: 70, scaling.RequestRate: 1000, scaling.Throughput: 950, scaling.ErrorRate: 5, scaling.ReadRatio: 90, scaling.WriteRatio: 10,
		scaling.StaticRatio: 0, scaling.Latency: 20, scaling.DownstreamShare: 75,
	}
	for signal, value := range want {
		v := observed["api"].Signal(signal, 10*time.Second)
		if math.Abs(v.Value-value) > 1e-9 || v.N != 20 || v.Coverage != 1 || !v.Last.Equal(noon) {
			t.Errorf("%s is %+v, want %v", signal, v, value)
		}
	}
	if v := observed["api"].Signal(scaling.LatencyP95, 10*time.Second); v.Missing == "" {
		t.Errorf("a quantile that is not a number became %+v", v)
	}
	if v := observed["db"].Signal(scaling.Latency, 10*time.Second); v.Value != 7 {
		t.Errorf("latency of a database is %v, want its own 7 ms", v.Value)
	}
}

// byExpression answers each query with the samples of the first word that it contains.
func byExpression(t *testing.T, answers map[string][]map[string]any) *Client {
	t.Helper()
	return answering(t, func(w http.ResponseWriter, r *http.Request) {
		var samples []map[string]any
		for word, some := range answers {
			if strings.Contains(r.FormValue("query"), word) {
				samples = append(samples, some...)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": samples}})
	})
}

func TestSignalsOfOneTypeOfComponent(t *testing.T) {
	samples := append(seen("queue", "q"), seen("cache", "c")...)
	samples = append(samples, seen("replica", "r")...)
	samples = append(samples, seen("idle", "i")...)
	samples = append(samples,
		sample("1200", "signal", "queueDepth", "component", "queue"), sample("7.5", "signal", "oldest", "component", "queue"),
		sample("100", "signal", "done", "component", "queue"), sample("140", "signal", "rates", "component", "queue", "outcome", "answered"),
		sample("900", "signal", "lookups", "component", "cache", "outcome", "hit"), sample("100", "signal", "lookups", "component", "cache", "outcome", "miss"),
		sample("0", "signal", "lookups", "component", "idle", "outcome", "hit"),
		sample("20", "signal", "replicationLag", "component", "replica"),
	)
	q := question()
	q.Components = []ComponentQuestion{{Name: "queue", Type: graph.MessageQueue}, {Name: "cache", Type: graph.Cache}, {Name: "idle", Type: graph.Cache}, {Name: "replica", Type: graph.Database}}
	list, err := prometheus(t, samples...).Observe(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []map[string]float64{
		{scaling.QueueDepth: 1200, scaling.Lag: 12, scaling.Throughput: 100}, {scaling.HitRatio: 90}, {}, {scaling.ReplicationLag: 20},
	} {
		for _, name := range []string{scaling.QueueDepth, scaling.Lag, scaling.Throughput, scaling.HitRatio, scaling.ReplicationLag} {
			got := list[i].Signal(name, q.Window)
			if value, known := want[name]; known != (got.Missing == "") || got.Value != value {
				t.Errorf("%s of %s is %+v, want %v (known: %v)", name, list[i].Component, got, value, known)
			}
		}
	}
}

// What fails elsewhere was work here all the same: a saturated database must not
// make its callers look three times too small.
func TestThroughputIsTheWorkThatWasDoneHere(t *testing.T) {
	for name, test := range map[string]struct {
		failed, calls string
		want          float64
	}{
		"refused here":                  {failed: "600", want: 400},
		"failed in a call":              {failed: "600", calls: "600", want: 1000},
		"refused here and failed there": {failed: "600", calls: "150", want: 550},
		"several calls each":            {failed: "600", calls: "1800", want: 1000},
		"calls that nobody missed":      {failed: "0", calls: "200", want: 400},
	} {
		t.Run(name, func(t *testing.T) {
			samples := append(seen("api", "a"), sample("400", "signal", "rates", "component", "api", "outcome", "answered"), sample(test.failed, "signal", "rates", "component", "api", "outcome", "failed"))
			if test.calls != "" {
				samples = append(samples, sample(test.calls, "signal", "failedCalls", "component", "api"))
			}
			if got := observe(t, prometheus(t, samples...))["api"].Signal(scaling.Throughput, 10*time.Second); got.Missing != "" || got.Value != test.want {
				t.Errorf("throughput %+v, want %v", got, test.want)
			}
		})
	}
}

// Lag is the time that a message waits: one that has waited, or one that is published now.
func TestLagIsOfTheOldestMessageOrOfANewOne(t *testing.T) {
	for name, test := range map[string]struct {
		oldest, depth, done string
		want                float64
	}{
		"a queue that fills, 500 t deep after 10 s": {oldest: "3.333", depth: "5000", done: "1000", want: 5},
		"a queue that drains":                       {oldest: "4", depth: "1000", done: "1000", want: 4},
		"an empty queue":                            {oldest: "0", depth: "0", done: "1000", want: 0},
		"workers that have done nothing yet":        {oldest: "2", depth: "300", done: "0", want: 2},
		"a rate that is not measured":               {oldest: "2", depth: "300", want: 2},
	} {
		t.Run(name, func(t *testing.T) {
			samples := append(seen("queue", "q"), sample(test.oldest, "signal", "oldest", "component", "queue"), sample(test.depth, "signal", "queueDepth", "component", "queue"))
			if test.done != "" {
				samples = append(samples, sample(test.done, "signal", "done", "component", "queue"))
			}
			q := question()
			q.Components = []ComponentQuestion{{Name: "queue", Type: graph.MessageQueue}}
			list, err := prometheus(t, samples...).Observe(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if got := list[0].Signal(scaling.Lag, q.Window); got.Missing != "" || got.Value != test.want {
				t.Errorf("lag %+v, want %v", got, test.want)
			}
		})
	}
}

// The clients' distance is measured by the generators and is a signal of the
// entry alone, which is known only while the entry is measured.
func TestGeoLatencyBelongsToTheEntry(t *testing.T) {
	samples := append(seen("api", "a"), seen("db", "d")...)
	samples = append(samples, sample("130", "signal", "geoLatency"))
	q := question()
	q.Simulation, q.Entry = "run", "api"
	list, err := byExpression(t, map[string][]map[string]any{`simulation="run"`: samples}).Observe(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if got := list[0].Signal(scaling.GeoLatency, q.Window); got.Value != 130 {
		t.Errorf("geoLatency of the entry is %+v, want 130 ms", got)
	}
	if got := list[1].Signal(scaling.GeoLatency, q.Window); got.Missing == "" {
		t.Errorf("geoLatency of the database is %+v, want unknown", got)
	}
}

// A rule with a window of its own sees what was measured over that window, and
// only pods that were sampled throughout it.
func TestFurtherWindowsAreMeasuredToo(t *testing.T) {
	short := append(seen("api", "a"), sample("90", "signal", "cpu", "component", "api", "pod", "a"))
	long := []map[string]any{
		sample("60", "signal", "samples", "component", "api", "pod", "a"), sample(fmt.Sprint(noon.Unix()), "signal", "last", "component", "api", "pod", "a"),
		sample("40", "signal", "cpu", "component", "api", "pod", "a"),
	}
	q := question()
	q.Further = []time.Duration{time.Minute}
	q.Queries = []Query{{Query: scaling.Query{Name: "depth", PromQL: "max(depth)"}, Window: time.Minute}}
	c := byExpression(t, map[string][]map[string]any{"[10s]": short, "[1m]": long, "max(depth)": {sample("5", "component", "api")}})
	list, err := c.Observe(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		signal string
		window time.Duration
		value  float64
	}{{scaling.CPU, 10 * time.Second, 90}, {scaling.CPU, time.Minute, 40}, {"depth", time.Minute, 5}} {
		if got := list[0].Signal(want.signal, want.window); got.Value != want.value || got.Missing != "" {
			t.Errorf("%s over %s is %+v, want %v", want.signal, want.window, got, want.value)
		}
	}
	if got := list[0].Signal("depth", 10*time.Second); got.Missing == "" {
		t.Errorf("depth over the other window is %+v, want unknown", got)
	}
}

func TestPodsThatJustBeganDoNotCount(t *testing.T) {
	samples := append(seen("api", "old"),
		sample("3", "signal", "samples", "component", "api", "pod", "new"),
		sample("90", "signal", "cpu", "component", "api", "pod", "old"), sample("1", "signal", "cpu", "component", "api", "pod", "new"))
	v := observe(t, prometheus(t, samples...))["api"].Signal(scaling.CPU, 10*time.Second)
	if v.Value != 90 || len(v.Replicas) != 1 || v.Replicas[0] != "old" {
		t.Errorf("cpu is %+v, want 90 of the old pod alone", v)
	}
}

func TestNoDataIsUnknownNeverZero(t *testing.T) {
	for _, o := range observe(t, prometheus(t)) {
		if len(o.Signals) != 0 {
			t.Errorf("%s has signals %+v without any sample", o.Component, o.Signals)
		}
	}
}

func TestABrokenSourceIsAnError(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"unavailable": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "away", http.StatusServiceUnavailable) },
		"no JSON":     func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"slow": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the client left
			<-r.Context().Done()
		},
		"another type": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}`)
		},
		"five megabytes": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, strings.Repeat(" ", 5<<20))
		},
	}
	for name, h := range tests {
		t.Run(name, func(t *testing.T) {
			c := answering(t, h)
			if _, err := c.Observe(t.Context(), question()); !errors.Is(err, ErrUnavailable) {
				t.Errorf("observing gives %v, want ErrUnavailable", err)
			}
			if _, err := c.Summarize(t.Context(), Run{Namespace: "default", Simulation: "run", Start: noon, At: noon}); !errors.Is(err, ErrUnavailable) {
				t.Errorf("summarizing gives %v, want ErrUnavailable", err)
			}
		})
	}
}

func TestNamesCannotEndTheExpression(t *testing.T) {
	if got := selector(`a"} or up{`, "shop"); got != `{namespace="a\"} or up{",graph="shop"}` {
		t.Errorf("selector %s", got)
	}
}

func TestSummarize(t *testing.T) {
	c := prometheus(t,
		sample("1000", "signal", "offered"), sample("990", "signal", "requests", "outcome", "answered"), sample("10", "signal", "requests", "outcome", "failed"),
		sample("0.005", "signal", "mean"), sample("0.02", "signal", "p99"), sample("3", "signal", "late"), sample("1", "signal", "finished"), sample("2", "signal", "generators"))
	s, err := c.Summarize(t.Context(), Run{Namespace: "default", Simulation: "run", Start: noon.Add(-time.Minute), At: noon})
	if err != nil {
		t.Fatal(err)
	}
	if s.Offered != 1000 || s.Answered != 990 || s.Failed != 10 || s.Dropped != 0 || s.Late != 3 || s.Finished != 1 || s.Generators != 2 || s.P99 != 0.02 {
		t.Errorf("summary %+v", s)
	}
	if !math.IsNaN(s.P50) {
		t.Errorf("a percentile without a sample is %v, want NaN", s.P50)
	}
}

// A percentile is that of all requests: replicas are added up as histograms, and
// no percentile of one is averaged with another's.
func TestPercentilesAreOfHistogramsAddedUp(t *testing.T) {
	expression := componentExpression("default", "shop", 10*time.Second)
	for _, quantile := range []string{"0.95", "0.99"} {
		for _, sum := range []string{
			"histogram_quantile(" + quantile + ", sum by (component) (rate(" + wire.ComponentDuration + "{",
			"histogram_quantile(" + quantile + ", sum by (component, le) (rate(" + wire.ComponentDuration + "_bucket{",
		} {
			if !strings.Contains(expression, sum) {
				t.Errorf("no %s in %s", sum, expression)
			}
		}
	}
	if n := strings.Count(expression, "histogram_quantile("); n != 4 {
		t.Errorf("%d quantiles, want these four alone: %s", n, expression)
	}
}
