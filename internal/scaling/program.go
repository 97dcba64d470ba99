package scaling

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// Program is a set of compiled rules. Compile once for a set of rules and use it every tick.
type Program struct {
	rules []compiled
}

type compiled struct {
	Rule
	condition condition
}

// RuleError says what is wrong with a field of a rule and what to write instead.
type RuleError struct {
	Rule    string `json:"rule"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is the message with its place.
func (e RuleError) Error() string { return fmt.Sprintf("rule %s: %s: %s", e.Rule, e.Field, e.Message) }

// Compile type-checks the rules and plans their conditions. A rule with an
// error is left out of the program and named in the errors; it is for the
// caller to refuse the whole set.
func Compile(rules []Rule) (Program, []RuleError) {
	var problems []RuleError
	environment, err := newEnvironment(declared(rules))
	if err != nil {
		return Program{}, []RuleError{{Field: "queries", Message: err.Error()}}
	}
	var p Program
	queries := map[string]Query{}
	for _, rule := range rules {
		found := append(faults(rule), queryFaults(rule, queries)...)
		c, err := compileCondition(environment, rule.When)
		if err != nil {
			found = append(found, RuleError{Rule: rule.Name, Field: "when", Message: err.Error()})
		}
		if len(found) > 0 {
			problems = append(problems, found...)
			continue
		}
		if !rule.Disabled {
			p.rules = append(p.rules, compiled{Rule: rule, condition: c})
		}
	}
	slices.SortStableFunc(p.rules, func(a, b compiled) int { return strings.Compare(a.Name, b.Name) })
	return p, problems
}

// SignalNames are the built-in signals that a condition may use.
func SignalNames() []string {
	return []string{
		CPU, Memory, Connections, ReadRatio, StaticRatio, WriteRatio, ErrorRate, Latency, LatencyP95, LatencyP99,
		QueueDepth, Lag, GeoLatency, HitRatio, ReplicationLag, RequestRate, Throughput, InFlight, DownstreamShare, ReplicaCount, ReadyCount,
	}
}

func declared(rules []Rule) []string {
	all := SignalNames()
	for _, rule := range rules {
		for _, query := range rule.Queries {
			if !slices.Contains(all, query.Name) {
				all = append(all, query.Name)
			}
		}
	}
	return all
}

// faults are the errors of a rule outside its condition.
func faults(r Rule) []RuleError {
	var found []RuleError
	report := func(field, message string) {
		found = append(found, RuleError{Rule: r.Name, Field: field, Message: message})
	}
	if r.Limits.Max > 0 && r.Limits.Min > r.Limits.Max {
		report("limits", fmt.Sprintf("min %d is above max %d: write a max of at least %d", r.Limits.Min, r.Limits.Max, r.Limits.Min))
	}
	if strings.TrimSpace(r.When) == "" && r.Then != graph.RemoveReplica {
		report("when", "an empty condition is always true: write one, such as cpu > 80")
	}
	if !knownAction(r.Then) {
		report("then", fmt.Sprintf("%q is no action: write one of AddReplica, RemoveReplica, InsertLoadBalancer, AddReadReplica, InsertCache, AddWorkers, InsertCDN or SuggestSharding", r.Then))
	}
	if (r.Step.Kind == Fixed || r.Step.Kind == Exact) && r.Step.Count < 1 {
		report("step", fmt.Sprintf("a %s step needs a count of at least 1", r.Step.Kind))
	}
	if r.Step.Kind == Ladder && (r.Step.Signal == "" || len(r.Step.Rungs) == 0) {
		report("step", "a Ladder needs a signal and at least one rung")
	}
	return found
}

// queryFaults wants each name to stand for one signal: not for a built-in one, and
// in all rules for the same query. known are the queries of the rules before.
func queryFaults(r Rule, known map[string]Query) []RuleError {
	var found []RuleError
	for _, q := range r.Queries {
		before, taken := known[q.Name]
		switch {
		case slices.Contains(SignalNames(), q.Name):
			found = append(found, RuleError{Rule: r.Name, Field: "signals", Message: fmt.Sprintf("%s is built in: write another name", q.Name)})
		case taken && before.PromQL != q.PromQL:
			found = append(found, RuleError{Rule: r.Name, Field: "signals", Message: fmt.Sprintf("%s is another query in an earlier rule: write another name", q.Name)})
		}
		known[q.Name] = q
	}
	return found
}

func knownAction(a graph.Action) bool {
	return slices.Contains([]graph.Action{
		graph.AddReplica, graph.RemoveReplica, graph.InsertLoadBalancer, graph.AddReadReplica,
		graph.InsertCache, graph.AddWorkers, graph.InsertCDN, graph.SuggestSharding,
	}, a)
}

// Need is a signal that some rule looks at, for the caller to measure.
type Need struct {
	Component string
	Signal    string
	Window    time.Duration
	// PromQL is the user's query, empty for a built-in signal.
	PromQL string
}

// Needs are the user's queries and the windows other than the settings' that
// the rules look at in an architecture. Every built-in signal over
// Settings.Window is always needed and not listed.
func (p Program) Needs(architecture graph.Architecture, s Settings) []Need {
	var needs []Need
	for _, rule := range p.rules {
		for _, component := range architecture.Components {
			if rule.Select.picks(component, architecture) {
				needs = append(needs, rule.needs(component.Name, s)...)
			}
		}
	}
	return needs
}

func (r compiled) needs(component string, s Settings) []Need {
	var needs []Need
	for _, signal := range r.condition.signals {
		at := slices.IndexFunc(r.Queries, func(q Query) bool { return q.Name == signal })
		if at >= 0 {
			needs = append(needs, Need{component, signal, r.window(s), r.Queries[at].PromQL})
			continue
		}
		if r.window(s) != s.Window {
			needs = append(needs, Need{component, signal, r.window(s), ""})
		}
		if r.Fast != nil {
			needs = append(needs, Need{component, signal, r.Fast.Window, ""})
		}
	}
	return needs
}

// picks reports whether a component is selected by what the graph says;
// ScaledOut is not known to the graph and left to Step.
func (s Selector) picks(c graph.Component, a graph.Architecture) bool {
	if len(s.Types) > 0 && !slices.Contains(s.Types, c.Type) {
		return false
	}
	if len(s.Names) > 0 && !slices.Contains(s.Names, c.Name) {
		return false
	}
	if s.Entry {
		entry, ok := graph.Entry(a)
		return ok && entry == c.Name
	}
	return true
}

func (r Rule) window(s Settings) time.Duration { return orElse(r.Window, s.Window) }

func (r Rule) cooldown(s Settings) time.Duration {
	switch {
	case r.Cooldown != nil:
		return *r.Cooldown
	case r.Then == graph.RemoveReplica:
		return s.ScaleInCooldown
	}
	return s.ScaleOutCooldown
}

func (r Rule) stabilization(s Settings) time.Duration {
	switch {
	case r.Stabilization != nil:
		return *r.Stabilization
	case r.Then == graph.RemoveReplica:
		return s.ScaleInStabilization
	}
	return s.ScaleOutStabilization
}

func (r Rule) policies(s Settings) []RatePolicy {
	switch {
	case len(r.Policies) > 0:
		return r.Policies
	case r.Then == graph.RemoveReplica:
		return s.ScaleInPolicies
	}
	return s.ScaleOutPolicies
}

func (r Rule) mode(s Settings) Mode { return orElse(r.Mode, orElse(s.Mode, Act)) }

func (r Rule) max(s Settings) int32 { return orElse(r.Limits.Max, orElse(s.MaxReplicas, 20)) }

// orElse is value unless it is zero.
func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
