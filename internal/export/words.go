package export

import "flashcrowd.io/flashcrowd/internal/graph"

// means is what to do by hand in production for an action, empty where the
// action's own sentence is all.
func means(action string) string {
	switch graph.Action(action) {
	case graph.InsertLoadBalancer:
		return "- balance by request, with a Gateway or a proxy: a Service balances connections."
	case graph.InsertCache:
		return "- run a cache beside the database and let callers ask it first; they write to the database and drop the key."
	case graph.InsertCDN:
		return "- put a CDN before the entry for what is static."
	case graph.AddReadReplica:
		return "- add read replicas with the operator or the service that runs the database, and send reads to them."
	case graph.SuggestSharding:
		return "- a sharding key is the application's choice."
	}
	return ""
}

// runs says what runs a component of a type in production.
func runs(kind string) string {
	switch graph.ComponentType(kind) {
	case graph.LoadBalancer:
		return "run it as a Gateway or a Service."
	case graph.CDN:
		return "run it at your provider's edge."
	}
	return "it keeps data, so its operator or a managed service runs it."
}
