# Everything here works in the project folder: .venv for packages, .cache for downloads. Needs Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
RUNS ?= 1
SECONDS ?= 3600
# Most integration tests wait most of the time. Each worker has a Kafka of its own.
PARALLEL := -n 2 --dist worksteal

# Left by `make engine` where no Docker engine answered: ENGINE, its address, and DOCKER, IMAGE_BASE, CA to go with it.
-include .cache/engine/engine.mk

# Images. Empty: what the Dockerfile says. CA: a file with the authority of a proxy that ends TLS.
DOCKER ?= docker
IMAGE_BASE ?=
IMAGE_BUILD_BASE ?=
IMAGE_TAG ?= dev
IMAGE_SOURCE ?=
CA ?=
BUILD_OPTIONS ?=
COMMA := ,
BUILD = DOCKER_BUILDKIT=1 $(DOCKER) build --quiet $(if $(IMAGE_BASE),--build-arg BASE=$(IMAGE_BASE))
BUILD_OURS = $(BUILD) $(if $(IMAGE_BUILD_BASE),--build-arg BUILD_BASE=$(IMAGE_BUILD_BASE)) \
	$(if $(CA),--secret id=ca$(COMMA)src=$(CA)) $(if $(IMAGE_SOURCE),--build-arg SOURCE=$(IMAGE_SOURCE)) \
	--build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
	--build-arg REVISION=$$(git rev-parse HEAD) --build-arg CREATED=$$(git log -1 --format=%cI) $(BUILD_OPTIONS)
JARS = $(shell sed -n 's/^$(1)_VERSION = "\(.*\)"/\1/p' testbed/jars.py)
KAFKA_LOCAL = kafka-local:$(call JARS,KAFKA)
REGISTRY_LOCAL = registry-local:$(call JARS,REGISTRY)

ifdef ENGINE
image kafka-image registry-image image-test sbom e2e e2e-keda: export DOCKER_HOST := $(ENGINE)
image kafka-image registry-image image-test sbom e2e e2e-keda: export DOCKER := $(DOCKER)
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test browser browser-test unit integration chaos chart chart-snapshots e2e e2e-keda engine engine-stop image kafka-image \
	registry-image image-test sbom screenshots demo-picture check format docs lock bench fuzz clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

$(READY): requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@echo "Installing into $(VENV) (about a minute the first time) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

install: $(READY) ## Create .venv with everything, pinned and hashed

demo: $(READY) ## Broker, sandbox, leads and connector in one go; ARGS="--leads 500 --exit-when-done"
	@$(BIN)/lead-connector demo $(ARGS)

test: $(READY) ## All tests, on a real Kafka and schema registry (brought by pip and Maven, or set KAFKA_BOOTSTRAP_SERVERS)
	@$(BIN)/python -m testbed fetch
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

browser: ## Debian's Chromium, where no browser is found; needs root
	@command -v chromium || command -v chromium-browser || command -v google-chrome || \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } || \
		{ echo "Install Chromium, so that one of chromium, chromium-browser, google-chrome is on the path"; exit 1; }

browser-test: browser $(READY) ## Status page and sandbox in a real browser
	@$(BIN)/python -m testbed fetch
	$(BIN)/python -m pytest tests/browser -m browser $(ARGS)

unit: $(READY) ## Tests that need neither Kafka nor registry
	$(BIN)/python -m pytest tests/unit tests/property tests/sandbox $(ARGS)

integration: $(READY) ## Tests on a real Kafka
	@$(BIN)/python -m testbed fetch
	$(BIN)/python -m pytest $(PARALLEL) tests/integration tests/testbed $(ARGS)

chaos: $(READY) ## The fault matrix, RUNS=1 times (15 min each); writes docs/reliability.md from these runs
	@$(BIN)/python -m testbed fetch
	for run in $$(seq $(RUNS)); do \
		CHAOS_RUN=$$(date -u +%Y%m%dT%H%M%SZ) $(BIN)/python -m pytest -n 4 --dist worksteal tests/chaos -m "chaos or not chaos" $(ARGS) || exit 1; \
	done
	$(BIN)/python -m tests.chaos.report --last $(RUNS)

chart: $(READY) ## The Helm chart: lint, template tests, schemas of two Kubernetes versions (first builds its tools, minutes)
	@$(BIN)/python -m helm.tools
	$(BIN)/python -m pytest -n 2 helm/checks $(ARGS)

e2e: $(READY) ## The chart on a running cluster, RUNS=1 times (20 min each); writes docs/kubernetes-results.md from these runs
	for run in $$(seq $(RUNS)); do \
		E2E_RUN=$$(date -u +%Y%m%dT%H%M%SZ) $(BIN)/python -m pytest e2e -m "not keda" $(ARGS) || exit 1; \
	done
	$(BIN)/python -m e2e.report --last $(RUNS)

e2e-keda: $(READY) ## KEDA on a running cluster (first builds it: 15 min of CPU); the next report has its last run too
	E2E_RUN=keda-$$(date -u +%Y%m%dT%H%M%SZ) $(BIN)/python -m pytest e2e -m keda $(ARGS)

