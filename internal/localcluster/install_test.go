package localcluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const product = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: manager, namespace: flashcrowd-system}
spec:
  template:
    spec:
      containers:
      - {name: manager, image: flashcrowd/manager, args: [--leader-elect, "--prometheus-url=http://prometheus:9090"]}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: stubs}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: dashboard, namespace: flashcrowd-system}
spec:
  template:
    spec:
      containers:
      - {name: dashboard, image: flashcrowd/dashboard, args: [--mode=Cluster, "--bind-address=$(POD_IP):8080", "--health-probe-bind-address=$(POD_IP):8081", --history=/var/lib/flashcrowd/history.db], volumeMounts: [{name: history, mountPath: /var/lib/flashcrowd}]}
      volumes: [{name: history, persistentVolumeClaim: {claimName: history}}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: history}
---
# only a comment
---
apiVersion: v1
kind: Service
metadata: {name: flashcrowd-topology}
`

func TestLocalizePointsAtThisMachine(t *testing.T) {
	objects, err := decode([]byte(product))
	if err != nil {
		t.Fatal(err)
	}
	objects = localize(objects, ports{Prometheus: 1234, Dashboard: 5678})
	var kinds []string
	for _, object := range objects {
		kinds = append(kinds, object.GetKind())
	}
	if diff := cmp.Diff([]string{"Deployment", "Deployment", "Service"}, kinds); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
	want := [][]any{
		{"--leader-elect", "--prometheus-url=http://127.0.0.1:1234"},
		{"--mode=Local", "--bind-address=127.0.0.1:5678", "--health-probe-bind-address=$(POD_IP):8081", "--history=/var/lib/flashcrowd/history.db"},
	}
	for i, args := range want {
		containers, _, err := unstructured.NestedSlice(objects[i].Object, "spec", "template", "spec", "containers")
		if err != nil {
			t.Fatal(err)
		}
		container, ok := containers[0].(map[string]any)
		if !ok {
			t.Fatalf("container is %T", containers[0])
		}
		if diff := cmp.Diff(args, container["args"]); diff != "" {
			t.Errorf("args (-want +got):\n%s", diff)
		}
	}
	volumes, _, err := unstructured.NestedSlice(objects[1].Object, "spec", "template", "spec", "volumes")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{map[string]any{"name": "history", "emptyDir": map[string]any{}}}, volumes); diff != "" {
		t.Errorf("volumes (-want +got):\n%s", diff)
	}
	for i, want := range []string{"", "history"} {
		if got, _, _ := unstructured.NestedString(objects[i].Object, "spec", "template", "metadata", "annotations", "local.flashcrowd.io/lasting-volume"); got != want {
			t.Errorf("object %d: the lasting volume is %q, not %q", i, got, want)
		}
	}
}

func TestDecodeTellsABrokenManifest(t *testing.T) {
	if _, err := decode([]byte("kind: [")); err == nil {
		t.Error("no error for broken YAML")
	}
}
