"""A ward for every test, and the tray's desktop for those that need one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.ward import Ward
from tests.tray.conftest import desk, screen

__all__ = ["desk", "screen", "ward"]


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    with Ward(tmp_path) as found:
        yield found
