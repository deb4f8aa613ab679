"""Putting the queue's copies where they belong, so that a kill at any moment leaves neither two copies nor half a one.

What is about to be done is written to the file's row first: whatever stands at the target after a crash is then known
to be ours by its hash.
"""

from __future__ import annotations

import asyncio
import errno
import os
from dataclasses import replace
from pathlib import Path

from photoveil.assistant.choices import Choices, ChoicesUnreadableError
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import JobRow, TryLater
from photoveil.ledger.vault import Vault
from photoveil.ledger.vault_errors import VaultChangedError
from photoveil.settings import FolderRule, SettingsStore
from photoveil.watching import outputs, rows
from photoveil.watching.errors import ChosenAnew, FolderForgotten, TargetError
from photoveil.watching.looking import Stamp, stamp
from photoveil.watching.rows import FileRow, FileState
from photoveil.worker.tasks import Delivered, SourceChanged


class Placing:
    """The placer of the queue.

    Args:
        vault: keeps originals before anything takes their place.
        choices: what the user has chosen to hide on photos for AI assistants.
    """

    def __init__(self, database: Database, store: SettingsStore, vault: Vault, choices: Choices) -> None:
        self._database = database
        self._store = store
        self._vault = vault
        self._choices = choices
        self._locks: dict[str, asyncio.Lock] = {}

    async def place(self, row: JobRow, copy: Path, made: Delivered) -> Path:
        """Put the copy in place and answer where it is."""
        folder = row.folder or ""
        rule = self._store.current.folder(folder)
        async with self._lock(folder):
            if rule is None or not row.source.is_relative_to(rule.path):
                if row.kind == "folder" or row.target is None:
                    raise FolderForgotten.of()
                return await self._place_freely(row, row.target, copy, made)
            path = str(row.source.relative_to(rule.path))
            known = await self._database.run(rows.find, folder, path)
            await asyncio.to_thread(_present, row.source)
            if known is None or known.sha256 != row.original:
                raise SourceChanged.of()
            self._check_choice(row)
            if known.target is not None:
                # What a kill left of an earlier try: once this one is done, nobody knows where to look for it.
                await asyncio.to_thread(outputs.sweep, [known.target], _owner(row))
            if rule.output == outputs.IN_PLACE:
                return await self._in_place(row, known, copy, made)
            return await self._beside(row, rule, known, copy, made)

    async def sweep(self, folder: str) -> None:
        """Remove what a crash left half-written in this folder's places."""
        async with self._lock(folder):
            targets = await self._database.run(rows.intended, folder)
            await asyncio.to_thread(outputs.sweep, targets, folder)

    def _check_choice(self, row: JobRow) -> None:
        try:
            if not row.task.is_chosen(row.original, self._choices):
                raise ChosenAnew.of()
        except ChoicesUnreadableError as error:
            raise TryLater(error.title, error.reason, error.remedy) from error

    async def doubt(self, folder: str, photo: str, but: str) -> None:
        """Have a photo of this folder treated anew; a copy on its way is in place before, or is stopped by `place`."""
        async with self._lock(folder):
            await self._database.run(rows.doubt_photo, folder, photo, but)

    def _lock(self, folder: str) -> asyncio.Lock:
        return self._locks.setdefault(folder, asyncio.Lock())

    # A copy elsewhere.

    async def _beside(
        self, row: JobRow, rule: FolderRule, known: FileRow, copy: Path, made: Delivered
    ) -> Path:
        if rule.keep_originals:
            await self._keep(row)
        await self._check_mirror(rule)
        suffix = Path(made.name_for(row.source.name)).suffix if made.suffix else ""
        wanted = outputs.wanted(rule, known.path, suffix)
        await asyncio.to_thread(outputs.make_folder, wanted.parent, row.source.parent)
        old = known.target if known.target != row.source else None
        if old is not None and outputs.belongs(old, wanted):
            stands = await asyncio.to_thread(outputs.standing, old)
            if stands == made.sha256:
                return await self._done(row, known.path, old, made)
            if stands is not None and stands in known.copies:
                await self._intend(row, known.path, old, f"{made.sha256} {stands}")
                if await asyncio.to_thread(
                    outputs.put_over, copy, old, _owner(row), row.source, frozenset({stands})
                ):
                    return await self._done(row, known.path, old, made)
        target = await self._place_new(row, known, wanted, copy, made)
        if old is not None and old != target:
            await asyncio.to_thread(outputs.withdraw, old, known.copies)
        return await self._done(row, known.path, target, made)

    async def _place_new(
        self, row: JobRow, known: FileRow | None, wanted: Path, copy: Path, made: Delivered
    ) -> Path:
        """Put the copy at the best free name."""
        places = outputs.free_places(wanted, made.sha256)
        own = known.path if known is not None else ""
        while (found := await asyncio.to_thread(next, places, None)) is not None:
            path, stands = found
            if stands:
                if not await self._database.run(rows.taken, row.folder or "", own, path):
                    return path
                continue
            if known is not None:
                await self._intend(row, known.path, path, made.sha256)
            try:
                return await asyncio.to_thread(outputs.put_new, copy, path, _owner(row), row.source)
            except FileExistsError:
                continue  # somebody was quicker
        raise TargetError.of(wanted.parent, FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)))

    async def _place_freely(self, row: JobRow, target: Path, copy: Path, made: Delivered) -> Path:
        """A copy that belongs to no watched folder, as of an archive."""
        wanted = target.with_name(made.name_for(target.name)) if made.suffix else target
        await asyncio.to_thread(outputs.make_folder, wanted.parent, row.source.parent)
        return await self._place_new(row, None, wanted, copy, made)

    async def _check_mirror(self, rule: FolderRule) -> None:
        """A mirror that held copies and is not there is on a drive that was taken away: no second one is begun."""
        if rule.output != "mirror" or rule.mirror is None or await asyncio.to_thread(rule.mirror.is_dir):
            return
        if await self._database.run(rows.has_targets_below, rule.id, rule.mirror):
            away = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            raise TargetError.of(rule.mirror, away) from away

    # The photo's own place.

    async def _in_place(self, row: JobRow, known: FileRow, copy: Path, made: Delivered) -> Path:
        stands = await asyncio.to_thread(outputs.standing, row.source)
        if stands == made.sha256:
            found = await asyncio.to_thread(_present, row.source)
            return await self._replaced(row, _like(known, found), row.source, made)
        await asyncio.to_thread(outputs.check_source, row.source, row.original)
        await self._keep(row)
        if made.suffix:
            return await self._in_place_renamed(row, known, copy, made)
        await self._intend(row, known.path, row.source, made.sha256)
        found = await asyncio.to_thread(outputs.put_in_place, copy, row.source, row.original, _owner(row))
        if known.target is not None and known.target != row.source:
            await asyncio.to_thread(outputs.withdraw, known.target, known.copies)
        return await self._replaced(row, _like(known, found), row.source, made)

    async def _in_place_renamed(self, row: JobRow, known: FileRow, copy: Path, made: Delivered) -> Path:
        """The copy has another format and so another name: the photo leaves when the copy is there."""
        wanted = row.source.with_name(made.name_for(row.source.name))
        stands = known.target is not None and outputs.belongs(known.target, wanted)
        if stands and await asyncio.to_thread(outputs.standing, known.target or wanted) == made.sha256:
            target = known.target or wanted
        else:
            target = await self._place_new(row, known, wanted, copy, made)
        await asyncio.to_thread(outputs.leave, row.source, row.original)
        # No size fits: should the photo come back from the vault, it is looked at again.
        await self._replaced(row, replace(known, size=-1), target, made)
        await self._database.run(rows.lose, row.folder or "", [known.path])
        return target

    async def _keep(self, row: JobRow) -> None:
        try:
            await self._vault.keep(row.source, row.original, name=row.name, path=row.source, job=row.job)
        except VaultChangedError as error:
            raise SourceChanged.of() from error

    # Rows.

    async def _intend(self, row: JobRow, path: str, target: Path, made: str) -> None:
        """Write down what will stand where, before it does."""
        told = (row.folder or "", path, row.original, target, made)
        if not await self._database.run(rows.intend, *told):
            raise SourceChanged.of()

    async def _done(self, row: JobRow, path: str, target: Path, made: Delivered) -> Path:
        """Note where the copy is; a photo that was renamed meanwhile gets its own, and this one goes."""
        told = (row.folder or "", path, row.original, target, made.sha256)
        if not await self._database.run(rows.finish, *told):
            await asyncio.to_thread(outputs.withdraw, target, frozenset({made.sha256}))
            raise SourceChanged.of()
        return target

    async def _replaced(self, row: JobRow, known: FileRow, target: Path, made: Delivered) -> Path:
        """Note that the copy stands in the photo's place."""
        done = replace(known, state=FileState.REPLACED, reason=None, target=target, made=made.sha256)
        await self._database.run(rows.put, row.folder or "", [done])
        return target


def _owner(row: JobRow) -> str:
    return row.folder or row.job


def _like(known: FileRow, found: Stamp) -> FileRow:
    return replace(known, size=found.size, mtime_ns=found.mtime_ns)


def _present(source: Path) -> Stamp:
    """The photo's stamp.

    Raises:
        SourceChanged: it is not there.
    """
    try:
        found = stamp(source)
    except OSError as error:
        raise TargetError.of(source.parent, error) from error
    if found is None or not found.is_file:
        raise SourceChanged.of()
    return found
