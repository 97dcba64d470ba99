// Package traffic describes offered traffic as a function of time: its rate,
// its arrivals, its mix of classes, keys and regions. It is pure: arrivals are
// a function of the profile, a seed and a counter.
package traffic

import "time"

// Traffic is what a run offers.
type Traffic struct {
	Profile Profile  `json:"profile"`
	Arrival Arrival  `json:"arrival"`
	Mix     Mix      `json:"mix"`
	Keys    Keys     `json:"keys"`
	Regions []Region `json:"regions,omitempty"`
	// Timeout is how long the client waits for an answer, from the intended time.
	Timeout time.Duration `json:"timeout"`
}

// Profile is the rate over elapsed time as consecutive segments; after the
// last one its final rate holds. Stages, shapes and replays all become segments.
type Profile struct {
	Segments []Segment `json:"segments"`
}

// Segment lasts Duration and goes linearly from one rate to the other, in
// requests per second.
type Segment struct {
	Duration time.Duration `json:"duration"`
	From     float64       `json:"from"`
	To       float64       `json:"to"`
}

// Arrival is the arrival process.
type Arrival string

// The arrival processes.
const (
	Poisson Arrival = "Poisson"
	Uniform Arrival = "Uniform"
)

// Mix is the share of each class in percent; they sum to 100.
type Mix struct {
	ReadPercent   int32 `json:"readPercent"`
	WritePercent  int32 `json:"writePercent"`
	StaticPercent int32 `json:"staticPercent"`
	AsyncPercent  int32 `json:"asyncPercent"`
}

// Keys is the key population: Count keys drawn by Zipf with skew SkewPercent/100.
type Keys struct {
	Count       int64 `json:"count"`
	SkewPercent int32 `json:"skewPercent"`
}

// Region is a group of clients: its share by Weight and its round-trip time to the entry.
type Region struct {
	Name      string        `json:"name"`
	Weight    int32         `json:"weight"`
	RoundTrip time.Duration `json:"roundTrip"`
}
