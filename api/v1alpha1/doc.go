// Package v1alpha1 holds the two kinds of Flashcrowd: ComponentGraph, an
// architecture, and Simulation, one run of traffic against it.
//
// +kubebuilder:object:generate=true
// +groupName=flashcrowd.io
package v1alpha1
