# Everything a fresh machine needs is installed by these targets. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# What Python builds and what npm installs is kept up to date by these two stamps.
PY_READY := $(VENV)/.ready
JS_READY := node_modules/.ready

.PHONY: help demo test lint test-python test-js test-browser starters figures clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | column -t -s $$'\t'

demo: $(PY_READY) $(JS_READY)  ## install, then upload a real photo through the whole product and show the result
	@installers/linux/system-packages.sh chromium || true
	$(BIN)/python -m lab.demo

test: lint test-python test-js test-browser  ## install what tests need, then run everything

lint: $(PY_READY) $(JS_READY)  ## ruff, mypy --strict, ESLint, tsc --checkJs --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run --silent lint
	npm run --silent types

test-python: $(PY_READY)  ## pytest
	$(BIN)/python -m pytest

test-js: $(JS_READY)  ## unit tests of the extension
	npm run --silent test:unit

test-browser: $(PY_READY) $(JS_READY)  ## real browsers, real daemon
	installers/linux/system-packages.sh chromium firefox-esr
	npm run --silent test:browser

starters: $(PY_READY)  ## train the starter encoders again (about an hour on two cores)
	$(BIN)/python -m lab.train_starters
	$(BIN)/python -m lab.starters.reference

figures: $(PY_READY)  ## measure the figures that README and docs quote
	$(BIN)/python -m lab.shift --draws 2
	$(BIN)/python -m lab.affiliation --preset ci

$(PY_READY): pyproject.toml installers/linux/system-packages.sh
	@command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null \
	  || installers/linux/system-packages.sh python3 python3-venv
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Photoveil needs Python 3.11 or newer; this is $$(python3 --version)."; exit 1; }
	test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[heif,lab,real-vlm,dev]'
	# torchattacks pins a version of requests that it never imports, and that others here cannot live with.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps 'torchattacks>=3.5.1,<4'
	@touch $@

$(JS_READY): package.json package-lock.json
	@command -v npm >/dev/null || installers/linux/system-packages.sh nodejs npm
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

clean:  ## remove what builds and tests left (not .venv)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
