package report

import "math"

// SufficientPercent is how busy replicas may be for a size to count as enough:
// the threshold that the built-in rules act on.
const SufficientPercent = 80

// Capacity is what ran for how long, and how much of it the traffic needed. Need
// is estimated by CPU: the fewest replicas that would have been SufficientPercent
// busy or less at each moment, in the architecture that there was.
type Capacity struct {
	// ReplicaSeconds that ran, and what the largest sizes would have cost for the
	// whole run.
	ReplicaSeconds     float64             `json:"replicaSeconds"`
	PeakReplicaSeconds float64             `json:"peakReplicaSeconds"`
	Components         []ComponentCapacity `json:"components"`
}

// ComponentCapacity is that of one component.
type ComponentCapacity struct {
	Name           string  `json:"name"`
	Peak           int32   `json:"peak"`
	ReplicaSeconds float64 `json:"replicaSeconds"`
	// Use compares with need; nil where CPU was not measured.
	Use *Use `json:"use,omitempty"`
}

// Use is how much of what ran was needed while it was measured.
type Use struct {
	// MeasuredSeconds are those that the other numbers are about.
	MeasuredSeconds float64 `json:"measuredSeconds"`
	// NeededReplicaSeconds would have been enough.
	NeededReplicaSeconds float64 `json:"neededReplicaSeconds"`
	// SpareReplicaSeconds ran without being needed.
	SpareReplicaSeconds float64 `json:"spareReplicaSeconds"`
	// ShortReplicaSeconds were needed and did not run: at least so many, because
	// a component that is busy all the time does not show what more it was asked.
	ShortReplicaSeconds float64 `json:"shortReplicaSeconds"`
}

// Size is how many replicas a component had from a second of the run on.
type Size struct {
	Second   float64 `json:"second"`
	Replicas int32   `json:"replicas"`
}

// at is the size at a second; 0 before the component was there.
func at(sizes []Size, second float64) int32 {
	size := int32(0)
	for _, s := range sizes {
		if s.Second > second {
			break
		}
		size = s.Replicas
	}
	return size
}

// CapacityOf is what a run cost, by its sizes and its series; nil of a run that
// never began or whose sizes are not known.
func CapacityOf(r Report) *Capacity {
	end := r.seconds()
	if end <= 0 || len(r.Sizes) == 0 {
		return nil
	}
	out := &Capacity{Components: []ComponentCapacity{}}
	for _, name := range sortedKeys(r.Sizes) {
		sizes := r.Sizes[name]
		c := ComponentCapacity{Name: name, ReplicaSeconds: area(sizes, end)}
		for _, s := range sizes {
			c.Peak = max(c.Peak, s.Replicas)
		}
		if r.Series != nil {
			c.Use = use(sizes, r.Series.Components[name][seriesCPU], r.Series.StepSeconds)
		}
		out.ReplicaSeconds += c.ReplicaSeconds
		out.PeakReplicaSeconds += float64(c.Peak) * end
		out.Components = append(out.Components, c)
	}
	return out
}

// area is replicas by seconds until the end.
func area(sizes []Size, end float64) float64 {
	sum := 0.0
	for i, s := range sizes {
		until := end
		if i+1 < len(sizes) {
			until = min(sizes[i+1].Second, end)
		}
		sum += float64(s.Replicas) * max(0, until-s.Second)
	}
	return sum
}

// use compares sizes with what the CPU shows was needed.
func use(sizes []Size, cpu []*float64, step float64) *Use {
	var u Use
	for i, percent := range cpu {
		had := float64(at(sizes, float64(i)*step))
		if percent == nil || had == 0 {
			continue
		}
		needed := max(1, math.Ceil(*percent*had/SufficientPercent-1e-9))
		u.MeasuredSeconds += step
		u.NeededReplicaSeconds += needed * step
		u.SpareReplicaSeconds += max(0, had-needed) * step
		u.ShortReplicaSeconds += max(0, needed-had) * step
	}
	if u.MeasuredSeconds == 0 {
		return nil
	}
	return &u
}

// uses are those of all components together, nil where none was measured.
func (c Capacity) uses() *Use {
	var sum *Use
	for _, one := range c.Components {
		if one.Use == nil {
			continue
		}
		if sum == nil {
			sum = &Use{}
		}
		sum.MeasuredSeconds += one.Use.MeasuredSeconds
		sum.NeededReplicaSeconds += one.Use.NeededReplicaSeconds
		sum.SpareReplicaSeconds += one.Use.SpareReplicaSeconds
		sum.ShortReplicaSeconds += one.Use.ShortReplicaSeconds
	}
	return sum
}
