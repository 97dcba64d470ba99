// Package runs keeps a feed for every run that the Kubernetes API knows: it
// watches the two kinds, measures what runs once a second, and says when it
// cannot see. Nothing of it is needed for a run to go on.
package runs
