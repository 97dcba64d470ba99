// Package archtest holds the walls between the rooms of this repository as
// tests: who may import whom, and what a pure room may not do.
package archtest
