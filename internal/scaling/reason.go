package scaling

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// outReason is such as "CPU overload (85.5%): cpu 85.5 > 80, 1 -> 2 replicas".
func outReason(p *pair, from, to int32) string {
	if p.hot.signal == "" {
		return fmt.Sprintf("%s: %s, %d -> %d replicas", p.rule.Name, orElse(p.detail, p.rule.When), from, to)
	}
	return fmt.Sprintf("%s: %s, %d -> %d replicas", headline(p), comparisonText(p), from, to)
}

func layerReason(p *pair) string {
	where := map[graph.Action]string{
		graph.InsertCache: "beside", graph.AddReadReplica: "reads for", graph.AddWorkers: "works for",
	}[p.rule.Then]
	return fmt.Sprintf("%s: %s, %s %s %s", headline(p), comparisonText(p), p.layer.Name, orElse(where, "before"), p.subject.Name)
}

func comparisonText(p *pair) string {
	return fmt.Sprintf("%s %s %s %s", p.hot.signal, plain(p.values[p.hot.signal]), p.hot.operator, plain(p.hot.threshold))
}

// headline names the trouble and its number.
func headline(p *pair) string {
	value := p.values[p.hot.signal]
	name := map[string]string{
		CPU: "CPU overload", Memory: "Memory pressure", Connections: "Connections near their limit",
		Latency: "High latency", LatencyP95: "High latency", LatencyP99: "High latency",
		ReadRatio: "Read-heavy load", QueueDepth: "Queue backlog", Lag: "Processing lag",
		StaticRatio: "Static content", GeoLatency: "Distant clients", ErrorRate: "Errors", WriteRatio: "Write-heavy load", HitRatio: "Cache hits", ReplicationLag: "Replication lag",
		ReplicaCount: "Several replicas and no load balancer",
	}[p.hot.signal]
	if p.hot.signal == ReplicaCount && p.rule.Then != graph.InsertLoadBalancer {
		name = "Replicas"
	}
	return fmt.Sprintf("%s (%s)", orElse(name, p.hot.signal), withUnit(p.hot.signal, value))
}

// inReason is such as "Low load: at 1 replica api-server would be at 30.0% CPU, 3 -> 1 replicas".
func (t *tick) inReason(o *object, n int32) string {
	busy := t.cautious(o)
	if math.IsNaN(busy) {
		return fmt.Sprintf("Low load: %s can do with less for %s, %d -> %d replicas", o.name, t.Settings.ScaleInStabilization, o.current, n)
	}
	return fmt.Sprintf("Low load (%.1f%%): %s will be at %.1f%% CPU, %d -> %d replicas", busy, o.name, busy*float64(o.current)/float64(n), o.current, n)
}

// withUnit is a value as people write it.
func withUnit(signal string, value float64) string {
	switch signal {
	case CPU, Memory, Connections, ReadRatio, StaticRatio, WriteRatio, ErrorRate, HitRatio, DownstreamShare:
		return fmt.Sprintf("%.1f%%", value)
	case Latency, LatencyP95, LatencyP99, GeoLatency, ReplicationLag:
		return fmt.Sprintf("%.0f ms", value)
	case Lag:
		return fmt.Sprintf("%.1f s", value)
	}
	return plain(value)
}

// plain is a number with at most two decimals and no trailing zeros.
func plain(value float64) string {
	text := strconv.FormatFloat(value, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// label is a signal as people say it.
func label(signal string) string {
	said := map[string]string{
		CPU: "CPU", Connections: "connections", ErrorRate: "error rate", LatencyP95: "latency p95", LatencyP99: "latency p99",
		QueueDepth: "queue depth", GeoLatency: "geographic latency", ReadRatio: "read ratio", StaticRatio: "static ratio", ReplicationLag: "replication lag",
	}[signal]
	return orElse(said, signal)
}

// comparedText are the values that a rule looks at beside what they are held
// against, such as "cpu 43.2 (> 80), memory ? (> 85)": ? is not known.
func comparedText(p *pair) string {
	var words []string
	said := map[string]bool{}
	for _, c := range p.rule.condition.terms {
		said[c.signal] = true
		words = append(words, fmt.Sprintf("%s %s (%s %s)", c.signal, plainOr(p.values, c.signal), c.operator, plain(c.threshold)))
	}
	for _, name := range p.rule.condition.signals {
		if !said[name] {
			words = append(words, name+" "+plainOr(p.values, name))
		}
	}
	return strings.Join(words, ", ")
}

func plainOr(v values, name string) string {
	value, known := v[name]
	if !known || math.IsNaN(value) || math.IsInf(value, 0) {
		return "?"
	}
	return plain(value)
}
