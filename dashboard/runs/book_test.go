package runs

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
)

// readCache is a cache that has read some objects.
type readCache struct {
	*informertest.FakeInformers
	objects client.Reader
}

func (c readCache) Get(ctx context.Context, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
	return c.objects.Get(ctx, key, o, options...)
}

func (c readCache) List(ctx context.Context, list client.ObjectList, options ...client.ListOption) error {
	return c.objects.List(ctx, list, options...)
}

var _ cache.Cache = readCache{}

// TestARunThatIsThereIsKnownOnceTheClusterIsRead begins before anybody has looked at
// a run: until somebody has, it must not be told that there is no such run.
func TestARunThatIsThereIsKnownOnceTheClusterIsRead(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	sim := &v1alpha1.Simulation{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "run", UID: "u"}}
	read := readCache{&informertest.FakeInformers{Scheme: scheme}, fake.NewClientBuilder().WithScheme(scheme).WithObjects(sim).Build()}
	b := Open(read, Options{Name: Name{Epoch: "e", TickEvery: time.Second}, Now: time.Now, Log: logr.Discard()})
	if b.Synced() {
		t.Error("synced before anything was read")
	}
	if err := b.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.Synced() {
		t.Error("synced before anybody has looked at the run")
	}
	b.queue.ShutDown() // what is in it is looked at nevertheless
	var working sync.WaitGroup
	working.Go(func() { b.work(t.Context()) })
	working.Wait()
	if !b.Synced() {
		t.Error("not synced though every run was looked at")
	}
	if _, err := b.Find("u"); err != nil {
		t.Error(err)
	}
}
