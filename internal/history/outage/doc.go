// Package outage has databases that a test takes away from a history: a PostgreSQL
// server, and a disk that SQLite keeps its file on.
package outage
