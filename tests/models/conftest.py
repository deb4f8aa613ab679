"""A models folder with a tiny set to be fetched, and the hub that has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil.models import Patience, Source
from tests.models import tiny_hub
from tests.models.server import Hub

HASTY = Patience(tries=3, wait=0.01, longest=0.05, timeout=60)
"""Tests do not wait for a hub to recover."""


@pytest.fixture(scope="session", autouse=True)
def _tiny_architectures(tmp_path_factory: pytest.TempPathFactory) -> None:
    tiny_hub.know_architectures(tmp_path_factory.mktemp("architectures"))


@pytest.fixture(autouse=True)
def _nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No proxy, token or cache of the one who runs the tests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HF_TOKEN", "a token of somebody else")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A models folder that knows the set ``duo``, of which nothing is there yet."""
    folder = tmp_path / "models"
    tiny_hub.describe(folder, "duo", tiny_hub.DUO)
    return folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    files = {tiny_hub.repository(name): tiny_hub.checkpoint(name) for name in tiny_hub.QUARTET}
    with Hub(files).running() as hub:
        yield hub


@pytest.fixture
def source(hub: Hub) -> Source:
    return Source(endpoint=hub.endpoint)
