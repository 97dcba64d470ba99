// Package controllers holds the two reconcilers and the source of the topology
// stream. They are the only writers of status and of workloads.
//
// ComponentGraph: Fold(spec, log of the simulation that holds it) becomes
// Deployments and Services; what runs becomes status. Simulation: takes the
// graph, runs the generators, ticks, writes the log. Each tick is gather (all
// reads), Fold, scaling.Step (pure), report (one status write; Events only if
// it succeeded). Nothing is kept that status does not hold: any step may be the
// last of this process.
package controllers
