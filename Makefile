# Everything a person or CI does here. `make` prints this help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8501
STAMP := .make/setup
NODE_STAMP := .make/node
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup setup-browser run test check fix bench samples screenshots clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv with the pinned versions (instant the second time)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	@mkdir -p $(@D) && touch $@

setup-browser: $(STAMP) $(NODE_STAMP) ## Get Chromium and the OpenID test provider for the browser tests
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ]; then apt-get update && apt-get install --yes chromium; else \
	  echo "The browser tests need Chromium. Install it, e.g. sudo apt-get install chromium, and run make again." >&2; exit 1; fi; }

$(NODE_STAMP): package.json package-lock.json
	@command -v npm >/dev/null || { echo "The sign-in test needs Node 20 or newer with npm. Install it and run make again." >&2; exit 1; }
	npm ci --silent --no-audit --no-fund
	@mkdir -p $(@D) && touch $@

run: setup ## Serve the sample organisation on http://localhost:8501
	@echo "Exeat: http://localhost:$(PORT)"
	@$(BIN)/exeat demo --port $(PORT)

test: setup setup-browser ## Run all tests, with a real PostgreSQL and Chromium
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: setup ## Lint, format, types, architecture, documentation; edits nothing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/unit/test_architecture.py tests/unit/test_docs.py

fix: setup ## Format and apply the safe lint fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## Print each ratio against its floor
	$(BIN)/python bench/run.py

samples: setup ## Train the sample checkpoints and write data/ again
	$(BIN)/python data/make_samples.py

screenshots: setup setup-browser ## Take every page into bench/out/screenshots, and the README picture
	$(BIN)/python tools/screenshots.py bench/out/screenshots
	$(BIN)/python tools/screenshots.py --readme docs/img

clean: ## Remove the environment and caches, never var/
	rm -rf .venv .make node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
