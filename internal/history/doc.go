// Package history keeps what happened in runs after the cluster's objects are
// gone: SQLite in a file by default, PostgreSQL by DSN, through the same code. A
// run is known by the UID of its Simulation, so that namesakes never mix. Every
// row has an id that follows from what it is about: writing it twice is writing
// it once, so whoever lost count may write again.
package history
