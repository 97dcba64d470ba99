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

# The page is built once for each state of its sources; a checkout without them
# builds binaries that say how to get one.
PAGE := dashboard/ui/dist/.stamp
PAGE_SOURCES := $(shell git ls-files --cached --others --exclude-standard dashboard/ui)

$(PAGE): $(PAGE_SOURCES)
	@command -v npm >/dev/null || { echo "The page of the dashboard needs Node.js 20.19 or newer with npm; on Debian: apt-get install nodejs npm" >&2; exit 1; }
	cd dashboard/ui && npm ci --no-audit --no-fund && npm run build
	@touch $@

.PHONY: page
page: $(PAGE) ## Build the page of the dashboard.

.PHONY: build
build: $(PAGE) ## Build the page and our binaries into bin.
	CGO_ENABLED=0 go build -trimpath -tags page -o $(BIN)/ ./cmd/...

TOOLS := $(BIN)/tools
GOLANGCI_LINT := $(TOOLS)/golangci-lint

$(TOOLS)/.stamp: hack/tools/go.mod hack/tools/go.sum
	cd hack/tools && GOWORK=off go build -o ../../$(TOOLS)/ tool
	@touch $@

$(GOLANGCI_LINT): hack/tools/go.mod hack/tools/go.sum hack/tools/golangci-lint/main.go
	cd hack/tools && GOWORK=off go build -o ../../$(TOOLS)/ ./golangci-lint

.PHONY: tools
tools: $(TOOLS)/.stamp $(GOLANGCI_LINT) ## Build the tools that generate and lint, in their pinned versions.

.PHONY: generate
generate: $(TOOLS)/.stamp ## Regenerate code, manifests and the reference.
	hack/update-codegen
	hack/update-manifests
	hack/update-docs
	hack/update-typescript

.PHONY: manifests
manifests: $(TOOLS)/.stamp ## Regenerate the kinds and the installation only.
	hack/update-codegen
	hack/update-manifests

.PHONY: verify
verify: $(TOOLS)/.stamp ## Check that generated files are up to date and the code is formatted.
	hack/verify-codegen
	hack/verify-manifests
	hack/verify-docs
	hack/verify-typescript
	test -z "$$(gofmt -l $$(git ls-files '*.go'))"
	go mod verify

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Lint the code, the API types and the log calls.
	$(GOLANGCI_LINT) run ./...

.PHONY: vet
vet: ## Check the code for likely mistakes.
	go vet ./...

# Packages whose tests start processes or measure time take turns; the others
# run together, with the race detector.
PROCESS_TESTS := ./test/... ./internal/localcluster/...
# The failure stories take many minutes and have a command of their own.
STORIES := ^(TestStories|TestARestartedManagerForgetsNothing)$$
# Ten thousand requests a second for two minutes want the machine for themselves; a
# run whose history is in trouble takes three minutes.
LARGE := ^(TestScenario3|TestAHistoryInTrouble)
# Samples with a small load share the machine.
SAMPLES_AT_ONCE := 5

.PHONY: test
test: controlplane build verify lint unit page-tests process-tests journeys-live ## Run every check: generated files, lint, units, the page in a browser, the real API server, real processes, whole runs.

.PHONY: unit
unit: ## Run the tests of single packages with the race detector.
	go test -race -timeout 40m $$(go list ./... | grep -vE '/test/|/internal/localcluster')

.PHONY: page-tests
page-tests: $(PAGE) ## Check the page, its units, its size, and its journeys in a browser.
	cd dashboard/ui && npm run check && npm test && npm run size && npm run journeys

.PHONY: journeys
journeys: $(PAGE) ## Walk through the page in a browser, light and dark; pictures land in dashboard/ui/artifacts.
	cd dashboard/ui && npm run journeys

.PHONY: journeys-live
journeys-live: controlplane build ## Watch, steer and replay scenario 1, and draw and run a graph, in a browser, on local clusters of their own.
	cd dashboard/ui && npm run journeys-live

.PHONY: journeys-large
journeys-large: controlplane build ## The same with scenario 3, ten thousand requests a second.
	cd dashboard/ui && npm run journeys-large

.PHONY: process-tests
process-tests: controlplane build ## Run the tests that start real processes.
	go test -p 1 -timeout 60m $$(go list $(PROCESS_TESTS) | grep -v /test/e2e)
	go test -timeout 60m -parallel $(SAMPLES_AT_ONCE) -skip '$(STORIES)|$(LARGE)' ./test/e2e/

.PHONY: e2e
e2e: controlplane build ## Rehearse the samples from their manifests alone.
	go test -v -timeout 40m -parallel $(SAMPLES_AT_ONCE) -skip '$(STORIES)' ./test/e2e/

.PHONY: stories
stories: controlplane build ## Rehearse the failure stories, nine at a time.
	go test -v -timeout 40m -parallel 9 -run '$(STORIES)' ./test/e2e/

.PHONY: demo
demo: controlplane build ## Rehearse scenario 1 on a local cluster: from this checkout to its report and its dashboard.
	@echo "kubeconfig of the local cluster: $$HOME/.flashcrowd/kubeconfig"
	$(BIN)/flashcrowd run config/samples/scenario-1.yaml
	@echo "The cluster is still up. See the run in a browser, by this link (another one: $(BIN)/flashcrowd dashboard --open):"
	@$(BIN)/flashcrowd dashboard
	@echo "Look around with: kubectl --kubeconfig $$HOME/.flashcrowd/kubeconfig get cg,sim,pods"
	@echo "Stop it with: $(BIN)/flashcrowd local down"

IMAGE_PREFIX ?= flashcrowd
IMAGE_TAG ?= latest

.PHONY: image
image: $(PAGE) ## Make an image of each program that runs in a cluster; needs a Docker daemon and pulls nothing.
	CGO_ENABLED=0 GOOS=linux go build -trimpath -tags page -o $(BIN)/image/ ./cmd/manager ./cmd/dashboard ./cmd/stub ./cmd/loadgen
	hack/image/build.sh $(BIN)/image $(IMAGE_PREFIX) $(IMAGE_TAG)

.PHONY: kind-demo
kind-demo: ## Rehearse scenario 1 on a kind cluster of its own; needs docker, kind and kubectl, and says which is lacking.
	hack/kind/demo.sh

.PHONY: bench
bench: controlplane build ## Measure CPU per request beside plain net/http, real processes against theory, the generator's lateness, large graphs, a grown history, single steps, and the page in a browser, on this machine.
	go test -run '^$$' -bench . -benchtime 2s ./internal/station ./internal/scaling
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./test/bench
	go test -run '^$$' -bench . -benchtime 30x -timeout 10m ./test/chaos
	go test -run '^$$' -bench . -benchtime 3x -timeout 30m ./internal/history
	cd dashboard/ui && npm run bench
