// Command manager runs the reconcilers and serves the topology stream.
package main

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/go-logr/logr"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"flashcrowd.io/flashcrowd/controllers"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/metrics"
	"flashcrowd.io/flashcrowd/internal/topology"
	"flashcrowd.io/flashcrowd/internal/topology/tokenreview"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// flags of the manager.
type flags struct {
	prometheusURL, topologyAddress, topologyBind string
	stubImage, loadgenImage                      string
	metricsBind, healthBind                      string
	leaderElection                               bool
	scrapeInterval                               time.Duration
}

func parse() flags {
	var f flags
	flag.StringVar(&f.prometheusURL, "prometheus-url", "http://prometheus.flashcrowd-system.svc:9090", "Prometheus HTTP API that stubs and generators are scraped by")
	flag.StringVar(&f.topologyAddress, "topology-address", "flashcrowd-topology.flashcrowd-system.svc:8090", "where stubs reach the topology stream")
	flag.StringVar(&f.topologyBind, "topology-bind-address", ":8090", "where to serve the topology stream")
	flag.StringVar(&f.stubImage, "stub-image", "flashcrowd/stub:latest", "image of stubs")
	flag.StringVar(&f.loadgenImage, "loadgen-image", "flashcrowd/loadgen:latest", "image of generators")
	flag.StringVar(&f.metricsBind, "metrics-bind-address", "0", "where to serve the manager's own metrics, over TLS and to those allowed to get /metrics; 0 serves none")
	flag.StringVar(&f.healthBind, "health-probe-bind-address", ":8081", "where to serve health")
	flag.BoolVar(&f.leaderElection, "leader-elect", false, "let one of several managers reconcile")
	flag.DurationVar(&f.scrapeInterval, "scrape-interval", time.Second, "how often the metrics source samples")
	options := zap.Options{}
	options.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&options)))
	return f
}

func main() {
	f := parse()
	if err := run(f); err != nil {
		ctrl.Log.Error(err, "manager ended")
		os.Exit(1)
	}
}

func run(f flags) error {
	mgr, err := newManager(f)
	if err != nil {
		return err
	}
	meter, err := metrics.NewClient(f.prometheusURL, 2*time.Second)
	if err != nil {
		return err
	}
	ctx := ctrl.SetupSignalHandler()
	workloads := desired.Options{StubImage: f.stubImage, LoadgenImage: f.loadgenImage, TopologyAddress: f.topologyAddress}
	simulations := controllers.NewSimulationReconciler(mgr.GetClient(), controllers.SimulationOptions{
		Desired: workloads, Meter: meter, Traces: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder("flashcrowd"),
		Now: time.Now, ScrapeInterval: f.scrapeInterval,
	})
	if err := simulations.Setup(ctx, mgr); err != nil {
		return fmt.Errorf("setting up simulations: %w", err)
	}
	if err := controllers.NewGraphReconciler(mgr.GetClient(), workloads).Setup(mgr); err != nil {
		return fmt.Errorf("setting up graphs: %w", err)
	}
	if err := serveTopology(f, mgr); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

func newManager(f flags) (ctrl.Manager, error) {
	options, err := controllers.ManagerOptions()
	if err != nil {
		return nil, err
	}
	kubeconfig, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	kubeconfig.QPS, kubeconfig.Burst = 200, 400
	options.Metrics, options.HealthProbeBindAddress, options.LeaderElection = metricsOptions(f.metricsBind), f.healthBind, f.leaderElection
	mgr, err := ctrl.NewManager(kubeconfig, options)
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("adding the health check: %w", err)
	}
	return mgr, mgr.AddReadyzCheck("ping", healthz.Ping)
}

// serveTopology streams topologies from this manager, leader or not.
func serveTopology(f flags, mgr ctrl.Manager) error {
	reviews, err := authentication.NewForConfig(mgr.GetConfig())
	if err != nil {
		return fmt.Errorf("making a client for token reviews: %w", err)
	}
	log := logr.ToSlogHandler(klog.LoggerWithName(ctrl.Log, "topology"))
	server := topology.NewServer(f.topologyBind, tokenreview.New(reviews.TokenReviews(), wire.TopologyAudience), slog.New(log), topology.ServerOptions{})
	if err := mgr.Add(server); err != nil {
		return fmt.Errorf("adding the topology stream: %w", err)
	}
	if err := controllers.NewTopologySource(mgr.GetClient(), mgr.GetAPIReader(), server).Setup(mgr); err != nil {
		return fmt.Errorf("setting up the topology source: %w", err)
	}
	return nil
}
