package scaling

import (
	"slices"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// RuleScaleIn is the name of the built-in rule that removes replicas.
const RuleScaleIn = "scale-in"

// BuiltIn are the rules that hold unless a user says otherwise.
func BuiltIn() []Rule {
	types := func(t graph.ComponentType) Selector { return Selector{Types: []graph.ComponentType{t}} }
	once := Limits{MaxFirings: 1}
	return []Rule{
		{Name: "api-server", Select: types(graph.APIServer), When: "cpu > 80 || memory > 85", Then: graph.AddReplica, Priority: 40},
		{Name: "load-balancer", Select: types(graph.APIServer), When: "replicas > 1", Then: graph.InsertLoadBalancer, Limits: once, Priority: 10},
		{Name: "database", Select: types(graph.Database), When: "latency > 500 || connections > 80", Then: graph.AddReadReplica, Limits: Limits{Max: 5}, Priority: 30},
		{Name: "cache", Select: types(graph.Database), When: "readRatio > 70 || latency > 300", Then: graph.InsertCache, Limits: once, Priority: 20},
		{Name: "message-queue", Select: types(graph.MessageQueue), When: "queueDepth > 1000 || lag > 5", Then: graph.AddWorkers, Priority: 40},
		{Name: "cdn", Select: Selector{Entry: true}, When: "staticRatio > 50 || geoLatency > 100", Then: graph.InsertCDN, Limits: once, Priority: 15},
		{Name: RuleScaleIn, Select: Selector{ScaledOut: true}, Then: graph.RemoveReplica, Priority: 50},
	}
}

// Merge puts the user's rules over the built-in ones by name and sorts them by name.
func Merge(builtIn, users []Rule) []Rule {
	merged := slices.Clone(builtIn)
	for _, rule := range users {
		at := slices.IndexFunc(merged, func(r Rule) bool { return r.Name == rule.Name })
		if at < 0 {
			merged = append(merged, rule)
			continue
		}
		merged[at] = rule
	}
	slices.SortStableFunc(merged, func(a, b Rule) int { return strings.Compare(a.Name, b.Name) })
	return merged
}

// Adds reports whether an action makes the architecture larger.
func adds(action graph.Action) bool {
	return action != graph.RemoveReplica && action != graph.SuggestSharding
}
