package chaos

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// write is one write of a manager: verb, kind and name of the object.
type write struct{ verb, kind, name string }

func (w write) String() string { return w.verb + " " + w.kind + " " + w.name }

// ledger notes what a manager does to the API server, and may get in its way.
type ledger struct {
	// around carries a write out, or not; nil does.
	around func(w write, do func() error) error

	mu       sync.Mutex
	writes   []write
	breaches []string
}

// count counts the writes that came through and whose words contain all of parts.
func (l *ledger) count(parts ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, w := range l.writes {
		hit := true
		for _, part := range parts {
			hit = hit && strings.Contains(w.String(), part)
		}
		if hit {
			n++
		}
	}
	return n
}

// verify wants nothing that was forbidden, and no untyped object.
func (l *ledger) verify(t testing.TB) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range l.breaches {
		t.Error(b)
	}
}

func (l *ledger) write(w write, do func() error) error {
	around := l.around
	if around == nil {
		around = func(_ write, do func() error) error { return do() }
	}
	return around(w, func() error {
		err := do()
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil {
			l.writes = append(l.writes, w)
		}
		if apierrors.IsForbidden(err) && !terminating(err) {
			l.breaches = append(l.breaches, fmt.Sprintf("%s: %v", w, err))
		}
		return err
	})
}

// terminating reports whether an object was refused because its namespace goes.
func terminating(err error) bool { return strings.Contains(err.Error(), "being terminated") }

// typed notes an object that read-your-writes does not cover.
func (l *ledger) typed(o any) {
	if _, untyped := o.(runtime.Unstructured); untyped {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.breaches = append(l.breaches, fmt.Sprintf("%T went through the manager's client", o))
	}
}

// watchless lets an interceptor take a client that cannot watch.
type watchless struct{ client.Client }

func (watchless) Watch(context.Context, client.ObjectList, ...client.ListOption) (watch.Interface, error) {
	return nil, errors.New("the manager's client does not watch")
}

// wrap puts the ledger before a client.
func (l *ledger) wrap(c client.Client) client.Client {
	return interceptor.NewClient(watchless{c}, interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			l.typed(o)
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			l.typed(list)
			return c.List(ctx, list, opts...)
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return l.object("create", o, func() error { return c.Create(ctx, o, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return l.object("delete", o, func() error { return c.Delete(ctx, o, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return l.object("update", o, func() error { return c.Update(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
			return l.object("patch", o, func() error { return c.Patch(ctx, o, patch, opts...) })
		},
		Apply: func(ctx context.Context, c client.WithWatch, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
			return l.intent("apply", o, func() error { return c.Apply(ctx, o, opts...) })
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
			return l.object("update "+sub+" of", o, func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
			return l.object("patch "+sub+" of", o, func() error { return c.SubResource(sub).Patch(ctx, o, patch, opts...) })
		},
		SubResourceApply: func(ctx context.Context, c client.Client, sub string, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			return l.intent("apply "+sub+" of", o, func() error { return c.SubResource(sub).Apply(ctx, o, opts...) })
		},
	})
}

func (l *ledger) object(verb string, o client.Object, do func() error) error {
	l.typed(o)
	return l.write(write{verb: verb, kind: reflect.TypeOf(o).Elem().Name(), name: o.GetName()}, do)
}

func (l *ledger) intent(verb string, o runtime.ApplyConfiguration, do func() error) error {
	l.typed(o)
	w := write{verb: verb, kind: strings.TrimSuffix(reflect.TypeOf(o).Elem().Name(), "ApplyConfiguration")}
	if named, ok := o.(interface{ GetName() *string }); ok && named.GetName() != nil {
		w.name = *named.GetName()
	}
	return l.write(w, do)
}
