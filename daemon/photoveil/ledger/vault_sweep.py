"""After a crash, a lost ledger or a change of keys: rows and containers brought together, nothing dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass

from photoveil.ledger import vault_files as files
from photoveil.ledger import vault_rows as rows
from photoveil.ledger.database import Database
from photoveil.ledger.vault_files import ContainerError, Facts
from photoveil.ledger.vault_folder import VaultFolder
from photoveil.ledger.vault_key import VaultKey


@dataclass(frozen=True)
class Swept:
    """What was found: unfinished files removed, containers taken in again, missing, damaged, of another key."""

    parts: int = 0
    recovered: int = 0
    missing: int = 0
    damaged: int = 0
    locked: int = 0


class Sweeper:
    """Looks after one vault.

    Args:
        database: where the rows are.
        folder: where the containers are.
        changing: held by whoever changes either.
    """

    def __init__(self, database: Database, folder: VaultFolder, changing: asyncio.Lock) -> None:
        self._database = database
        self._folder = folder
        self._changing = changing

    async def sweep(self, the_key: Callable[[], Awaitable[VaultKey]]) -> Swept:
        """Finish what was begun, and give containers without a row their rows again.

        A file that was being written goes: whoever wished it had no answer yet. A finished container without a row
        stays, because a lost ledger looks the same.

        Args:
            the_key: asked for only where there is something to tell by it.
        """
        async with self._changing:
            parts = await asyncio.to_thread(self._folder.sweep)
            names = await asyncio.to_thread(self._folder.containers)
            removed = await asyncio.to_thread(self._folder.removed)
            blobs = await self._database.run(rows.blobs)
            if not (names or removed or blobs):
                return Swept(parts)
            key = await the_key()
            known = {key.name(sha256): sha256 for sha256 in blobs}
            for name in removed:
                await self.finish_removal(name, known.pop(name, None) if name not in names else None)
        found = await self.take_in(key, key, names - known.keys())
        missing = len(known.keys() - names)
        return Swept(parts, found.recovered, missing, found.damaged, found.locked)

    async def finish_removal(self, name: str, sha256: str | None) -> None:
        """Forget a container that is gone already; the lock is held."""
        if sha256 is not None:
            await self._database.run(rows.remove_blob, sha256)
        await asyncio.to_thread(self._folder.finish, name)

    async def take_in(self, key: VaultKey, current: VaultKey, names: set[str]) -> Swept:
        """Give containers that open with ``key`` their rows, encrypted anew if ``current`` is another key."""
        recovered = damaged = locked = 0
        for name in sorted(names):
            async with self._changing:
                try:
                    recovered += await self._take_in(name, key, current)
                except files.OtherKeyError:
                    locked += 1
                except FileNotFoundError:  # removed meanwhile
                    continue
                except (ContainerError, OSError):
                    damaged += 1
        return Swept(recovered=recovered, damaged=damaged, locked=locked)

    async def _take_in(self, name: str, key: VaultKey, current: VaultKey) -> bool:
        facts = await asyncio.to_thread(files.check, self._folder.container(name), key)
        known = await self._database.run(rows.stored, facts.sha256)
        if name == current.name(facts.sha256):
            if known is not None:  # kept meanwhile
                return False
        else:
            await asyncio.to_thread(self._encrypt_anew, name, key, current)
        container = self._folder.container(current.name(facts.sha256))
        stored = (await asyncio.to_thread(container.stat)).st_size
        await rows.note(self._database, new_item(facts, stored))
        return True

    def _encrypt_anew(self, name: str, key: VaultKey, current: VaultKey) -> None:
        container = self._folder.container(name)
        with closing(files.Opened(container, key)) as opened:
            self._folder.store(current, opened.facts, opened)
        container.unlink()


def new_item(facts: Facts, stored: int) -> rows.NewItem:
    """The rows of a container."""
    return rows.NewItem(facts.sha256, facts.bytes, stored, facts.name, facts.path, facts.job, facts.created)
