package stub

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// fleet is a balancer's node with so many instances behind it, none of them real.
func fleet(t *testing.T, size int) (*Node, []*peer) {
	t.Helper()
	n := New(Options{Log: slog.New(slog.DiscardHandler), Now: func() int64 { return 0 }})
	n.settings.component.Type = graph.LoadBalancer
	var peers []*peer
	for i := range size {
		p := &peer{id: "api-" + string(rune('1'+i)), component: "api", usable: true, conn: &deadEdge{}}
		n.peers[p.id] = p
		peers = append(peers, p)
	}
	n.pools.of([]string{"api"}, graph.RoundRobin)
	n.refreshPools()
	t.Cleanup(func() {
		n.input.close()
		n.running.Wait()
	})
	return n, peers
}

func repeat(n *Node, p *peer, r wire.Reason, times int) {
	for range times {
		n.judge(p, r)
	}
}

func TestAnInstanceThatFailsAloneIsEjectedAndProbed(t *testing.T) {
	n, peers := fleet(t, 3)
	pool := n.pools.of([]string{"api"}, graph.RoundRobin)
	repeat(n, peers[0], wire.ReasonQueueFull, ejectAfter-1)
	if peers[0].standing.ejected {
		t.Fatal("ejected too soon")
	}
	repeat(n, peers[0], wire.ReasonConnectionLost, 1)
	if !peers[0].standing.ejected || len(pool.peers) != 2 {
		t.Fatalf("%+v, %d serve, want it ejected", peers[0].standing, len(pool.peers))
	}
	n.readmit(peers[0])
	if len(pool.peers) != 3 {
		t.Error("it is not probed")
	}
	n.judge(peers[0], wire.ReasonQueueFull) // the probe
	if !peers[0].standing.ejected || peers[0].standing.ejections != 2 {
		t.Errorf("%+v after a bad probe, want a second ejection", peers[0].standing)
	}
	n.readmit(peers[0])
	n.judge(peers[0], wire.ReasonNone)
	repeat(n, peers[0], wire.ReasonQueueFull, ejectAfter-1)
	if peers[0].standing.ejected {
		t.Error("a good probe did not restore it")
	}
}

func TestEjectionsLeaveEnough(t *testing.T) {
	t.Run("an error of the model is no fault of the instance", func(t *testing.T) {
		n, peers := fleet(t, 3)
		repeat(n, peers[0], wire.ReasonError, 100)
		if peers[0].standing.ejected {
			t.Error("ejected")
		}
	})
	t.Run("the only instance", func(t *testing.T) {
		n, peers := fleet(t, 1)
		repeat(n, peers[0], wire.ReasonQueueFull, 100)
		if peers[0].standing.ejected {
			t.Error("ejected")
		}
	})
	t.Run("half at most", func(t *testing.T) {
		n, peers := fleet(t, 4)
		for _, p := range peers[:3] {
			repeat(n, p, wire.ReasonQueueFull, 100)
		}
		if !peers[0].standing.ejected || !peers[1].standing.ejected || peers[2].standing.ejected {
			t.Error("want two of four ejected")
		}
	})
	t.Run("when all fail alike nobody stands out", func(t *testing.T) {
		n, peers := fleet(t, 4)
		for range 100 {
			for _, p := range peers {
				n.judge(p, wire.ReasonQueueFull)
			}
		}
		for _, p := range peers {
			if p.standing.ejected {
				t.Errorf("%s is ejected", p.id)
			}
		}
	})
	t.Run("only balancers eject", func(t *testing.T) {
		n, peers := fleet(t, 3)
		n.settings.component.Type = graph.APIServer
		repeat(n, peers[0], wire.ReasonQueueFull, 100)
		if peers[0].standing.ejected {
			t.Error("ejected")
		}
	})
}

// TestTwoThatAreOverloadedAreNotEjectedInTurn has one that comes back while the
// other still refuses what it could not carry alone.
func TestTwoThatAreOverloadedAreNotEjectedInTurn(t *testing.T) {
	n, peers := fleet(t, 2)
	now := time.Hour
	n.o.Now = func() int64 { return int64(now) }
	repeat(n, peers[0], wire.ReasonQueueFull, ejectAfter)
	if !peers[0].standing.ejected {
		t.Fatal("the one that fails alone is not ejected")
	}
	repeat(n, peers[1], wire.ReasonQueueFull, ejectAfter)
	now += ejectFor
	n.readmit(peers[0])
	n.judge(peers[0], wire.ReasonNone)
	repeat(n, peers[1], wire.ReasonQueueFull, ejectAfter)
	if peers[0].standing.ejected || peers[1].standing.ejected {
		t.Fatalf("%+v and %+v, want both to carry the load again", peers[0].standing, peers[1].standing)
	}
	now += ejectFor
	n.judge(peers[0], wire.ReasonNone)
	repeat(n, peers[1], wire.ReasonQueueFull, 1)
	if !peers[1].standing.ejected {
		t.Error("one that fails while the other has proven itself is not ejected")
	}
}

// TestABalancerLeavesOutWhoIsFull has two API servers, one of them overloaded by
// others.
func TestABalancerLeavesOutWhoIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		none := int32(0)
		arch := graph.Architecture{
			Components: []graph.Component{
				{Name: "lb", Type: graph.LoadBalancer, Replicas: 1, Capacity: constant(100 * time.Microsecond), LoadBalancer: &graph.Balancing{Algorithm: graph.RoundRobin}},
				{Name: "api", Type: graph.APIServer, Replicas: 2, Capacity: graph.Capacity{
					Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 2 * ms}, QueueLimit: &none,
					ByClass: map[graph.Class]graph.Distribution{graph.Static: {Kind: graph.Constant, Mean: 3 * time.Second}},
				}},
			},
			Connections: []graph.Connection{{From: "lb", To: "api", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}},
		}
		lb, one, two := start(t, "lb", "lb-1"), start(t, "api", "api-1"), start(t, "api", "api-2")
		tell("1", arch, lb, one, two)
		ready(t, lb, one, two)
		await(t, "both are there", func() bool {
			ask(t, lb, requests(10, 50, nil))
			return metric(t, one, wire.ComponentArrivals+`{class="Read"}`) > 0 && metric(t, two, wire.ComponentArrivals+`{class="Read"}`) > 0
		})
		occupied := make(chan struct{})
		go func() {
			defer close(occupied)
			ask(t, one, requests(1, 1, func(_ int, f *wire.Frame) { f.Class = wire.ClassStatic }))
		}()
		defer func() { <-occupied }()
		await(t, "one is busy", func() bool { return metric(t, one, wire.ComponentInFlight) > 0 })
		_, answers := ask(t, lb, requests(200, 200, nil))
		failed := 0
		for _, a := range answers {
			if a.Outcome == wire.Failed {
				failed++
			}
		}
		if failed < ejectAfter || failed > ejectAfter+3 {
			t.Errorf("%d requests failed, want the few that it takes to notice", failed)
		}
		if got := metric(t, lb, wire.ComponentEjected); got != 1 {
			t.Errorf("%v instances are ejected, want 1", got)
		}
	})
}
