package stub

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/station"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// follower is what a read replica measures of its replication.
type follower struct{ lag prometheus.Histogram }

func newFollower(registry *prometheus.Registry) *follower {
	f := &follower{lag: prometheus.NewHistogram(histogram(wire.ComponentReplicationLag, "Logical time from a commit on the primary until it is applied here."))}
	registry.MustRegister(f.lag)
	return f
}

// replicate sends a write that commits to every read replica, and waits for none:
// a replica that cannot be reached misses it.
func (n *Node) replicate(v *visit) {
	for _, p := range n.peers {
		if p.unheard && p.takes() {
			n.order++
			p.conn.Send(wire.Frame{Op: wire.OpRequest, Class: v.class, Verb: wire.VerbReplicate, Region: v.region, ID: n.order, Time: v.served, Key: v.key, Request: v.number})
		}
	}
}

// lagOf is how far a replica runs behind its primary by its spec.
func lagOf(c graph.Component) int64 {
	if c.Database == nil {
		return 0
	}
	return int64(c.Database.ReplicationLag)
}

// retryApply is how soon a write is applied again that found no room; a replica
// that stays full is left alone for as long again as it has been.
const retryApply = int64(10 * time.Millisecond)

// applyWrite works on a write of the primary: it costs what it cost there, is no
// request of a client, and nobody waits for it.
func (n *Node) applyWrite(a arrival) {
	r := a.request
	if r.web != nil {
		r.web.answer(webAnswer{start: a.at, finish: a.at})
		r.web = nil
	}
	demand := n.station.Config().Service.Demand(uint8(r.class), n.draws.service.Uniform(r.number))
	visit := n.station.Arrive(station.Time(a.at), demand)
	if visit.Verdict != station.Served {
		n.enqueue(a.at+retryApply+(a.at-r.committed), r)
		return
	}
	n.burn(demand)
	if d, ok := n.behaviour.(*database); ok && d.replica != nil {
		d.replica.lag.Observe(float64(int64(visit.Finish)-r.committed) / 1e9)
	}
}
