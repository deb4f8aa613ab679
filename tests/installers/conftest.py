"""What tests of several installers need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installers.index import Index
from tests.installers.tools import INSTALLERS, load
from tests.shared import once


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photoveil's wheel, built of this tree as the installers do it."""
    payload: Any = load("payload", INSTALLERS / "common" / "payload.py")
    (made,) = once(tmp_path_factory, "wheel", payload.add_wheel).glob("*.whl")
    return made


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "served"
    folder.mkdir()
    with Index(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
