package scaling

import (
	"time"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// Settings hold for all rules of a simulation.
type Settings struct {
	Mode    Mode    `json:"mode,omitempty"`
	Suspend Suspend `json:"suspend,omitzero"`
	// Interval is the time between ticks.
	Interval time.Duration `json:"interval"`
	// Window is over what signals are measured.
	Window time.Duration `json:"window"`
	// ScrapeLag is how long after an effect its first sample can be read.
	ScrapeLag time.Duration `json:"scrapeLag"`
	// StaleAfter is the age at which the last sample is too old.
	StaleAfter time.Duration `json:"staleAfter"`
	// MinCoverage is the share of expected samples that a value needs.
	MinCoverage float64 `json:"minCoverage"`

	ScaleInStabilization  time.Duration `json:"scaleInStabilization"`
	ScaleOutStabilization time.Duration `json:"scaleOutStabilization"`
	ScaleInCooldown       time.Duration `json:"scaleInCooldown"`
	ScaleOutCooldown      time.Duration `json:"scaleOutCooldown"`
	ScaleOutPolicies      []RatePolicy  `json:"scaleOutPolicies,omitempty"`
	ScaleInPolicies       []RatePolicy  `json:"scaleInPolicies,omitempty"`
	// MaxReplicas bounds a component for rules that name no limit.
	MaxReplicas int32 `json:"maxReplicas"`

	// LookAheadPercent is the margin a scale-in must leave to every scale-out rule.
	LookAheadPercent float64 `json:"lookAheadPercent"`
	// OccupancyPercent of the in-flight limit vetoes a scale-in, however low the CPU.
	OccupancyPercent float64 `json:"occupancyPercent"`
	Flap             Flap    `json:"flap"`
	// EffectPercent is the least improvement that counts as an effect.
	EffectPercent float64 `json:"effectPercent"`
	// MaxNoEffect is after how many actions in a row without effect a rule stops.
	MaxNoEffect int32       `json:"maxNoEffect"`
	Budget      Budget      `json:"budget,omitzero"`
	PeerLimits  []PeerLimit `json:"peerLimits,omitempty"`
	Alerts      []AlertRule `json:"alerts,omitempty"`
}

// Suspend stops one direction or both.
type Suspend struct {
	ScaleIn  bool `json:"scaleIn,omitempty"`
	ScaleOut bool `json:"scaleOut,omitempty"`
}

// Flap bounds reversals: after Reversals within Window scale-in freezes for Freeze.
type Flap struct {
	Reversals int32         `json:"reversals"`
	Window    time.Duration `json:"window"`
	Freeze    time.Duration `json:"freeze"`
}

// Budget bounds the whole architecture; 0 is unbounded.
type Budget struct {
	MaxReplicas int32 `json:"maxReplicas,omitempty"`
	// MaxCores bounds the virtual cores of all replicas, the cost of an architecture.
	MaxCores int32 `json:"maxCores,omitempty"`
}

// PeerLimit is a declared invariant: replicas of Caller times PerReplica must
// not exceed Limit times the replicas of Target.
type PeerLimit struct {
	Caller     string `json:"caller"`
	Target     string `json:"target"`
	PerReplica int32  `json:"perReplica"`
	Limit      int32  `json:"limit"`
}

// AlertRule raises an alert on a signal. An alert clears below the threshold
// less HysteresisPercent of it.
type AlertRule struct {
	Signal            string                `json:"signal"`
	Types             []graph.ComponentType `json:"types,omitempty"`
	Warning           float64               `json:"warning"`
	Critical          float64               `json:"critical"`
	HysteresisPercent float64               `json:"hysteresisPercent"`
}

// Defaults are the settings of a rehearsal, which lasts minutes: production's
// intervals (tick 15 s, window 30 s, stabilization 300 s) made shorter together.
func Defaults() Settings {
	return Settings{
		Mode:                 Act,
		Interval:             time.Second,
		Window:               10 * time.Second,
		ScrapeLag:            time.Second,
		StaleAfter:           5 * time.Second,
		MinCoverage:          0.8,
		ScaleInStabilization: 60 * time.Second,
		ScaleInCooldown:      60 * time.Second,
		ScaleOutPolicies: []RatePolicy{
			{Unit: Percent, Value: 100, Period: 15 * time.Second},
			{Unit: Pods, Value: 4, Period: 15 * time.Second},
		},
		MaxReplicas:      20,
		LookAheadPercent: 5,
		OccupancyPercent: 80,
		Flap:             Flap{Reversals: 4, Window: 2 * time.Minute, Freeze: 2 * time.Minute},
		EffectPercent:    5,
		MaxNoEffect:      2,
		Alerts:           defaultAlerts(),
	}
}

// Scaled makes every interval but the tick and the scrape lag longer by a factor.
func (s Settings) Scaled(factor float64) Settings {
	scale := func(d *time.Duration) { *d = time.Duration(float64(*d) * factor) }
	for _, d := range []*time.Duration{
		&s.Window, &s.StaleAfter, &s.ScaleInStabilization, &s.ScaleOutStabilization,
		&s.ScaleInCooldown, &s.ScaleOutCooldown, &s.Flap.Window, &s.Flap.Freeze,
	} {
		scale(d)
	}
	s.ScaleOutPolicies = scaledPolicies(s.ScaleOutPolicies, scale)
	s.ScaleInPolicies = scaledPolicies(s.ScaleInPolicies, scale)
	return s
}

func scaledPolicies(policies []RatePolicy, scale func(*time.Duration)) []RatePolicy {
	scaled := append([]RatePolicy(nil), policies...)
	for i := range scaled {
		scale(&scaled[i].Period)
	}
	return scaled
}

// defaultAlerts have a warning and a critical threshold for every signal that can
// be too high. Where a rule acts on a signal, its threshold is the warning; the
// shares of a load are alerts where the rules leave them as they are.
func defaultAlerts() []AlertRule {
	only := func(t graph.ComponentType) []graph.ComponentType { return []graph.ComponentType{t} }
	return []AlertRule{
		{Signal: CPU, Warning: 80, Critical: 95, HysteresisPercent: 10},
		{Signal: Memory, Warning: 85, Critical: 95, HysteresisPercent: 5},
		{Signal: Connections, Warning: 80, Critical: 95, HysteresisPercent: 10},
		{Signal: ErrorRate, Warning: 1, Critical: 5, HysteresisPercent: 20},
		{Signal: Latency, Warning: 500, Critical: 2000, HysteresisPercent: 10},
		{Signal: LatencyP95, Warning: 1000, Critical: 4000, HysteresisPercent: 10},
		{Signal: LatencyP99, Warning: 2000, Critical: 8000, HysteresisPercent: 10},
		{Signal: QueueDepth, Types: only(graph.MessageQueue), Warning: 1000, Critical: 10000, HysteresisPercent: 10},
		{Signal: Lag, Types: only(graph.MessageQueue), Warning: 5, Critical: 30, HysteresisPercent: 10},
		{Signal: ReplicationLag, Types: only(graph.Database), Warning: 1000, Critical: 10000, HysteresisPercent: 10},
		{Signal: GeoLatency, Warning: 100, Critical: 300, HysteresisPercent: 10},
		{Signal: ReadRatio, Types: only(graph.Database), Warning: 90, Critical: 99, HysteresisPercent: 2},
		{Signal: StaticRatio, Types: only(graph.APIServer), Warning: 70, Critical: 90, HysteresisPercent: 5},
	}
}
