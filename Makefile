# Everything that is done with this repository. Variables: PORT DATA HOST REPLICAS PROBE (up, down, login, status), ONLY (test, bench,
# images), ENGINE BASE CA (images), ENV (render), PYTHON (what `.venv` is made with).
PYTHON ?= python3
BIN := .venv/bin
comma := ,
SCRIPTS = $(sort $(shell grep -lIm1 '^\#!.*sh$$' .ci/* deploy/* deploy/images/* 2>/dev/null) $(wildcard deploy/*.sh))
SOURCES := mesh users collection query control pipe authfe ui deploy docs tests proto sdk probe conftest.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help up down login status ui test lint gen bench render images clean installed installed-dev new-enough

help:
	@echo "make TARGET, one of"
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' Makefile | expand -t 10

up: ui ## Run the whole mesh on this machine until Ctrl-C. PORT=8080 DATA=.scope HOST=127.0.0.1 REPLICAS=1 PROBE=1
	@exec $(BIN)/python -m deploy.local up

down: installed ## End the mesh that runs on DATA
	@exec $(BIN)/python -m deploy.local down

login: installed ## Renew and print the link that signs the first administrator in
	@exec $(BIN)/python -m deploy.local login

status: installed ## Say how each process of the mesh on DATA is doing
	@exec $(BIN)/python -m deploy.local status

ui: installed ## Build the pages, unless that was done since they changed
	@$(BIN)/python -m deploy.pages

test: installed-dev ui ## Run everything that checks this repository, or ONLY=unit|integration|e2e|ui
	@$(BIN)/python deploy/packages.py $(ONLY)
ifeq ($(ONLY),)
	@$(MAKE) --no-print-directory lint
else ifeq ($(filter $(ONLY),unit integration e2e ui),)
	@echo "ONLY=$(ONLY): it is unit, integration, e2e or ui" >&2; exit 2
endif
	@$(PYTEST) || { [ $$? = 1 ] && echo "Once more, those that failed:" && $(PYTEST) --last-failed; }

# What kills processes and drives browsers needs a machine that keeps up. So what fails is run once more, with servers of
# its own: what fails twice has failed.
PYTEST = $(BIN)/python -m pytest $(ONLY:%=-m %)

lint: installed-dev ## Check style, types, imports, contracts, scripts, and that generated files are up to date
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports
	$(BIN)/python proto/generated.py check
	$(BIN)/buf format --diff --exit-code proto
	$(BIN)/buf lint .build/image.binpb
	$(BIN)/python proto/breaking.py
	$(BIN)/python -m deploy.node ui run check
	@$(BIN)/python deploy/packages.py lint
	shellcheck $(SCRIPTS)

gen: installed-dev ## Generate gen/ and envoy/ from the contracts, and tables of docs/ from the code
	@$(BIN)/python proto/generated.py gen

bench: installed-dev ## Measure for some twenty minutes, print tables and JSON, update docs/performance.md. SECONDS=5 ONLY=ingest,edge
	@exec $(BIN)/python -m tests.load bench $(if $(SECONDS),--seconds $(SECONDS)) $(if $(ONLY),--only $(ONLY))

render: ## Print the Kubernetes manifests of ENV=local|dev|prod, or its probes' with ENV=probe/prod
	@test -n "$(ENV)" && test -f "deploy/k8s/$(ENV)/kustomization.yaml" || { echo "ENV=$(ENV): say which manifests," \
		"one of local dev prod probe/local probe/dev probe/prod probe/elsewhere" >&2; exit 2; }
	@command -v kubectl >/dev/null || { echo "kubectl is not installed. 1.27 or newer is needed: on Debian 13 and newer" \
		"apt-get install kubectl, elsewhere as https://kubernetes.io/docs/tasks/tools/ says" >&2; exit 1; }
	@kubectl kustomize "deploy/k8s/$(ENV)"

images: new-enough ## Build the images that something changed for. ENGINE=docker|podman ONLY=users,query BASE= CA=
	@PYTHON="$(PYTHON)" exec deploy/images/build $(subst $(comma), ,$(ONLY))

clean: ## Remove what was installed and built; data folders stay
	rm -rf .venv .build ui/dist ui/node_modules gen/ts/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

installed: new-enough
	@$(PYTHON) deploy/install.py

installed-dev: new-enough
	@$(PYTHON) deploy/install.py dev

new-enough:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed and this is %s: make PYTHON=/path/to/python3 ..." % sys.version.split()[0])'
