// Package e2e rehearses the samples as a user does: the real command, a local
// cluster of its own, real processes and real requests.
package e2e
