package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/report"
)

// directory of the local cluster that all tests share.
var directory string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "flashcrowd-e2e-")
	if err != nil {
		panic(err)
	}
	directory = dir
	defer func() {
		_ = exec.Command(binary(), "local", "down", "--dir", dir, "--delete").Run()
	}()
	return m.Run()
}

func root() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}

func binary() string { return filepath.Join(root(), "bin", "flashcrowd") }

// up starts the local cluster, for tests that look at it before the first run or
// run several samples at once.
func up(t *testing.T) {
	t.Helper()
	if out, err := exec.Command(binary(), "local", "up", "--dir", directory).CombinedOutput(); err != nil {
		t.Fatalf("starting the local cluster: %v\n%s", err, out)
	}
}

// sampleFile is where a sample is.
func sampleFile(name string) string { return filepath.Join(root(), "config", "samples", name) }

// rehearse runs a manifest and is its report. The end of the test takes graph and
// simulation away, so that the next one has the machine.
func rehearse(t *testing.T, manifest string) report.Report {
	t.Helper()
	sample := filepath.Base(manifest)
	if _, err := os.Stat(filepath.Join(root(), "bin", "controlplane", "kube")); err != nil {
		t.Fatal("the binaries are not built: run make controlplane build")
	}
	command := exec.Command(binary(), "run", "--dir", directory, "-o", "json", manifest)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	t.Logf("%s\n%s", sample, errs.String())
	if !strings.Contains(errs.String(), "watch it: http://127.0.0.1:") {
		t.Errorf("running %s prints no link to the dashboard", sample)
	}
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("running %s: %v", sample, err)
	}
	var r report.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("the report of %s is not JSON: %v\n%s", sample, err, out.String())
	}
	t.Cleanup(func() { forget(t, r) })
	if (err == nil) != (r.Verdict == report.Met) {
		t.Errorf("exit %v with verdict %s: 0 must mean that every objective held", err, r.Verdict)
	}
	return r
}

// forget deletes the simulation and the graph of a run, if they are still there.
func forget(t *testing.T, r report.Report) {
	ctx := context.WithoutCancel(t.Context())
	c, _ := clients(t)
	meta := func(path string) metav1.ObjectMeta {
		namespace, name, _ := strings.Cut(path, "/")
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	for _, o := range []client.Object{&v1alpha1.Simulation{ObjectMeta: meta(r.Simulation)}, &v1alpha1.ComponentGraph{ObjectMeta: meta(r.Graph)}} {
		if err := c.Delete(ctx, o, client.PropagationPolicy(metav1.DeletePropagationBackground)); client.IgnoreNotFound(err) != nil {
			t.Errorf("deleting %s: %v", o.GetName(), err)
		}
	}
}

// valid runs a sample again, twice at most, while the host was too busy for its
// numbers to be believed.
func valid(t *testing.T, sample string) report.Report {
	t.Helper()
	return validRun(t, sampleFile(sample))
}

// validRun is valid for any manifest.
func validRun(t *testing.T, manifest string) report.Report {
	t.Helper()
	var r report.Report
	for range 3 {
		if r = rehearse(t, manifest); r.Valid {
			return r
		}
		t.Logf("%s is not valid: %s", manifest, r.InvalidReason)
	}
	t.Fatalf("%s was not valid three times: this host is too busy", manifest)
	return r
}

func component(t *testing.T, r report.Report, name string) report.Component {
	t.Helper()
	for _, c := range r.Components {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no component %s in %+v", name, r.Components)
	return report.Component{}
}

func decided(r report.Report, action, name string) []report.Decision {
	var found []report.Decision
	for _, d := range r.Decisions {
		if d.Action == action && d.Component == name {
			found = append(found, d)
		}
	}
	return found
}
