-- +goose Up
CREATE TABLE component_metrics (
    id            TEXT PRIMARY KEY,
    simulation_id TEXT NOT NULL REFERENCES simulations (id) ON DELETE CASCADE,
    component_id  TEXT NOT NULL,
    cpu_usage     REAL,
    memory_usage  REAL,
    request_rate  REAL,
    latency       REAL,
    timestamp     TIMESTAMP NOT NULL,
    latency_p95   REAL,
    error_rate    REAL,
    queue_depth   REAL,
    in_flight     REAL,
    connections   REAL
);
CREATE INDEX component_metrics_run ON component_metrics (simulation_id, component_id, timestamp);
