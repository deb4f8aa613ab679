"""Loads the installers' programs, which lie outside any package, and says which heavy tests are wanted."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLERS = ROOT / "installers"
CACHE = ROOT / "build" / "installers"
COMMON = INSTALLERS / "common"

heavy = pytest.mark.skipif(
    not os.environ.get("PHOTOVEIL_TEST_INSTALLERS"), reason="takes minutes: make test-installers"
)


def needs(*tools: str) -> pytest.MarkDecorator:
    """Skips where one of the tools is not installed."""
    missing = [tool for tool in tools if shutil.which(tool) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


def load(name: str, path: Path) -> ModuleType:
    """A program as a module; both systems have one that is called ``build``."""
    if str(COMMON) not in sys.path:
        sys.path.insert(0, str(COMMON))
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(path):
        return loaded
    found = importlib.util.spec_from_file_location(name, path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module
