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

TOOLS := $(BIN)/tools
CONTROLLER_GEN := $(TOOLS)/controller-gen
KUSTOMIZE := $(TOOLS)/kustomize

$(TOOLS)/.stamp: hack/tools/go.mod hack/tools/go.sum
	cd hack/tools && GOWORK=off go build -o ../../$(TOOLS)/ sigs.k8s.io/controller-tools/cmd/controller-gen sigs.k8s.io/kustomize/kustomize/v5
	@touch $@

.PHONY: generate
generate: $(TOOLS)/.stamp ## Regenerate code and manifests.
	$(CONTROLLER_GEN) object crd paths=./api/... output:crd:dir=config/crd/bases
