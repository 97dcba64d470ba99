package cel

import (
	"context"
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const startedBy = "flashcrowd.io/started-by"

// as is a client that is a user of the cluster who may do anything.
func as(t *testing.T, user string) client.Client {
	t.Helper()
	config := rest.CopyConfig(cluster)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:masters"}}
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func signed(t *testing.T, name string, annotations map[string]string) *unstructured.Unstructured {
	t.Helper()
	sim := object(t, goodSimulation)
	sim.SetName(name)
	sim.SetAnnotations(annotations)
	return sim
}

// refusing waits until the policy is in force: a moment after it was made.
func refusing(t *testing.T) {
	t.Helper()
	jane := as(t, "jane")
	eventually(t, func() error {
		if err := jane.Create(t.Context(), signed(t, "probe", map[string]string{startedBy: "root"}), client.DryRunAll); !apierrors.IsForbidden(err) {
			return errors.Join(errors.New("naming root is not refused"), err)
		}
		return nil
	})
}

func TestUsersNameOnlyThemselvesAsWhoStartedARun(t *testing.T) {
	policies(t)
	refusing(t)
	jane, bob := as(t, "jane"), as(t, "bob")
	err := jane.Create(t.Context(), signed(t, "forged", map[string]string{startedBy: "bob"}), client.DryRunAll)
	if err == nil || !strings.Contains(err.Error(), "started-by is bob, but you are jane: leave it out or write that") {
		t.Errorf("naming another: %v", err)
	}
	if err := jane.Create(t.Context(), signed(t, "unsigned", nil), client.DryRunAll); err != nil {
		t.Errorf("naming nobody: %v", err)
	}
	sim := signed(t, "signed", map[string]string{startedBy: "jane"})
	if err := jane.Create(t.Context(), sim); err != nil {
		t.Fatalf("naming oneself: %v", err)
	}
	t.Cleanup(func() { _ = newClient(t).Delete(context.WithoutCancel(t.Context()), sim) })
	patch := func(what string) error {
		return bob.Patch(t.Context(), sim.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(what)))
	}
	if err := patch(`{"spec":{"state":"Stopped"}}`); err != nil {
		t.Errorf("stopping another's run: %v", err)
	}
	if err := patch(`{"metadata":{"annotations":{"flashcrowd.io/started-by":"bob"}}}`); err == nil || !strings.Contains(err.Error(), "leave it as it was") {
		t.Errorf("changing who started it: %v", err)
	}
}
