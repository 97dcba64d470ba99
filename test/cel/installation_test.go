package cel

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	syaml "sigs.k8s.io/yaml"
)

// warnings collects what the API server warns of.
type warnings []string

func (w *warnings) HandleWarningHeader(_ int, _, text string) { *w = append(*w, text) }

const restricted = "restricted"

// namespace is there afterwards, and takes no pod that Pod Security's restricted
// profile refuses.
func namespace(t *testing.T, c client.Client, name string) {
	t.Helper()
	o := object(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}")
	o.SetLabels(map[string]string{"pod-security.kubernetes.io/enforce": restricted, "pod-security.kubernetes.io/warn": restricted})
	if err := c.Create(t.Context(), o); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
}

// accepted wants the API server to take all objects without a word of warning.
func accepted(t *testing.T, objects []*unstructured.Unstructured) {
	t.Helper()
	var warned warnings
	config := rest.CopyConfig(cluster)
	config.WarningHandler = &warned
	c, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if err := create(t, c, o); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
		}
	}
	if len(warned) > 0 {
		t.Errorf("the API server warns: %q", warned)
	}
}

func installation(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	return documents(t, filepath.Join(root(), "config", "install.yaml"))
}

func TestTheInstallationPassesWithPodSecurityRestricted(t *testing.T) {
	namespace(t, newClient(t), "flashcrowd-system")
	objects := installation(t)
	accepted(t, objects)
	for _, o := range objects {
		if o.GetKind() == "Namespace" && o.GetLabels()["pod-security.kubernetes.io/enforce"] != restricted {
			t.Errorf("namespace %s does not enforce the restricted profile", o.GetName())
		}
	}
}

func TestPodsThatAreNotRestrictedAreRefused(t *testing.T) {
	c := newClient(t)
	namespace(t, c, "flashcrowd-system")
	for _, o := range installation(t) {
		if o.GetKind() != "Deployment" {
			continue
		}
		mutate(t, o.Object, "spec.template.spec.securityContext", "{runAsNonRoot: false}")
		pod := object(t, "{apiVersion: v1, kind: Pod, metadata: {name: loose, namespace: flashcrowd-system}}")
		pod.Object["spec"] = o.Object["spec"].(map[string]any)["template"].(map[string]any)["spec"]
		mutate(t, pod.Object, "spec.serviceAccountName", "default")
		if err := create(t, c, pod); err == nil || !apierrors.IsForbidden(err) {
			t.Errorf("a pod that may be root is not refused: %v", err)
		}
	}
}

