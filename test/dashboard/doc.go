// Package dashboard holds the server of the dashboard to what it promises before
// a real API server: who may do what is decided by real tokens and real roles.
package dashboard
