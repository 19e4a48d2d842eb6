# Copyright The waba-operator Authors.
# SPDX-License-Identifier: Apache-2.0

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# VERSION is what the built programs say they are.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# IMG is the operator's image, which is built and deployed.
IMG ?= ghcr.io/waba-operator/waba-operator:latest
# CLI_IMG is the image of kubectl waba: beside the operator's, with the same tag.
CLI_IMG ?= $(dir $(IMG))kubectl-waba:$(lastword $(subst :, ,$(IMG)))
# PLATFORMS are those that docker-push builds for.
PLATFORMS ?= linux/amd64,linux/arm64
# PACKAGES are those that `make test` tests.
PACKAGES ?= ./...
# UNIT_PACKAGES are those that `make test-unit` tests: all but those whose tests need an API server or other programs throughout.
UNIT_PACKAGES ?= $$(go list ./... | grep -vE '/test/(chart|e2e|install|monitoring|testenv)')
# RACE_PACKAGES are those that `make test-race` tests: those that start goroutines, and those that run the operator.
RACE_PACKAGES ?= ./controllers/... ./internal/account ./internal/cli ./internal/doctor ./internal/facts ./internal/graph ./internal/media ./internal/metrics \
	./internal/operator ./internal/overview ./internal/plan ./internal/receiver ./internal/relay ./test/e2e ./test/graphsim ./test/monitoring
# TESTFLAGS are added to `go test`, for example TESTFLAGS='-run TestCreate -v'.
TESTFLAGS ?=
# ARGS are given to the operator by `make run`.
ARGS ?=
# DEMO_ONCE=1 ends the demo once all its resources are ready.
DEMO_ONCE ?=
KUBECTL ?= kubectl
DOCKER ?= docker

BIN := bin
TOOLS := $(BIN)/tools
CONTROLLER_GEN := $(TOOLS)/controller-gen
KUSTOMIZE := $(TOOLS)/kustomize
GOLANGCI_LINT := $(TOOLS)/golangci-lint
HELM := $(TOOLS)/helm
HELM3 := $(TOOLS)/helm3
HELM_DOCS := $(TOOLS)/helm-docs
KUBECONFORM := $(TOOLS)/kubeconform
PROMTOOL := $(TOOLS)/promtool
CRD_REF_DOCS := $(TOOLS)/crd-ref-docs
ACTIONLINT := $(TOOLS)/actionlint
# What tests run; users have their own.
KUBECTL_BUILT := $(TOOLS)/kubectl
OWN_MODULE := $(KUBECTL_BUILT) $(HELM) $(HELM3) $(HELM_DOCS) $(KUBECONFORM) $(PROMTOOL) $(CRD_REF_DOCS) $(ACTIONLINT)
BOILERPLATE := hack/boilerplate.go.txt
COVERAGE := $(BIN)/coverage.out

# Everything is compiled as it is released, without C, whether there is a compiler for that or not. Linking takes 40 % less time, too.
export CGO_ENABLED := 0

# Results are never taken from the cache: it doesn't see what the programs read that tests run.
TEST_OPTIONS := -count 1 -parallel 4 -timeout 20m
GO_TEST := go test $(TEST_OPTIONS)
# Tests with libraries of other programs are a module of their own, so that nothing else depends on those.
GITOPS := test/gitops
# One API server for all packages that can share one.
SHARED := go run ./test/testenv/shared

##@ General

.PHONY: help
help: ## Show this help
	@awk 'BEGIN { FS = ":.*##"; print "Usage: make <target>" } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-zA-Z0-9_-]+:.*##/ { printf "  %-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Development

.PHONY: generate
generate: $(CONTROLLER_GEN) ## Generate deep copies and apply configurations
	$(CONTROLLER_GEN) object:headerFile=$(BOILERPLATE) paths=./api/...
	$(CONTROLLER_GEN) applyconfiguration:headerFile=$(BOILERPLATE) paths=./api/...

