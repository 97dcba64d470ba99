package fidelity

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
)

// shop is an API server before a database, with so many read replicas as the
// decision of the database rule adds them.
func shop(replicas int32) graph.Architecture {
	primary := graph.Component{Name: "db", Type: graph.Database, Replicas: 1, Database: &graph.DatabaseRole{}}
	base := graph.Architecture{
		Components:  []graph.Component{{Name: "api", Type: graph.APIServer, Replicas: 1}, primary},
		Connections: []graph.Connection{{From: "api", To: "db", Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}},
	}
	if replicas == 0 {
		return base
	}
	added := graph.ReadReplicaOf(primary, "db-replica")
	return graph.Fold(base, []graph.Decision{{
		ID: 1, Rule: "database", Action: graph.AddReadReplica, Component: "db", Added: &added, From: 0, To: replicas,
	}})
}

// onDatabases plays reads and writes a second on the databases of an
// architecture, by its routes: reads in turn over the instances of their
// targets, writes to the primary, whose work every replica repeats. The result
// is how busy the primary and the busiest replica were, in cores.
func onDatabases(t *testing.T, arch graph.Architecture, reads, writes, mu float64, seed uint64) (primary, replica float64) {
	t.Helper()
	instances := map[string][]*server{}
	for _, c := range arch.Components {
		for n := range c.Replicas {
			instances[c.Name] = append(instances[c.Name], exponentialServer(t, seed, fmt.Sprint(c.Name, n), 1, mu))
		}
	}
	of := func(class graph.Class) (all []*server) {
		for _, target := range graph.Itinerary(arch, "api", class)[0].Calls[0].Targets {
			all = append(all, instances[target]...)
		}
		return all
	}
	readers, writers := of(graph.Read), of(graph.Write)
	classes, clients := station.NewStream(seed, "clients", station.ForClass), poisson(seed, reads+writes)
	turn := uint64(0)
	for range *arrivals {
		k, at := clients.arrival()
		if classes.Uniform(k) < reads/(reads+writes) {
			roundRobin(readers, classes, turn, at).serve(k, at)
			turn++
			continue
		}
		for _, s := range slices.Concat(writers, instances["db-replica"]) {
			s.serve(k, at)
		}
	}
	busy := func(s *server) float64 { return s.Snapshot().Since(station.Snapshot{}).Utilization }
	for _, s := range instances["db-replica"] {
		replica = max(replica, busy(s))
	}
	return busy(instances["db"][0]), replica
}

// TestAReplicaHalvesThePrimarysReads holds the load of a primary to arithmetic:
// n replicas leave it 1/(n+1) of the reads, and all of the writes, which each
// replica repeats. A replica halves the load of a primary that is only read.
func TestAReplicaHalvesThePrimarysReads(t *testing.T) {
	const mu = 100.0
	for _, tt := range []struct{ reads, writes float64 }{{80, 0}, {72, 8}, {40, 40}, {8, 72}} {
		for n := range int32(4) {
			t.Run(fmt.Sprintf("%v reads and %v writes a second, %d replicas", tt.reads, tt.writes, n), func(t *testing.T) {
				t.Parallel()
				want := (tt.reads/float64(n+1) + tt.writes) / mu
				var primaries, replicas []float64
				for i := range uint64(*replications) {
					primary, replica := onDatabases(t, shop(n), tt.reads, tt.writes, mu, seedOf(t.Name())+i)
					primaries, replicas = append(primaries, primary), append(replicas, replica)
				}
				held := map[string][]float64{"the primary": primaries}
				if n > 0 {
					held["the busiest replica"] = replicas
				}
				for who, samples := range held {
					mean, _ := meanAndError(samples)
					t.Logf("%s is busy %.4f, arithmetic says %.4f: %+.2f %%", who, mean, want, 100*(mean/want-1))
					if math.Abs(mean-want) > 0.05*want {
						t.Errorf("%s is busy %.4f, want %.4f within 5 %%", who, mean, want)
					}
				}
			})
		}
	}
}
