"""The paired browsers: who they are and when they came; their keys are kept elsewhere."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from photoveil.ledger.database import Database


@dataclass(frozen=True)
class Client:
    """One paired browser.

    ``origin`` is what its requests must carry; the local client has none.
    """

    client: str
    name: str
    origin: str | None
    created: str
    last_used: str | None = None


class Clients:
    """The table of clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client: str, name: str, origin: str) -> None:
        """Take a newly paired browser in."""
        await self._database.run(_add, client, name, origin)

    async def all(self) -> list[Client]:
        """Every paired browser, oldest first."""
        return await self._database.run(_all)

    async def find(self, client: str) -> Client | None:
        """One paired browser."""
        return await self._database.run(_find, client)

    async def used(self, client: str) -> bool:
        """Note that the browser has just come; False where nobody knows it any more."""
        return await self._database.run(_used, client)

    async def remove(self, client: str) -> bool:
        """Forget a browser; False where nobody knew it."""
        return await self._database.run(_remove, client)


_COLUMNS = "SELECT client, name, origin, created, last_used FROM clients"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _add(connection: sqlite3.Connection, client: str, name: str, origin: str) -> None:
    connection.execute("INSERT INTO clients VALUES (?, ?, ?, ?, NULL)", (client, name, origin, _now()))


def _all(connection: sqlite3.Connection) -> list[Client]:
    return [Client(*row) for row in connection.execute(_COLUMNS + " ORDER BY created, client")]


def _find(connection: sqlite3.Connection, client: str) -> Client | None:
    row = connection.execute(_COLUMNS + " WHERE client = ?", (client,)).fetchone()
    return Client(*row) if row else None


def _used(connection: sqlite3.Connection, client: str) -> bool:
    return (
        connection.execute("UPDATE clients SET last_used = ? WHERE client = ?", (_now(), client)).rowcount > 0
    )


def _remove(connection: sqlite3.Connection, client: str) -> bool:
    return connection.execute("DELETE FROM clients WHERE client = ?", (client,)).rowcount > 0
