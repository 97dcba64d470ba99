package scaling

import (
	"math"
	"time"
)

// limitOut is the largest size that the rate policies allow now.
func limitOut(current int32, changes []Change, policies []RatePolicy, now time.Time) int32 {
	if len(policies) == 0 {
		return math.MaxInt32
	}
	if policies[0].Select == SelectDisabled {
		return current
	}
	var limit int32
	for i, policy := range policies {
		start := atStart(current, changes, policy.Period, now)
		allowed := start + policy.Value
		if policy.Unit == Percent {
			allowed = int32(math.Ceil(float64(start) * (1 + float64(policy.Value)/100)))
		}
		if i == 0 || (policies[0].Select == SelectMin) == (allowed < limit) {
			limit = allowed
		}
	}
	return max(limit, current)
}

// limitIn is the smallest size that the rate policies allow now.
func limitIn(current int32, changes []Change, policies []RatePolicy, now time.Time) int32 {
	if len(policies) == 0 {
		return 0
	}
	if policies[0].Select == SelectDisabled {
		return current
	}
	var limit int32
	for i, policy := range policies {
		start := atStart(current, changes, policy.Period, now)
		allowed := start - policy.Value
		if policy.Unit == Percent {
			allowed = int32(float64(start) * (1 - float64(policy.Value)/100))
		}
		if i == 0 || (policies[0].Select == SelectMin) == (allowed > limit) {
			limit = allowed
		}
	}
	return min(max(limit, 0), current)
}

// atStart is the size at the start of the period: the present one less what
// the period added, more what it removed.
func atStart(current int32, changes []Change, period time.Duration, now time.Time) int32 {
	for _, c := range changes {
		if now.Sub(c.Time) < period {
			current -= c.By
		}
	}
	return current
}
