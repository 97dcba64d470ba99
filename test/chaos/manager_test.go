package chaos

import (
	"context"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/controllers"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// workloads are what the tests' installation chooses for all pods.
var workloads = desired.Options{StubImage: "flashcrowd/stub:test", LoadgenImage: "flashcrowd/loadgen:test", TopologyAddress: "127.0.0.1:8090"}

// setup is how a manager of a test differs from the shipped one.
type setup struct {
	namespace string
	meter     controllers.Meter
	// config is the API server, cluster if nil.
	config *rest.Config
	ledger *ledger
	// stream takes the topologies.
	stream controllers.Publisher
	// change changes the options of the manager.
	change func(*ctrl.Options)
}

// build makes a manager as cmd/manager does, with the rights that the
// installation gives it, for one namespace.
func build(ctx context.Context, s setup) (ctrl.Manager, error) {
	options, err := controllers.ManagerOptions()
	if err != nil {
		return nil, err
	}
	again := true
	options.Controller.SkipNameValidation = &again // a process of its own has no namesake
	options.Metrics = metricsserver.Options{BindAddress: "0"}
	options.Cache = cache.Options{DefaultNamespaces: map[string]cache.Config{s.namespace: {}}}
	options.NewClient = func(config *rest.Config, o client.Options) (client.Client, error) {
		c, err := client.New(config, o)
		return s.ledger.wrap(c), err
	}
	if s.change != nil {
		s.change(&options)
	}
	config := s.config
	if config == nil {
		config = cluster
	}
	config = rest.CopyConfig(config)
	config.Impersonate = rest.ImpersonationConfig{UserName: managerUser}
	mgr, err := ctrl.NewManager(config, options)
	if err != nil {
		return nil, err
	}
	simulations := controllers.NewSimulationReconciler(mgr.GetClient(), controllers.SimulationOptions{
		Desired: workloads, Meter: s.meter, Traces: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder("flashcrowd"),
		Now: time.Now, ScrapeInterval: time.Second,
	})
	if err := simulations.Setup(ctx, mgr); err != nil {
		return nil, err
	}
	if err := controllers.NewGraphReconciler(mgr.GetClient(), workloads).Setup(mgr); err != nil {
		return nil, err
	}
	return mgr, controllers.NewTopologySource(mgr.GetClient(), mgr.GetAPIReader(), s.stream).Setup(mgr)
}

// rig is a namespace with a manager of its own.
type rig struct {
	setup
	load *steady
	// topologies are what its stream tells.
	topologies *stream
	client     client.Client
	stop       func()
}

// newRig starts a manager; runs on it last duration at most.
func newRig(t *testing.T, duration time.Duration, change func(*setup)) *rig {
	t.Helper()
	r := &rig{load: &steady{}, topologies: newStream()}
	r.load.percent.Store(30)
	r.setup = setup{namespace: newNamespace(t), meter: demand{percent: r.load.at, duration: duration}, ledger: &ledger{}, stream: r.topologies}
	t.Cleanup(func() { explain(t, r.namespace) })
	if change != nil {
		change(&r.setup)
	}
	r.restart(t)
	return r
}

// restart starts a manager where none runs.
func (r *rig) restart(t *testing.T) {
	t.Helper()
	r.client, r.stop = start(t, r.setup)
}

// shop is the key of the graph that the rig's runs play on.
func (r *rig) shop() string { return r.namespace + "/shop" }

// begin creates the graph and a run on it, and waits for its traffic.
func (r *rig) begin(t *testing.T, durationSeconds int, more string) {
	t.Helper()
	create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
	create(t, &v1alpha1.Simulation{}, r.namespace, "run", rehearsal(durationSeconds, more))
	r.awaitTraffic(t)
}

func (r *rig) awaitTraffic(t *testing.T) {
	t.Helper()
	eventually(t, patience, "traffic flows", func() bool {
		return r.topologies.flows(r.shop()) && readSimulation(t, r.namespace, "run").Status.ElapsedSeconds >= 1
	})
}

// patience is for what takes as long as this machine needs.
const patience = time.Minute

// start runs a manager until stop is called or the test ends.
func start(t *testing.T, s setup) (c client.Client, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	mgr, err := build(ctx, s)
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the manager ended: %v", err)
		}
	})
	t.Cleanup(func() { stop(); s.ledger.verify(t) })
	return mgr.GetClient(), stop
}

// stream keeps the newest topology of each graph, and how often it changed.
type stream struct {
	mu      sync.Mutex
	latest  map[string]wire.Topology
	changes map[string]int
}

func newStream() *stream {
	return &stream{latest: map[string]wire.Topology{}, changes: map[string]int{}}
}

// Publish takes a topology.
func (s *stream) Publish(t wire.Topology) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest[t.Graph] = t
	s.changes[t.Graph]++
	return nil
}

// Forget drops a graph.
func (s *stream) Forget(graph string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.latest, graph)
}

// of is the newest topology of a graph.
func (s *stream) of(graph string) (wire.Topology, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.latest[graph]
	return t, known
}

// flows reports whether the generators of a run are told to offer traffic.
func (s *stream) flows(graph string) bool {
	t, known := s.of(graph)
	return known && t.Plan != nil && !t.Plan.Start.IsZero() && !t.Plan.Stopped && !t.Plan.Finished && t.Plan.PausedAt.IsZero()
}
