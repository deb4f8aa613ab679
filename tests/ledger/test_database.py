from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from photoveil.ledger import database as module
from photoveil.ledger import tally
from photoveil.ledger.clients import Clients
from photoveil.ledger.database import Database, LedgerError


def _version(file: Path) -> int:
    with sqlite3.connect(file) as connection:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    connection.close()
    return found


async def test_it_is_made_in_write_ahead_mode(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "ledger")
    mode = await database.run(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()[0])
    await database.close()
    assert mode == "wal"
    assert _version(tmp_path / "ledger") == len(module.MIGRATIONS)
    assert (tmp_path / "ledger").stat().st_mode & 0o077 == 0


async def test_a_count_that_failed_half_way_is_begun_again(tmp_path: Path) -> None:
    """As on a full disk: what was made of it must not stand in the way of every later try."""
    with closing(sqlite3.connect(tmp_path / "ledger")) as connection:
        with pytest.raises(sqlite3.OperationalError, match="jobs"):
            tally.begin(connection)
        for script in module.MIGRATIONS:
            connection.executescript(script)
        tally.begin(connection)
        assert tally.read(connection) == {"queued": 0, "running": 0}


async def test_it_is_used_from_one_thread_only(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "ledger")
    threads = {await database.run(lambda _: threading.get_ident()) for _ in range(5)}
    await database.close()
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_an_old_ledger_is_migrated_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await Database.open(tmp_path / "ledger")
    await Clients(first).add("c", "name", "origin")
    await first.close()
    monkeypatch.setattr(
        module, "MIGRATIONS", (*module.MIGRATIONS, "ALTER TABLE clients ADD COLUMN colour TEXT")
    )
    second = await Database.open(tmp_path / "ledger")
    found = await second.run(
        lambda connection: connection.execute("SELECT client, colour FROM clients").fetchall()
    )
    await second.close()
    assert found == [("c", None)]
    assert _version(tmp_path / "ledger") == len(module.MIGRATIONS)


async def test_a_broken_migration_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await (await Database.open(tmp_path / "ledger")).close()
    before = _version(tmp_path / "ledger")
    monkeypatch.setattr(module, "MIGRATIONS", (*module.MIGRATIONS, "CREATE TABLE half (x); CREATE NONSENSE"))
    with pytest.raises(LedgerError):
        await Database.open(tmp_path / "ledger")
    assert _version(tmp_path / "ledger") == before
    connection = sqlite3.connect(tmp_path / "ledger")
    assert not connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall()
    connection.close()


async def test_a_newer_ledger_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "ledger") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LedgerError, match="newer"):
        await Database.open(tmp_path / "ledger")


async def test_a_damaged_ledger_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"this is no database" * 100)
    with pytest.raises(LedgerError, match="move it away"):
        await Database.open(tmp_path / "ledger")


async def test_a_failing_transaction_is_rolled_back(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "ledger")
    clients = Clients(database)
    await clients.add("c", "name", "origin")
    with pytest.raises(LedgerError):
        await clients.add("c", "again", "origin")
    assert [client.name for client in await clients.all()] == ["name"]
    await database.close()


async def test_clients_come_and_go(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "ledger")
    clients = Clients(database)
    await clients.add("c", "name", "origin")
    found = await clients.find("c")
    assert found is not None
    assert found.last_used is None
    assert await clients.used("c")
    found = await clients.find("c")
    assert found is not None
    assert found.last_used is not None
    assert await clients.remove("c")
    assert not await clients.remove("c")
    assert not await clients.used("c")
    assert await clients.find("c") is None
    await database.close()


async def test_several_may_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    for number in range(40):
        opened = await asyncio.gather(*(Database.open(tmp_path / f"{number}") for _ in range(6)))
        for database in opened:
            await database.close()
        assert _version(tmp_path / f"{number}") == len(module.MIGRATIONS)
