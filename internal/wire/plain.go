package wire

import (
	"encoding/json"
	"strconv"
)

// The plain messages are what a client without a subprotocol gets: exactly these
// three, and nothing beside what they hold.

// PlainType tells the plain messages apart.
type PlainType string

// The plain messages.
const (
	PlainMetrics   PlainType = "metrics_update"
	PlainAutoScale PlainType = "auto_scale"
	PlainAlert     PlainType = "alert"
)

// PlainMetricsUpdate is what one instance did lately.
type PlainMetricsUpdate struct {
	Type PlainType `json:"type" enum:"metrics_update"`
	// ComponentID is an instance, such as api-server-1.
	ComponentID string           `json:"componentId"`
	Metrics     ComponentMetrics `json:"metrics"`
}

// ComponentMetrics are the six numbers of a component or an instance: percent,
// percent, requests a second, milliseconds, requests, percent. A component that
// gets no requests has no latency and no errors: both are 0.
type ComponentMetrics struct {
	CPU         float64 `json:"cpu"`
	Memory      float64 `json:"memory"`
	RequestRate float64 `json:"requestRate"`
	Latency     float64 `json:"latency"`
	QueueDepth  float64 `json:"queueDepth"`
	ErrorRate   Decimal `json:"errorRate"`
}

// Decimal is a number that keeps its point: 0.0, not 0.
type Decimal float64

// MarshalJSON writes at least one digit after the point.
func (d Decimal) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(float64(d))
	if err != nil {
		return nil, err
	}
	if whole := float64(int64(d)) == float64(d); whole {
		return []byte(strconv.FormatFloat(float64(d), 'f', 1, 64)), nil
	}
	return text, nil
}

// PlainAction is what happened to a component.
type PlainAction string

// The actions.
const (
	PlainAdd    PlainAction = "add_component"
	PlainRemove PlainAction = "remove_component"
)

// PlainScaling tells that an instance appeared or went.
type PlainScaling struct {
	Type      PlainType      `json:"type" enum:"auto_scale"`
	Action    PlainAction    `json:"action" enum:"add_component,remove_component"`
	Component PlainComponent `json:"component"`
	// Connections of the component.
	Connections []PlainConnection `json:"connections"`
	Reason      string            `json:"reason"`
}

// PlainComponent is a box on a canvas.
type PlainComponent struct {
	// Type in kebab case, such as api-server.
	Type     string `json:"type"`
	ID       string `json:"id"`
	Position XY     `json:"position"`
}

// PlainConnection is a line on a canvas.
type PlainConnection struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// PlainAlarm tells an alert.
type PlainAlarm struct {
	Type PlainType `json:"type" enum:"alert"`
	// Severity is warning or critical.
	Severity    string `json:"severity"`
	Message     string `json:"message"`
	ComponentID string `json:"componentId"`
}
