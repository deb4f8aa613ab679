from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from photoveil.hub import Hub
from photoveil.ledger.database import Database
from photoveil.ledger.pause import Pause
from tests.ledger.desk import Heard

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await Database.open(tmp_path / "ledger")
    yield database
    await database.close()


async def test_a_pause_lasts_until_it_is_ended(database: Database) -> None:
    hub, clock = Hub(), Clock()
    heard = Heard(hub)
    pause = Pause(database, hub, clock)
    await pause.load()
    assert pause.state() == (False, None)
    await pause.pause(None)
    clock.now += timedelta(days=3)
    assert pause.state() == (True, None)
    await pause.resume()
    assert pause.state() == (False, None)
    told = [event.facts for event in await heard.all()]
    assert told == [{"paused": True, "until": None}, {"paused": False, "until": None}]


async def test_a_pause_outlives_a_restart(database: Database) -> None:
    clock = Clock()
    for minutes, until in ((None, None), (60, NOON + timedelta(hours=1))):
        first = Pause(database, Hub(), clock)
        await first.pause(minutes)
        first.close()
        second = Pause(database, Hub(), clock)
        await second.load()
        assert second.state() == (True, until)
        second.close()


async def test_a_pause_that_ran_out_while_off_is_over(database: Database) -> None:
    clock = Clock()
    first = Pause(database, Hub(), clock)
    await first.pause(10)
    first.close()
    clock.now += timedelta(minutes=11)
    second = Pause(database, Hub(), clock)
    await second.load()
    assert second.state() == (False, None)


async def test_it_runs_out_by_itself_and_tells_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photoveil.ledger.pause._LOOK", 0.01)
    hub, clock = Hub(), Clock()
    heard = Heard(hub)
    pause = Pause(database, hub, clock)
    await pause.pause(10)
    await asyncio.sleep(0.03)
    assert pause.state() == (True, NOON + timedelta(minutes=10))
    clock.now += timedelta(minutes=10)
    assert pause.state() == (False, None)
    async with asyncio.timeout(30):
        while (await heard.all(0.05))[-1].facts != {"paused": False, "until": None}:
            pass


async def test_a_new_pause_changes_the_end(database: Database) -> None:
    clock = Clock()
    pause = Pause(database, Hub(), clock)
    await pause.pause(10)
    await pause.pause(60)
    clock.now += timedelta(minutes=30)
    assert pause.state()[0]
    pause.close()


async def test_a_damaged_row_holds_until_the_user_ends_it(database: Database) -> None:
    await database.run(
        lambda connection: connection.execute("INSERT INTO meta VALUES ('pause', 'x')") and None
    )
    pause = Pause(database, Hub())
    await pause.load()
    assert pause.state() == (True, None)
