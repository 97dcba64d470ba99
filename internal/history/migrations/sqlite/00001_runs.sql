-- +goose Up
CREATE TABLE users (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL
);
CREATE TABLE simulations (
    id                   TEXT PRIMARY KEY,
    user_id              TEXT REFERENCES users (id),
    canvas_id            TEXT NOT NULL,
    traffic_intensity    INTEGER NOT NULL,
    auto_scaling_enabled BOOLEAN NOT NULL,
    status               TEXT NOT NULL,
    started_at           TIMESTAMP,
    ended_at             TIMESTAMP,
    created_at           TIMESTAMP NOT NULL,
    namespace            TEXT NOT NULL,
    name                 TEXT NOT NULL,
    graph                TEXT NOT NULL,
    spec                 TEXT NOT NULL,
    report               TEXT NOT NULL
);
CREATE INDEX simulations_newest ON simulations (created_at, id);
CREATE INDEX simulations_name ON simulations (namespace, name, created_at);
CREATE TABLE simulation_events (
    id            TEXT PRIMARY KEY,
    simulation_id TEXT NOT NULL REFERENCES simulations (id) ON DELETE CASCADE,
    event_type    TEXT NOT NULL,
    component_id  TEXT NOT NULL,
    data          TEXT NOT NULL,
    timestamp     TIMESTAMP NOT NULL,
    sequence      INTEGER NOT NULL
);
CREATE INDEX simulation_events_run ON simulation_events (simulation_id, timestamp, sequence);
