"""Photos no larger than a test of what comes after them needs."""

from __future__ import annotations

import pytest

from lab.affiliation import album


@pytest.fixture
def small_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Albums of photos a quarter as wide: for tests of studies, not of how well anything is hidden."""
    monkeypatch.setattr(album, "SIZES", tuple((width // 4, height // 4) for width, height in album.SIZES))
