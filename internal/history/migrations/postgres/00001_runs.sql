-- +goose Up
CREATE TABLE users (
    id         UUID PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE simulations (
    id                   UUID PRIMARY KEY,
    user_id              UUID REFERENCES users (id),
    canvas_id            TEXT NOT NULL,
    traffic_intensity    BIGINT NOT NULL,
    auto_scaling_enabled BOOLEAN NOT NULL,
    status               TEXT NOT NULL,
    started_at           TIMESTAMPTZ,
    ended_at             TIMESTAMPTZ,
    created_at           TIMESTAMPTZ NOT NULL,
    namespace            TEXT NOT NULL,
    name                 TEXT NOT NULL,
    graph                TEXT NOT NULL,
    spec                 JSONB NOT NULL,
    report               JSONB NOT NULL
);
CREATE INDEX simulations_newest ON simulations (created_at, id);
CREATE INDEX simulations_name ON simulations (namespace, name, created_at);
CREATE TABLE simulation_events (
    id            UUID PRIMARY KEY,
    simulation_id UUID NOT NULL REFERENCES simulations (id) ON DELETE CASCADE,
    event_type    TEXT NOT NULL,
    component_id  TEXT NOT NULL,
    data          JSONB NOT NULL,
    timestamp     TIMESTAMPTZ NOT NULL,
    sequence      BIGINT NOT NULL
);
CREATE INDEX simulation_events_run ON simulation_events (simulation_id, timestamp, sequence);
