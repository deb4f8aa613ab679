"""One watched folder: is it there, what happened in it, and when is it looked through."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

from photoveil.errors import PhotoveilError
from photoveil.settings import FolderRule
from photoveil.watching import filesystems, rows
from photoveil.watching.errors import FolderMissing, PartlyUnreadable
from photoveil.watching.intake import Intake
from photoveil.watching.looking import Stamp, stamp
from photoveil.watching.observing import Hints
from photoveil.watching.rows import FileRow, FileState
from photoveil.watching.tools import Mode, Tools
from photoveil.watching.walking import Walk

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

CHECK_SECONDS = 2.0
POLL_SECONDS = 10.0
_POLL_PER_FILE = 0.01
"""So much longer between two polls for each file: a computer with nothing to do shall not be kept busy."""
_POLL_SHARE = 4
"""A drive is left alone for at least so many times as long as looking through it took."""
_AFTER_ERROR = 10.0
_CALM = 1.0
_MOST_PENDING = 5000
_PAGE = 500


class Folder:
    """Follows one folder until it is closed.

    Args:
        rule: what the user wants with it.
    """

    def __init__(self, rule: FolderRule, tools: Tools) -> None:
        self.rule = rule
        self.mode: Mode = "events"
        self.last_scan: str | None = None
        self.problem: PhotoveilError | None = None
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="folder")
        self._tools = tools
        self._intake = Intake(rule, tools, self.in_thread)
        self._hints = Hints(rule.path, self._wake_from_thread)
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._identity: tuple[int, int] | None = None
        self._watch_due = 0.0
        self._scan_due = 0.0
        self._checked = 0.0
        self._fresh = True
        self._remake = self._storm = False
        self._folders = 1
        self._scan_seconds = self._freshened = 0.0
        self._task = asyncio.create_task(self._run())

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.rule.id

    @property
    def pending(self) -> int:
        """How many files are waited for before they can be queued."""
        return len(self._intake.settling)

    def adapt(self, rule: FolderRule) -> None:
        """Go on under a changed rule, of which only what becomes of photos may differ."""
        self.rule = self._intake.rule = rule

    def rescan(self) -> None:
        """Look through the folder now, and offer what has no copy as the rule wants it now."""
        self._fresh = self._remake = True
        self._scan_soon(0.0)
        self._wake.set()

    def recheck(self, wait: float) -> None:
        """Find out how jobs ended that are waited for, and offer what waits without one."""
        self._fresh = True
        self._scan_soon(wait)
        self._wake.set()

    async def ended(self, path: str, original: str, state: FileState, reason: str | None) -> None:
        """A job for a file has ended without a copy."""
        await self._intake.ended(path, original, state, reason)
        self._wake.set()

    async def close(self) -> None:
        """Follow it no more."""
        self._task.cancel()
        await asyncio.wait([self._task])
        self._tools.limits.settled(self.id)
        self._solved()
        await self._observer(self._tools.observing.unwatch, self.id)
        self.thread.shutdown(wait=False, cancel_futures=True)

    async def in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what touches the folder in its own thread: a drive that hangs holds up nobody else."""
        return await self._loop.run_in_executor(self.thread, lambda: call(*args, **kwargs))

    async def _observer(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._loop.run_in_executor(self._tools.observer_thread, lambda: call(*args, **kwargs))

    def _wake_from_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._wake.set)

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
            except PhotoveilError as error:
                log.warning("a watched folder has to wait: %s", error.code)
                self._start_over()
            except OSError as error:
                log.warning("a watched folder has to wait: error %s", error.errno)
                self._start_over()
            except Exception as error:  # the guard: trouble with one file must not end the watching
                log.error("a watched folder met %s", type(error).__name__)  # noqa: TRY400 - names stay out of the log
                log.debug("trace", exc_info=error)
                self._start_over()
            await self._rest()

    def _start_over(self) -> None:
        self._fresh = True
        self._scan_due = time.monotonic() + _AFTER_ERROR

    async def _rest(self) -> None:
        now = time.monotonic()
        next_look = self._intake.settling.next_look()
        moments = [self._checked + CHECK_SECONDS, self._scan_due]
        if next_look is not None and self.mode != "missing":
            moments.append(next_look)
        try:
            async with asyncio.timeout(max(0.02, min(moments) - now)):
                await self._wake.wait()
                await asyncio.sleep(0.05)  # what happens at once is heard at once
        except TimeoutError:
            return

    async def _step(self) -> None:
        self._wake.clear()
        if not await self._at_hand():
            return
        await self._observe()
        await self._take_hints()
        if self._scan_due <= time.monotonic():
            await self._scan()
        await self._intake.work(self._still_there)
        for folder in self._intake.new_folders():
            await self._compare_all(Walk(self.rule.path, self.rule.recursive, folder, self._tools.own))

    # Is it there?

    async def _at_hand(self) -> bool:
        now = time.monotonic()
        if self._identity is not None and now - self._checked < CHECK_SECONDS / 2:
            return True
        found = await self.in_thread(_identity, self.rule.path)
        self._checked = time.monotonic()
        if isinstance(found, OSError):
            await self._lost(found)
            return False
        if found != self._identity:
            self._identity = found
            self._watch_due = self._scan_due = 0.0
        if self.mode == "missing":
            self._solved()
            self._become("polling")
        return True

    async def _lost(self, error: OSError) -> None:
        self._identity = None
        self._scan_due = float("inf")
        self._intake.settling.clear()
        self._trouble(FolderMissing.of(self.rule.path, error))
        if self.mode != "missing":
            self._become("missing")
            await self._observer(self._tools.observing.unwatch, self.id)

    async def _still_there(self) -> bool:
        """Whether the folder is the one that was looked at: not when its drive was just taken away."""
        return await self.in_thread(_identity, self.rule.path) == self._identity

    # Hearing of changes

    async def _observe(self) -> None:
        now = time.monotonic()
        if self._storm and self._scan_due <= now:
            # The system may have lost events about new folders in it, which then are not watched.
            self._storm, self._watch_due = False, 0.0
        if now < self._watch_due and (self.mode != "events" or self._tools.observing.alive(self.id)):
            return
        self._watch_due = now + max(60.0, self._tools.store.current.rescan_minutes * 60.0)
        told = self.rule.polling != "always" and await self.in_thread(
            filesystems.tells_changes, self.rule.path
        )
        self._intake.settling.trusts_clock = told
        watched = told and await self._watch()
        self._become("events" if watched else "polling")
        self._scan_due = 0.0

    async def _watch(self) -> bool:
        """Let watchdog watch the folder; False where that is not possible."""
        observing = self._tools.observing
        try:
            await self._observer(
                observing.watch, self.id, self.rule.path, self._hints, recursive=self.rule.recursive
            )
            limit = await self.in_thread(filesystems.exhausted_limit, self.rule.path)
        except OSError as error:
            limit = filesystems.limit_of(error)
            if limit is None:
                return False
        if limit is None:
            self._tools.limits.settled(self.id)
            return True
        await self._observer(observing.unwatch, self.id)
        self._tools.limits.reached(self.id, limit, self._folders)
        return False

    async def _take_hints(self) -> None:
        paths, storm = self._hints.fetch()
        now = time.monotonic()
        for path, closed in paths.items():
            self._intake.settling.hint(path, now, closed=closed)
        if storm:  # too much to tell one by one: look at everything, soon
            self._storm = True
            self._scan_soon(max(_CALM, 5 * self._scan_seconds))

    # Looking through it

    def _scan_soon(self, wait: float) -> None:
        self._scan_due = min(self._scan_due, time.monotonic() + wait)

    async def _scan(self) -> None:
        """Compare all of the folder with what is known of it."""
        started = time.monotonic()
        pause = self._tools.store.current.rescan_minutes * 60.0
        fresh = self._fresh or started - self._freshened >= pause
        self._fresh, self._freshened = False, started if fresh else self._freshened
        if fresh:
            await self._tools.sweep(self.id)
        walk = Walk(self.rule.path, self.rule.recursive, own=self._tools.own)
        self._scan_due = float("inf")
        met = await self._compare_all(walk, offer_waiting=fresh)
        await self._look_for_missing(met)
        if self._remake:
            self._remake = False
            await self._intake.offer_outdated()
        self._folders = walk.folders
        self._tools.limits.counted(self.id, walk.folders)
        self._note_unreadable(walk)
        self._scan_seconds = time.monotonic() - started
        if self.mode == "polling":
            rest = max(POLL_SECONDS, _POLL_PER_FILE * met, _POLL_SHARE * self._scan_seconds)
            pause = min(pause, rest)
        self._scan_soon(pause)
        self.last_scan = datetime.now(UTC).isoformat(timespec="seconds")
        await self._tools.database.run(rows.purge, self.id)
        self._tools.changed(self.id)

    async def _compare_all(self, walk: Walk, *, offer_waiting: bool = False) -> int:
        """Compare what is met on the walk with its rows; answers how many rows were met."""
        batches, met = walk.batches(), 0
        while batch := await self.in_thread(next, batches, None):
            met += await self._intake.compare(batch, offer_waiting=offer_waiting)
            while len(self._intake.settling) > _MOST_PENDING:
                await self._intake.work(self._still_there)
                await asyncio.sleep(0.1)
        return met

    async def _look_for_missing(self, met: int) -> None:
        """Mark files that are gone; where as many rows were met as there are, none is."""
        if await self._tools.database.run(rows.present, self.id) <= met:
            return
        after: str | None = None
        while page := await self._tools.database.run(rows.page, self.id, after, _PAGE):
            after = page[-1].path
            missing = await self.in_thread(_missing, self.rule.path, page)
            if missing and await self._still_there():
                await self._tools.database.run(rows.lose, self.id, missing)

    def _note_unreadable(self, walk: Walk) -> None:
        if walk.unreadable_count:
            self._trouble(PartlyUnreadable.of(self.rule.path, walk.unreadable[0], walk.unreadable_count))
        else:
            self._solved()

    # Telling

    def _become(self, mode: Mode) -> None:
        if mode != self.mode:
            self.mode = mode
            self._tools.changed(self.id)

    def _trouble(self, error: PhotoveilError) -> None:
        self.problem = error
        self._tools.notices.set(f"folder/{self.id}", error)

    def _solved(self) -> None:
        if self.problem is not None:
            self.problem = None
            self._tools.notices.clear(f"folder/{self.id}")


def _identity(folder: Path) -> tuple[int, int] | OSError:
    """What tells this folder from another one at the same place, as when a drive was taken away."""
    try:
        found = folder.stat()
        os.scandir(folder).close()
    except OSError as error:
        return error
    return found.st_dev, found.st_ino


def _missing(root: Path, page: list[FileRow]) -> list[str]:
    """Those of the files that are certainly not there."""
    gone = []
    for row in page:
        try:
            found: Stamp | None = stamp(root / row.path)
        except OSError:
            continue  # it cannot be known
        if found is None:
            gone.append(row.path)
    return gone
