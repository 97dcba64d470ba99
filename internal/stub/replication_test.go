package stub

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// replicated is an API server before a primary and, if asked for, its replica.
func replicated(replicas int32) graph.Architecture {
	arch := graph.Architecture{
		Components: []graph.Component{
			{Name: "api", Type: graph.APIServer, Replicas: 1, Capacity: constant(100 * time.Microsecond)},
			{Name: "db", Type: graph.Database, Replicas: 1, Capacity: constant(ms), Database: &graph.DatabaseRole{ConnectionLimit: 100}},
		},
		Connections: []graph.Connection{{From: "api", To: "db", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}},
	}
	if replicas > 0 {
		replica := graph.ReadReplicaOf(arch.Components[1], "replica")
		replica.Replicas = replicas
		replica.Database.ReplicationLag = 50 * ms
		arch.Components = append(arch.Components, replica)
		arch.Connections = append(arch.Connections, graph.Connection{
			From: "api", To: "replica", Classes: []graph.Class{graph.Read}, Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100,
		})
	}
	return arch
}

func TestAReplicaTakesHalfOfTheReadsAndAllOfTheWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db, replica := start(t, "api", "api-1"), start(t, "db", "db-1"), start(t, "replica", "replica-1")
		tell("1", replicated(1), api, db, replica)
		ready(t, api, db, replica)
		const n = 4000
		reads, writes := wire.ComponentArrivals+`{class="Read"}`, wire.ComponentArrivals+`{class="Write"}`
		_, answers := ask(t, api, requests(n, 2000, func(k int, f *wire.Frame) {
			if k%4 == 0 {
				f.Class = wire.ClassWrite
			}
		}))
		wantNoneLate(t, answers)
		for k, a := range answers {
			if a.Outcome != wire.Answered {
				t.Fatalf("request %d failed by %q", k, a.Reason)
			}
		}
		if got := metric(t, db, reads) / (n * 3 / 4); math.Abs(got-0.5) > 0.05 {
			t.Errorf("the primary has %v of the reads, want half", got)
		}
		if got := metric(t, db, writes); got != n/4 {
			t.Errorf("the primary has %v writes, want %v", got, n/4)
		}
		if got := metric(t, replica, writes); got != 0 {
			t.Errorf("the replica counts %v writes as requests", got)
		}
		await(t, "every write is applied", func() bool { return metric(t, replica, wire.ComponentReplicationLag+"_count") == n/4 })
		// Each write costs the replica the millisecond that it cost the primary.
		want := (metric(t, replica, reads) + n/4) * 0.001
		if got := metric(t, replica, wire.ComponentBusySeconds); math.Abs(got-want) > 1e-6 {
			t.Errorf("the replica worked for %v s, want %v", got, want)
		}
		if lag := metric(t, replica, wire.ComponentReplicationLag+"_sum") / (n / 4); lag < 0.051 || lag > 0.0515 {
			t.Errorf("writes lag %v s, want 50 ms and their service", lag)
		}
	})
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(5 * ms)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

// TestAReplicaThatIsGoneDelaysNoWrite takes it away without a word.
func TestAReplicaThatIsGoneDelaysNoWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, replica := start(t, "db", "db-1"), start(t, "replica", "replica-1")
		tell("1", replicated(1), db, replica)
		ready(t, db, replica)
		write := func(_ int, f *wire.Frame) { f.Class = wire.ClassWrite }
		ask(t, db, requests(100, 1000, write))
		await(t, "writes are applied", func() bool { return metric(t, replica, wire.ComponentReplicationLag+"_count") > 0 })
		replica.stop()
		begin, answers := ask(t, db, requests(100, 1000, write))
		for k, a := range answers {
			if took := time.Duration(a.Time - begin - int64(k)*int64(ms)); a.Outcome != wire.Answered || a.Late || took != ms {
				t.Fatalf("write %d took %v, %s, late %v", k, took, a.Outcome, a.Late)
			}
		}
	})
}

// TestAnExhaustedPoolQueuesAndThenFails has a pool of two before one core, and
// room for three to wait.
func TestAnExhaustedPoolQueuesAndThenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := start(t, "db", "db-1")
		arch := replicated(0)
		waiting := int32(3)
		arch.Components[1].Capacity = graph.Capacity{Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 10 * ms}, QueueLimit: &waiting}
		arch.Components[1].Database.ConnectionLimit = 2
		tell("1", arch, db)
		ready(t, db)
		begin, answers := ask(t, db, requests(7, 1000, nil))
		for k, a := range answers {
			took := time.Duration(a.Time - begin - int64(k)*int64(ms))
			if want := time.Duration(10*(k+1)-k) * ms; k < 5 && (a.Outcome != wire.Answered || took != want) {
				t.Errorf("request %d: %s after %v, want an answer after %v", k, a.Outcome, took, want)
			}
			if k >= 5 && a.Reason != wire.ReasonPoolExhausted {
				t.Errorf("request %d: %s by %q, want pool_exhausted", k, a.Outcome, a.Reason)
			}
		}
	})
}
