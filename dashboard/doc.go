// Package dashboard serves the page and its data: REST, the feed of every run
// over WebSocket, and who may do what. It reads the Kubernetes API and
// Prometheus, never the reconcilers, and writes only the specs of the two
// kinds, as the user who asks.
package dashboard
