package scaling

import (
	"math"
	"time"
)

// The signals. Percents are 0 to 100.
const (
	CPU          = "cpu"         // percent of the cores, mean over replicas
	Memory       = "memory"      // percent of the limit, mean over replicas
	Connections  = "connections" // percent of the connection limit
	ReadRatio    = "readRatio"   // percent of requests that read
	StaticRatio  = "staticRatio" // percent of requests for static content
	ErrorRate    = "errorRate"   // percent of requests that fail
	Latency      = "latency"     // ms, mean; own and downstream, own alone for a Database
	LatencyP95   = "latencyP95"  // ms
	LatencyP99   = "latencyP99"  // ms
	QueueDepth   = "queueDepth"  // messages or requests that wait
	Lag          = "lag"         // s, age of the oldest message, or what a new one will wait if longer
	GeoLatency   = "geoLatency"  // ms, round trip to the client, mean
	RequestRate  = "requestRate" // 1/s, arrivals
	InFlight     = "inFlight"    // requests in all replicas together
	ReplicaCount = "replicas"    // of the live architecture
	ReadyCount   = "ready"       // ready replicas

	// Throughput is finished requests per second, those included that failed for
	// want of another component; of a MessageQueue the messages that its workers
	// have done. With requestRate it tells how much work a
	// saturated component is asked for; optional.
	Throughput = "throughput"
	// DownstreamShare is the percent of request time spent waiting for others; optional.
	DownstreamShare = "downstreamShare"
	// WriteRatio is the percent of requests that write; optional.
	WriteRatio = "writeRatio"
	// HitRatio is the percent of lookups that a cache or CDN answered itself; optional.
	HitRatio = "hitRatio"
	// ReplicationLag is how far a read replica is behind its primary, ms; optional.
	ReplicationLag = "replicationLag"
)

// Value is a measurement over the half-open window (Last-Window, Last] or the
// absence of one: the zero Value is unknown, never 0.
type Value struct {
	Value float64 `json:"value"`
	// N is the number of samples; 0 means unknown.
	N int64 `json:"n"`
	// First and Last are the times of the first and last sample.
	First time.Time `json:"first,omitzero"`
	Last  time.Time `json:"last,omitzero"`
	// Coverage is the share of expected samples that arrived, 0 to 1.
	Coverage float64       `json:"coverage"`
	Window   time.Duration `json:"window"`
	// Replicas are the instances that the samples cover; nil means all that are ready.
	Replicas []string `json:"replicas,omitempty"`
	// Missing says why there is no value, such as "query failed".
	Missing string `json:"missing,omitempty"`
}

// Measurement is a Value with the signal's name.
type Measurement struct {
	Signal string `json:"signal"`
	Value
}

// Replicas is how many replicas a component has in which state.
type Replicas struct {
	// Spec is how many are asked for; Ready serve; Warming are ready for less
	// than one window or not yet ready; Terminating count as neither.
	Spec        int32 `json:"spec"`
	Ready       int32 `json:"ready"`
	Warming     int32 `json:"warming"`
	Terminating int32 `json:"terminating,omitempty"`
}

// Observation is what was measured of one component.
type Observation struct {
	Component string   `json:"component"`
	Replicas  Replicas `json:"replicas"`
	// Signals holds at most one measurement for each signal and window.
	Signals []Measurement `json:"signals"`
	// OtherOwner names a second autoscaler of the same workload, such as "HorizontalPodAutoscaler shop/api".
	OtherOwner string `json:"otherOwner,omitempty"`
}

// Signal is the measurement of a signal over a window, or the unknown Value.
func (o Observation) Signal(name string, window time.Duration) Value {
	for i := range o.Signals {
		if o.Signals[i].Signal == name && o.Signals[i].Window == window {
			return o.Signals[i].Value
		}
	}
	return Value{Window: window, Missing: "not measured"}
}

// unknown says why a value cannot be used at now, empty if it can.
func (v Value) unknown(now time.Time, s Settings) string {
	switch {
	case v.Missing != "":
		return v.Missing
	case v.N == 0:
		return "no samples"
	case math.IsNaN(v.Value) || math.IsInf(v.Value, 0):
		return "not a number"
	case v.Coverage < s.MinCoverage:
		return "too few samples"
	case now.Sub(v.Last) > s.StaleAfter:
		return "stale"
	}
	return ""
}
