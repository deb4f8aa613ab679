"""Houses for tests that watch folders, in which waits are short."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from photoveil.ledger.rows import BACK_OFF
from photoveil.watching import folder, settling, watching
from tests.watching.house import MEMORY, House
from tests.watching.house import house as built
from tests.watching.together import Outcomes


@pytest.fixture(scope="module")
def hurry() -> Iterator[None]:
    """Waits are shorter than in life; their real lengths are tested where the clock is a number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settling, "DEBOUNCE", 0.15)
        patch.setattr(settling, "SECOND_LOOK", 0.5)
        patch.setattr(folder, "CHECK_SECONDS", 0.4)
        patch.setattr(folder, "POLL_SECONDS", 0.5)
        patch.setattr(watching, "_TELL_SECONDS", 0.1)
        patch.setitem(BACK_OFF, "folder", (0.5, 1.0, 2.0))
        yield


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, hurry: None) -> Outcomes:
    """How the module's scenarios that were asked for end."""
    functions = [getattr(item, "function", None) for item in request.session.items]
    mine = [found for found in functions if getattr(found, "__module__", None) == request.module.__name__]
    return Outcomes(scenario for found in mine if (scenario := getattr(found, "scenario", None)) is not None)


@pytest.fixture
def place(hurry: None) -> Iterator[Path]:
    """A folder on a disk that is quick to sync, where there is one."""
    found = Path(tempfile.mkdtemp(prefix="photoveil-", dir=MEMORY))
    yield found
    shutil.rmtree(found)


@pytest.fixture
async def house(place: Path) -> AsyncIterator[House]:
    """A house of one test."""
    async with built(place) as found:
        yield found
