package cel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/rehearsal"
)

const commands = "flashcrowd.io/commands"

// stamping waits until both policies are in force.
func stamping(t *testing.T) {
	t.Helper()
	policies(t)
	jane := as(t, "jane")
	eventually(t, func() error {
		probe := signed(t, "probe", nil)
		if err := jane.Create(t.Context(), probe, client.DryRunAll); err != nil {
			return err
		}
		if by := probe.GetAnnotations()[startedBy]; by != "jane" {
			return fmt.Errorf("a run of jane's is started by %q", by)
		}
		return nil
	})
}

// policies makes those of the installation.
func policies(t *testing.T) {
	t.Helper()
	for _, o := range installation(t) {
		if strings.Contains(o.GetKind(), "AdmissionPolicy") {
			if err := newClient(t).Create(t.Context(), o); err != nil && !apierrors.IsAlreadyExists(err) {
				t.Fatal(err)
			}
		}
	}
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for err := check(); err != nil; err = check() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(err)
		}
	}
}

// started is a run that somebody started.
func started(t *testing.T, by client.Client, name string, annotations map[string]string) *unstructured.Unstructured {
	t.Helper()
	sim := signed(t, name, annotations)
	if err := by.Create(t.Context(), sim); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = newClient(t).Delete(context.WithoutCancel(t.Context()), sim) })
	return sim
}

// patched is a run after somebody's merge patch.
func patched(t *testing.T, by client.Client, sim *unstructured.Unstructured, what string) *unstructured.Unstructured {
	t.Helper()
	after := sim.DeepCopy()
	if err := by.Patch(t.Context(), after, client.RawPatch("application/merge-patch+json", []byte(what))); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return after
}

// logOf is the log without its times, which are those of the requests.
func logOf(t *testing.T, sim *unstructured.Unstructured) []string {
	t.Helper()
	text := sim.GetAnnotations()[commands]
	if text == "" {
		return nil
	}
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		parts := strings.SplitN(line, " ", 3)
		at, err := time.Parse(time.RFC3339, parts[1])
		if now := time.Now(); err != nil || at.After(now.Add(time.Minute)) || at.Before(now.Add(-10*time.Minute)) {
			t.Errorf("%q has the time %q: %v", line, parts[1], err)
		}
		lines = append(lines, parts[0]+" "+parts[2])
	}
	return lines
}

