# The commands of this repository; `make help` lists them.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

BIN := bin
COMMANDS := $(notdir $(wildcard cmd/*))

.PHONY: help
help: ## List the commands.
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z0-9_-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: controlplane
controlplane: ## Build etcd, Kubernetes and Prometheus from their modules into bin/controlplane.
	hack/controlplane/build.sh $(BIN)/controlplane

.PHONY: build
build: ## Build our binaries into bin.
	CGO_ENABLED=0 go build -trimpath -o $(BIN)/ ./cmd/...
