"""Tests that mostly wait are run side by side, each in a house of its own; each is still reported by itself."""

from __future__ import annotations

import asyncio
import functools
import inspect
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.watching.house import MEMORY
from tests.watching.house import house as built

Scenario = Callable[..., Awaitable[None]]
_AT_ONCE = 10


class Outcomes:
    """How the scenarios of one module ended; they are run when the first is asked about."""

    def __init__(self, wanted: Iterable[Scenario]) -> None:
        self._wanted = list(wanted)
        self._errors: dict[str, BaseException | None] = {}

    def check(self, name: str) -> None:
        """Pass or fail as the scenario did."""
        if not self._errors:
            self._errors.update(asyncio.run(_run_all(self._wanted)))
        error = self._errors[name]
        if error is not None:
            raise error


def together(scenario: Scenario) -> Callable[[Outcomes], None]:
    """Make a test of an ``async`` function that takes ``house``, ``place`` or both."""

    @functools.wraps(scenario)
    def test(outcomes: Outcomes) -> None:
        outcomes.check(scenario.__name__)

    del test.__wrapped__
    test.scenario = scenario  # type: ignore[attr-defined]
    return pytest.mark.timeout(1800)(test)  # the first of a module waits for all


async def _run_all(scenarios: list[Scenario]) -> Mapping[str, BaseException | None]:
    turns = asyncio.Semaphore(_AT_ONCE)

    async def run(scenario: Scenario) -> BaseException | None:
        async with turns:
            place = Path(tempfile.mkdtemp(prefix="photoveil-", dir=MEMORY))
            try:
                await _run(scenario, place)
            except (Exception, pytest.skip.Exception) as error:  # noqa: BLE001 - raised again in its own test
                return error
            finally:
                await asyncio.to_thread(shutil.rmtree, place)
        return None

    ended = await asyncio.gather(*(run(scenario) for scenario in scenarios))
    return {scenario.__name__: error for scenario, error in zip(scenarios, ended, strict=True)}


async def _run(scenario: Scenario, place: Path) -> None:
    wanted = inspect.signature(scenario).parameters
    given: dict[str, Any] = {"place": place} if "place" in wanted else {}
    if "house" not in wanted:
        await scenario(**given)
        return
    async with built(place) as house:
        await scenario(house=house, **given)
