package fidelity

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// component is the name of the one component of a live test, seed that of its draws.
const (
	component = "station"
	seed      = 42
)

// binaries builds the stub and the generator once and is their directory.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fidelity")
	if err != nil {
		return "", err
	}
	built.Store(&dir)
	out, err := exec.Command("go", "build", "-o", dir+"/", "flashcrowd.io/flashcrowd/cmd/stub", "flashcrowd.io/flashcrowd/cmd/loadgen").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the stub and the generator: %w\n%s", err, out)
	}
	return dir, nil
})

// built is the directory of the binaries, if a test needed them.
var built atomic.Pointer[string]

// TestMain lets live runs overlap on any machine: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	code := m.Run()
	if dir := built.Load(); dir != nil {
		_ = os.RemoveAll(*dir)
	}
	os.Exit(code)
}

// startStub runs a stub process with one component and is the address of its
// data port once it is ready.
func startStub(t *testing.T, capacity graph.Capacity, errorRate int32) string {
	t.Helper()
	topology := wire.Topology{
		Graph: "test/fidelity", UID: "1", Revision: "1", Seed: seed, Entry: component,
		Architecture: graph.Architecture{Components: []graph.Component{{
			Name: component, Type: graph.APIServer, Replicas: 1, Capacity: capacity, ErrorRatePPM: errorRate,
		}}},
		Instances: []wire.Instance{{ID: component + "-1", Component: component, Pod: "pod-1", State: wire.Ready}},
	}
	file := filepath.Join(t.TempDir(), "topology.json")
	publish(t, file, topology)
	p := startProcess(t, "stub", file, wire.EnvComponent+"="+component, wire.EnvInstance+"=pod-1")
	p.awaitReady(t)
	return p.requests
}

// publish replaces the topology file as one.
func publish(t *testing.T, path string, topology wire.Topology) {
	t.Helper()
	if err := os.WriteFile(path+".next", must(json.Marshal(topology))(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".next", path); err != nil {
		t.Fatal(err)
	}
}

// process is a stub or a generator that runs until the test ends.
type process struct {
	requests, metrics string // addresses it listens on
	// kill ends it as kill -9 does.
	kill func()
}

// startProcess starts cmd/stub or cmd/loadgen on a topology file.
func startProcess(t *testing.T, name, topology string, env ...string) *process {
	t.Helper()
	args := []string{"-topology-file", topology, "-metrics-port", "0"}
	if name == "stub" {
		args = append(args, "-port", "0")
	}
	cmd := exec.Command(filepath.Join(must(binaries())(t), name), args...)
	cmd.Env = append(append(os.Environ(), wire.EnvPodIP+"=127.0.0.1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr := must(cmd.StderrPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listens := make(chan process, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Msg, Requests, Metrics string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Requests+line.Metrics != "" {
				listens <- process{requests: line.Requests, metrics: line.Metrics}
			}
		}
	})
	kill := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		reading.Wait()
		_ = cmd.Wait()
	})
	t.Cleanup(kill)
	select {
	case p := <-listens:
		p.kill = kill
		return &p
	case <-time.After(2 * time.Minute):
		t.Fatalf("the %s does not listen", name)
		return nil
	}
}

// awaitReady waits until the process says that it is ready.
func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	eventually(t, "the process at "+p.metrics+" is ready", func() bool {
		answer, err := http.Get("http://" + p.metrics + "/readyz")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline, poll := time.After(60*time.Second), time.NewTicker(20*time.Millisecond)
	defer poll.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-poll.C:
		}
	}
}

// scrape is what the process exposes, by name.
func (p *process) scrape(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	answer := must(http.Get("http://" + p.metrics + "/metrics"))(t)
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return must(parser.TextToMetricFamilies(answer.Body))(t)
}

// value sums the series of a metric, of a histogram its count.
func (p *process) value(t *testing.T, name string) float64 {
	t.Helper()
	total := 0.0
	for _, m := range p.scrape(t)[name].GetMetric() {
		total += m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
	}
	return total
}
