-- +goose Up
ALTER TABLE component_metrics ADD COLUMN latency_p50 DOUBLE PRECISION;
ALTER TABLE component_metrics ADD COLUMN latency_p99 DOUBLE PRECISION;
ALTER TABLE component_metrics ADD COLUMN target_rate DOUBLE PRECISION;
ALTER TABLE simulations ADD COLUMN simulation JSONB;
ALTER TABLE simulations ADD COLUMN component_graph JSONB;
