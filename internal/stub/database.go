package stub

import (
	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// database has a pool of connections before its cores. A primary feeds its read
// replicas what was written.
type database struct {
	plain
	node *Node
	// replica is what a read replica measures, nil on a primary.
	replica *follower
}

// capacity has a bounded pool where the component has a limit of connections:
// its queue is then the one before the pool.
func (*database) capacity(c graph.Component) (station.Config, error) {
	config, err := capacityOf(c)
	if err != nil || c.Database == nil || c.Database.ConnectionLimit <= 0 {
		return config, err
	}
	config.Pool = station.Pool{Connections: station.AtMost(int(c.Database.ConnectionLimit)), Waiting: config.Queue}
	config.Queue = station.Limit{}
	return config, nil
}

func (d *database) configure(_ wire.Topology, c graph.Component) error {
	if c.IsReadReplica() && d.replica == nil {
		d.replica = newFollower(d.node.meters.registry)
	}
	return nil
}

// routes call nothing; they feed all read replicas.
func (*database) routes(arch graph.Architecture, c graph.Component, _ pools) routes {
	var r routes
	for _, replica := range arch.ReadReplicas(c.Name) {
		r.feeds = append(r.feeds, replica.Name)
	}
	return r
}

// taken repeats what changes the data on the replicas, as of its commit.
func (d *database) taken(v *visit) next {
	if !v.class.Class().Reads() {
		d.node.replicate(v)
	}
	return answers
}

func (*database) collect(c graph.Component, s station.Snapshot, out chan<- prometheus.Metric) {
	limit := 0.0
	if c.Database != nil {
		limit = float64(c.Database.ConnectionLimit)
	}
	out <- gauge(wire.ComponentConnections, "Connections in use.", float64(s.Connections))
	out <- gauge(wire.ComponentConnLimit, "Size of the connection pool, 0 if unbounded.", limit)
}
