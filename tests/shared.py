"""What is dear to make and only read is made once in a test run, for all its processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that ``make`` filled: in the process that asks first, while others wait. Nobody may change it later."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the one of all processes
    made = base / f"{name}.made"
    with FileLock(base / f"{name}.lock"):
        if not made.exists():
            place = tempfile.mkdtemp(prefix=f"{name}-", dir=base)
            make(Path(place))
            made.write_text(place)
        return Path(made.read_text())
