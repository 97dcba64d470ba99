package chaos

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"flashcrowd.io/flashcrowd/controllers"
)

// managerUser is the identity that the installation gives the manager.
const managerUser = "system:serviceaccount:flashcrowd-system:flashcrowd-manager"

var (
	// cluster is the API server as its administrator sees it.
	cluster *rest.Config
	// admin reads and writes as the user does, without a cache.
	admin client.WithWatch
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func root() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}

// run starts etcd, kube-apiserver, the controllers of Kubernetes that graphs and
// runs rely on, and a kubelet that starts nothing; then it runs the tests.
func run(m *testing.M) int {
	ctrl.SetLogger(logr.Discard())
	assets := filepath.Join(root(), "bin", "controlplane")
	if _, err := os.Stat(filepath.Join(assets, "kube-apiserver")); err != nil {
		panic("the control plane is not built: run make controlplane")
	}
	if err := os.Setenv("HTTP2_PING_TIMEOUT_SECONDS", "300"); err != nil { // an API server that is short of CPU time is not lost
		panic(err)
	}
	environment := &envtest.Environment{
		BinaryAssetsDirectory: assets, CRDDirectoryPaths: []string{filepath.Join(root(), "config", "crd", "bases")}, ErrorIfCRDPathMissing: true,
		// A busy machine takes its time.
		ControlPlaneStartTimeout: 5 * time.Minute, ControlPlaneStopTimeout: 5 * time.Minute, CRDInstallOptions: envtest.CRDInstallOptions{MaxTime: 2 * time.Minute},
	}
	environment.ControlPlane.GetAPIServer().Configure().Disable("disable-admission-plugins") // pods have service accounts, as anywhere
	config, err := environment.Start()
	if err != nil {
		panic(err)
	}
	defer func() {
		if err := environment.Stop(); err != nil {
			panic(err)
		}
	}()
	if err := connect(config); err != nil {
		panic(err)
	}
	stop, err := startControllers(filepath.Join(assets, "kube-controller-manager"), environment.KubeConfig)
	if err != nil {
		panic(err)
	}
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	var node sync.WaitGroup
	node.Go(func() { newKubelet(admin).run(ctx) })
	defer node.Wait()
	defer cancel()
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // the tests wait more than they compute
		panic(err)
	}
	code := m.Run()
	if panics := reconcilePanics(); panics > 0 {
		fmt.Fprintf(os.Stderr, "%v reconciles panicked\n", panics)
		return 1
	}
	return code
}

// connect makes the administrator's client and installs the rights of the manager.
func connect(config *rest.Config) error {
	options, err := controllers.ManagerOptions()
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 2000, 4000
	cluster = config
	if admin, err = client.NewWithWatch(config, client.Options{Scheme: options.Scheme}); err != nil {
		return err
	}
	file, err := os.Open(filepath.Join(root(), "config", "install.yaml"))
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		var o unstructured.Unstructured
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch o.GetKind() {
		case "Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			if err := admin.Create(context.Background(), &o); err != nil {
				return err
			}
		}
	}
}

// startControllers runs what collects garbage, empties namespaces and makes pods.
func startControllers(binary string, kubeconfig []byte) (stop func(), err error) {
	dir, err := os.MkdirTemp("", "flashcrowd-chaos-")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(binary, "--kubeconfig="+path, "--leader-elect=false", "--kube-api-qps=500", "--kube-api-burst=1000",
		"--bind-address=127.0.0.1", "--secure-port=0", "--cert-dir="+dir,
		"--controllers="+strings.Join([]string{
			"garbage-collector-controller", "namespace-controller", "deployment-controller", "replicaset-controller", "job-controller", "serviceaccount-controller",
		}, ","))
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		_ = os.RemoveAll(dir)
	}, nil
}

// reconcilePanics counts the reconciles that panicked, in all tests together.
func reconcilePanics() float64 {
	families, err := crmetrics.Registry.Gather()
	if err != nil {
		panic(err)
	}
	total := 0.0
	for _, family := range families {
		if family.GetName() == "controller_runtime_reconcile_panics_total" {
			for _, metric := range family.GetMetric() {
				total += metric.GetCounter().GetValue()
			}
		}
	}
	return total
}

// newNamespace makes a namespace of the test's own.
func newNamespace(t testing.TB) string {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "chaos-"}}
	if err := admin.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// eventually waits until a condition holds, and fails after a time. What counts is
// how often it could look, not what a clock shows: on a busy machine the manager
// and the API server come to their work as seldom as the test does.
func eventually(t testing.TB, within time.Duration, what string, holds func() bool) {
	t.Helper()
	const every = 10 * time.Millisecond
	tick := time.NewTicker(every)
	defer tick.Stop()
	for waited := time.Duration(0); !holds(); waited += every {
		if waited > within {
			t.Fatalf("not within %v: %s", within, what)
		}
		<-tick.C
	}
}

// throughout wants a condition to hold for a while.
func throughout(t *testing.T, a time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(a)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		if !holds() {
			t.Fatalf("not throughout %v: %s", a, what)
		}
		<-tick.C
	}
}