chart-snapshots: $(READY) ## Take the chart's manifests as they are now for right
	@$(BIN)/python -m helm.tools
	.cache/chart/bin/untt --update-snapshot helm/lead-connector

engine: $(READY) ## A Docker engine for the targets below where none answers: Debian's, as root, with a base made here
	@$(BIN)/python -m images.engine up

engine-stop: $(READY) ## End the one that `make engine` started; its images stay
	@$(BIN)/python -m images.engine down

image: ## The images lead-connector:dev and lead-connector-sandbox:dev; IMAGE_BASE=, IMAGE_TAG=, CA= (docs/image.md)
	$(BUILD_OURS) --tag lead-connector:$(IMAGE_TAG) .
	$(BUILD_OURS) --target sandbox --tag lead-connector-sandbox:$(IMAGE_TAG) .

kafka-image: $(READY) ## Kafka as an image from the test bed's jars, where apache/kafka cannot be pulled
	@mkdir -p .cache/images
	$(BIN)/python -m testbed context kafka > .cache/images/kafka.tar
	$(BUILD) --tag $(KAFKA_LOCAL) - < .cache/images/kafka.tar

registry-image: $(READY) ## The schema registry likewise
	@mkdir -p .cache/images
	$(BIN)/python -m testbed context registry > .cache/images/registry.tar
	$(BUILD) --tag $(REGISTRY_LOCAL) - < .cache/images/registry.tar

image-test: image kafka-image ## The images on a Docker engine, with a Kafka that is in a container too
	@# The helper that removes the containers of a crashed run would have to be pulled.
	DOCKER=$(DOCKER) IMAGE_BASE=$(IMAGE_BASE) IMAGE_TAG=$(IMAGE_TAG) CA=$(CA) \
		KAFKA_IMAGE=$${KAFKA_IMAGE:-$(KAFKA_LOCAL)} TESTCONTAINERS_RYUK_DISABLED=true \
		$(BIN)/python -m pytest tests/testbed/test_kafka.py tests/image -m "image or not image" $(ARGS)

.cache/sbom/.ready: requirements-sbom.txt
	$(PYTHON) -m venv .cache/sbom
	.cache/sbom/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-sbom.txt
	@touch $@

sbom: image .cache/sbom/.ready ## Bills of materials (CycloneDX) of the locked requirements and of the image, in out/sbom
	@mkdir -p out/sbom
	.cache/sbom/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file out/sbom/requirements.cdx.json requirements.txt
	DOCKER=$(DOCKER) .cache/sbom/bin/python -m images.sbom lead-connector:$(IMAGE_TAG) out/sbom/image.cdx.json

.cache/pictures/.ready: requirements-pictures.txt
	$(PYTHON) -m venv .cache/pictures
	.cache/pictures/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-pictures.txt
	@touch $@

screenshots: browser $(READY) ## Photograph both pages while the demo runs (six minutes), into docs
	$(BIN)/python -m pictures.pages docs 4000

demo-picture: $(READY) .cache/pictures/.ready ## Record a run of the demo as docs/demo.svg
	env -u MAKEFLAGS -u MAKELEVEL .cache/pictures/bin/python -m pictures docs/demo.svg \
		make demo ARGS="--leads 500 --exit-when-done"

check: $(READY) ## Format, lint, types, imports, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m connector.config | diff -u docs/configuration.md - || { echo "stale: make docs"; exit 1; }
	$(BIN)/python -m connector.telemetry | diff -u docs/metrics.md - || { echo "stale: make docs"; exit 1; }
	$(BIN)/python -m connector.cli | diff -u docs/options.md - || { echo "stale: make docs"; exit 1; }
	$(BIN)/python -m helm.docs --check

format: $(READY) ## Format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) ## Write the generated documents anew
	$(BIN)/python -m connector.config > docs/configuration.md
	$(BIN)/python -m connector.telemetry > docs/metrics.md
	$(BIN)/python -m connector.cli > docs/options.md
	$(BIN)/python -m helm.docs

bench: $(READY) ## Benchmark: drain a real Kafka into a fast sink, beside a floor without HTTP
	@$(BIN)/python -m testbed fetch
	$(BIN)/python -m bench $(ARGS)

$(VENV)/.fuzz: $(READY) requirements-fuzz.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	@touch $@

fuzz: $(VENV)/.fuzz ## Coverage-guided fuzzing, SECONDS=3600 shared among the targets; ARGS="--jobs 2 --target expressions"
	$(BIN)/python -m fuzz --seconds $(SECONDS) $(ARGS)

lock: ## Write requirements*.txt anew from pyproject.toml
	@test -x .cache/lock/bin/uv || { $(PYTHON) -m venv .cache/lock && .cache/lock/bin/pip install --quiet uv; }
	.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		pyproject.toml -o requirements.txt
	.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--extra otel -c requirements-dev.txt pyproject.toml -o requirements-otel.txt
	.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--group fuzz -o requirements-fuzz.txt
	.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--group build -c requirements-dev.txt -o requirements-build.txt
	.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--group sbom -o requirements-sbom.txt
	.cache/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--group pictures -o requirements-pictures.txt

clean: ## Remove what the targets made, downloads included
	@test ! -e .cache/engine/engine.mk || $(MAKE) --no-print-directory engine-stop
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache out
