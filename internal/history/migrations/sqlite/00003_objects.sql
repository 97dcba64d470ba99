-- +goose Up
ALTER TABLE component_metrics ADD COLUMN latency_p50 REAL;
ALTER TABLE component_metrics ADD COLUMN latency_p99 REAL;
ALTER TABLE component_metrics ADD COLUMN target_rate REAL;
ALTER TABLE simulations ADD COLUMN simulation TEXT;
ALTER TABLE simulations ADD COLUMN component_graph TEXT;
