// Package cel holds wrong manifests to the words they get from a real API server.
package cel
