package controllers

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	appsac "k8s.io/client-go/applyconfigurations/apps/v1"
	batchac "k8s.io/client-go/applyconfigurations/batch/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// errNameConflict says that an object we would own exists and is not ours.
var errNameConflict = errors.New("exists and belongs to somebody else: rename the graph, the component or the object")

// errPredecessor says that an object we would own is still that of a deleted
// owner of the same name, and about to go.
var errPredecessor = errors.New("is still that of a deleted namesake: it is about to go")

// inTheWay reports whether an apply waits for an object of somebody else's.
func inTheWay(err error) bool {
	return errors.Is(err, errNameConflict) || errors.Is(err, errPredecessor)
}

// applier applies what should be by server-side apply, and leaves alone what is
// so already: an intent is applied again only when it changed, or when the
// object no longer is what that intent made of it. What it remembers saves time
// only: a new one finds the same in what the object says of its field owners.
type applier struct {
	client client.Client
	owner  client.FieldOwner

	mu      sync.Mutex
	applied map[types.UID]applied
}

// applied is what an intent made of an object.
type applied struct {
	intent [sha256.Size]byte
	shape  [sha256.Size]byte
}

func newApplier(c client.Client, owner string) *applier {
	return &applier{client: c, owner: client.FieldOwner(owner), applied: map[types.UID]applied{}}
}

// ensure applies intent to the object of its name unless it holds already.
// live is an empty object of the same type, filled on return. An object that
// controller does not control is left alone and reported.
func (a *applier) ensure(ctx context.Context, controller client.Object, intent runtime.ApplyConfiguration, live client.Object, key client.ObjectKey) error {
	digest, err := digestOf(intent)
	if err != nil {
		return err
	}
	err = a.client.Get(ctx, key, live)
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("reading %s: %w", key, err)
	case !a.mine(live, controller):
		return fmt.Errorf("%s %s %w", kindOf(live), key.Name, strangerOf(live, controller))
	case a.holds(live, digest):
		return nil
	case a.written(live, digest): // by a manager before this one
		return a.remember(live, digest)
	}
	if err := a.client.Apply(ctx, intent, a.owner, client.ForceOwnership); err != nil {
		return fmt.Errorf("applying %s %s: %w", kindOf(live), key.Name, err)
	}
	if err := a.client.Get(ctx, key, live); err != nil {
		return fmt.Errorf("reading %s after its apply: %w", key, err)
	}
	return a.remember(live, digest)
}

// mine reports whether an object is controller's: by its reference, or, where
// somebody has cut the reference off, by what this applier wrote of it.
func (a *applier) mine(live, controller client.Object) bool {
	if metav1.GetControllerOf(live) != nil {
		return metav1.IsControlledBy(live, controller)
	}
	if run := live.GetLabels()[wire.LabelRun]; run != "" && run != string(controller.GetUID()) {
		return false // what a deleted run left behind is never taken over
	}
	return slices.ContainsFunc(live.GetManagedFields(), func(f metav1.ManagedFieldsEntry) bool {
		return f.Manager == string(a.owner) && f.Operation == metav1.ManagedFieldsOperationApply && f.Subresource == ""
	})
}

// strangerOf says whose an object is that is not controller's.
func strangerOf(live, controller client.Object) error {
	if owner := metav1.GetControllerOf(live); owner != nil && owner.Kind == kindOf(controller) && owner.Name == controller.GetName() {
		return errPredecessor
	}
	return errNameConflict
}

// written reports whether all that an object's field owners say is ours is what
// the intent says, no more and no less.
func (a *applier) written(live client.Object, intent [sha256.Size]byte) bool {
	ours, err := fieldsOf(live, string(a.owner))
	if err != nil {
		return false
	}
	digest, err := digestOf(ours)
	return err == nil && digest == intent
}

// fieldsOf are the fields of an object that an owner has applied.
func fieldsOf(live client.Object, owner string) (any, error) {
	switch o := live.(type) {
	case *appsv1.Deployment:
		return appsac.ExtractDeployment(o, owner)
	case *corev1.Service:
		return corev1ac.ExtractService(o, owner)
	case *batchv1.Job:
		return batchac.ExtractJob(o, owner)
	default:
		return nil, fmt.Errorf("the fields of a %s cannot be told apart", kindOf(live))
	}
}

// holds reports whether the object still is what the intent made of it.
func (a *applier) holds(live client.Object, intent [sha256.Size]byte) bool {
	shape, err := shapeOf(live)
	if err != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.applied[live.GetUID()] == applied{intent: intent, shape: shape}
}

func (a *applier) remember(live client.Object, intent [sha256.Size]byte) error {
	shape, err := shapeOf(live)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.applied[live.GetUID()] = applied{intent: intent, shape: shape}
	return nil
}

// forget drops what was remembered of an object that is gone.
func (a *applier) forget(uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.applied, uid)
}

// shapeOf digests what we write of an object: its generation stands for its spec,
// and where a kind has none, as Services, its version does.
func shapeOf(o client.Object) ([sha256.Size]byte, error) {
	spec := any(o.GetGeneration())
	if o.GetGeneration() == 0 {
		spec = o.GetResourceVersion()
	}
	return digestOf([]any{spec, o.GetLabels(), o.GetOwnerReferences(), o.GetUID()})
}

func digestOf(v any) ([sha256.Size]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("encoding an intent: %w", err)
	}
	return sha256.Sum256(data), nil
}

func kindOf(o client.Object) string { return reflect.TypeOf(o).Elem().Name() }
