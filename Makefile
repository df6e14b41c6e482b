# Each target does its own set-up into .venv; only `make` and a Python 3.11 or newer are needed.
#
#   make install        the command line, .venv/bin/coldaisle
#   make demo           incidents and a report from sample data, no servers needed; into demo/
#   make test           all checks: style, types, tests, on a real Kafka and InfluxDB
#   make bench          how fast it is on this machine
#   make quality        detection beside peers on public data, and on the simulated fleet; into docs/quality_tables.md
#   make classifier     simulates, trains and packs the fault classifier anew
#   make rack-map       teaches the network over the map of inlet air anew, on the twin's rooms
#   make lint           style and types only
#   make services       leaves a real Kafka and InfluxDB running and writes .services.env
#   make services-stop  stops them
#   make lock           pins the dependencies anew after a change of pyproject.toml (needs uv)

.DEFAULT_GOAL := install
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.PHONY: install demo test bench quality classifier rack-map lint lock services services-stop

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALLED := $(VENV)/.installed
LOCKED := $(VENV)/.locked
SERVICES := $(BIN)/python deploy/local/services.py

# The first Python on PATH that is new enough and can make virtual environments.
FIND_PYTHON := for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo $$candidate && break; done

install: $(INSTALLED)
	@:

# A digest rather than a date decides what to install again: a fresh checkout gives every file a new date.
$(LOCKED): requirements.lock
	@if [ ! -x $(BIN)/python ]; then \
		python=$${PYTHON:-$$($(FIND_PYTHON))}; \
		if [ -z "$$python" ]; then echo "make: needs Python 3.11 or newer with venv on PATH" >&2; exit 1; fi; \
		$$python -m venv $(VENV); fi
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@digest=$$(cksum < requirements.lock); \
	if [ "$$(cat $@ 2>/dev/null)" != "$$digest" ]; then \
		echo "make: installing the pinned dependencies into $(VENV) (some minutes, once)" && \
		$(PIP) install --require-hashes -r requirements.lock && printf '%s\n' "$$digest" > $@; \
	else touch $@; fi

# Setuptools, which builds the package, is pinned in the lock as well: nothing is fetched here.
$(INSTALLED): $(LOCKED) pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: install
	@$(BIN)/coldaisle demo --out demo

bench: install
	@$(BIN)/coldaisle bench

# Exit 3 says that the public data has not been found (--data or COLDAISLE_DATA names its folder).
quality: install
	@$(BIN)/python -m agent.quality

# Simulated windows are kept in quality/classifier, so that a second run only trains.
classifier: install
	@$(BIN)/python -m agent.classifier train

rack-map: install
	@$(BIN)/python -m agent.rack_map train

lint: install
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

# What tests on real services need is made before pytest starts: a first build outlasts a test's time limit.
# Exit 3 says that this machine cannot have it; then those tests are skipped by name, but fail where CI=true.
test: lint
	@$(SERVICES) prepare || test $$? -eq 3
	@$(BIN)/python deploy/local/browser.py || test $$? -eq 3
	@$(BIN)/python -m pytest

services: install
	@$(SERVICES) start

services-stop: install
	@$(SERVICES) stop

lock:
	@$$($(FIND_PYTHON)) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $${UV:-uv} pip compile --quiet --universal --generate-hashes --no-emit-index-url --extra dev \
			--custom-compile-command "make lock" --output-file requirements.lock pyproject.toml -
