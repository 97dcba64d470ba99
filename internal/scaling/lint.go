package scaling

import (
	"fmt"
	"slices"

	"flashcrowd.io/flashcrowd/internal/graph"
)

// Caution is something that a rule may say and will likely regret.
type Caution struct {
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// Lint reads rules as an experienced operator would. Cautions do not stop a run.
func Lint(p Program, s Settings) []Caution {
	var all []Caution
	for _, r := range p.rules {
		for _, message := range slices.Concat(r.lintTarget(), r.lintTimes(s), r.lintTerms()) {
			all = append(all, Caution{r.Name, message})
		}
		all = append(all, lintFlap(r, p.rules)...)
	}
	return all
}

func (r compiled) lintTarget() []string {
	switch signal := r.Step.Signal; {
	case r.Step.Target <= 0:
		return nil
	case slices.Contains([]string{RequestRate, QueueDepth, Latency, LatencyP95, LatencyP99, Lag}, signal):
		return []string{signal + " does not fall in proportion as replicas are added: track cpu or connections"}
	case signal == Memory:
		return []string{"memory may not fall as replicas are added, and then the rule runs to its maximum: track cpu"}
	}
	return nil
}

func (r compiled) lintTimes(s Settings) []string {
	var all []string
	if r.For > 0 && r.For < s.Interval {
		all = append(all, fmt.Sprintf("for %s is shorter than the interval of %s: write at least that", r.For, s.Interval))
	}
	if w := r.window(s); w < 2*s.Interval {
		all = append(all, fmt.Sprintf("a window of %s holds less than two samples: write at least %s", w, 2*s.Interval))
	}
	return all
}

func (r compiled) lintTerms() []string {
	percents := []string{CPU, Memory, Connections, ReadRatio, StaticRatio, WriteRatio, ErrorRate, DownstreamShare, HitRatio}
	var all []string
	for _, c := range r.condition.terms {
		if c.above() && c.threshold >= 100 && slices.Contains(percents, c.signal) && c.operator == ">" {
			all = append(all, fmt.Sprintf("%s never exceeds 100: write a smaller number than %s", c.signal, plain(c.threshold)))
		}
	}
	return all
}

// lintFlap warns of a scale-in threshold that the size it leads to would
// exceed again: +1 at out and -1 at in flap unless in < out x n/(n+1).
func lintFlap(in compiled, rules []compiled) []Caution {
	if in.Then != graph.RemoveReplica {
		return nil
	}
	var all []Caution
	for _, out := range rules {
		if !resizes(out.Then) {
			continue
		}
		for _, low := range in.condition.terms {
			for _, high := range out.condition.terms {
				if low.above() || !high.above() || low.signal != high.signal {
					continue
				}
				if safe := SafeScaleIn(high.threshold, 1); low.threshold > safe {
					all = append(all, Caution{in.Name, fmt.Sprintf("%s < %s and %s > %s flap between 1 and 2 replicas: write at most %s", low.signal, plain(low.threshold), high.signal, plain(high.threshold), plain(safe))})
				}
			}
		}
	}
	return all
}

// SafeScaleIn is the highest threshold at which n+1 replicas may become n
// without exceeding the scale-out threshold: out x n/(n+1).
func SafeScaleIn(out float64, n int32) float64 { return out * float64(n) / float64(n+1) }
