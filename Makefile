# Everything a fresh machine needs is installed by these targets. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Tests start hundreds of processes of Python: none is to compile again what another has compiled.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
# What Python builds and what npm installs is kept up to date by these two stamps.
PY_READY := $(VENV)/.ready
JS_READY := node_modules/.ready
# A keyring, a screen, a panel and something to click with, for the tests; what builds and judges the installers.
TEST_PACKAGES := dbus gnome-keyring xvfb trayer xdotool python3-gi gir1.2-gtk-3.0 gir1.2-ayatanaappindicator3-0.1 \
  nsis 7zip librsvg2-bin lintian desktop-file-utils appstream man-db shellcheck
BROWSERS := chromium firefox-esr
# What runs installers.
INSTALLER_PACKAGES := debootstrap wine64 python3-tk osslsigncode
SUITES := lint test-js test-python test-browser
# Of pytest, with the machine to themselves.
PROCESSES := 2
BROWSER_TESTS := $(wildcard tests/browser/*.test.mjs tests/dashboard/*.test.mjs)
SYSTEM_TESTS := $(addprefix tests/system/test_,crashes.py disks.py floods.py idle.py hostile.py)

.PHONY: python3 npm help demo extension test lint test-python test-js test-browser test-system bench starters figures guide release clean windows macos deb tarball test-installers

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | column -t -s $$'\t'

demo: $(PY_READY) $(JS_READY)  ## install, then upload a real photo through the whole product and show the result
	@installers/linux/system-packages.sh chromium || true
	$(BIN)/python -m lab.demo

extension:  ## pack the browser extension: dist/photoveil-chromium-VERSION.zip and dist/photoveil-firefox-VERSION.xpi
	@command -v python3 >/dev/null || installers/linux/system-packages.sh python3
	python3 installers/extension/build.py

deb: $(PY_READY)  ## build the Debian package: dist/photoveil_VERSION_all.deb
	@installers/linux/system-packages.sh librsvg2-bin
	$(BIN)/python installers/linux/build.py deb

tarball: $(PY_READY)  ## build the same for other Linux systems: dist/photoveil-VERSION-linux.tar.xz
	@installers/linux/system-packages.sh librsvg2-bin
	$(BIN)/python installers/linux/build.py tarball

windows: $(PY_READY)  ## build the installer for Windows: dist/photoveil-VERSION-windows-x64.exe
	installers/linux/system-packages.sh nsis
	$(BIN)/python installers/windows/build.py

macos:  ## on a Mac: build the app, its disk image and its package into dist (see installers/README.md)
	python3 installers/macos/build.py

# Browser tests wait much and compute little, Python tests the other way round: side by side they fill two cores, with a
# third process of pytest, which gives way, for the seconds in which both wait. A fourth begins with the benchmark's floor
# and waits for it: that computes for minutes, in whatever time all others leave. Both need the daemon's fixed ports, so
# one of them needs a network of its own; where there is none, they take turns. All packages are installed before: two
# apt-get at once lock each other out. What Python and npm install comes in side by side as well.
test: python3 npm  ## install what tests need, then run everything
	@installers/linux/system-packages.sh $(TEST_PACKAGES) $(BROWSERS)
	@if python3 tests/alone.py; then \
	  echo "Several suites run at once; each shows its output when it ends."; \
	  PHOTOVEIL_MATRIX=brief $(MAKE) --no-print-directory --keep-going --jobs 4 --output-sync=target POLITELY="nice -n 5" PROCESSES=4 $(SUITES) \
	    || { echo "A suite failed: above, make tells which after ***." >&2; exit 1; }; \
	else PHOTOVEIL_MATRIX=brief $(MAKE) --no-print-directory $(SUITES); fi

lint: $(PY_READY) $(JS_READY)  ## ruff, mypy --strict, ESLint, tsc --checkJs --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	npm run --silent lint
	npm run --silent types

test-python: $(PY_READY)  ## pytest; with a real keyring, and a real tray on a screen of its own
	installers/linux/system-packages.sh $(TEST_PACKAGES)
	$(POLITELY) $(BIN)/python -m pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

test-js: $(PY_READY) $(JS_READY)  ## unit tests of the extension
	npm run --silent test:unit

test-browser: $(PY_READY) $(JS_READY)  ## real browsers, real daemon; the whole matrix, of which `make test` tries a part
	installers/linux/system-packages.sh $(BROWSERS) xvfb xdotool python3-gi gir1.2-gtk-3.0
	$(BIN)/python tests/browsers.py $(BROWSER_TESTS)

# Two hundred kills, ten thousand files and ten idle minutes: about half an hour. `make test` runs the same with less.
test-system: $(PY_READY)  ## crash, flood, idle and hostile-client suites at full size; writes build/results/system.json
	installers/linux/system-packages.sh $(TEST_PACKAGES)
	PHOTOVEIL_TEST_KILLS=200 PHOTOVEIL_TEST_FILES=10000 PHOTOVEIL_TEST_WRITERS=1000 PHOTOVEIL_TEST_IDLE=600 \
	  $(BIN)/python -m pytest --timeout 3600 $(SYSTEM_TESTS)
	@cat build/results/system.json

# A bare Debian made with debootstrap, a user who logs in there, PyTorch set up from packages that are fetched once into
# build/installers; the installers for Windows under Wine. Up to forty minutes and 15 GB; needs root for chroot and mounts.
test-installers: $(PY_READY) $(JS_READY)  ## install, set up, use, upgrade, remove and purge, on machines of their own
	installers/linux/system-packages.sh $(TEST_PACKAGES) $(INSTALLER_PACKAGES)
	PHOTOVEIL_TEST_INSTALLERS=1 $(BIN)/python -m pytest --timeout 5400 tests/installers tests/system/test_bare_debian.py \
	  tests/system/test_windows_installer.py tests/system/test_macos_installer.py

bench: $(PY_READY) $(JS_READY)  ## how fast it is; writes build/results/bench.json and docs/results/performance.json and .md
	installers/linux/system-packages.sh chromium firefox-esr
	node tests/bench/run.mjs
	$(BIN)/python -m lab.performance

starters: $(PY_READY)  ## train the starter encoders again (about an hour on two cores)
	$(BIN)/python -m lab.train_starters
	$(BIN)/python -m lab.starters.reference

figures: $(PY_READY)  ## measure the figures that README and docs quote (hours on two cores)
	$(BIN)/python -m lab.affiliation.shadows
	$(BIN)/python -m lab.affiliation --preset seeds
	$(BIN)/python -m lab.affiliation --preset axes
	$(BIN)/python -m lab.affiliation --preset small
	$(BIN)/python -m lab.affiliation.headline --preset seeds
	$(BIN)/python -m lab.assistant
	$(BIN)/python -m lab.seal
	$(BIN)/python -m lab.leakage
	$(BIN)/python -m lab.leakage --part blurring --outspoken
	$(BIN)/python -m lab.leakage --part blurring --web
	$(BIN)/python -m lab.leakage --part blurring --web --outspoken
	$(BIN)/python -m lab.mmguard
	$(BIN)/python -m lab.authorised_fusion --seeds 0 1

guide: $(PY_READY) $(JS_READY)  ## make the pictures of docs/guide.md again: real daemon, real browser, real photos
	@installers/linux/system-packages.sh chromium
	$(BIN)/python tests/alone.py node tests/browser/guide.mjs

release: $(PY_READY)  ## wheel, extension and bill of materials of the commit, and checksums of all of dist/
	$(BIN)/python installers/release/release.py

python3:
	@command -v python3 >/dev/null && python3 -c 'import ensurepip, venv' 2>/dev/null \
	  || installers/linux/system-packages.sh python3 python3-venv

npm:
	@command -v npm >/dev/null || installers/linux/system-packages.sh nodejs npm

$(PY_READY): pyproject.toml installers/linux/system-packages.sh | python3
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Photoveil needs Python 3.11 or newer; this is $$(python3 --version)."; exit 1; }
	test -x $(BIN)/python || python3 -m venv $(VENV)
	# pip would compile one file after the other; a third is never loaded, and some are no Python at all.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --editable '.[heif,lab,ray,real-vlm,dev]'
	# torchattacks pins a version of requests that it never imports, and that others here cannot live with.
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps 'torchattacks>=3.5.1,<4'
	$(BIN)/python -m compileall -qq -j 0 -x '/(tests?|transformers/models)/' $(VENV)/lib || true
	@touch $@

$(JS_READY): package.json package-lock.json | npm
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

clean:  ## remove what builds and tests left (not .venv)
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
