-- +goose Up
CREATE TABLE component_metrics (
    id            UUID PRIMARY KEY,
    simulation_id UUID NOT NULL REFERENCES simulations (id) ON DELETE CASCADE,
    component_id  TEXT NOT NULL,
    cpu_usage     DOUBLE PRECISION,
    memory_usage  DOUBLE PRECISION,
    request_rate  DOUBLE PRECISION,
    latency       DOUBLE PRECISION,
    timestamp     TIMESTAMPTZ NOT NULL,
    latency_p95   DOUBLE PRECISION,
    error_rate    DOUBLE PRECISION,
    queue_depth   DOUBLE PRECISION,
    in_flight     DOUBLE PRECISION,
    connections   DOUBLE PRECISION
);
CREATE INDEX component_metrics_run ON component_metrics (simulation_id, component_id, timestamp);