func wantLog(t *testing.T, sim *unstructured.Unstructured, want ...string) {
	t.Helper()
	if got := logOf(t, sim); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTheAPIServerNotesWhoChangedARun(t *testing.T) {
	stamping(t)
	jane, bob := as(t, "jane"), as(t, "bob the builder")
	sim := started(t, jane, "noted", nil)
	if by := sim.GetAnnotations()[startedBy]; by != "jane" {
		t.Errorf("started by %q", by)
	}
	wantLog(t, sim)
	sim = patched(t, bob, sim, `{"spec":{"traffic":{"requestsPerSecond":500}}}`)
	want := []string{"2 traffic.requestsPerSecond=100>500 bob the builder"}
	wantLog(t, sim, want...)
	sim = patched(t, jane, sim, `{"metadata":{"labels":{"team":"shop"}},"spec":{"durationSeconds":60}}`)
	wantLog(t, sim, want...) // nothing of the spec changed
	sim = patched(t, jane, sim, `{"spec":{"objectives":null,"autoScaling":{"enabled":false},"traffic":{"stages":[{"durationSeconds":5,"requestsPerSecond":9}]}}}`)
	want = append(want, "3 autoScaling.enabled=true>false,objectives,traffic.stages jane")
	wantLog(t, sim, want...)
	sim = patched(t, bob, sim, `{"spec":{"state":"Stopped"}}`)
	want = append(want, "4 state=Running>Stopped bob the builder")
	wantLog(t, sim, want...)
	if sim.GetGeneration() != 4 {
		t.Errorf("the generation is %d, not 4 as the log says", sim.GetGeneration())
	}
	status := sim.DeepCopy()
	mutate(t, status.Object, "status.elapsedSeconds", "7")
	delete(status.Object["metadata"].(map[string]any), "annotations")
	if err := newClient(t).Status().Update(t.Context(), status); err != nil {
		t.Fatal(err)
	}
	wantLog(t, status, want...)
	var told v1alpha1.Simulation
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(status.Object, &told); err != nil {
		t.Fatal(err)
	}
	var sentences []string
	for _, c := range rehearsal.Commands(&told) {
		sentences = append(sentences, c.Sentence())
	}
	if diff := cmp.Diff([]string{
		"jane: started", "bob the builder: changed traffic (traffic.requestsPerSecond 100 -> 500)",
		"jane: changed the run (autoScaling.enabled true -> false, objectives, traffic.stages)", "bob the builder: stopped",
	}, sentences); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func TestNobodyWritesTheLogOfCommands(t *testing.T) {
	stamping(t)
	jane, bob := as(t, "jane"), as(t, "bob")
	forged := "2 2026-01-02T12:00:00Z state=Running>Stopped jane"
	sim := started(t, jane, "forged", map[string]string{commands: forged, "kept": "yes"})
	wantLog(t, sim)
	if sim.GetAnnotations()["kept"] != "yes" {
		t.Error("an annotation of the user's is gone")
	}
	text, err := json.Marshal(forged)
	if err != nil {
		t.Fatal(err)
	}
	sim = patched(t, bob, sim, `{"spec":{"durationSeconds":90},"metadata":{"annotations":{"`+commands+`":`+string(text)+`}}}`)
	want := "2 durationSeconds=60>90 bob"
	wantLog(t, sim, want)
	for _, change := range []string{`{"` + commands + `":null}`, `{"` + commands + `":` + string(text) + `}`, `{"` + startedBy + `":null}`} {
		sim = patched(t, bob, sim, `{"metadata":{"annotations":`+change+`}}`)
		wantLog(t, sim, want)
		if by := sim.GetAnnotations()[startedBy]; by != "jane" {
			t.Errorf("%s: started by %q", change, by)
		}
	}
	replaced := signed(t, "forged", nil) // as kubectl replace does with the manifest
	replaced.SetResourceVersion(sim.GetResourceVersion())
	if err := bob.Update(t.Context(), replaced); err != nil {
		t.Fatal(err)
	}
	wantLog(t, replaced, want, "3 durationSeconds=90>60 bob")
}

func TestAManifestIsAppliedAgainAndAgain(t *testing.T) {
	stamping(t)
	jane, bob := as(t, "jane"), as(t, "bob")
	apply := func(by client.Client, rate string) *unstructured.Unstructured {
		sim := signed(t, "applied", nil)
		mutate(t, sim.Object, "spec.traffic.requestsPerSecond", rate)
		if err := by.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(sim), client.FieldOwner("kubectl"), client.ForceOwnership); err != nil {
			t.Fatal(err)
		}
		return sim
	}
	t.Cleanup(func() { _ = newClient(t).Delete(context.WithoutCancel(t.Context()), signed(t, "applied", nil)) })
	wantLog(t, apply(jane, "100"))
	wantLog(t, apply(jane, "100"))
	sim := apply(bob, "200")
	wantLog(t, sim, "2 traffic.requestsPerSecond=100>200 bob")
	if by := sim.GetAnnotations()[startedBy]; by != "jane" {
		t.Errorf("started by %q", by)
	}
	wantLog(t, apply(bob, "200"), "2 traffic.requestsPerSecond=100>200 bob")
}

func TestTheLogOfCommandsIsBounded(t *testing.T) {
	stamping(t)
	jane := as(t, "jane")
	sim := started(t, jane, "bounded", nil)
	for rate := range 45 {
		sim = patched(t, jane, sim, fmt.Sprintf(`{"spec":{"traffic":{"requestsPerSecond":%d}}}`, 1000+rate))
	}
	log := logOf(t, sim)
	if len(log) != 40 || log[0] != "7 traffic.requestsPerSecond=1004>1005 jane" || log[39] != "46 traffic.requestsPerSecond=1043>1044 jane" {
		t.Errorf("%d lines, from %q to %q", len(log), log[0], log[len(log)-1])
	}
}

// Without the policy that writes the log, as on an older API server, another one
// still lets nobody write another's name there.
func TestWithoutTheLogNobodyNamesAnother(t *testing.T) {
	policies(t)
	admin, bob := newClient(t), as(t, "bob")
	binding := object(t, "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingAdmissionPolicyBinding, metadata: {name: flashcrowd-commands}}")
	if err := admin.Delete(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	refusal := regexp.MustCompile("says who changed the run, and you are bob: leave it as it was")
	line := func(user string) map[string]string {
		return map[string]string{commands: "2 2026-01-02T12:00:00Z durationSeconds=60>90 " + user}
	}
	eventually(t, func() error { // the binding and the policy are seen a moment later
		if err := bob.Create(t.Context(), signed(t, "older", line("jane")), client.DryRunAll); err == nil || !refusal.MatchString(err.Error()) {
			return errors.Join(errors.New("naming jane is not refused"), err)
		}
		return nil
	})
	for _, user := range []string{"jane bob", "bo", ""} {
		if err := bob.Create(t.Context(), signed(t, "older", line(user)), client.DryRunAll); err == nil || !refusal.MatchString(err.Error()) {
			t.Errorf("naming %q is answered %v", user, err)
		}
	}
	if err := bob.Create(t.Context(), signed(t, "older", line("bob")), client.DryRunAll); err != nil {
		t.Errorf("naming oneself: %v", err)
	}
}
