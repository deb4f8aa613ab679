# Everything a fresh machine needs is installed by these targets. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# What Python builds and what npm installs is kept up to date by these two stamps.
PY_READY := $(VENV)/.ready
JS_READY := node_modules/.ready
# A keyring, a screen, a panel and something to click with, for the tests.
TEST_PACKAGES := dbus gnome-keyring xvfb trayer xdotool python3-gi gir1.2-gtk-3.0 gir1.2-ayatanaappindicator3-0.1
SYSTEM_TESTS := $(addprefix tests/system/test_,crashes.py disks.py floods.py idle.py hostile.py)

.PHONY: help demo test lint test-python test-js test-browser test-system starters figures clean

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

test-python: $(PY_READY)  ## pytest; with a real keyring, and a real tray on a screen of its own
	installers/linux/system-packages.sh $(TEST_PACKAGES)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-js: $(JS_READY)  ## unit tests of the extension
	npm run --silent test:unit

test-browser: $(PY_READY) $(JS_READY)  ## real browsers, real daemon
	installers/linux/system-packages.sh chromium firefox-esr
	npm run --silent test:browser

# Two hundred kills, ten thousand files and ten idle minutes: about half an hour. `make test` runs the same with less.
test-system: $(PY_READY)  ## crash, flood, idle and hostile-client suites at full size; writes build/results/system.json
	installers/linux/system-packages.sh $(TEST_PACKAGES)
	PHOTOVEIL_TEST_KILLS=200 PHOTOVEIL_TEST_FILES=10000 PHOTOVEIL_TEST_WRITERS=1000 PHOTOVEIL_TEST_IDLE=600 \
	  $(BIN)/python -m pytest --timeout 3600 $(SYSTEM_TESTS)
	@cat build/results/system.json

starters: $(PY_READY)  ## train the starter encoders again (about an hour on two cores)
	$(BIN)/python -m lab.train_starters
	$(BIN)/python -m lab.starters.reference

figures: $(PY_READY)  ## measure the figures that README and docs quote (hours on two cores)
	$(BIN)/python -m lab.affiliation.shadows
	$(BIN)/python -m lab.affiliation --preset seeds
	$(BIN)/python -m lab.affiliation --preset small
	$(BIN)/python -m lab.affiliation.headline --preset small

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