.PHONY: manifests
manifests: $(CONTROLLER_GEN) $(HELM_DOCS) ## Generate the CRDs, the operator's role, alerts, dashboard, Argo CD scripts, reference of metrics and the chart's copies
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	go run ./hack/crd
	$(CONTROLLER_GEN) rbac:roleName=manager-role paths=./controllers/... output:rbac:artifacts:config=config/rbac
	go run ./hack/monitoring
	GOWORK=off go run -C $(GITOPS) ./argocd/generate
	hack/chart-files.sh
	$(HELM_DOCS) --chart-search-root charts --sort-values-order file --skip-version-footer --log-level warning

.PHONY: docs
docs: $(CRD_REF_DOCS) ## Generate the references of the API, the flags and the rules of templates in docs/reference
	@mkdir -p docs/reference
	$(CRD_REF_DOCS) --source-path=api/v1alpha1 --config=hack/docs/crd-ref-docs.yaml --templates-dir=hack/docs/templates \
		--renderer=markdown --max-depth=20 --log-level=ERROR --output-path=docs/reference/api.md
	go run ./hack/docs/flags >docs/reference/flags.md.tmp
	@mv docs/reference/flags.md.tmp docs/reference/flags.md
	go run ./hack/docs/rules >docs/reference/template-rules.md.tmp
	@mv docs/reference/template-rules.md.tmp docs/reference/template-rules.md

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## Format the Go code
	$(GOLANGCI_LINT) fmt

.PHONY: tidy
tidy: ## Tidy go.mod, and that of the tests which need more libraries
	go mod tidy
	cd $(GITOPS) && GOWORK=off go mod tidy

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters
	$(GOLANGCI_LINT) run

# What tests run besides the programs of this repository.
TEST_TOOLS := control-plane $(HELM) $(HELM3) $(KUBECONFORM) $(KUSTOMIZE) $(KUBECTL_BUILT) $(PROMTOOL)

.PHONY: test
test: $(TEST_TOOLS) ## Run all tests (PACKAGES=./internal/graph/... TESTFLAGS='-run TestX -v' for some)
	$(SHARED) $(GO_TEST) $(TESTFLAGS) $(PACKAGES)
ifeq ($(PACKAGES),./...)
	$(MAKE) --no-print-directory test-gitops
endif

.PHONY: test-gitops
test-gitops: $(TEST_TOOLS) ## Run the tests with Argo CD's, Flux's and kustomize's libraries (also a part of test)
	GOWORK=off $(SHARED) go test -C $(GITOPS) $(TEST_OPTIONS) $(TESTFLAGS) ./...

.PHONY: test-unit
test-unit: ## Run the tests that need no API server
	$(GO_TEST) -short $(TESTFLAGS) $(UNIT_PACKAGES)

.PHONY: test-race
test-race: export CGO_ENABLED := 1
test-race: control-plane ## Run the tests of what is concurrent with the race detector; needs a C compiler
	$(SHARED) $(GO_TEST) -race $(TESTFLAGS) $(RACE_PACKAGES)

.PHONY: cover
cover: $(TEST_TOOLS) ## Run all tests and show the coverage; bin/coverage.out has it line by line
	@mkdir -p $(BIN)
	$(SHARED) $(GO_TEST) -coverprofile=$(COVERAGE).all $(TESTFLAGS) $(PACKAGES)
	@grep -v -e zz_generated -e internal/applyconfiguration $(COVERAGE).all >$(COVERAGE)
	@go tool cover -func=$(COVERAGE) | tail -n 1

