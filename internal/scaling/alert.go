package scaling

import "time"

// Severity of an alert.
type Severity string

// The severities.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Alert is a change of an alert: raised, made worse or better, or cleared. An
// alert that goes on is not repeated.
type Alert struct {
	// Key identifies the alert over its life: component/signal.
	Key       string    `json:"key"`
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	Signal    string    `json:"signal"`
	Severity  Severity  `json:"severity"`
	Cleared   bool      `json:"cleared,omitempty"`
	Value     float64   `json:"value"`
	Threshold float64   `json:"threshold"`
	// Message is a sentence with the number, such as "api-server CPU at 85.5%".
	Message string `json:"message"`
}

// ActiveAlert is an alert that was raised and not cleared.
type ActiveAlert struct {
	Severity Severity  `json:"severity"`
	Since    time.Time `json:"since"`
}

// Finding is advice that changes nothing by itself, told once.
type Finding struct {
	Key       string    `json:"key"`
	Time      time.Time `json:"time"`
	Component string    `json:"component"`
	Rule      string    `json:"rule"`
	Message   string    `json:"message"`
}
