// Package chaos injures the reconcilers against a real API server: they crash at
// every write, see late, meet strangers, and must end where the uninjured end.
package chaos
