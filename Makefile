# `make` or `make help` lists what there is. Everything is installed into .venv.
# Another interpreter: make PYTHON=python3.12 test

PYTHON ?= python3
JOBS ?= 2
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# What was compiled is kept: tests start many interpreters, and each would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq --constraint constraints.txt
INPUTS := pyproject.toml constraints.txt
DEMO := build/demo
DEMO_RANKERS := base,hour,gaussian,longterm,routine,hour+routine,hour+gaussian+routine

.PHONY: help demo test test-all goldens lint format bench-setup bench docs clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.runtime ## simulate a year of a music service, compare the rankers, write a report
	@rm -rf $(DEMO)
	@echo "demo: simulating a log"
	@$(BIN)/interestclock simulate --size small --out $(DEMO)/music-service
	@echo "demo: comparing seven rankers on it, one seed, to be done in minutes (without --rankers it would be fourteen)"
	@$(BIN)/interestclock compare $(DEMO)/music-service --rankers $(DEMO_RANKERS) --seeds 1 --jobs $(JOBS) --out $(DEMO)/results
	@echo "demo: open $(CURDIR)/$(DEMO)/results/report.html"

test: lint ## lint, then every test and every example in a docstring
	@echo "test: pytest"
	@$(BIN)/pytest -n $(JOBS)

test-all: lint ## the same and the slow tests
	@echo "test: pytest, slow tests included"
	@$(BIN)/pytest -n $(JOBS) -m "slow or not slow"

goldens: .venv/.dev ## write goldens anew, on purpose: make goldens PARTS='live-*/counters' (or --all)
	@set -f; $(BIN)/python tests/goldens/renew.py $(PARTS)

lint: .venv/.dev ## style, types and the direction of imports
	@echo "lint: ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "lint: some files are not formatted; run 'make format'" >&2; exit 1; }
	@echo "lint: mypy"
	@$(BIN)/mypy --no-error-summary
	@echo "lint: import-linter"
	@report=$$($(BIN)/lint-imports 2>&1) || { echo "$$report" >&2; exit 1; }

format: .venv/.dev ## format the code and sort its imports
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

bench-setup: .venv/.bench ## install what only the benchmarks need (torch-rechub, faiss, matplotlib, pydantic)

bench: .venv/.bench ## time the trainer beside torch-rechub's, each ranker, the search; memory
	@mkdir -p build/bench
	@$(BIN)/python benchmarks/startup.py --json build/bench/startup.json
	@$(BIN)/python benchmarks/reading.py --json build/bench/reading.json
	@$(BIN)/python benchmarks/frames.py --json build/bench/frames.json
	@$(BIN)/python benchmarks/trainer.py --json build/bench/trainer.json
	@$(BIN)/python benchmarks/search.py --json build/bench/search.json --plot build/bench/search.svg
	@$(BIN)/python benchmarks/training.py --json build/bench/training.json --plot build/bench/training.svg
	@$(BIN)/python benchmarks/refresh.py --json build/bench/refresh.json
	@$(BIN)/python benchmarks/stream.py --json build/bench/stream.json --plot build/bench/stream.svg
	@$(BIN)/python benchmarks/admitted_log.py --json build/bench/admitted_log.json --folder build/bench
	@$(BIN)/python benchmarks/embedded_log.py --json build/bench/embedded_log.json --folder build/bench
	@$(BIN)/python benchmarks/served_log.py --json build/bench/served_log.json --folder build/bench
	@$(BIN)/python benchmarks/updater.py --folder build/bench
	@$(BIN)/python benchmarks/serving.py --minutes 1 --world build/bench/serving --json build/bench/serving.json
	@$(BIN)/python benchmarks/closed_loop.py --json build/bench/closed_loop.json --folder build/bench
	@$(BIN)/python benchmarks/messages.py --json build/bench/messages.json
	@$(BIN)/python benchmarks/memory.py --json build/bench/memory.json

docs: .venv/.dev .venv/.docs ## guides and API pages into build/docs; fails on an undocumented public name
	@$(BIN)/pytest --quiet tests/test_project.py -k documented
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs build/docs
	@echo "docs: open $(CURDIR)/build/docs/index.html"

clean: ## remove what was built; .venv stays
	@rm -rf build dist docs/api .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +

# PyTorch goes first, at the pinned version: what follows then keeps the build that is there.
.venv/.runtime: $(INPUTS) | .venv/bin/python
	@echo "setup: PyTorch and the package, into .venv"
	@$(PIP) torch
	@$(PIP) --editable .
	@touch $@

.venv/.dev: .venv/.runtime
	@echo "setup: what the checks need"
	@$(PIP) --editable '.[dev]'
	@touch $@

.venv/.docs: .venv/.runtime
	@echo "setup: what the pages are built with"
	@$(PIP) --editable '.[docs]'
	@touch $@

.venv/.bench: .venv/.runtime
	@echo "setup: what the benchmarks need"
	@$(PIP) --editable '.[bench,serve]'
	@touch $@

.venv/bin/python:
	@command -v "$(PYTHON)" > /dev/null \
	  || { echo "setup: no '$(PYTHON)' here; name a Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "setup: '$(PYTHON)' is $$("$(PYTHON)" --version 2>&1); 3.11 or newer is needed: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv \
	  || { rm -rf .venv; echo "setup: '$(PYTHON) -m venv' failed; on Debian or Ubuntu install python3-venv" >&2; exit 1; }
