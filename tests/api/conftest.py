"""One daemon for all tests that leave nothing behind, and a fresh one for those that do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from photoveil.api.client import DaemonClient
from tests.api.house import House, running


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with running(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture(autouse=True)
def unhurried(request: pytest.FixtureRequest) -> None:
    """Requests of one test do not count against the next, where they share a daemon and its limits."""
    if "house" in request.fixturenames:
        request.getfixturevalue("house").clock.ahead += 10


@pytest.fixture
def fresh_house(tmp_path: Path) -> Iterator[House]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def browser(house: House) -> DaemonClient:
    """A paired browser of the shared house, with nothing in work."""
    return house.browser()


@pytest.fixture
def dashboard(house: House) -> DaemonClient:
    """A dashboard of the shared house that has signed in."""
    return house.dashboard()
