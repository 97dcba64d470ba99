package localcluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"flashcrowd.io/flashcrowd/internal/localcluster/spawn"
)

// ErrRunning says that another supervisor holds the directory.
var ErrRunning = errors.New("the local cluster is running already")

// Supervisor runs one local cluster in the foreground.
type Supervisor struct {
	// Dir holds all data; Binaries holds ours, and the control plane's in Binaries/controlplane.
	Dir, Binaries string
	// Manifests installs the product: objects in YAML documents.
	Manifests []byte
	Log       *slog.Logger
	// Now is read for the life of certificates.
	Now func() time.Time
}

// Run starts every part, installs the product, says so in the state file and
// supervises until ctx ends or a part does. A part that ends is not restarted:
// all of them stop, since a cluster with a hole only looks alive.
func (s *Supervisor) Run(ctx context.Context) error {
	l := layout{dir: s.Dir}
	if err := l.make(); err != nil {
		return err
	}
	release, err := l.hold()
	if err != nil {
		return err
	}
	defer release()
	st, err := s.prepare(l)
	if err != nil {
		return err
	}
	err = s.supervise(ctx, l, st)
	if err != nil && ctx.Err() == nil {
		st.Failure = err.Error()
		s.Log.Error("local cluster ended", "error", err)
	}
	st.Ready, st.Supervisor = false, 0
	return errors.Join(err, l.writeState(st))
}

// hold takes the directory for this process; the kernel releases it with the process.
func (l layout) hold() (release func(), err error) {
	lock, err := os.OpenFile(l.lock(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = lock.Close()
		return nil, ErrRunning
	}
	return func() { _ = lock.Close() }, nil
}

// held reports whether a supervisor lives.
func (l layout) held() bool {
	release, err := l.hold()
	if err == nil {
		release()
	}
	return errors.Is(err, ErrRunning)
}

// prepare writes certificates, kubeconfigs and configurations for this start.
func (s *Supervisor) prepare(l layout) (state, error) {
	st, err := l.readState()
	if err != nil {
		return st, err
	}
	if err := st.Ports.settle(); err != nil {
		return st, err
	}
	if err := l.prepareIdentities(secure(st.Ports.APIServer, ""), s.Now()); err != nil {
		return st, err
	}
	for name, content := range map[string]string{"scheduler.yaml": schedulerConfig(l), "prometheus.yaml": prometheusConfig(l)} {
		if err := os.WriteFile(l.config(name), []byte(content), 0o600); err != nil {
			return st, fmt.Errorf("writing %s: %w", name, err)
		}
	}
	st.Supervisor, st.Ready, st.Failure = os.Getpid(), false, ""
	return st, l.writeState(st)
}

// supervise runs the parts and the node until ctx ends or one of them does.
func (s *Supervisor) supervise(ctx context.Context, l layout, st state) error {
	spawner := spawn.New()
	defer spawner.Close()
	client, err := l.healthClient()
	if err != nil {
		return err
	}
	running := make([]*process, 0, 5)
	defer func() {
		for _, r := range slices.Backward(running) {
			r.stop(s.Log)
		}
	}()
	for _, p := range parts(l, st.Ports, filepath.Join(s.Binaries, "controlplane")) {
		proc, err := start(spawner, p, l.logs())
		if err != nil {
			return err
		}
		running = append(running, proc)
		if err := s.awaitBefore(ctx, proc, client); err != nil {
			return err
		}
	}
	return s.serve(ctx, l, st, running, client)
}

// awaitBefore waits for a part that the next ones cannot start without.
func (s *Supervisor) awaitBefore(ctx context.Context, proc *process, client *http.Client) error {
	if proc.name != "etcd" && proc.name != "kube-apiserver" {
		return nil
	}
	return proc.ready(ctx, client)
}

// serve runs the node beside the parts, installs the product and reports ready.
func (s *Supervisor) serve(ctx context.Context, l layout, st state, running []*process, client *http.Client) error {
	admin, err := l.adminConfig()
	if err != nil {
		return err
	}
	if err := applyAll(ctx, admin, []byte(bootstrap), st.Ports); err != nil { // the node and Prometheus need their roles
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, proc := range running {
		group.Go(func() error { return proc.watch(ctx) })
	}
	group.Go(func() error { return s.runNode(ctx, l, st.Ports) })
	group.Go(func() error {
		for _, proc := range running {
			if err := proc.ready(ctx, client); err != nil {
				return err
			}
		}
		if err := applyAll(ctx, admin, s.Manifests, st.Ports); err != nil {
			return err
		}
		st.Ready = true
		s.Log.Info("local cluster ready", "kubeconfig", l.kubeconfig(adminName))
		return l.writeState(st)
	})
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// watch returns when the process ends or ctx does.
func (p *process) watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.exited:
		return fmt.Errorf("%s ended: %w; see logs/%s.log", p.name, errors.Join(errors.New("unexpectedly"), p.err), p.name)
	}
}

func (l layout) adminConfig() (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", l.kubeconfig(adminName))
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 200, 400
	return config, nil
}

// healthClient trusts the cluster's authority and speaks as its administrator.
func (l layout) healthClient() (*http.Client, error) {
	ca, err := os.ReadFile(certFile(l.pki(), "ca"))
	if err != nil {
		return nil, fmt.Errorf("reading the certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	own, err := tls.LoadX509KeyPair(certFile(l.pki(), adminName), keyFile(l.pki(), adminName))
	if err != nil {
		return nil, fmt.Errorf("reading the administrator's certificate: %w", err)
	}
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12},
	}}, nil
}
