"""Files that are new, changed, renamed or gone: what each means, and which of them the queue is asked to protect."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photoveil.assistant.choices import ChoicesUnreadableError
from photoveil.errors import PhotoveilError
from photoveil.ledger.jobs import CANCELLED, FileWish
from photoveil.ledger.rows import State
from photoveil.settings import FolderRule
from photoveil.watching import outputs, rows
from photoveil.watching.looking import Look, Stamp, digest, look, stamp
from photoveil.watching.names import copy_suffix
from photoveil.watching.rows import FileRow, FileState
from photoveil.watching.settling import Pending, Settling
from photoveil.watching.tools import Tools, task_for
from photoveil.worker.tasks import Task

_BATCH = 100
_AGAIN_SECONDS = 5.0
PUT_BACK = "The original was put back here; it stays as it is until it changes."
UNREADABLE = "The file cannot be read by this user."


@dataclass(frozen=True)
class Ready:
    """A file that is taken: what it is and, for a photo, its hash."""

    path: str
    stamp: Stamp
    sha256: str | None
    state: FileState


class Intake:
    """Takes in what changed in one folder.

    Args:
        rule: of the folder.
        in_thread: runs a call where it may wait for the drive.
    """

    def __init__(self, rule: FolderRule, tools: Tools, in_thread: Callable[..., Awaitable[Any]]) -> None:
        self.rule = rule
        self.settling = Settling()
        self._tools = tools
        self._in_thread = in_thread
        self._new_folders: set[str] = set()

    def new_folders(self) -> set[str]:
        """Folders that appeared since the last time and were not looked through."""
        found, self._new_folders = self._new_folders, set()
        return found

    async def compare(self, batch: Sequence[tuple[str, Stamp]], *, offer_waiting: bool) -> int:
        """Compare files that were met with their rows; answers how many rows there were."""
        looks = [(path, found.size, found.mtime_ns) for path, found in batch]
        met, closer = await self._tools.database.run(rows.compare, self.rule.id, looks)
        known = await self._tools.database.run(rows.known, self.rule.id, closer) if closer else {}
        stamps = dict(batch) if closer else {}
        now, again, back = time.monotonic(), [], []
        for path in closer:
            row = known.get(path)
            if row is None or not _same(row, stamps[path]):
                self.settling.hint(path, now, wait=0.0)
                continue
            if row.missing:
                back.append(replace(row, seen=0))
            if row.state is FileState.WAITING and (offer_waiting or row.missing):
                again.append(replace(row, seen=0))
        await self._put(back)
        await self._offer_again(again)
        return met

    async def work(self, still_there: Callable[[], Awaitable[bool]]) -> None:
        """Look at all files that are due."""
        while pending := self.settling.due(time.monotonic(), _BATCH):
            stamps = await self._in_thread(_stamps, self.rule.path, [item.path for item in pending])
            present = await self._sort_out(pending, stamps, still_there)
            async with self._turn():
                ready = await self._in_thread(self._judge, present)
            await self._take(ready)

    def _turn(self) -> AbstractAsyncContextManager[None]:
        """Local disks are read by a few folders at a time; a drive that may hang holds up nobody else."""
        return self._tools.reading if self.settling.trusts_clock else nullcontext()

    async def ended(self, path: str, original: str, state: FileState, reason: str | None) -> None:
        """A job for a file has ended without a copy; WAITING asks for another look at the file."""
        row = await self._tools.database.run(rows.find, self.rule.id, path)
        if row is None or row.sha256 != original or row.state is not FileState.WAITING:
            return
        if state is FileState.WAITING:
            await self._put([replace(row, size=-1)])
            self.settling.hint(path, time.monotonic(), wait=_AGAIN_SECONDS)
        else:
            await self._put([replace(row, state=state, reason=reason)])

    async def offer_outdated(self) -> None:
        """Offer photos that have no copy of the kind that the rule asks for, or none where it belongs."""
        after: str | None = None
        while page := await self._tools.database.run(rows.page, self.rule.id, after, _BATCH):
            after = page[-1].path
            tasks = {row.path: task for row, task in self._tasks(page)}
            stale = await self._tools.database.run(rows.outdated, self.rule.id, tasks)
            lost = await self._in_thread(self._without_copy, page)
            wanted = [row for row in page if row.path in stale or row.path in lost]
            await self._offer([replace(row, state=FileState.WAITING, reason=None) for row in wanted])
            unread = [row for row in page if row.state is FileState.FAILED and row.sha256 is None]
            await self._put([replace(row, size=-1) for row in unread])
            for row in unread:
                self.settling.hint(row.path, time.monotonic())

    def _without_copy(self, page: Sequence[FileRow]) -> set[str]:
        """Protected photos whose copy is not there or not where the rule wants it."""
        found = set()
        for row in page:
            if row.state is FileState.DONE and row.target is not None:
                suffix = copy_suffix(Path(row.path), row.target)
                place = outputs.wanted(self.rule, row.path, suffix)
                if not outputs.belongs(row.target, place) or not row.target.exists():
                    found.add(row.path)
        return found

    async def _sort_out(
        self,
        pending: Sequence[Pending],
        stamps: Sequence[Stamp | OSError | None],
        still_there: Callable[[], Awaitable[bool]],
    ) -> list[tuple[Pending, Stamp]]:
        """Settle what is gone, no file, or known as it is; answers the rest."""
        paths = [item.path for item in pending]
        known = await self._tools.database.run(rows.known, self.rule.id, paths)
        present, gone, settled, back = [], [], [], []
        for item, found in zip(pending, stamps, strict=True):
            row = known.get(item.path)
            if isinstance(found, Stamp) and found.is_file:
                if row is None or not _same(row, found):
                    present.append((item, found))
                    continue
                if row.missing:
                    back.append(replace(row, seen=0))
            elif isinstance(found, Stamp) and found.is_folder and self.rule.recursive:
                self._new_folders.add(item.path)
            elif found is None:
                gone.append(item.path)
            settled.append(item.path)
        if gone and await still_there():
            await self._tools.database.run(rows.lose, self.rule.id, gone)
        await self._put(back)
        await self._offer_again([row for row in back if row.state is FileState.WAITING])
        self.settling.drop(settled)
        if settled:
            self._tools.changed(self.rule.id)
        return present

    def _judge(self, present: Sequence[tuple[Pending, Stamp]]) -> list[Ready]:
        """Read the files that are finished; runs in the folder's thread while nobody touches the pending ones."""
        ready = []
        for item, found in present:
            taken = self._judge_one(item, found, time.monotonic())
            if taken is not None:
                ready.append(taken)
        return ready

    def _judge_one(self, item: Pending, found: Stamp, now: float) -> Ready | None:
        if not self.settling.rested(item, found, now):
            return None
        path = self.rule.path / item.path
        try:
            seen = look(path)
            if not self.settling.taken(item, seen, now):
                return None
            if seen is Look.NO_PHOTO:
                return Ready(item.path, found, None, FileState.OTHER)
            read = digest(path)
        except PermissionError:
            return Ready(item.path, found, None, FileState.FAILED)
        except OSError:
            read = None
        if read is None:
            self.settling.again(item, now)
            return None
        return Ready(item.path, read[1], read[0], FileState.WAITING)

    async def _take(self, ready: Sequence[Ready]) -> None:
        """Find out what finished files mean, write their rows, and offer those that are to be protected."""
        known = await self._tools.database.run(rows.known, self.rule.id, [item.path for item in ready])
        asked = [(item.path, item.sha256 or "") for item in ready]
        others = await self._tools.database.run(rows.acquaintances, self.rule.id, asked)
        plain: list[FileRow] = []
        wishes: list[FileRow] = []
        for item, (ours, alike) in zip(ready, others, strict=True):
            row, wish = await self._meaning(item, known.get(item.path), alike, ours=ours)
            (wishes if wish else plain).append(row)
        await self._put(plain)
        await self._offer(wishes)
        self.settling.drop(item.path for item in ready)
        if ready:
            self._tools.changed(self.rule.id)

    async def _meaning(
        self, item: Ready, row: FileRow | None, alike: Sequence[FileRow], *, ours: bool
    ) -> tuple[FileRow, bool]:
        """The file's new row, and whether it is to be offered to the queue."""
        new = FileRow(item.path, item.stamp.size, item.stamp.mtime_ns, item.sha256, item.state)
        if item.sha256 is None:
            return replace(new, reason=UNREADABLE if item.state is FileState.FAILED else None), False
        if row is not None and row.sha256 == item.sha256:
            return _touched(row, new)
        here = self.rule.path / item.path
        if row is not None and row.target == here and item.sha256 in row.copies:
            return replace(
                new, sha256=row.sha256, state=FileState.REPLACED, target=here, made=item.sha256
            ), False
        if ours:
            return await self._own_copy(new, alike), False
        renamed = await self._renamed(new, alike)
        if renamed is not None:
            return renamed, renamed.state is FileState.WAITING
        if self.rule.output == outputs.IN_PLACE and await self._tools.vault.was_restored(item.sha256):
            return replace(new, state=FileState.UNCHANGED, reason=PUT_BACK), False
        if row is not None and row.target is not None and row.target != here:
            new = replace(new, target=row.target, made=row.made)  # the older version's copy, to be replaced
        return new, True

    async def _own_copy(self, new: FileRow, replaced: Sequence[FileRow]) -> FileRow:
        """A copy of ours in the folder: a photo protected in place that was renamed, or just a copy."""
        for twin in replaced:
            if await self._is_gone(twin):
                await self._tools.database.run(rows.remove, self.rule.id, twin.path)
                here = self.rule.path / new.path
                return replace(new, sha256=twin.sha256, state=twin.state, target=here, made=twin.made)
        return replace(new, state=FileState.OWN)

    async def _renamed(self, new: FileRow, twins: Sequence[FileRow]) -> FileRow | None:
        """The row of a photo that was renamed, its copy moved along; None where it is none."""
        for twin in twins:
            if not await self._is_gone(twin):
                continue
            row = new
            if twin.state is FileState.UNCHANGED:
                row = replace(new, state=twin.state, reason=twin.reason)
            elif twin.state is FileState.DONE and self.rule.output == outputs.IN_PLACE:
                row = replace(new, target=twin.target, made=twin.made)
            elif twin.state is FileState.DONE:
                moved = await self._carried(twin, new)
                if moved is None:
                    continue
                row = replace(new, state=twin.state, target=moved, made=twin.made)
            await self._tools.database.run(rows.follow, self.rule.id, twin.path, row)
            return row
        return None

    async def _is_gone(self, row: FileRow) -> bool:
        return row.missing or await self._in_thread(_is_absent, self.rule.path / row.path)

    async def _carried(self, twin: FileRow, new: FileRow) -> Path | None:
        """Where the copy of a renamed photo is now; None where it is not ours any more."""
        if twin.target is None:
            return None
        place = outputs.wanted(self.rule, new.path, copy_suffix(Path(twin.path), twin.target))
        taken = await self._tools.database.run(rows.taken, self.rule.id, twin.path, place)
        try:
            moved: Path | None = await self._in_thread(
                outputs.carry, twin.target, place, twin.copies, taken=taken
            )
        except PhotoveilError:
            return None
        return moved

    async def _offer_again(self, waiting: Sequence[FileRow]) -> None:
        """Offer what waits but may have no job; how a job ended that nobody heard of is taken in."""
        asked = [(self.rule.path / row.path, row.sha256 or "") for row in waiting]
        last = await self._tools.database.run(rows.last_jobs, self.rule.id, asked)
        wishes: list[FileRow] = []
        ended: list[FileRow] = []
        for row, (state, reason) in zip(waiting, last, strict=True):
            if state in (State.FAILED, State.UNCHANGED) or (state, reason) == (State.CANCELLED, CANCELLED):
                ended.append(replace(row, state=FileState(state), reason=reason))
            elif state not in (State.QUEUED, State.RUNNING):
                wishes.append(row)
        await self._put(ended)
        await self._offer(wishes)

    async def _offer(self, wishes: Sequence[FileRow]) -> None:
        """Ask the queue to protect photos; the rows are written first, so that a crash forgets none."""
        if not wishes:
            return
        await self._put(wishes)
        await self._tools.jobs.submit_files(
            [
                FileWish(
                    folder=self.rule.id,
                    source=self.rule.path / row.path,
                    original=row.sha256 or "",
                    task=task,
                    target=outputs.wanted(self.rule, row.path),
                )
                for row, task in self._tasks(wishes)
            ]
        )

    def _tasks(self, found: Sequence[FileRow]) -> list[tuple[FileRow, Task]]:
        """How each is to be treated; without those of which nobody knows now what the user has chosen to hide.

        They wait: as soon as that can be read again, `Watching.reconsider` has them offered.
        """
        general = task_for(self._tools.store.current, self.rule, self._tools.model_set())
        tasks = []
        for row in found:
            with suppress(ChoicesUnreadableError):
                tasks.append((row, general.about(row.sha256 or "", self._tools.choices)))
        return tasks

    async def _put(self, found: Iterable[FileRow]) -> None:
        found = list(found)
        if found:
            await self._tools.database.run(rows.put, self.rule.id, found)


def _same(row: FileRow, found: Stamp) -> bool:
    return (row.size, row.mtime_ns) == (found.size, found.mtime_ns)


def _touched(row: FileRow, new: FileRow) -> tuple[FileRow, bool]:
    """A file with the bytes that are known: nothing to do, unless its job was given up or an original was put back."""
    if row.state is FileState.REPLACED:
        return replace(new, state=FileState.UNCHANGED, reason=PUT_BACK), False
    offer = row.state is FileState.WAITING and row.size < 0
    return replace(row, size=new.size, mtime_ns=new.mtime_ns, seen=0), offer


def _is_absent(path: Path) -> bool:
    try:
        return stamp(path) is None
    except OSError:
        return False


def _stamps(root: Path, paths: Sequence[str]) -> list[Stamp | OSError | None]:
    found: list[Stamp | OSError | None] = []
    for path in paths:
        try:
            found.append(stamp(root / path))
        except OSError as error:
            found.append(error)
    return found