.PHONY: alerts
alerts: $(PROMTOOL) ## Check alerts and the dashboard's expressions, and run the tests of the alerts
	$(PROMTOOL) check rules --lint=all --lint-fatal config/prometheus/rules.yaml
	$(PROMTOOL) test rules config/prometheus/tests/*.yaml
	go run ./hack/monitoring expressions | $(PROMTOOL) check rules

.PHONY: states
states: control-plane ## Collect the states that the tests of the controllers bring resources to
	@rm -rf $(BIN)/states && mkdir -p $(BIN)/states
	WABA_RECORD_STATES='$(abspath $(BIN)/states)' $(GO_TEST) ./controllers
	go run ./hack/states $(BIN)/states
	GOWORK=off go run -C $(GITOPS) ./argocd/generate

# FUZZTIME is how long each target of `make fuzz` runs.
FUZZTIME ?= 60s

.PHONY: fuzz
fuzz: ## Fuzz what parses input from outside, each target for FUZZTIME
	@hack/fuzz.sh '$(FUZZTIME)'

# FLOODTIME is how long `make flood` lasts.
FLOODTIME ?= 60s

.PHONY: flood
flood: ## Flood the receiver with 2,000 hostile connections for FLOODTIME, beside genuine deliveries
	WABA_FLOOD='$(FLOODTIME)' go test -run '^TestFloodFromOutside$$' -count 1 -timeout 30m -v ./internal/receiver

.PHONY: bench
bench: control-plane ## Measure what many resources cost
	go test -run '^$$' -bench . -benchtime 1x -timeout 30m ./test/scale

# SCALE are further flags of the scale suite, for example SCALE='--phases steady --json scale.json'.
SCALE ?=

.PHONY: scale
scale: control-plane ## Play the operator's life with 5,000 templates, and compare what it costs with the ranges of test/scale/ranges.yaml
	go run ./test/scale $(SCALE)

.PHONY: scale-large
scale-large: control-plane ## The same with 100,000 templates, for hours
	go run ./test/scale --accounts 1000 --templates 100 --numbers 1 --period 5m --outage 10m --throttle $(SCALE)

.PHONY: verify
verify: $(CONTROLLER_GEN) $(KUSTOMIZE) $(GOLANGCI_LINT) $(ACTIONLINT) ## Check generated files, modules, format, linters and manifests
	MAKE='$(MAKE)' KUSTOMIZE=$(KUSTOMIZE) GOLANGCI_LINT=$(GOLANGCI_LINT) ACTIONLINT=$(ACTIONLINT) hack/verify.sh

.PHONY: demo
demo: control-plane ## Run API server, Graph API simulator, operator and samples (DEMO_ONCE=1: and end)
	DEMO_ONCE='$(DEMO_ONCE)' go run ./hack/demo

.PHONY: demo-helm
demo-helm: control-plane $(HELM) ## The demo, installed by helm: the chart's flags and permissions (DEMO_ONCE=1: and end)
	DEMO_INSTALL=helm DEMO_ONCE='$(DEMO_ONCE)' go run ./hack/demo

.PHONY: run
run: ## Run the operator against the current kubeconfig (ARGS='--flag …')
	go run -ldflags '-X main.version=$(VERSION)' . $(ARGS)

##@ Build

.PHONY: build
build: ## Build the programs into bin/
	@mkdir -p $(BIN)
	hack/compile.sh '$(VERSION)' $(BIN)/ $$(go list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' . ./cmd/...)

.PHONY: dist
dist: $(KUSTOMIZE) ## Render dist/install.yaml for IMG
	@mkdir -p dist
	@hack/render.sh $(KUSTOMIZE) '$(IMG)' >dist/install.yaml.tmp
	@mv dist/install.yaml.tmp dist/install.yaml
	@echo "dist/install.yaml"

# A VERSION such as v1.2.3 is that of the chart and of the image it installs; else Chart.yaml decides.
CHART_VERSION := $(if $(filter v%,$(VERSION)),--version $(VERSION:v%=%) --app-version $(VERSION))

.PHONY: chart
chart: $(HELM) ## Package the Helm chart into dist/
	@mkdir -p dist
	$(HELM) package charts/waba-operator --destination dist $(CHART_VERSION)

.PHONY: release-artifacts
release-artifacts: $(HELM) $(KUSTOMIZE) ## Make all files of a release in dist/release, for a VERSION such as v1.2.3; needs no Docker
	image='$(IMG)'; HELM=$(HELM) KUSTOMIZE=$(KUSTOMIZE) hack/release.sh '$(VERSION)' "$${image%:*}" dist/release

.PHONY: docker-build
docker-build: ## Build the images IMG and CLI_IMG for this machine's platform
	$(DOCKER) buildx build --load --build-arg VERSION='$(VERSION)' --tag '$(IMG)' .
	$(DOCKER) buildx build --load --build-arg VERSION='$(VERSION)' --target kubectl-waba --tag '$(CLI_IMG)' .

.PHONY: docker-push
docker-push: ## Build the images IMG and CLI_IMG for all PLATFORMS and push them
	$(DOCKER) buildx build --push --platform '$(PLATFORMS)' --build-arg VERSION='$(VERSION)' --tag '$(IMG)' .
	$(DOCKER) buildx build --push --platform '$(PLATFORMS)' --build-arg VERSION='$(VERSION)' --target kubectl-waba --tag '$(CLI_IMG)' .

##@ Deployment (to the current kubeconfig's cluster)

# Server-side, because the CRDs are larger than the annotation of a client-side
# apply may be. Under kubectl's own field manager it would take off what others
# applied with kubectl, such as labels of the namespace.
APPLY := $(KUBECTL) apply --server-side --field-manager=waba-operator -f -
DELETE := $(KUBECTL) delete --ignore-not-found -f -

.PHONY: install
install: $(KUSTOMIZE) ## Install the CRDs
	$(KUSTOMIZE) build config/crd | $(APPLY)

# RESOURCES=forget has `make uninstall` delete the resources, too, and leave everything at Meta as it is.
RESOURCES ?=

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Remove the CRDs; refuses while there are resources (RESOURCES=forget: deletes them, but nothing at Meta)
	RESOURCES='$(RESOURCES)' hack/uninstall.sh $(KUBECTL) $(KUSTOMIZE)

.PHONY: deploy
deploy: $(KUSTOMIZE) ## Install the CRDs and the operator, or upgrade them
	hack/render.sh $(KUSTOMIZE) '$(IMG)' | $(APPLY)

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Remove the operator; CRDs, resources and the namespace stay
	$(KUSTOMIZE) build config/operator | $(DELETE)

##@ Tools

.PHONY: control-plane
control-plane: ## Build kube-apiserver and etcd for tests and the demo
	@hack/controlplane/build.sh

.PHONY: tools
tools: $(CONTROLLER_GEN) $(KUSTOMIZE) $(GOLANGCI_LINT) $(OWN_MODULE) ## Build the pinned tools into bin/tools/

$(CONTROLLER_GEN): hack/tools/go.mod hack/tools/go.sum
	@hack/tools/build.sh controller-gen sigs.k8s.io/controller-tools/cmd/controller-gen

$(KUSTOMIZE): hack/tools/go.mod hack/tools/go.sum
	@hack/tools/build.sh kustomize sigs.k8s.io/kustomize/kustomize/v5

$(GOLANGCI_LINT): hack/tools/go.mod hack/tools/go.sum hack/tools/golangci-lint/main.go
	@hack/tools/build.sh golangci-lint ./golangci-lint

# Tools whose dependencies don't agree with those of others have modules of their own.
$(OWN_MODULE): $(TOOLS)/%: hack/tools/%/go.mod hack/tools/%/go.sum
	@hack/tools/build.sh $*

$(KUBECTL_BUILT): hack/tools/kubectl/main.go

.PHONY: clean
clean: ## Remove what was built, except tools and control plane
	rm -rf dist
	@if [ -d $(BIN) ]; then find $(BIN) -mindepth 1 -maxdepth 1 ! -name tools ! -name k8s -exec rm -rf {} +; fi

.PHONY: distclean
distclean: ## Remove everything that was built
	rm -rf dist $(BIN)