func TestWhatIsInstalledBesidesPasses(t *testing.T) {
	for _, dir := range []string{"prometheus", "network-policy/workloads"} {
		t.Run(dir, func(t *testing.T) {
			namespace(t, newClient(t), "flashcrowd-system")
			files, err := filepath.Glob(filepath.Join(root(), "config", dir, "*.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var objects []*unstructured.Unstructured
			for _, file := range files {
				for _, o := range documents(t, file) {
					if o.GetKind() == "" { // settings, not an object
						continue
					}
					if o.GetNamespace() == "" && o.GetKind() != "ClusterRole" && o.GetKind() != "ClusterRoleBinding" {
						o.SetNamespace("flashcrowd-system")
					}
					objects = append(objects, o)
				}
			}
			if len(objects) == 0 {
				t.Fatal("nothing to install")
			}
			accepted(t, objects)
		})
	}
}

// right is something that an account may do, or may not.
type right struct {
	verb, group, resource, subresource string
	want                               bool
}

const ours = "flashcrowd.io"

// The manager reads the two kinds and writes what it owns; it can write no spec
// of the user's, read no secret and give nobody rights.
func TestTheManagerMayDoWhatItNeedsAndNothingElse(t *testing.T) {
	may(t, "flashcrowd-manager", []right{
		{"list", ours, "simulations", "", true},
		{"watch", ours, "componentgraphs", "", true},
		{"update", ours, "simulations", "status", true},
		{"patch", ours, "componentgraphs", "status", true},
		{"patch", "apps", "deployments", "", true},
		{"create", "batch", "jobs", "", true},
		{"patch", "", "pods", "", true},
		{"get", "", "configmaps", "", true},
		{"list", "autoscaling", "horizontalpodautoscalers", "", true},
		{"create", "events.k8s.io", "events", "", true},
		{"create", "authentication.k8s.io", "tokenreviews", "", true},
		{"create", "authorization.k8s.io", "subjectaccessreviews", "", true},
		{"patch", "autoscaling", "horizontalpodautoscalers", "", false},
		{"update", ours, "simulations", "", false},
		{"patch", ours, "componentgraphs", "", false},
		{"create", ours, "simulations", "", false},
		{"delete", ours, "simulations", "", false},
		{"update", ours, "simulations", "finalizers", false},
		{"get", "", "secrets", "", false},
		{"list", "", "configmaps", "", false},
		{"create", "", "pods", "", false},
		{"create", "", "pods", "exec", false},
		{"create", "", "serviceaccounts", "token", false},
		{"create", "rbac.authorization.k8s.io", "clusterroles", "", false},
		{"impersonate", "", "users", "", false},
		{"*", "*", "*", "", false},
	})
}

// The dashboard reads the two kinds and asks who may do what; whatever it changes,
// it changes with the caller's own token.
func TestTheDashboardMayReadAndAskAndNothingElse(t *testing.T) {
	may(t, "flashcrowd-dashboard", []right{
		{"list", ours, "simulations", "", true},
		{"watch", ours, "componentgraphs", "", true},
		{"create", "authentication.k8s.io", "tokenreviews", "", true},
		{"create", "authorization.k8s.io", "subjectaccessreviews", "", true},
		{"create", ours, "simulations", "", false},
		{"patch", ours, "simulations", "", false},
		{"delete", ours, "componentgraphs", "", false},
		{"update", ours, "simulations", "status", false},
		{"get", "", "pods", "", false},
		{"get", "", "configmaps", "", false},
		{"get", "", "secrets", "", false},
		{"patch", "apps", "deployments", "", false},
		{"create", "", "serviceaccounts", "token", false},
		{"create", "rbac.authorization.k8s.io", "clusterroles", "", false},
		{"impersonate", "", "users", "", false},
		{"*", "*", "*", "", false},
	})
}

// may asks the API server what an account of the installation may do.
func may(t *testing.T, account string, rights []right) {
	t.Helper()
	c := newClient(t)
	namespace(t, c, "flashcrowd-system")
	for _, o := range installation(t) {
		switch o.GetKind() {
		case "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			if err := c.Create(t.Context(), o); err != nil && !apierrors.IsAlreadyExists(err) {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range rights {
		t.Run(fmt.Sprint(tt.verb, " ", tt.resource, tt.subresource), func(t *testing.T) {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
				User: "system:serviceaccount:flashcrowd-system:" + account,
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Namespace: "shop", Verb: tt.verb, Group: tt.group, Resource: tt.resource, Subresource: tt.subresource,
				},
			}}
			if err := c.Create(t.Context(), review); err != nil {
				t.Fatal(err)
			}
			if review.Status.Allowed != tt.want {
				t.Errorf("allowed %v, want %v", review.Status.Allowed, tt.want)
			}
		})
	}
}

func TestTheOperatorsRulesAreThoseOfPrometheus(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root(), "config", "prometheus", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var want any
	if err := syaml.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	rules := documents(t, filepath.Join(root(), "config", "prometheus", "operator", "rules.yaml"))[0]
	if diff := cmp.Diff(want, rules.Object["spec"]); diff != "" {
		t.Errorf("rules differ (-prometheus +operator):\n%s", diff)
	}
}

// A real Prometheus takes the configuration and every rule in it.
func TestPrometheusTakesItsConfigurationAndRules(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(root(), "bin", "controlplane", "prometheus"),
		"--config.file="+filepath.Join(root(), "config", "prometheus", "prometheus.yaml"),
		"--storage.tsdb.path="+t.TempDir(), "--web.listen-address="+address, "--log.level=error")
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait()
	}()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health string }
			}
		}
	}
	ask(t, "http://"+address+"/api/v1/rules", &answer)
	if len(answer.Data.Groups) != 1 || len(answer.Data.Groups[0].Rules) < 4 {
		t.Fatalf("rules are missing: %+v", answer.Data.Groups)
	}
	for _, rule := range answer.Data.Groups[0].Rules {
		if rule.Health == "err" {
			t.Errorf("rule %s cannot be evaluated", rule.Name)
		}
	}
}

// ask waits for a JSON answer.
func ask(t *testing.T, url string, into any) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for {
		if answer, err := http.Get(url); err == nil {
			body, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if err == nil && answer.StatusCode == http.StatusOK && json.Unmarshal(body, into) == nil {
				return
			}
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s does not answer", url)
		}
	}
}
