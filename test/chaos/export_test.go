package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// exports are the manifests that internal/export is held to write.
const exports = "internal/export/testdata"

// documents are the objects of a file.
func documents(t *testing.T, path string) []*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root(), path))
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	var all []*unstructured.Unstructured
	for {
		var document runtime.RawExtension
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatal(err)
		case len(document.Raw) == 0: // the first document holds comments only
			continue
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(document.Raw); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
}

// dryRun has the API server take an object without keeping it, and refuse
// fields that it does not know.
func dryRun(t *testing.T, o *unstructured.Unstructured, namespace string) (*unstructured.Unstructured, error) {
	t.Helper()
	o = o.DeepCopy()
	o.SetNamespace(namespace)
	err := admin.Create(t.Context(), o, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	return o, err
}

// dropped are the paths of what was sent and did not come back.
func dropped(path string, sent, got any) []string {
	switch sent := sent.(type) {
	case map[string]any:
		other, ok := got.(map[string]any)
		if !ok && len(sent) > 0 {
			return []string{path}
		}
		var all []string
		for name, value := range sent {
			all = append(all, dropped(path+"."+name, value, other[name])...)
		}
		return all
	case []any:
		other, ok := got.([]any)
		if !ok || len(other) != len(sent) {
			return []string{path}
		}
		var all []string
		for i := range sent {
			all = append(all, dropped(fmt.Sprintf("%s[%d]", path, i), sent[i], other[i])...)
		}
		return all
	default:
		if !reflect.DeepEqual(sent, got) {
			return []string{fmt.Sprintf("%s: %v became %v", path, sent, got)}
		}
		return nil
	}
}

// installScaledObjects makes the API server know KEDA's kind.
func installScaledObjects(t *testing.T) {
	t.Helper()
	for _, crd := range documents(t, filepath.Join(exports, "keda", "keda.sh_scaledobjects.yaml")) {
		if err := admin.Create(t.Context(), crd); err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
	kind := &unstructured.UnstructuredList{}
	kind.SetAPIVersion("keda.sh/v1alpha1")
	kind.SetKind("ScaledObjectList")
	eventually(t, patience, "ScaledObjects are served", func() bool { return admin.List(t.Context(), kind) == nil })
}

// The API server takes every manifest that an export writes, field by field, and
// a dry run leaves nothing behind.
func TestAnAPIServerTakesExports(t *testing.T) {
	t.Parallel()
	installScaledObjects(t)
	files, err := filepath.Glob(filepath.Join(root(), exports, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no exports in %s: %v", exports, err)
	}
	namespace, kinds := newNamespace(t), map[string]int{}
	for _, file := range files {
		for _, o := range documents(t, filepath.Join(exports, filepath.Base(file))) {
			kinds[o.GetKind()]++
			taken, err := dryRun(t, o, namespace)
			if err != nil {
				t.Errorf("%s: %s %s is refused: %v", filepath.Base(file), o.GetKind(), o.GetName(), err)
				continue
			}
			for _, path := range dropped("spec", o.Object["spec"], taken.Object["spec"]) {
				t.Errorf("%s: %s %s loses %s", filepath.Base(file), o.GetKind(), o.GetName(), path)
			}
		}
	}
	for _, kind := range []string{"Deployment", "HorizontalPodAutoscaler", "ScaledObject"} {
		if kinds[kind] == 0 {
			t.Errorf("no export has a %s", kind)
		}
	}
	for _, list := range []client.ObjectList{&appsv1.DeploymentList{}, &autoscalingv2.HorizontalPodAutoscalerList{}} {
		if err := admin.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Fatal(err)
		}
		if n := meta.LenList(list); n > 0 {
			t.Errorf("a dry run left %d objects of %T", n, list)
		}
	}
}

// What an export must never write is refused, so that the dry run proves something.
func TestAnAPIServerRefusesWhatExportsMustNotWrite(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for what, spoil := range map[string]func(hpa map[string]any){
		"bounds that cross": func(spec map[string]any) { spec["maxReplicas"] = int64(0) },
		"an unknown field":  func(spec map[string]any) { spec["windowSeconds"] = int64(10) },
		"a window beyond an hour": func(spec map[string]any) {
			spec["behavior"] = map[string]any{"scaleDown": map[string]any{"stabilizationWindowSeconds": int64(time.Hour/time.Second) + 1}}
		},
	} {
		for _, o := range documents(t, filepath.Join(exports, "shop-hpa.yaml")) {
			if o.GetKind() != "HorizontalPodAutoscaler" {
				continue
			}
			spec, ok := o.Object["spec"].(map[string]any)
			if !ok {
				t.Fatal("an autoscaler without a spec")
			}
			spoil(spec)
			if _, err := dryRun(t, o, namespace); err == nil {
				t.Errorf("%s passes", what)
			}
		}
	}
}
