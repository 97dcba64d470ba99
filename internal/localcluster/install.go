package localcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"

	"flashcrowd.io/flashcrowd/internal/localcluster/node"
)

// fieldOwner of the objects that the local cluster installs.
const fieldOwner = "flashcrowd-local"

// bootstrap is what the parts of a local cluster may do beyond Kubernetes' own
// roles: the node answers DNS, Prometheus finds pods, and who opens the dashboard
// acts as localUser, who may do with our kinds what an administrator of them may.
const bootstrap = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "flashcrowd:local-node"}
rules:
- {apiGroups: [""], resources: [services, pods, namespaces], verbs: [get, list, watch]}
- {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "flashcrowd:local-node"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "flashcrowd:local-node"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "system:node:local"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "flashcrowd:local-prometheus"}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "flashcrowd:local-prometheus"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "flashcrowd:local-prometheus"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: "flashcrowd:prometheus"}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: flashcrowd-user, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "flashcrowd:local-user"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: flashcrowd-admin-role}
subjects: [{kind: ServiceAccount, namespace: default, name: flashcrowd-user}]
`

// applyAll applies manifests, adjusted to this machine.
func applyAll(ctx context.Context, config *rest.Config, manifests []byte, p ports) error {
	objects, err := decode(manifests)
	if err != nil {
		return err
	}
	objects = localize(objects, p)
	applier, err := newApplier(config)
	if err != nil {
		return err
	}
	noted := false
	for _, object := range objects {
		if err := applier.apply(ctx, object); err != nil {
			return err
		}
		noted = noted || object.GetKind() == "MutatingAdmissionPolicy"
	}
	if noted {
		return applier.awaitNoted(ctx)
	}
	return nil
}

// probe is a run that is never made.
const probe = `{"apiVersion": "flashcrowd.io/v1alpha1", "kind": "Simulation", "metadata": {"name": "probe", "namespace": "default"},
"spec": {"graphRef": {"name": "probe"}, "durationSeconds": 1, "traffic": {"requestsPerSecond": 0}}}`

// startedBy is the annotation that the installation's policy writes.
const startedBy = "flashcrowd.io/started-by"

// awaitNoted waits until runs can be made: the API server refuses them for the few
// seconds in which it knows the policy that notes who makes them, but not yet the kind.
func (a *applier) awaitNoted(ctx context.Context) error {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON([]byte(probe)); err != nil {
		return fmt.Errorf("reading the probe: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		noted, err := a.noted(ctx, object)
		if noted {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New("the API server does not note who makes runs"), err, ctx.Err())
		case <-tick.C:
			a.mapper.Reset()
		}
	}
}

// noted reports whether a run that would be made would name who made it.
func (a *applier) noted(ctx context.Context, object *unstructured.Unstructured) (bool, error) {
	kind := object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return false, fmt.Errorf("finding the kind of runs: %w", err)
	}
	made, err := a.client.Resource(mapping.Resource).Namespace(object.GetNamespace()).
		Create(ctx, object, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: fieldOwner})
	if err != nil {
		return false, fmt.Errorf("making a run that is not kept: %w", err)
	}
	return made.GetAnnotations()[startedBy] != "", nil
}

// decode splits YAML documents into objects.
func decode(manifests []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096)
	var objects []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading a manifest: %w", err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}

// localize points the manager and the dashboard at this cluster's Prometheus, and
// the dashboard at the port of this machine that it keeps over restarts, and at a
// volume of the node for its history. Kinds that only a cluster with operators or
// storage knows are left out.
func localize(objects []*unstructured.Unstructured, p ports) []*unstructured.Unstructured {
	kept := objects[:0:0]
	for _, object := range objects {
		if strings.HasPrefix(object.GetAPIVersion(), "monitoring.coreos.com/") || object.GetKind() == "PersistentVolumeClaim" {
			continue
		}
		if object.GetKind() == "Deployment" {
			setFlag(object, "--prometheus-url=", "http://"+address(p.Prometheus))
			setFlag(object, "--bind-address=", address(p.Dashboard))
			setFlag(object, "--mode=", "Local")
			lastVolume(object, historyVolume)
		}
		kept = append(kept, object)
	}
	return kept
}

// setFlag replaces the value of a flag in every container that has it.
func setFlag(deployment *unstructured.Unstructured, flag, value string) {
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	if err != nil {
		return
	}
	for _, c := range containers {
		container, ok := c.(map[string]any)
		if !ok {
			continue
		}
		args, _, err := unstructured.NestedStringSlice(container, "args")
		if err != nil {
			continue
		}
		for i, arg := range args {
			if strings.HasPrefix(arg, flag) {
				args[i] = flag + value
			}
		}
		_ = unstructured.SetNestedStringSlice(container, args, "args")
	}
	_ = unstructured.SetNestedSlice(deployment.Object, containers, "spec", "template", "spec", "containers")
}

// historyVolume is where the dashboard keeps runs.
const historyVolume = "history"

// lastVolume makes a volume one that this node keeps: there is no storage to claim.
func lastVolume(deployment *unstructured.Unstructured, name string) {
	path := []string{"spec", "template", "spec", "volumes"}
	volumes, found, err := unstructured.NestedSlice(deployment.Object, path...)
	if err != nil || !found {
		return
	}
	for i, v := range volumes {
		if volume, ok := v.(map[string]any); ok && volume["name"] == name {
			volumes[i] = map[string]any{"name": name, "emptyDir": map[string]any{}}
			_ = unstructured.SetNestedField(deployment.Object, name, "spec", "template", "metadata", "annotations", node.LastingAnnotation)
		}
	}
	_ = unstructured.SetNestedSlice(deployment.Object, volumes, path...)
}

// applier applies any object by server-side apply.
type applier struct {
	client dynamic.Interface
	mapper *restmapper.DeferredDiscoveryRESTMapper
}

func newApplier(config *rest.Config) (*applier, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a discovery client: %w", err)
	}
	return &applier{client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))}, nil
}

// apply waits for the kind to be served, as it is a moment after its CRD.
func (a *applier) apply(ctx context.Context, object *unstructured.Unstructured) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		err := a.applyOnce(deadline, object)
		if err == nil {
			return nil
		}
		if !retriable(err) {
			return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		select {
		case <-deadline.Done():
			return fmt.Errorf("applying %s %s: %w", object.GetKind(), object.GetName(), err)
		case <-tick.C:
			a.mapper.Reset()
		}
	}
}

func (a *applier) applyOnce(ctx context.Context, object *unstructured.Unstructured) error {
	kind := object.GroupVersionKind()
	mapping, err := a.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return err
	}
	var resource dynamic.ResourceInterface = a.client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		namespace := object.GetNamespace()
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		resource = a.client.Resource(mapping.Resource).Namespace(namespace)
	}
	_, err = resource.Apply(ctx, object.GetName(), object, metav1.ApplyOptions{FieldManager: fieldOwner, Force: true})
	return err
}
