"""The vault: originals, encrypted, kept until the user removes them.

Nothing leaves it silently. A container is written, synced, read back and named before its row is; a container without
a row is taken in again at the next start, and one that does not open is told and left where it is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from photoveil.errors import PhotoveilError
from photoveil.hub import Hub
from photoveil.keys import KeyStore, KeyStoreError, Rung
from photoveil.ledger import vault_errors as errors
from photoveil.ledger import vault_files as files
from photoveil.ledger import vault_rows as rows
from photoveil.ledger.database import Database
from photoveil.ledger.vault_errors import (
    VaultChangedError,
    VaultDamagedError,
    VaultError,
    VaultFullError,
    VaultKeyError,
    VaultPlaceError,
    VaultUnknownError,
)
from photoveil.ledger.vault_files import ContainerError, Facts
from photoveil.ledger.vault_folder import VaultFolder
from photoveil.ledger.vault_keeper import KeyKeeper
from photoveil.ledger.vault_key import VaultKey
from photoveil.ledger.vault_rows import VaultItem
from photoveil.ledger.vault_sweep import Sweeper, Swept, new_item
from photoveil.ledger.vault_told import VaultTold
from photoveil.notices import Notices

__all__ = [
    "BadItem",
    "Swept",
    "Vault",
    "VaultChangedError",
    "VaultDamagedError",
    "VaultError",
    "VaultFullError",
    "VaultItem",
    "VaultKeyError",
    "VaultPlaceError",
    "VaultUnknownError",
    "VaultUsage",
]

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class VaultUsage:
    """How much is in the vault: kept originals, containers, their bytes, the limit, and where the key is."""

    items: int
    blobs: int
    bytes: int
    limit: int
    key_rung: Rung | None


@dataclass(frozen=True)
class BadItem:
    """A kept original that does not open, and why: the detail completes "its file …"."""

    item: VaultItem
    detail: str


class Vault:
    """The kept originals of one profile.

    Args:
        database: where the rows are.
        folder: where the containers are.
        keys: the ladder of key stores.
        limit: bytes that the containers may take; asked every time.
        hub: hears ``vault`` whenever something changed.
        notices: what needs the user, as ``VaultTold`` says it.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        keys: KeyStore,
        limit: Callable[[], int],
        hub: Hub,
        notices: Notices,
    ) -> None:
        self._database = database
        self._folder = VaultFolder(folder)
        self._keys = keys
        self._keeper = KeyKeeper(database, self._folder, keys)
        self._limit = limit
        self._hub = hub
        self._told = VaultTold(notices)
        self._changing = asyncio.Lock()
        self._sweeper = Sweeper(database, self._folder, self._changing)
        self._closed = False
        self._tasks: set[asyncio.Task[Any]] = set()
        keys.subscribe(self._key_moved)

    def start(self) -> None:
        """Tidy up behind the scenes; ``close`` ends that."""
        self._begin(self._tidied())

    async def close(self) -> None:
        """Wait until what was begun has ended: no container is left half-written."""
        self._closed = True
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def keep(self, file: Path, sha256: str, *, name: str, path: Path | None, job: str | None) -> str:
        """Keep the original ``file``: when this answers, its bytes are on the disk and were read back.

        The same bytes under the same name and path are one item, and the same bytes are stored once. Once begun it
        goes on to its end, even if the caller is cancelled.

        Args:
            file: where the bytes are now.
            sha256: what they are; other bytes are refused.
            name: for the user.
            path: the place to restore to.
            job: that protects the photo.

        Returns:
            the item.

        Raises:
            VaultChangedError: the file has other bytes.
            VaultFullError: the limit is reached or the disk is full.
            VaultKeyError: the key cannot be had.
            VaultError: the file or the vault cannot be read or written.
        """
        return await asyncio.shield(self._begin(self._keep(file, sha256, name, path, job)))

    async def items(self, *, before: str | None = None, limit: int = 50) -> list[VaultItem]:
        """Kept originals, newest first, older than ``before``."""
        return await self._database.run(rows.page, before, limit)

    async def find(self, item: str) -> VaultItem:
        """One kept original; raises VaultUnknownError."""
        found = await self._database.run(rows.find, item)
        if found is None:
            raise errors.unknown()
        return found

    async def was_restored(self, sha256: str) -> bool:
        """Whether the user has taken these bytes back: they are not to be replaced again unasked."""
        return await self._database.run(rows.was_restored, sha256)

    async def usage(self) -> VaultUsage:
        """How full the vault is."""
        items, blobs, total = await self._database.run(rows.totals)
        with suppress(KeyStoreError):
            return VaultUsage(items, blobs, total, self._limit(), await self._keeper.rung())
        return VaultUsage(items, blobs, total, self._limit(), None)

    async def restore(self, item: str, to: Path | None = None) -> Path:
        """Write an original to its old place or to the folder or file ``to``; it also stays in the vault.

        Our own protected copy of it is replaced; anything else stays, and the original goes beside it as
        ``name (original).jpg``.

        Returns:
            where it is.
        """
        return await asyncio.shield(self._begin(self._restore(item, to)))

    async def open(self, item: str) -> AsyncIterator[bytes]:
        """The bytes of an original, piece by piece: ``async for piece in await vault.open(item)``."""
        found = await self.find(item)
        key = await self._keeper.key(ask=True)
        container = self._container(key, found.sha256)
        try:
            (await asyncio.to_thread(files.Opened, container, key)).close()
        except (ContainerError, OSError) as error:
            raise self._told.damage(files.as_container_error(error)) from error
        return self._pieces(container, key)

    async def remove(self, item: str) -> None:
        """Remove an original for good. Only the user may wish that."""
        await asyncio.shield(self._begin(self._remove(item)))

    async def verify(self) -> list[BadItem]:
        """Decrypt everything and answer what does not open. Nothing is deleted."""
        blobs = await self._database.run(rows.blobs)
        if not blobs:
            return []
        key = await self._keeper.key(ask=True)
        bad: list[BadItem] = []
        for sha256 in blobs:
            detail = await asyncio.to_thread(files.fault, self._container(key, sha256), key, sha256)
            if detail is not None:
                # Asked afterwards: what was removed meanwhile is not bad.
                bad += [BadItem(item, detail) for item in await self._database.run(rows.of_blob, sha256)]
        self._told.missing(len({one.item.sha256 for one in bad}))
        return bad

    async def tidy(self) -> Swept:
        """Bring rows and containers together after a crash or a lost ledger; nothing kept is dropped.

        Raises:
            VaultKeyError: there are originals, but no key to tell them by.
        """
        swept = await self._sweeper.sweep(self._known_key)
        self._told.missing(swept.missing + swept.damaged)
        self._told.locked(swept.locked)
        if swept != Swept():
            log.info("the vault was tidied: %s", swept)
        if swept.recovered:
            self._hub.publish("vault")
        await self._tell_rung()
        return swept

    async def export_key(self) -> str:
        """The vault's key as text, for a backup. Whoever has it and the vault's folder has the originals."""
        return (await self._keeper.key(make=True, ask=True)).text()

    async def import_key(self, text: str) -> Swept:
        """Use a key from a backup, for a vault folder that was brought back; answers what it opened.

        If the vault is in use with another key, what only the imported one opens is encrypted anew.

        Raises:
            VaultKeyError: mistyped, or it opens nothing here.
        """
        imported = VaultKey.of_text(text)
        made_with = await asyncio.to_thread(self._folder.key_ids)
        if made_with and imported.id not in made_with:
            raise errors.key_unfit()
        try:
            current = await self._keeper.key()
        except VaultKeyError:
            await self._keeper.take(imported)
            return await self.tidy()
        if not made_with or current.id == imported.id:
            await self._keeper.take(imported)
            return await self.tidy()
        await self._sweeper.take_in(imported, current, await asyncio.to_thread(self._folder.containers))
        return await self.tidy()

    def _begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Work that goes on to its end, whoever stops waiting for it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever still waits

    async def _known_key(self, *, make: bool = False, ask: bool = False) -> VaultKey:
        try:
            key = await self._keeper.key(make=make, ask=ask)
        except VaultKeyError as error:
            self._told.key(error)
            raise
        self._told.key(None)
        return key

    async def _keep(self, file: Path, sha256: str, name: str, path: Path | None, job: str | None) -> str:
        async with self._changing:
            key = await self._known_key(make=True)
            try:
                found = await asyncio.to_thread(files.look, file)
                place = None if path is None else str(path)
                facts = Facts(
                    *(sha256, found.st_size, name, place, job, rows.now()),
                    mode=found.st_mode,
                    mtime_ns=found.st_mtime_ns,
                )
                stored = await self._stored(file, key, facts)
            except files.SourceChangedError:
                raise errors.changed() from None
            except VaultFullError as error:
                self._told.full(error)
                raise
            except ContainerError as error:
                raise errors.damaged(str(error)) from error
            except OSError as error:
                raise errors.unreadable(error) from error
            item = await rows.note(self._database, new_item(facts, stored))
        self._told.full(None)
        self._hub.publish("vault")
        await self._tell_rung()
        return item

    async def _stored(self, file: Path, key: VaultKey, facts: Facts) -> int:
        """Have the bytes in a sound container, an old or a new one; answers its size."""
        container = self._container(key, facts.sha256)
        stored = await self._database.run(rows.stored, facts.sha256)
        if stored is not None and await asyncio.to_thread(files.fault, container, key, facts.sha256) is None:
            if await asyncio.to_thread(files.hash_of, file) != facts.sha256:
                raise files.SourceChangedError
            return stored
        need = files.stored_size(facts)
        used, limit = (await self._database.run(rows.totals))[2] - (stored or 0), self._limit()
        if used + need > limit:
            raise errors.vault_full(need, used, limit)
        await asyncio.to_thread(self._folder.check_room, need)
        return await asyncio.to_thread(self._folder.store, key, facts, files.pieces(file))

    async def _restore(self, item: str, to: Path | None) -> Path:
        from photoveil.ledger import vault_restore  # late: Pillow and numpy stand behind that door

        found = await self.find(item)
        wanted = vault_restore.place(found.path, found.name, to)
        key = await self._known_key(ask=True)
        container = self._container(key, found.sha256)
        ours = await self._database.run(rows.protected_copies, found)
        # Noted first: who watches the folder must know before the file appears.
        await self._database.run(rows.mark_restored, item, rows.now())
        try:
            path = await asyncio.to_thread(vault_restore.put_back, container, key, wanted, ours)
        except PhotoveilError:
            await self._database.run(rows.mark_restored, item, found.restored)
            raise
        except (ContainerError, OSError) as error:
            await self._database.run(rows.mark_restored, item, found.restored)
            raise self._told.damage(files.as_container_error(error)) from error
        self._hub.publish("vault")
        return path

    async def _pieces(self, container: Path, key: VaultKey) -> AsyncIterator[bytes]:
        with closing(await asyncio.to_thread(files.Opened, container, key)) as opened:
            pieces = iter(opened)
            try:
                while (piece := await asyncio.to_thread(_next, pieces)) is not None:
                    yield piece
            except ContainerError as error:
                raise self._told.damage(error) from error

    async def _remove(self, item: str) -> None:
        async with self._changing:
            found = await self.find(item)
            if len(await self._database.run(rows.of_blob, found.sha256)) > 1:
                await self._database.run(rows.remove_item, item)
            else:
                name = (await self._known_key(ask=True)).name(found.sha256)
                try:
                    await asyncio.to_thread(self._folder.remove, name)
                except OSError as error:
                    raise errors.unreadable(error) from error
                await self._sweeper.finish_removal(name, found.sha256)
        self._told.full(None)
        self._hub.publish("vault")

    async def _tidied(self) -> None:
        try:
            await self.tidy()
        except PhotoveilError as error:
            log.warning("the vault could not be tidied: %s", error.code)

    def _key_moved(self) -> None:
        """The ladder has changed: a key that was away may be back, and the notice may be out of date."""
        if not self._closed:
            self._begin(self._told_rung())

    async def _told_rung(self) -> None:
        if self._told.key_is_away:
            await self._tidied()
        await self._tell_rung()
        self._hub.publish("vault")

    async def _tell_rung(self) -> None:
        rung = None
        with suppress(KeyStoreError):
            rung = await self._keeper.rung()
        self._told.key_in_file(is_so=rung is Rung.FILE)

    def _container(self, key: VaultKey, sha256: str) -> Path:
        return self._folder.container(key.name(sha256))


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
