package process

import (
	"runtime"

	"flashcrowd.io/flashcrowd/internal/graph"
	"flashcrowd.io/flashcrowd/internal/wire"
)

// OneCore lets the process run Go code on one core at a time until a topology needs
// more, and returns apply as it is to be given topologies: with more cores each
// wake-up of a loop that turns a thousand times a second wakes idle threads too,
// which look for work and find none. GOMAXPROCS in the environment is left alone.
func (id Identity) OneCore(getenv func(string) string, apply func(wire.Topology)) func(wire.Topology) {
	if getenv("GOMAXPROCS") != "" {
		return apply
	}
	runtime.GOMAXPROCS(1)
	lifted := false
	return func(t wire.Topology) {
		if !lifted && id.needsCores(t) {
			lifted = true
			runtime.SetDefaultGOMAXPROCS()
		}
		apply(t)
	}
}

// needsCores reports whether the process has more to do than its loop: requests over
// HTTP have goroutines of their own, and cores that burn have threads.
func (id Identity) needsCores(t wire.Topology) bool {
	if t.Architecture.Transport == graph.TransportHTTP {
		return true
	}
	component, _ := t.Architecture.Component(id.Component)
	return component.BurnCPU
}
