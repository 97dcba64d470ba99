package chaos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/scaling"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// prometheus answers over HTTP what one would that has sampled every replica of
// a tree, and counts what it is asked.
type prometheus struct {
	server             *httptest.Server
	services, replicas int
	// cpu percent of every replica.
	cpu               atomic.Int64
	queries, answered atomic.Int64
}

func newPrometheus(t testing.TB, services, replicas int) *prometheus {
	t.Helper()
	p := &prometheus{services: services, replicas: replicas}
	p.cpu.Store(30)
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

// element is one element of an instant vector.
type element struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

// ServeHTTP answers instant queries.
func (p *prometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.queries.Add(1)
	at, err := strconv.ParseFloat(r.FormValue("time"), 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	vector := p.run
	if strings.Contains(r.FormValue("query"), wire.ComponentCores) {
		vector = p.components
	}
	var data struct {
		Status string `json:"status"`
		Data   struct {
			ResultType string    `json:"resultType"`
			Result     []element `json:"result"`
		} `json:"data"`
	}
	data.Status, data.Data.ResultType, data.Data.Result = "success", "vector", vector(at)
	answer, err := json.Marshal(data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	p.answered.Add(int64(len(answer)))
	_, _ = w.Write(answer) // whoever asked may be gone
}

// sampled is one element at a time.
func sampled(at, value float64, signal string, labels ...string) element {
	e := element{Metric: map[string]string{"signal": signal}, Value: [2]any{at, strconv.FormatFloat(value, 'g', -1, 64)}}
	for i := 0; i < len(labels); i += 2 {
		e.Metric[labels[i]] = labels[i+1]
	}
	return e
}

// components are all signals of every component.
func (p *prometheus) components(at float64) []element {
	var all []element
	for i := range p.services {
		name := serviceName(i)
		say := func(value float64, signal string, labels ...string) {
			all = append(all, sampled(at, value, signal, append(labels, "component", name)...))
		}
		for n := range p.replicas {
			pod := fmt.Sprintf("shop-%s-5d4f8c7b9-%05d", name, n)
			say(2, "samples", "pod", pod)
			say(at, "last", "pod", pod)
			say(float64(p.cpu.Load()), scaling.CPU, "pod", pod, "instance", pod, "namespace", "chaos", "graph", "shop")
			say(20, scaling.Memory, "pod", pod, "instance", pod, "namespace", "chaos", "graph", "shop")
		}
		for _, class := range []graph.Class{graph.Read, graph.Write, graph.Static, graph.Async} {
			say(100, "arrivals", "class", string(class))
		}
		say(400, "rates", "outcome", wire.OutcomeAnswered)
		say(0, "rates", "outcome", wire.OutcomeFailed)
		for signal, value := range map[string]float64{
			scaling.QueueDepth: 0, scaling.InFlight: 2, scaling.Latency: 5, "ownLatency": 4, scaling.LatencyP95: 9, scaling.LatencyP99: 12,
		} {
			say(value, signal)
		}
	}
	return all
}

// run is how the generators fare.
func (p *prometheus) run(at float64) []element {
	var all []element
	for signal, value := range map[string]float64{
		"offered": 1000, "rate": 100, "mean": 0.005, "p50": 0.005, "p90": 0.01, "p95": 0.01, "p99": 0.02, "lag": 0.001,
		"late": 0, "finished": 0, "generators": 1, "elapsed": 10,
	} {
		all = append(all, sampled(at, value, signal))
	}
	return append(all, sampled(at, 1000, "requests", "outcome", wire.OutcomeAnswered))
}
