"""What tests of several installers need."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installers.index import Index
from tests.installers.tools import INSTALLERS, load


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photoveil's wheel, built of this tree as the installers do it."""
    payload: Any = load("payload", INSTALLERS / "common" / "payload.py")
    folder = tmp_path_factory.mktemp("wheel")
    payload.add_wheel(folder)
    (made,) = folder.glob("*.whl")
    return Path(made)


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
