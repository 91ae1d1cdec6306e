# Everything a clone needs: `make demo` runs the nightly job, `make test` passes the tests. README.md says the same without make.
SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
STAMP := $(VENV)/.installed
PYTEST_ARGS ?=
# Test processes side by side, each with its databases; -n 0 for one.
PYTEST_WORKERS ?= -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help venv demo test fuzz chaos serve lint format bench audit verify clean
.DEFAULT_GOAL := help

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

venv: $(STAMP)  ## the virtual environment with everything pinned

$(STAMP): requirements.txt requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here; set PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null; then uv pip install -q --python $(PY) -r requirements-dev.txt; \
	 elif $(PY) -m pip install -q --disable-pip-version-check uv 2>/dev/null; then $(PY) -m uv pip install -q --python $(PY) -r requirements-dev.txt; \
	 else $(PY) -m pip install -q --disable-pip-version-check -r requirements-dev.txt; fi
# Compiled now: where PYTHONDONTWRITEBYTECODE is set, every process would compile Django and the rest anew, seconds each time.
	@$(PY) -m compileall -q -j 0 -x '/(tests|testing|openai|mypy|faker|setuptools|_vendor)/|stubs' $(VENV)/lib/python3*/site-packages || true
	@touch $@

# make demo [LIVE=1 | PRICES=DIR [PROXIES=1]] [JSON=FILE]
demo: $(STAMP)  ## seed the demo, run the nightly batch since 2025-06-30, show the books (LIVE=1, PRICES=DIR, JSON=FILE)
	@$(PY) manage.py demo $(if $(LIVE),--live) $(if $(PRICES),--prices "$(PRICES)") $(if $(PROXIES),--proxies) $(if $(JSON),--json "$(JSON)")

test: $(STAMP)  ## the whole test suite against embedded PostgreSQL and Valkey
	@$(PY) -m pytest $(PYTEST_WORKERS) $(PYTEST_ARGS)

fuzz: $(STAMP)  ## call every operation with what its schema allows and forbids (EXAMPLES=50, SEED=20250630, ARGS="-k login")
	@FUZZ_EXAMPLES=$(or $(EXAMPLES),50) FUZZ_SEED=$(or $(SEED),20250630) $(PY) -m pytest tests/fuzz/fuzz_api.py $(ARGS)

chaos: $(STAMP)  ## kill workers and restart servers at random moments of the batch (KILLS=30, SEED=20250630)
	@CHAOS_KILLS=$(or $(KILLS),30) CHAOS_SEED=$(or $(SEED),20250630) $(PY) -m pytest tests/chaos -s

serve: $(STAMP)  ## web, worker and beat on the database of the last demo (HOST, PORT, FAKE_AI=1 for a chat without a key)
	@$(PY) manage.py serve

lint: $(STAMP)  ## ruff, types, import floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@DATABASE_URL=postgresql://lint AI_DATABASE_URL=postgresql://lint REDIS_URL=redis://lint/0 $(BIN)/mypy

format: $(STAMP)  ## rewrite the sources in the one style
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format -q .

# make bench [PART=nightly|backfill|import_csv|api|chat] [ARGS="..."]
bench: $(STAMP)  ## measure the night, a backfill, the API and the chat (PART=nightly ARGS="--portfolios 1000 --json FILE", PART=api ...)
	@$(foreach part,$(or $(PART),nightly backfill import_csv api chat),$(PY) benchmarks/$(part).py $(if $(PART),$(ARGS)) &&) true

# Exit code 3 where the service cannot be reached: then nothing is known. AUDIT_OSV_URL names another server.
audit: $(STAMP)  ## known vulnerabilities of every pinned package (asks osv.dev)
	@$(PY) .ci/audit

verify: $(STAMP)  ## check databases, extension, broker, migrations, seeds, calendar, providers
	@$(PY) manage.py verify_setup

clean:  ## remove the embedded servers' data (the demo starts anew)
	@rm -rf .state
