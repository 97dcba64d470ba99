package localcluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Cluster is a local cluster as seen from outside its supervisor.
type Cluster struct{ l layout }

// Open names the cluster in dir, which need not exist.
func Open(dir string) Cluster { return Cluster{l: layout{dir: dir}} }

// DefaultDir is the cluster's directory in the user's home.
func DefaultDir() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("finding the home directory: %w", err)
	}
	return filepath.Join(home, ".flashcrowd"), nil
}

// History is the file that the cluster's dashboard keeps runs in.
func (c Cluster) History() string { return c.l.history() }

// Kubeconfig is the file for kubectl.
func (c Cluster) Kubeconfig() string { return c.l.kubeconfig(adminName) }

// Logs is the directory of the parts' logs.
func (c Cluster) Logs() string { return c.l.logs() }

// PrometheusURL is where Prometheus answers, once the cluster has been up.
func (c Cluster) PrometheusURL() (string, error) {
	st, err := c.l.readState()
	return "http://" + address(st.Ports.Prometheus), err
}

// Up starts the supervisor, detached, if none runs, and waits until the cluster
// is ready. supervise is the command line that calls Supervisor.Run.
func (c Cluster) Up(ctx context.Context, supervise []string) error {
	if err := c.l.make(); err != nil {
		return err
	}
	if !c.l.held() {
		if err := c.launch(supervise); err != nil {
			return err
		}
	}
	return c.awaitReady(ctx)
}

// launch starts the supervisor in a session of its own.
func (c Cluster) launch(supervise []string) error {
	st, err := c.l.readState()
	if err != nil {
		return err
	}
	st.Ready, st.Failure, st.Supervisor = false, "", 0
	if err := c.l.writeState(st); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(c.l.logs(), "supervisor.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the supervisor's log: %w", err)
	}
	defer log.Close()
	command := exec.Command(supervise[0], supervise[1:]...)
	command.Stdout, command.Stderr, command.Dir = log, log, "/"
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting the supervisor: %w", err)
	}
	exited := make(chan struct{})
	go func() { defer close(exited); _ = command.Wait() }()
	return c.awaitTaken(exited)
}

// awaitTaken waits until the supervisor has taken the directory.
func (c Cluster) awaitTaken(exited <-chan struct{}) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !c.l.held() {
		select {
		case <-exited:
			st, err := c.l.readState()
			return errors.Join(fmt.Errorf("the supervisor ended: %s; see %s", st.Failure, filepath.Join(c.l.logs(), "supervisor.log")), err)
		case <-tick.C:
		}
	}
	return nil
}

func (c Cluster) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		st, err := c.l.readState()
		if err != nil {
			return err
		}
		if st.Ready {
			return nil
		}
		if !c.l.held() {
			return fmt.Errorf("the local cluster did not start: %s; see %s", st.Failure, c.l.logs())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the local cluster: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// Down ends the supervisor and all it runs, and with deletion its data. It is
// no error if none runs.
func (c Cluster) Down(ctx context.Context, deletion Deletion) error {
	if c.l.held() {
		if err := c.end(ctx); err != nil {
			return err
		}
	}
	if deletion == DeleteData {
		if err := os.RemoveAll(c.l.dir); err != nil {
			return fmt.Errorf("deleting the cluster's data: %w", err)
		}
	}
	return nil
}

// Deletion says what Down does with the cluster's data.
type Deletion int

// The deletions.
const (
	KeepData Deletion = iota
	DeleteData
)

// end signals the supervisor and waits until the kernel released its lock.
func (c Cluster) end(ctx context.Context) error {
	st, err := c.l.readState()
	if err != nil {
		return err
	}
	if st.Supervisor <= 0 {
		return errors.New("the supervisor is starting and cannot be reached yet; try again")
	}
	if err := syscall.Kill(st.Supervisor, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signalling the supervisor: %w", err)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for c.l.held() {
		select {
		case <-ctx.Done():
			_ = syscall.Kill(st.Supervisor, syscall.SIGKILL) // its children die with it
			return fmt.Errorf("the supervisor did not end in time and was killed: %w", ctx.Err())
		case <-tick.C:
		}
	}
	return nil
}

// Status is the health of a local cluster.
type Status struct {
	Running    bool   `json:"running"`
	Ready      bool   `json:"ready"`
	Failure    string `json:"failure,omitempty"`
	Dir        string `json:"dir"`
	Kubeconfig string `json:"kubeconfig,omitempty"`
	Prometheus string `json:"prometheus,omitempty"`
	Dashboard  string `json:"dashboard,omitempty"`
	// Supervisor is the process that all others of the cluster descend from.
	Supervisor int          `json:"supervisor,omitempty"`
	Parts      []PartStatus `json:"parts"`
}

// PartStatus is the health of one part.
type PartStatus struct {
	Name    string `json:"name"`
	Healthy bool   `json:"healthy"`
	Problem string `json:"problem,omitempty"`
}

// Status asks every part.
func (c Cluster) Status(ctx context.Context) (Status, error) {
	st, err := c.l.readState()
	if err != nil {
		return Status{}, err
	}
	status := Status{Running: c.l.held(), Ready: st.Ready, Failure: st.Failure, Dir: c.l.dir, Parts: []PartStatus{}}
	if !status.Running {
		status.Ready = false
		return status, nil
	}
	status.Supervisor = st.Supervisor
	status.Kubeconfig, status.Prometheus, status.Dashboard = c.Kubeconfig(), "http://"+address(st.Ports.Prometheus), "http://"+address(st.Ports.Dashboard)
	client, err := c.l.healthClient()
	if err != nil {
		return Status{}, err
	}
	for _, p := range parts(c.l, st.Ports, "") {
		status.Parts = append(status.Parts, p.status(ctx, client))
	}
	return status, nil
}

func (p part) status(ctx context.Context, client *http.Client) PartStatus {
	if err := healthy(ctx, client, p.health); err != nil {
		return PartStatus{Name: p.name, Problem: err.Error()}
	}
	return PartStatus{Name: p.name, Healthy: true}
}
