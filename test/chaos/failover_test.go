package chaos

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	coordinationv1 "k8s.io/api/coordination/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/topology"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// competing makes a manager of several that want the same lease.
func competing(namespace string) func(*ctrl.Options) {
	return func(o *ctrl.Options) {
		o.LeaderElection, o.LeaderElectionNamespace, o.LeaderElectionID = true, "flashcrowd-system", namespace
	}
}

// A standby takes over as soon as the leader has gone, and goes on where it
// stopped; meanwhile both tell the stream.
func TestAStandbyTakesOver(t *testing.T) {
	t.Parallel()
	r := newRig(t, time.Hour, func(s *setup) { s.change = competing(s.namespace) })
	r.begin(t, 3600, "")
	standby := r.setup
	told := newStream()
	standby.ledger, standby.stream = &ledger{}, told
	start(t, standby)
	eventually(t, patience, "the standby tells the stream", func() bool { return told.flows(r.shop()) })
	if standby.ledger.count() > 0 {
		t.Errorf("the standby wrote %v", standby.ledger.writes)
	}
	holder := func() string {
		var lease coordinationv1.Lease
		if err := admin.Get(t.Context(), client.ObjectKey{Namespace: "flashcrowd-system", Name: r.namespace}, &lease); err != nil {
			t.Fatal(err)
		}
		if lease.Spec.HolderIdentity == nil {
			return ""
		}
		return *lease.Spec.HolderIdentity
	}
	before := holder()
	r.stop()
	eventually(t, 2*time.Second, "the standby has the lease", func() bool { now := holder(); return now != "" && now != before })
	eventually(t, 3*time.Second, "the standby writes", func() bool { return standby.ledger.count("Simulation run") > 0 })
	if !told.flows(r.shop()) {
		t.Error("the load stopped with the leader")
	}
	r.load.percent.Store(150)
	want := []string{"AddReplica api 1->2 by api-server", "InsertLoadBalancer api 0->1 by load-balancer"}
	eventually(t, patience, "the standby decides", func() bool { return slices.Equal(actions(readSimulation(t, r.namespace, "run")), want) })
}

// reviewer lets every token in, as one of the namespace's.
type reviewer struct{ namespace string }

func (r reviewer) Review(context.Context, string) (topology.Identity, error) {
	return topology.Identity{Namespace: r.namespace, Pod: "generator"}, nil
}

// The stream itself, of a leader and of a standby, tells a client of the run.
func TestBothManagersServeTheStream(t *testing.T) {
	t.Parallel()
	var addresses []string
	serve := func(t *testing.T, s *setup) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, l.Addr().String())
		server := topology.NewServer("", reviewer{s.namespace}, slog.New(slog.DiscardHandler), topology.ServerOptions{})
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { _ = server.Serve(ctx, l) })
		t.Cleanup(func() { cancel(); running.Wait() })
		s.stream = server
	}
	r := newRig(t, time.Hour, func(s *setup) { s.change = competing(s.namespace); serve(t, s) })
	standby := r.setup
	standby.ledger = &ledger{}
	serve(t, &standby)
	start(t, standby)
	create(t, &v1alpha1.ComponentGraph{}, r.namespace, "shop", shop)
	create(t, &v1alpha1.Simulation{}, r.namespace, "run", rehearsal(3600, ""))
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("any"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		heard := newStream()
		c := topology.NewClient(topology.ClientOptions{Address: address, Graph: r.shop(), TokenPath: token})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = c.Run(ctx, func(t wire.Topology) { _ = heard.Publish(t) }) })
		eventually(t, patience, "the stream tells of the traffic", func() bool { return heard.flows(r.shop()) })
		cancel()
		running.Wait()
	}
}

// Managers that stop leave no goroutine behind, however often.
func TestStoppedManagersLeaveNoGoroutine(t *testing.T) {
	r := newRig(t, time.Hour, nil)
	r.begin(t, 3600, "")
	r.stop()
	known := goleak.IgnoreCurrent() // connections that all clients share
	for range 3 {
		r.restart(t)
		before := r.ledger.count("Simulation")
		eventually(t, patience, "the manager works", func() bool { return r.ledger.count("Simulation") > before })
		r.stop()
	}
	if err := goleak.Find(known); err != nil {
		t.Error(err)
	}
}
