package runs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/dashboard/projection"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// ErrNotFound says that no run has an id.
var ErrNotFound = errors.New("there is no such run")

// Name is what feeds say of the server.
type Name struct {
	// Epoch differs between lives of the server.
	Epoch, Server string
	TickEvery     time.Duration
}

// Meter measures runs.
type Meter interface {
	Show(ctx context.Context, s metrics.Scene) (metrics.Shown, error)
}

// Options of a book.
type Options struct {
	Name  Name
	Meter Meter
	// Probe asks whether the control plane answers.
	Probe func(ctx context.Context) error
	Now   func() time.Time
	Log   logr.Logger
}

// Book holds every run.
type Book struct {
	o     Options
	cache cache.Cache
	queue workqueue.TypedRateLimitingInterface[types.NamespacedName]

	mu      sync.Mutex
	runs    map[types.UID]*Run
	byName  map[types.NamespacedName]types.UID
	control wire.Health
	// unread are the runs that were there when the cache had read the cluster, and
	// have not been looked at since; nil before that.
	unread map[types.NamespacedName]bool
}

// Open is a book of what a cache sees. Run keeps it.
func Open(c cache.Cache, o Options) *Book {
	return &Book{
		o: o, cache: c, runs: map[types.UID]*Run{}, byName: map[types.NamespacedName]types.UID{}, control: wire.Health{Message: "the control plane has not answered yet"},
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[types.NamespacedName]()),
	}
}

// Run watches and measures until ctx ends. It waits for what it started.
func (b *Book) Run(ctx context.Context) error {
	if err := b.watch(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return b.cache.Start(ctx) })
	group.Go(func() error {
		if b.cache.WaitForCacheSync(ctx) {
			return b.begin(ctx)
		}
		return nil
	})
	group.Go(func() error { b.work(ctx); return nil })
	group.Go(func() error { b.every(ctx, b.o.Name.TickEvery, b.measure); return nil })
	group.Go(func() error { b.every(ctx, probeEvery, b.probe); return nil })
	group.Go(func() error { <-ctx.Done(); b.queue.ShutDown(); return nil })
	err := group.Wait()
	b.farewell()
	return err
}

// farewell tells every reader that the server goes, and that it comes back.
func (b *Book) farewell() {
	for _, r := range b.All() {
		r.Feed.Close(b.o.Now(), 1001, "the server restarts", time.Second)
	}
}

