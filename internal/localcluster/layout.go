package localcluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"flashcrowd.io/flashcrowd/internal/localcluster/node"
)

const signingKey = "service-accounts"

// layout names the files of one cluster.
type layout struct{ dir string }

func (l layout) pki() string               { return filepath.Join(l.dir, "pki") }
func (l layout) etcd() string              { return filepath.Join(l.dir, "etcd") }
func (l layout) prometheus() string        { return filepath.Join(l.dir, "prometheus") }
func (l layout) node() string              { return filepath.Join(l.dir, "node") }
func (l layout) logs() string              { return filepath.Join(l.dir, "logs") }
func (l layout) config(name string) string { return filepath.Join(l.dir, "config", name) }
func (l layout) state() string             { return filepath.Join(l.dir, "cluster.json") }
func (l layout) lock() string              { return filepath.Join(l.dir, "lock") }

// history is the file in the dashboard's volume.
func (l layout) history() string {
	return filepath.Join(node.LastingDir(l.node(), "flashcrowd-system", historyVolume), "history.db")
}

// kubeconfig is the file of one identity; the user's own lies on top.
func (l layout) kubeconfig(name string) string {
	if name == adminName {
		return filepath.Join(l.dir, "kubeconfig")
	}
	return l.config(name + ".kubeconfig")
}

func (l layout) make() error {
	for _, dir := range []string{l.dir, l.pki(), l.etcd(), l.prometheus(), l.node(), l.logs(), l.config("")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the cluster's directories: %w", err)
		}
	}
	return nil
}

// ports of one cluster, remembered over restarts so that kubeconfigs hold.
type ports struct {
	APIServer         int `json:"apiServer"`
	Etcd              int `json:"etcd"`
	EtcdPeer          int `json:"etcdPeer"`
	ControllerManager int `json:"controllerManager"`
	Scheduler         int `json:"scheduler"`
	Prometheus        int `json:"prometheus"`
	Node              int `json:"node"`
	Dashboard         int `json:"dashboard"`
}

func (p *ports) all() []*int {
	return []*int{&p.APIServer, &p.Etcd, &p.EtcdPeer, &p.ControllerManager, &p.Scheduler, &p.Prometheus, &p.Node, &p.Dashboard}
}

// settle gives every port that is not set, or that another process took, a free one.
func (p *ports) settle() error {
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close()
		}
	}()
	for _, port := range p.all() {
		l, err := listenPatiently(*port)
		if err != nil {
			l, err = net.Listen("tcp", net.JoinHostPort(loopback, "0"))
		}
		if err != nil {
			return fmt.Errorf("finding a free port: %w", err)
		}
		held = append(held, l) // held together, so that none is given twice
		address, ok := l.Addr().(*net.TCPAddr)
		if !ok {
			return errors.New("the free port has no number")
		}
		*port = address.Port
	}
	return nil
}

// portPatience is how long a port may still belong to a process of an earlier
// life that was killed: kubeconfigs and pod addresses hold only if it is kept.
const portPatience = 3 * time.Second

func listenPatiently(port int) (net.Listener, error) {
	for deadline := time.Now().Add(portPatience); ; <-time.After(50 * time.Millisecond) {
		l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err == nil || time.Now().After(deadline) {
			return l, err
		}
	}
}

// state is what the supervisor tells the commands.
type state struct {
	Supervisor int    `json:"supervisor"`
	Ready      bool   `json:"ready"`
	Failure    string `json:"failure,omitempty"`
	Ports      ports  `json:"ports"`
}

func (l layout) readState() (state, error) {
	var s state
	data, err := os.ReadFile(l.state())
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading the cluster's state: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("reading %s: %w", l.state(), err)
	}
	return s, nil
}

// writeState replaces the file whole, so that a reader never sees half of it.
func (l layout) writeState(s state) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the cluster's state: %w", err)
	}
	next := l.state() + ".new"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		return fmt.Errorf("writing the cluster's state: %w", err)
	}
	return os.Rename(next, l.state())
}
