package report

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestCapacityOf(t *testing.T) {
	busy := func(values ...float64) *Series {
		return &Series{StepSeconds: 10, Components: map[string]map[string][]*float64{"api": {"cpu": Measured(values)}}}
	}
	one := func(c ComponentCapacity, total, peak float64) *Capacity {
		c.Name = "api"
		return &Capacity{ReplicaSeconds: total, PeakReplicaSeconds: peak, Components: []ComponentCapacity{c}}
	}
	grown := map[string][]Size{"api": {{0, 1}, {20, 3}}}
	tests := map[string]struct {
		run  Report
		want *Capacity
	}{
		"never began":        {Report{Sizes: grown}, nil},
		"sizes unknown":      {Report{DurationSeconds: 40}, nil},
		"no measurements":    {Report{DurationSeconds: 40, Sizes: grown}, one(ComponentCapacity{Peak: 3, ReplicaSeconds: 80}, 80, 120)},
		"nothing is CPU":     {Report{DurationSeconds: 40, Sizes: grown, Series: &Series{StepSeconds: 10}}, one(ComponentCapacity{Peak: 3, ReplicaSeconds: 80}, 80, 120)},
		"put there later":    {Report{DurationSeconds: 40, Sizes: map[string][]Size{"api": {{30, 2}}}}, one(ComponentCapacity{Peak: 2, ReplicaSeconds: 20}, 20, 80)},
		"decided at the end": {Report{DurationSeconds: 40, Sizes: map[string][]Size{"api": {{0, 1}, {41, 2}}}}, one(ComponentCapacity{Peak: 2, ReplicaSeconds: 40}, 40, 80)},
		// One replica is 160 % of what it may be at first, then three idle where one would do.
		"short, then spare": {Report{DurationSeconds: 40, Sizes: grown, Series: busy(128, 80, 20, 20)}, one(ComponentCapacity{
			Peak: 3, ReplicaSeconds: 80, Use: &Use{MeasuredSeconds: 40, NeededReplicaSeconds: 20 + 10 + 10 + 10, SpareReplicaSeconds: 40, ShortReplicaSeconds: 10},
		}, 80, 120)},
		// Pauses are part of the time that replicas ran.
		"paused": {Report{
			DurationSeconds: 40, StartedAt: time.Unix(100, 0), EndedAt: time.Unix(200, 0), Sizes: map[string][]Size{"api": {{0, 1}}},
		}, one(ComponentCapacity{Peak: 1, ReplicaSeconds: 100}, 100, 100)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, CapacityOf(tt.run), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
				t.Errorf("capacity (-want +got):\n%s", diff)
			}
		})
	}
}

// TestUseAddsUp: what ran is what was needed, less what was short, and the spare.
func TestUseAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := []Size{{0, rapid.Int32Range(1, 9).Draw(t, "first")}}
		for _, second := range rapid.SliceOfN(rapid.IntRange(1, 99), 0, 5).Draw(t, "changes") {
			sizes = append(sizes, Size{float64(second), rapid.Int32Range(1, 9).Draw(t, "size")})
		}
		slices.SortStableFunc(sizes, func(a, b Size) int { return int(a.Second) - int(b.Second) })
		cpu := Measured(rapid.SliceOfN(rapid.Float64Range(0, 100), 100, 100).Draw(t, "cpu"))
		u := use(sizes, cpu, 1)
		ran := u.NeededReplicaSeconds - u.ShortReplicaSeconds + u.SpareReplicaSeconds
		if diff := cmp.Diff(area(sizes, 100), ran, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("%+v of %v (-ran +told):\n%s", *u, sizes, diff)
		}
	})
}