// watch asks for the two kinds.
func (b *Book) watch(ctx context.Context) error {
	sims, err := b.cache.GetInformer(ctx, &v1alpha1.Simulation{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching simulations: %w", err)
	}
	graphs, err := b.cache.GetInformer(ctx, &v1alpha1.ComponentGraph{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching graphs: %w", err)
	}
	if _, err := sims.AddEventHandler(handler(b.simulationChanged)); err != nil {
		return fmt.Errorf("watching simulations: %w", err)
	}
	if _, err := graphs.AddEventHandler(handler(b.graphChanged)); err != nil {
		return fmt.Errorf("watching graphs: %w", err)
	}
	return nil
}

// handler calls one function for whatever happens to an object.
func handler(changed func(client.Object)) toolscache.ResourceEventHandler {
	tell := func(o any) {
		if gone, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
			o = gone.Obj
		}
		if object, ok := o.(client.Object); ok {
			changed(object)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{AddFunc: tell, UpdateFunc: func(_, o any) { tell(o) }, DeleteFunc: tell}
}

func (b *Book) simulationChanged(o client.Object) { b.queue.Add(client.ObjectKeyFromObject(o)) }

// graphChanged looks again at the runs that play on the graph.
func (b *Book) graphChanged(o client.Object) {
	for _, r := range b.All() {
		if sim := r.Simulation(); sim.Namespace == o.GetNamespace() && sim.Spec.GraphRef.Name == o.GetName() {
			b.queue.Add(client.ObjectKeyFromObject(sim))
		}
	}
}

// begin has every run looked at that is there at first.
func (b *Book) begin(ctx context.Context) error {
	var sims v1alpha1.SimulationList
	if err := b.cache.List(ctx, &sims); err != nil {
		return fmt.Errorf("listing simulations: %w", err)
	}
	unread := map[types.NamespacedName]bool{}
	for i := range sims.Items {
		unread[client.ObjectKeyFromObject(&sims.Items[i])] = true
	}
	b.mu.Lock()
	b.unread = unread
	b.mu.Unlock()
	for i := range sims.Items { // even those that were looked at before
		b.queue.Add(client.ObjectKeyFromObject(&sims.Items[i]))
	}
	return nil
}

// work looks at one changed run after the other until the queue is shut.
func (b *Book) work(ctx context.Context) {
	for {
		key, shut := b.queue.Get()
		if shut {
			return
		}
		if err := b.look(ctx, key); err != nil {
			b.o.Log.Error(err, "run not read", "simulation", key)
			b.queue.AddRateLimited(key)
		} else {
			b.queue.Forget(key)
		}
		b.read(key)
		b.queue.Done(key)
	}
}

// read notes that a run was looked at, whatever was seen.
func (b *Book) read(key types.NamespacedName) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.unread, key)
}

// look brings the feed of a run up to what the API says.
func (b *Book) look(ctx context.Context, key types.NamespacedName) error {
	var sim v1alpha1.Simulation
	err := b.cache.Get(ctx, key, &sim)
	if apierrors.IsNotFound(err) {
		return b.remove(key, "")
	}
	if err != nil {
		return fmt.Errorf("reading the simulation: %w", err)
	}
	if err := b.remove(key, sim.UID); err != nil { // another object has had the name before
		return err
	}
	var cg v1alpha1.ComponentGraph
	s := seen{sim: &sim, graph: &cg, now: b.o.Now()}
	err = b.cache.Get(ctx, types.NamespacedName{Namespace: sim.Namespace, Name: sim.Spec.GraphRef.Name}, &cg)
	if apierrors.IsNotFound(err) {
		s.graph = nil
	} else if err != nil {
		return fmt.Errorf("reading the graph: %w", err)
	}
	known, ok := b.byUID(sim.UID)
	if !ok {
		s.sight = projection.Clear()
		b.insert(key, first(s, b.o.Name))
		return nil
	}
	known.mu.Lock()
	s.sight = known.sight
	known.mu.Unlock()
	return known.update(s)
}

func (b *Book) insert(key types.NamespacedName, r *Run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	uid := r.sim.UID
	b.runs[uid], b.byName[key] = r, uid
}

// remove ends the run that has a name, unless it is the one with this identity.
func (b *Book) remove(key types.NamespacedName, unless types.UID) error {
	b.mu.Lock()
	uid, known := b.byName[key]
	r := b.runs[uid]
	if known && uid != unless {
		delete(b.byName, key)
		delete(b.runs, uid)
	}
	b.mu.Unlock()
	if !known || uid == unless {
		return nil
	}
	return r.gone(b.o.Now())
}

func (b *Book) byUID(uid types.UID) (*Run, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.runs[uid]
	return r, ok
}

// Find is the run of an id: a UID, or namespace/name.
func (b *Book) Find(id string) (*Run, error) {
	if r, ok := b.byUID(types.UID(id)); ok {
		return r, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, uid := range b.byName {
		if key.String() == id {
			return b.runs[uid], nil
		}
	}
	return nil, fmt.Errorf("%w: %q is neither the UID nor the namespace/name of a Simulation", ErrNotFound, id)
}

// All are all runs, in no order.
func (b *Book) All() []*Run {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]*Run, 0, len(b.runs))
	for _, r := range b.runs {
		all = append(all, r)
	}
	return all
}

// ControlPlane is whether the API server answers.
func (b *Book) ControlPlane() wire.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.control
}

// Synced reports whether every run has been read once.
func (b *Book) Synced() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.unread != nil && len(b.unread) == 0
}
