package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/traffic"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// shape is an architecture whose first component is the entry. Those that theory
// speaks about are single-core M/M/1 stations, one replica each.
type shape struct {
	name       string
	components []graph.Component
	edges      []graph.Connection
	mix        traffic.Mix
	// path is the mean sojourn at each station of a request's way, in mean
	// service times of the first.
	path []float64
}

func single(name string, kind graph.ComponentType, mean time.Duration) graph.Component {
	c := graph.Component{Name: name, Type: kind, Replicas: 1, Capacity: graph.Capacity{
		Cores: 1, ServiceTime: graph.Distribution{Kind: graph.Exponential, Mean: mean},
	}}
	if kind == graph.Database {
		c.Database = &graph.DatabaseRole{}
	}
	return c
}

func edge(from, to string, classes ...graph.Class) graph.Connection {
	return graph.Connection{From: from, To: to, Classes: classes, Calls: 1, Mode: graph.Sequential, ProbabilityPercent: 100}
}

// chain is four stations in a row, each half busy at the rate.
func chain(rate float64) shape {
	service := time.Duration(0.5 / rate * 1e9)
	return shape{
		name: "chain",
		components: []graph.Component{
			single("lb", graph.LoadBalancer, service), single("api", graph.APIServer, service),
			single("backend", graph.APIServer, service), single("db", graph.Database, service),
		},
		edges: []graph.Connection{edge("lb", "api"), edge("api", "backend"), edge("backend", "db")},
		mix:   traffic.Mix{ReadPercent: 100},
		path:  []float64{2, 2, 2, 2},
	}
}

// fanIn splits requests at random over two stations, by their class, and merges
// them in a fourth; each is half busy at the rate.
func fanIn(rate float64) shape {
	service := time.Duration(0.5 / rate * 1e9)
	return shape{
		name: "fan-in",
		components: []graph.Component{
			single("lb", graph.LoadBalancer, service), single("reader", graph.APIServer, 2*service),
			single("writer", graph.APIServer, 2*service), single("db", graph.Database, service),
		},
		edges: []graph.Connection{edge("lb", "reader", graph.Read), edge("lb", "writer", graph.Write), edge("reader", "db"), edge("writer", "db")},
		mix:   traffic.Mix{ReadPercent: 50, WritePercent: 50},
		path:  []float64{2, 4, 2},
	}
}

// theory of a request's whole way at a rate.
func (s shape) theory(rate float64) theory {
	t := make(theory, len(s.path))
	for i, sojourns := range s.path {
		t[i] = sojourns * 0.5 / rate * 1e6
	}
	return t
}

func (s shape) topology(revision int, stubs []*process, plan *wire.Plan) wire.Topology {
	t := wire.Topology{
		Graph: "bench/" + s.name, UID: "1", Revision: fmt.Sprint(revision), Seed: 7, Entry: s.components[0].Name,
		Architecture: graph.Architecture{Components: s.components, Connections: s.edges}, Plan: plan,
	}
	for i, instance := range s.instances() {
		if i < len(stubs) {
			instance.Address = stubs[i].requests
		}
		t.Instances = append(t.Instances, instance)
	}
	return t
}

// instances are the replicas of all components, without addresses.
func (s shape) instances() []wire.Instance {
	var all []wire.Instance
	for _, c := range s.components {
		for n := range c.Replicas {
			id := graph.InstanceID(c.Name, n+1)
			all = append(all, wire.Instance{ID: id, Component: c.Name, Pod: id, State: wire.Ready})
		}
	}
	return all
}

// storefront is what scenario 3 grows into: an edge that has nothing yet, a load
// balancer, three API servers, a cache beside a database, and its read replica.
func storefront() shape {
	capacious := func(c graph.Component, replicas int32) graph.Component {
		c.Replicas = replicas
		c.Capacity = graph.Capacity{Cores: 64, ServiceTime: graph.Distribution{Kind: graph.Constant, Mean: 100 * time.Microsecond}}
		return c
	}
	primary := capacious(single("db", graph.Database, 0), 1)
	replica := graph.ReadReplicaOf(primary, "db-replica")
	return shape{
		name: "storefront",
		components: []graph.Component{
			capacious(graph.CDNFor("cdn"), 1), capacious(graph.BalancerFor("lb"), 1), capacious(single("api", graph.APIServer, 0), 3),
			capacious(graph.CacheFor("cache"), 1), primary, replica,
		},
		edges: []graph.Connection{
			edge("cdn", "lb"), edge("lb", "api"), edge("api", "cache", graph.Read), edge("api", "db"), edge("api", "db-replica", graph.Read),
		},
		mix: traffic.Mix{ReadPercent: 90, WritePercent: 10},
	}
}

// publish replaces the topology file as one.
func publish(b *testing.B, path string, t wire.Topology) {
	b.Helper()
	data, err := json.Marshal(t)
	if err != nil {
		b.Fatal(err)
	}
	next := filepath.Join(filepath.Dir(path), "next.json")
	if err := os.WriteFile(next, data, 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		b.Fatal(err)
	}
}

func (s shape) plan(rate float64) *wire.Plan {
	return &wire.Plan{
		Simulation: "bench/" + s.name, UID: "1", Start: time.Now().Add(time.Second), Duration: *duration, Generators: 1,
		Traffic: traffic.Traffic{
			Profile: traffic.Constant(rate, *duration), Arrival: traffic.Poisson, Mix: s.mix,
			Keys: traffic.Keys{Count: 1000}, Timeout: 10 * time.Second,
		},
	}
}
