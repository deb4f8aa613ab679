"""The vault's rows: one per stored container, one per kept original."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from photoveil.ledger.database import Database
from photoveil.ledger.text import packed, unpacked, unpacked_path

_KEY = "vault_key"
_ITEM = """
    SELECT item, name, path, sha256, bytes, vault_items.created, restored, job
    FROM vault_items JOIN vault_blobs USING (sha256)
"""


@dataclass(frozen=True)
class VaultItem:
    """One kept original: its name and old place, when it was kept and when last restored."""

    item: str
    name: str
    path: Path | None
    sha256: str
    bytes: int
    created: str
    restored: str | None
    job: str | None = None


@dataclass(frozen=True)
class NewItem:
    """An original that has just been kept."""

    sha256: str
    bytes: int
    stored: int
    name: str
    path: str | None
    job: str | None
    created: str


def now() -> str:
    """The time as the ledger writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


async def note(database: Database, new: NewItem) -> str:
    """Note a kept original; the same bytes under the same name at the same place are one item.

    The caller lets an original be replaced on the strength of this, so its rows are on the disk when this answers,
    which the ledger does not wait for otherwise.
    """
    try:
        return await database.run(_add, new)
    finally:
        await database.run(_relax)


def _add(connection: sqlite3.Connection, new: NewItem) -> str:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "INSERT INTO vault_blobs VALUES (?, ?, ?, ?) ON CONFLICT (sha256) DO UPDATE SET stored = excluded.stored",
        (new.sha256, new.bytes, new.stored, new.created),
    )
    found = _same(connection, new)
    if found is not None:
        again = "UPDATE vault_items SET job = coalesce(?, job), restored = NULL WHERE item = ?"
        connection.execute(again, (new.job, found))
        return found
    item = secrets.token_hex(8)
    connection.execute(
        "INSERT INTO vault_items (item, sha256, name, path, job, created) VALUES (?, ?, ?, ?, ?, ?)",
        (item, new.sha256, packed(new.name), _packed(new.path), new.job, new.created),
    )
    return item


def _same(connection: sqlite3.Connection, new: NewItem) -> str | None:
    """The item of the same bytes under the same name at the same place, if there is one."""
    rows = connection.execute("SELECT item, name, path FROM vault_items WHERE sha256 = ?", (new.sha256,))
    for item, name, path in rows:
        if unpacked(name) == new.name and (None if path is None else unpacked(path)) == new.path:
            return str(item)
    return None


def _relax(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def stored(connection: sqlite3.Connection, sha256: str) -> int | None:
    """The size of the container of these bytes, if they are kept."""
    row = connection.execute("SELECT stored FROM vault_blobs WHERE sha256 = ?", (sha256,)).fetchone()
    return int(row[0]) if row else None


def blobs(connection: sqlite3.Connection) -> list[str]:
    """The SHA-256 of everything kept."""
    return [row[0] for row in connection.execute("SELECT sha256 FROM vault_blobs")]


def totals(connection: sqlite3.Connection) -> tuple[int, int, int]:
    """Items, containers, and bytes of containers."""
    items = connection.execute("SELECT count(*) FROM vault_items").fetchone()[0]
    count, total = connection.execute("SELECT count(*), coalesce(sum(stored), 0) FROM vault_blobs").fetchone()
    return int(items), int(count), int(total)


def page(connection: sqlite3.Connection, before: str | None, limit: int) -> list[VaultItem]:
    """Items, newest first, older than ``before``."""
    older = "WHERE seq < (SELECT seq FROM vault_items WHERE item = ?)" if before is not None else ""
    values = (limit,) if before is None else (before, limit)
    rows = connection.execute(f"{_ITEM} {older} ORDER BY seq DESC LIMIT ?", values)
    return [_item(row) for row in rows]


def find(connection: sqlite3.Connection, item: str) -> VaultItem | None:
    """One item."""
    row = connection.execute(f"{_ITEM} WHERE item = ?", (item,)).fetchone()
    return _item(row) if row else None


def of_blob(connection: sqlite3.Connection, sha256: str) -> list[VaultItem]:
    """The items whose bytes these are."""
    return [_item(row) for row in connection.execute(f"{_ITEM} WHERE sha256 = ? ORDER BY seq", (sha256,))]


def protected_copies(connection: sqlite3.Connection, item: VaultItem) -> set[str]:
    """The SHA-256 of every protected copy that Photoveil is known to have made of this original."""
    rows = connection.execute(
        """
        SELECT protected FROM protected WHERE original = ?
        UNION SELECT protected FROM jobs WHERE (job = ? OR original = ?) AND protected IS NOT NULL
        """,
        (item.sha256, item.job, item.sha256),
    )
    return {row[0] for row in rows}


def mark_restored(connection: sqlite3.Connection, item: str, when: str | None) -> None:
    """Note when the item was restored."""
    connection.execute("UPDATE vault_items SET restored = ? WHERE item = ?", (when, item))


def was_restored(connection: sqlite3.Connection, sha256: str) -> bool:
    """Whether the user has these bytes back."""
    wish = "SELECT 1 FROM vault_items WHERE sha256 = ? AND restored IS NOT NULL"
    return connection.execute(wish, (sha256,)).fetchone() is not None


def remove_item(connection: sqlite3.Connection, item: str) -> None:
    """Forget one item of several with the same bytes."""
    connection.execute("DELETE FROM vault_items WHERE item = ?", (item,))


def remove_blob(connection: sqlite3.Connection, sha256: str) -> None:
    """Forget these bytes and every item that has them."""
    connection.execute("DELETE FROM vault_items WHERE sha256 = ?", (sha256,))
    connection.execute("DELETE FROM vault_blobs WHERE sha256 = ?", (sha256,))


def key_id(connection: sqlite3.Connection) -> str | None:
    """Which key the vault was last used with."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_KEY,)).fetchone()
    return str(row[0]) if row else None


def set_key_id(connection: sqlite3.Connection, value: str) -> None:
    """Note which key the vault is used with."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KEY, value))


def _item(
    row: tuple[str, str | bytes, str | bytes | None, str, int, str, str | None, str | None],
) -> VaultItem:
    item, name, path, sha256, size, created, restored, job = row
    return VaultItem(item, unpacked(name), unpacked_path(path), sha256, size, created, restored, job)


def _packed(text: str | None) -> str | bytes | None:
    return None if text is None else packed(text)
