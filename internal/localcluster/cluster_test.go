package localcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"flashcrowd.io/flashcrowd/internal/localcluster/node"
)

// superviseEnv makes the test binary the supervisor of a directory.
const superviseEnv = "FLASHCROWD_TEST_SUPERVISE"

// binariesEnv tells it where the binaries are: a supervisor works in the root.
const binariesEnv = "FLASHCROWD_TEST_BINARIES"

func TestMain(m *testing.M) {
	node.ShimMain()
	if dir := os.Getenv(superviseEnv); dir != "" {
		os.Exit(supervise(dir))
	}
	os.Exit(m.Run())
}

func supervise(dir string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s := Supervisor{Dir: dir, Binaries: os.Getenv(binariesEnv), Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Now: time.Now}
	if err := s.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func binaries() string {
	dir, err := filepath.Abs(filepath.Join("..", "..", "bin"))
	if err != nil {
		panic(err)
	}
	return dir
}

// up starts a cluster in a directory of the test and ends it with the test.
func up(t *testing.T) Cluster {
	t.Helper()
	return upWith(t, binaries())
}

// upWith starts one whose images stand for the binaries of a directory.
func upWith(t *testing.T, images string) Cluster {
	t.Helper()
	if _, err := os.Stat(filepath.Join(binaries(), "controlplane", "kube")); err != nil {
		t.Fatal("the control plane is not built: run make controlplane")
	}
	dir := t.TempDir()
	t.Setenv(superviseEnv, dir)
	t.Setenv(binariesEnv, images)
	c := Open(dir)
	t.Cleanup(func() {
		if log, err := os.ReadFile(filepath.Join(c.Logs(), "supervisor.log")); t.Failed() && err == nil {
			t.Logf("the supervisor said:\n%s", log)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Down(ctx, KeepData); err != nil {
			t.Error(err)
		}
	})
	bringUp(t, c)
	return c
}

func bringUp(t *testing.T, c Cluster) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := c.Up(ctx, []string{self}); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.Logs(), "supervisor.log"))
		t.Fatalf("%v\n%s", err, log)
	}
}

func clientOf(t *testing.T, c Cluster) kubernetes.Interface {
	t.Helper()
	config, err := c.l.adminConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// processesOf lists the processes whose command line names the directory.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		line, err := os.ReadFile(entry)
		if err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(3 * time.Minute)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func TestClusterLivesOnThroughDownAndKill(t *testing.T) {
	c := up(t)
	bringUp(t, c) // once more is no harm

	status, err := c.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !status.Ready || len(status.Parts) != 5 {
		t.Errorf("status %+v, want ready with five parts", status)
	}
	for _, part := range status.Parts {
		if !part.Healthy {
			t.Errorf("%s is unhealthy: %s", part.Name, part.Problem)
		}
	}
	eventually(t, "the node is ready", func() bool { return nodeReady(t, c) })

	t.Run("killed, it leaves no orphan and its data", func(t *testing.T) {
		st, err := c.l.readState()
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(st.Supervisor, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "no process is left", func() bool { return len(processesOf(t, c.l.dir)) == 0 })
	})
	t.Run("started again, it is the same cluster", func(t *testing.T) {
		bringUp(t, c)
		eventually(t, "the node is ready again", func() bool { return nodeReady(t, c) })
	})
	t.Run("down, it leaves no orphan", func(t *testing.T) {
		if err := c.Down(t.Context(), KeepData); err != nil {
			t.Fatal(err)
		}
		if left := processesOf(t, c.l.dir); len(left) > 0 {
			t.Errorf("left over: %q", left)
		}
		if err := c.Down(t.Context(), KeepData); err != nil {
			t.Errorf("down of a cluster that is down: %v", err)
		}
	})
}

func nodeReady(t *testing.T, c Cluster) bool {
	t.Helper()
	n, err := clientOf(t, c).CoreV1().Nodes().Get(t.Context(), NodeName, metav1.GetOptions{})
	if err != nil {
		return false
	}
	for _, condition := range n.Status.Conditions {
		if condition.Type == "Ready" {
			return condition.Status == "True"
		}
	}
	return false
}

func TestSecondSupervisorIsRefused(t *testing.T) {
	l := layout{dir: t.TempDir()}
	release, err := l.hold()
	if err != nil {
		t.Fatal(err)
	}
	s := Supervisor{Dir: l.dir, Binaries: binaries(), Log: slog.New(slog.DiscardHandler), Now: time.Now}
	if err := s.Run(t.Context()); !errors.Is(err, ErrRunning) {
		t.Errorf("error %v, want ErrRunning", err)
	}
	release()
	if l.held() {
		t.Error("the directory is still held after its release")
	}
}

func TestUpTellsWhatEndedTheSupervisor(t *testing.T) {
	c := Open(t.TempDir())
	err := c.Up(t.Context(), []string{"/bin/false"})
	if err == nil || !strings.Contains(err.Error(), "supervisor.log") {
		t.Errorf("error %v, want one that names the log", err)
	}
}

func TestPortsAreDistinctAndRemembered(t *testing.T) {
	var first ports
	if err := first.settle(); err != nil {
		t.Fatal(err)
	}
	again := first
	if err := again.settle(); err != nil {
		t.Fatal(err)
	}
	if again != first {
		t.Errorf("free ports changed from %+v to %+v", first, again)
	}
	seen := map[int]bool{}
	for _, port := range first.all() {
		if *port == 0 || seen[*port] {
			t.Errorf("port %d is zero or given twice in %+v", *port, first)
		}
		seen[*port] = true
	}
}
