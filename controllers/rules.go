package controllers

import (
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"flashcrowd.io/flashcrowd/api/v1alpha1"
	"flashcrowd.io/flashcrowd/internal/desired"
	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/scaling"
)

// program is the compiled rules of one generation of a simulation.
type program struct {
	uid        types.UID
	generation int64
	compiled   scaling.Program
	problems   string
}

// ruleCache compiles the rules of a simulation once for each generation.
type ruleCache struct {
	mu       sync.Mutex
	programs map[types.NamespacedName]program
}

func newRuleCache() *ruleCache { return &ruleCache{programs: map[types.NamespacedName]program{}} }

// program is the compiled rules; those that do not compile are left out and
// named in problems.
func (c *ruleCache) program(sim *v1alpha1.Simulation) program {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.programs[client.ObjectKeyFromObject(sim)]; ok && p.uid == sim.UID && p.generation == sim.Generation {
		return p
	}
	compiled, faults := scaling.Compile(desired.Rules(sim.Spec.AutoScaling.Rules))
	words := make([]string, 0, len(faults))
	for _, f := range faults {
		words = append(words, f.Error())
	}
	p := program{uid: sim.UID, generation: sim.Generation, compiled: compiled, problems: strings.Join(words, "; ")}
	c.programs[client.ObjectKeyFromObject(sim)] = p
	return p
}

func (c *ruleCache) forget(sim types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.programs, sim)
}

func orInt32(v *int32, otherwise int32) int32 {
	if v == nil {
		return otherwise
	}
	return *v
}

// settingsOf are the settings that hold for all rules of a simulation. Times
// grow with the window: all defaults belong to one of ten seconds.
func settingsOf(sim *v1alpha1.Simulation, base graph.Architecture, scrape time.Duration) scaling.Settings {
	a := sim.Spec.AutoScaling
	s := scaling.Defaults()
	if a.WindowSeconds != nil {
		s = s.Scaled(float64(*a.WindowSeconds) / s.Window.Seconds())
		s.Window = time.Duration(*a.WindowSeconds) * time.Second
	}
	s.Interval, s.ScrapeLag = tickInterval(sim), scrape
	s.Budget.MaxReplicas = orInt32(a.MaxReplicasTotal, 300)
	s.PeerLimits = peerLimits(base)
	if a.Mode == v1alpha1.ModeDryRun {
		s.Mode = scaling.DryRun
	}
	return s
}

// peerLimits are the pools of connections that the user declared: replicas of
// the caller must not hold more of them than the database has.
func peerLimits(base graph.Architecture) []scaling.PeerLimit {
	var limits []scaling.PeerLimit
	for _, edge := range base.Connections {
		target, ok := base.Component(edge.To)
		if ok && edge.PoolSize > 0 && target.Database != nil && target.Database.ConnectionLimit > 0 {
			limits = append(limits, scaling.PeerLimit{Caller: edge.From, Target: edge.To, PerReplica: edge.PoolSize, Limit: target.Database.ConnectionLimit})
		}
	}
	return limits
}
