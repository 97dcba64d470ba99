package stub

import (
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// Passive health is outlier ejection as Envoy does it (consecutive failures, a
// base time that grows with each ejection, a most share of all instances), with
// times of a rehearsal that lasts minutes. Beyond Envoy it leaves instances alone
// that fail no more than others: when all are overloaded, taking one out would
// only overload the rest, and once it is back, the others would be taken out for
// what they could not carry alone.
const (
	// ejectAfter is how many failures in a row eject an instance.
	ejectAfter = 5
	// ejectFor is how long the first ejection lasts; the second lasts twice as long,
	// and so on up to ejectAtMost.
	ejectFor, ejectAtMost = 5 * time.Second, time.Minute
	// ejectShare is the most percent of a pool's instances that are ejected at once.
	ejectShare = 50
)

// standing is how an instance did lately.
type standing struct {
	// fails counts failures in a row, ejections those without a good probe between.
	fails, ejections int
	ejected          bool
	// troubled is when it last failed or came back, in nanoseconds; 0 is never.
	troubled int64
}

// proven reports whether an instance has served without a failure for as long as
// an ejection lasts, so that it may be expected to carry what another leaves.
func (s standing) proven(now int64) bool {
	return s.fails == 0 && (s.troubled == 0 || now-s.troubled >= int64(ejectFor))
}

// unhealthy reports whether a reason speaks against the instance that gave it:
// its connection broke, or it had no room. A request that fails by its error rate
// is the model's own wish.
func unhealthy(r wire.Reason) bool {
	return r != wire.ReasonNone && r != wire.ReasonError
}

// judge takes one outcome of a peer into account, and ejects it if that is due.
func (n *Node) judge(p *peer, r wire.Reason) {
	if n.settings.component.Type != graph.LoadBalancer {
		return
	}
	if !unhealthy(r) {
		p.standing.fails = 0
		if !p.standing.ejected {
			p.standing.ejections = 0
		}
		return
	}
	p.standing.fails++
	p.standing.troubled = n.o.Now()
	if p.standing.fails < ejectAfter || p.standing.ejected || !n.outlier(p) {
		return
	}
	p.standing.ejected = true
	p.standing.ejections++
	pause := min(time.Duration(p.standing.ejections)*ejectFor, ejectAtMost)
	n.o.Log.Info("instance ejected", "instance", p.id, "reason", r.String(), "for", pause)
	n.refreshPools()
	n.later(pause, func() { n.readmit(p) })
}

// readmit lets requests go to a peer again; the first that fails ejects it anew.
func (n *Node) readmit(p *peer) {
	p.standing.ejected = false
	p.standing.fails = ejectAfter - 1
	p.standing.troubled = n.o.Now()
	n.refreshPools()
}

// outlier reports whether a peer may be ejected: enough others serve its
// component, and at least half of those have not failed lately.
func (n *Node) outlier(p *peer) bool {
	all, ejected, good := 1, 1, 0
	for _, other := range n.peers {
		if other == p || other.component != p.component || !other.usable || other.leaving {
			continue
		}
		all++
		switch {
		case other.standing.ejected:
			ejected++
		case other.standing.proven(n.o.Now()) && other.takes():
			good++
		}
	}
	return 100*ejected <= ejectShare*all && 2*good >= all-ejected
}
