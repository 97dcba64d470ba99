// Package projection says what objects of the Kubernetes API and measurements
// mean to a page: values in, values out, without a client or a clock.
package projection
