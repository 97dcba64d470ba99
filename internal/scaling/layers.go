package scaling

import (
	"flashcrowd.io/flashcrowd/internal/graph"
)

// insert proposes the layer of a structural rule unless it is there already.
func (t *tick) insert(p *pair, a graph.Architecture) {
	if layered(p.rule.Then, p.subject, a) {
		p.notDone = AlreadyThere
		return
	}
	var added graph.Component
	switch p.rule.Then {
	case graph.InsertLoadBalancer:
		added = graph.BalancerFor(a.FreeName("load-balancer"))
	case graph.InsertCDN:
		added = graph.CDNFor(a.FreeName("cdn"))
	case graph.InsertCache:
		if len(a.CallersOfType(p.subject.Name, graph.APIServer)) == 0 {
			p.notDone, p.detail = AlreadyThere, "no API server calls the database"
			return
		}
		added = graph.CacheFor(a.FreeName("cache"))
	}
	p.layer = &added
}

// layered reports whether what an action inserts is there already.
func layered(action graph.Action, subject graph.Component, a graph.Architecture) bool {
	switch action {
	case graph.InsertLoadBalancer:
		return len(a.CallersOfType(subject.Name, graph.LoadBalancer)) > 0
	case graph.InsertCDN:
		return subject.Type == graph.CDN || len(a.CallersOfType(subject.Name, graph.CDN)) > 0
	case graph.InsertCache:
		if subject.IsReadReplica() {
			return true
		}
		for _, caller := range a.Callers(subject.Name) {
			if len(a.CalleesOfType(caller, graph.Cache)) > 0 {
				return true
			}
		}
	}
	return false
}
