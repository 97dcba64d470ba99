package report

import "math"

// Series are what was measured over a run, StepSeconds apart from its start. A
// nil value was not measured.
type Series struct {
	StepSeconds float64 `json:"stepSeconds"`
	// Total is the run end to end: target and rate in requests a second, p50, p95
	// and p99 in milliseconds, errorRate in percent.
	Total map[string][]*float64 `json:"total"`
	// Components are the columns of each component: cpu in percent, and so on.
	Components map[string]map[string][]*float64 `json:"components"`
}

// The names of series that a report speaks of.
const (
	seriesTarget = "target"
	seriesRate   = "rate"
	seriesP50    = "p50"
	seriesP95    = "p95"
	seriesP99    = "p99"
	seriesErrors = "errorRate"
	seriesCPU    = "cpu"
	seriesQueue  = "queueDepth"
)

// Measured are values where NaN and the infinities are not measured.
func Measured(values []float64) []*float64 {
	out := make([]*float64, len(values))
	for i, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out[i] = &v
		}
	}
	return out
}
