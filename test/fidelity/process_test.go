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

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// component is the name of the one component of a live test, seed that of its draws.
const (
	component = "station"
	seed      = 42
)

// stubBinary builds cmd/stub once.
var stubBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fidelity")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "stub")
	out, err := exec.Command("go", "build", "-o", path, "flashcrowd.io/flashcrowd/cmd/stub").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the stub: %w\n%s", err, out)
	}
	built.Store(&path)
	return path, nil
})

// built is the path of the stub, if a test needed it.
var built atomic.Pointer[string]

// TestMain lets live runs overlap on any machine: they mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	code := m.Run()
	if path := built.Load(); path != nil {
		_ = os.RemoveAll(filepath.Dir(*path))
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
	if err := os.WriteFile(file, must(json.Marshal(topology))(t), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, file, component, "pod-1")
	waitReady(t, p.metrics)
	return p.requests
}

// stubProcess is a stub that listens.
type stubProcess struct {
	requests, metrics string
	cmd               *exec.Cmd
}

// launch runs a stub process on a topology file until the test ends.
func launch(t *testing.T, file, component, pod string) stubProcess {
	t.Helper()
	cmd := exec.Command(must(stubBinary())(t), "-topology-file", file, "-port", "0", "-metrics-port", "0")
	cmd.Env = append(os.Environ(), wire.EnvComponent+"="+component, wire.EnvInstance+"="+pod, wire.EnvPodIP+"=127.0.0.1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr := must(cmd.StderrPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	listens := make(chan [2]string, 1)
	var reading sync.WaitGroup
	reading.Go(func() {
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			var line struct{ Msg, Requests, Metrics string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Requests != "" {
				listens <- [2]string{line.Requests, line.Metrics}
			}
		}
	})
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		reading.Wait()
		_ = cmd.Wait()
	})
	select {
	case addresses := <-listens:
		return stubProcess{requests: addresses[0], metrics: addresses[1], cmd: cmd}
	case <-time.After(30 * time.Second):
		t.Fatal("the stub does not listen")
		return stubProcess{}
	}
}

func waitReady(t *testing.T, metrics string) {
	t.Helper()
	deadline, poll := time.After(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer poll.Stop()
	for {
		if answer, err := http.Get("http://" + metrics + "/readyz"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-deadline:
			t.Fatal("the stub is not ready")
		case <-poll.C:
		}
	}
}
