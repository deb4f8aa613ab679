"""The user's pause: folders wait, uploads are protected all the same."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from photoveil.hub import Hub
from photoveil.ledger.database import Database

_NAME = "pause"
_LOOK = 30.0
"""How often the clock on the wall is looked at: the loop's own clock stands still while the machine sleeps."""


def _now() -> datetime:
    return datetime.now(UTC)


class Pause:
    """Whether background work is paused and until when; outlives a restart and runs out by itself.

    Args:
        database: where it is kept.
        hub: hears about every change as ``pause``.
        clock: the time; tests put their own here.
    """

    def __init__(self, database: Database, hub: Hub, clock: Callable[[], datetime] = _now) -> None:
        self._database = database
        self._hub = hub
        self._clock = clock
        self._paused = False
        self._until: datetime | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def load(self) -> None:
        """Take up the pause that was in force when the daemon ended."""
        told = await self._database.run(_read)
        if told is not None:
            self._paused, self._until = True, _moment(told)
            self._look()

    def state(self) -> tuple[bool, datetime | None]:
        """Whether there is a pause, and until when; None for one that lasts until the user ends it."""
        if self._paused and self._until is not None and self._clock() >= self._until:
            return False, None
        return self._paused, self._until

    async def pause(self, minutes: int | None) -> None:
        """Begin a pause, or change its end."""
        until = None if minutes is None else self._clock() + timedelta(minutes=minutes)
        await self._database.run(_write, json.dumps(None if until is None else until.isoformat()))
        self._become(paused=True, until=until)

    async def resume(self) -> None:
        """End the pause."""
        await self._database.run(_write, None)
        self._become(paused=False, until=None)

    def close(self) -> None:
        """Look at the clock no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _become(self, *, paused: bool, until: datetime | None) -> None:
        self._paused, self._until = paused, until
        self._look()
        self._hub.publish("pause", paused=paused, until=None if until is None else until.isoformat())

    def _look(self) -> None:
        """End the pause if its time has come, else look again later."""
        self.close()
        if not self._paused or self._until is None:
            return
        left = (self._until - self._clock()).total_seconds()
        if left <= 0:
            # The row may stay: its time has passed, so it means nothing any more.
            self._become(paused=False, until=None)
        else:
            self._timer = asyncio.get_running_loop().call_later(min(left, _LOOK), self._look)


def _read(connection: sqlite3.Connection) -> str | None:
    found = connection.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    return None if found is None else str(found[0])


def _write(connection: sqlite3.Connection, value: str | None) -> None:
    if value is None:
        connection.execute("DELETE FROM meta WHERE name = ?", (_NAME,))
    else:
        connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_NAME, value))


def _moment(told: str) -> datetime | None:
    """The end that was written; one that cannot be read holds until the user ends it."""
    try:
        until = json.loads(told)
        return None if until is None else datetime.fromisoformat(until)
    except (ValueError, TypeError):
        return None
