"""What tests of several installers need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.installers.tools import INSTALLERS, load


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photoveil's wheel, built of this tree as the installers do it."""
    payload: Any = load("payload", INSTALLERS / "common" / "payload.py")
    folder = tmp_path_factory.mktemp("wheel")
    payload.add_wheel(folder)
    (made,) = folder.glob("*.whl")
    return Path(made)
