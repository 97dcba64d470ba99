// Package node is a node agent that runs containers as processes: each pod has
// a loopback address, each container a root file system of its own made from a
// binary of this machine. Scheduling, Deployments, Jobs, EndpointSlices and
// garbage collection are Kubernetes' own.
package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"flashcrowd.io/flashcrowd/internal/localcluster/node/shim"
	"flashcrowd.io/flashcrowd/internal/localcluster/spawn"
)

// ShimMain must be called first by every program that runs a node: a container
// begins as that program.
func ShimMain() { shim.Main() }

// Options are what a node works with.
type Options struct {
	Config *rest.Config
	// Name of the node; Dir holds its pods' files and logs.
	Name, Dir string
	// Images maps the repository of an image to the binary that it stands for.
	Images map[string]string
	// Addresses is where pods get theirs from; the first one answers DNS.
	Addresses netip.Prefix
	// Port, CertFile, KeyFile and ClientCAFile are of the node's own API, which
	// the API server reads logs from.
	Port                            int
	CertFile, KeyFile, ClientCAFile string
	// BackOff is the first pause before a container starts again; 10 s by default.
	BackOff time.Duration
	Log     *slog.Logger
}

// Agent runs the pods of one node.
type Agent struct {
	o         Options
	client    kubernetes.Interface
	spawner   *spawn.Spawner
	addresses *pool
	pods      cache.SharedIndexInformer
	services  cache.SharedIndexInformer
	slices    cache.SharedIndexInformer

	// census are the containers that run.
	census census

	mu      sync.Mutex
	workers map[types.UID]*worker
	running sync.WaitGroup
	// life is a pipe whose writing end only this process holds: containers see
	// that it is gone.
	life pipe
}

// lifeline is what containers hold on to.
func (a *Agent) lifeline() *os.File { return a.life.read }

// Run registers the node and runs its pods until ctx ends; then every container
// is killed. Pods stay in the API and start again with the next run.
func Run(ctx context.Context, o Options) error {
	if o.BackOff <= 0 {
		o.BackOff = 10 * time.Second
	}
	client, err := kubernetes.NewForConfig(o.Config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(o.Dir, "pods")); err != nil {
		return fmt.Errorf("clearing what an earlier run left: %w", err)
	}
	a := &Agent{o: o, client: client, spawner: spawn.New(), addresses: newPool(o.Addresses), workers: map[types.UID]*worker{}}
	defer a.spawner.Close()
	if a.life.read, a.life.write, err = os.Pipe(); err != nil {
		return fmt.Errorf("making the lifeline: %w", err)
	}
	defer func() {
		_ = a.life.read.Close()
		_ = a.life.write.Close()
	}()
	if err := a.register(ctx); err != nil {
		return err
	}
	return a.serve(ctx)
}

func (a *Agent) serve(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	factory := informers.NewSharedInformerFactory(a.client, 0)
	a.services = factory.Core().V1().Services().Informer()
	a.slices = factory.Discovery().V1().EndpointSlices().Informer()
	mine := informers.NewSharedInformerFactoryWithOptions(a.client, 0, informers.WithTweakListOptions(func(l *metav1.ListOptions) {
		l.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", a.o.Name).String()
	}))
	a.pods = mine.Core().V1().Pods().Informer()
	if _, err := a.pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { a.see(ctx, o) },
		UpdateFunc: func(_, o any) { a.see(ctx, o) },
		DeleteFunc: a.gone,
	}); err != nil {
		return fmt.Errorf("watching pods: %w", err)
	}
	group.Go(func() error { return a.serveAPI(ctx) })
	group.Go(func() error { return a.serveDNS(ctx) })
	group.Go(func() error { return a.heartbeat(ctx) })
	factory.Start(ctx.Done())
	mine.Start(ctx.Done())
	err := group.Wait()
	factory.Shutdown()
	mine.Shutdown()
	a.running.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// see starts a worker for a pod, or tells its worker the newest of it.
func (a *Agent) see(ctx context.Context, o any) {
	pod, ok := o.(*corev1.Pod)
	if !ok || ctx.Err() != nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.workers[pod.UID]; w != nil {
		w.update(pod)
		return
	}
	if over(pod) && pod.DeletionTimestamp == nil {
		return
	}
	w := newWorker(a, pod)
	a.workers[pod.UID] = w
	a.running.Go(func() { w.run(ctx) })
}

// over reports whether a pod has ended for good.
func over(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// gone ends the worker of a pod that is no longer in the API.
func (a *Agent) gone(o any) {
	if final, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = final.Obj
	}
	pod, ok := o.(*corev1.Pod)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if w := a.workers[pod.UID]; w != nil {
		w.forget()
	}
}

// done drops a worker that has ended.
func (a *Agent) done(uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.workers, uid)
}

// worker of a pod by name, for its logs.
func (a *Agent) workerOf(namespace, name string) *worker {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range a.workers {
		if p := w.current(); p.Namespace == namespace && p.Name == name {
			return w
		}
	}
	return nil
}
