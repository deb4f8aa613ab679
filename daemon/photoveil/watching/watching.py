"""All watched folders: those of the settings, started, changed and ended as the settings change."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from photoveil.assistant.choices import Choices
from photoveil.errors import PhotoveilError
from photoveil.hub import RESYNC, Hub
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import CANCELLED, JobRow, Jobs, State
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.ledger.rows import OWN_COPY
from photoveil.ledger.vault import Vault
from photoveil.methods import ASSISTANT
from photoveil.notices import Notices
from photoveil.settings import FolderRule, SettingsStore
from photoveil.watching import rows
from photoveil.watching.folder import Folder
from photoveil.watching.intake import PUT_BACK
from photoveil.watching.names import OUTPUT_FOLDER
from photoveil.watching.placing import Placing
from photoveil.watching.rows import FileState
from photoveil.watching.tools import Limits, Mode, Tools
from photoveil.worker.tasks import Delivered

log = logging.getLogger(__name__)

_TELL_SECONDS = 0.5
_RESYNC_SECONDS = 20.0
_ENDED_WITHOUT_COPY = frozenset({State.FAILED, State.UNCHANGED, State.CANCELLED})


@dataclass(frozen=True)
class FolderState:
    """How a watched folder is doing.

    Args:
        mode: whether changes are told by the system ("events") or looked for ("polling"); "missing" while the folder
            is not there, "off" while the user has switched it off.
        waiting: photos that will be protected.
        protected, failed, unchanged: what became of the others.
        last_scan: when all of it was last looked through, ISO in UTC.
        problem: what the user should know: code, title, reason, remedy.
        output: where copies go.
    """

    id: str
    path: Path
    rule: FolderRule
    mode: Mode
    waiting: int = 0
    protected: int = 0
    failed: int = 0
    unchanged: int = 0
    last_scan: str | None = None
    problem: dict[str, str] | None = None
    output: str = ""


class Watching:
    """Watches the folders of the settings and puts the copies of their photos in place.

    Args:
        model_set: tells the model set that is in force.
        choices: what the user has chosen to hide on photos for AI assistants.
        own: Photoveil's own folders, never looked into.
    """

    def __init__(
        self,
        *,
        database: Database,
        jobs: Jobs,
        photos: ProtectedPhotos,
        store: SettingsStore,
        vault: Vault,
        hub: Hub,
        notices: Notices,
        model_set: Callable[[], str],
        choices: Choices,
        own: Sequence[Path] = (),
    ) -> None:
        self._placing = Placing(database, store, vault, choices)
        self._tools = Tools(
            database,
            jobs,
            photos,
            store,
            vault,
            hub,
            notices,
            own,
            changed=self._changed,
            sweep=self._placing.sweep,
            limits=Limits(notices),
            model_set=model_set,
            choices=choices,
        )
        self._folders: dict[str, Folder] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._dirty: set[str] = set()
        self._ended: set[str] = set()
        self._news = asyncio.Event()
        self._applying = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin to watch; what changed while nobody watched is found by looking through each folder."""
        await self._forget_removed()
        await self._apply()
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tell())]

    async def close(self) -> None:
        """Watch no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._applying:
            await asyncio.gather(*(folder.close() for folder in self._folders.values()))
            self._folders.clear()
        tools = self._tools
        await asyncio.get_running_loop().run_in_executor(tools.observer_thread, tools.observing.close)
        tools.observer_thread.shutdown()

    async def place(self, row: JobRow, copy: Path, made: Delivered) -> Path:
        """Put a protected copy where it belongs: the queue's placer."""
        placed = await self._placing.place(row, copy, made)
        if row.folder is not None:
            self._changed(row.folder)
        return placed

    async def rescan(self, folder: str | None = None) -> None:
        """Look through one folder or all, and offer what has no copy as the settings want it now."""
        for each in self._folders.values():
            if folder in (None, each.id):
                each.rescan()

    async def chosen_anew(self, photo: str) -> None:
        """The user has chosen what to hide on a photo: where folders for AI assistants have it, its copy is made so."""
        for rule in self._tools.store.current.folders:
            if rule.method == ASSISTANT:
                await self._placing.doubt(rule.id, photo, PUT_BACK)
                if rule.id in self._folders:
                    self._folders[rule.id].recheck(0.0)

    def reconsider(self) -> None:
        """Look soon at what waits without a job."""
        for folder in self._folders.values():
            folder.recheck(0.0)

    def states(self) -> list[FolderState]:
        """How each folder of the settings is doing."""
        return [self._state(rule) for rule in self._tools.store.current.folders]

    def _state(self, rule: FolderRule) -> FolderState:
        folder = self._folders.get(rule.id)
        counts = self._counts.get(rule.id, {})
        return FolderState(
            id=rule.id,
            path=rule.path,
            rule=rule,
            mode=folder.mode if folder is not None else "off",
            waiting=counts.get(FileState.WAITING, 0) + (folder.pending if folder is not None else 0),
            protected=counts.get(FileState.DONE, 0) + counts.get(FileState.REPLACED, 0),
            failed=counts.get(FileState.FAILED, 0),
            unchanged=counts.get(FileState.UNCHANGED, 0),
            last_scan=folder.last_scan if folder is not None else None,
            problem=folder.problem.as_dict() if folder is not None and folder.problem is not None else None,
            output=_output(rule),
        )

    # The settings

    async def _forget_removed(self) -> None:
        """Folders that were taken out of the settings while nobody watched."""
        present = {rule.id for rule in self._tools.store.current.folders}
        for folder in await self._tools.database.run(rows.folders):
            if folder not in present:
                await self._forget(folder)

    async def _forget(self, folder: str) -> None:
        await self._tools.jobs.cancel_folder(folder)
        await self._tools.database.run(rows.forget, folder)
        self._counts.pop(folder, None)

    async def _apply(self) -> None:
        """Watch exactly the folders that the settings name now, in the way they say."""
        async with self._applying:
            wanted = {rule.id: rule for rule in self._tools.store.current.folders}
            for key, folder in list(self._folders.items()):
                rule = wanted.get(key)
                if rule is None or not rule.enabled or _watched_otherwise(folder.rule, rule):
                    await self._folders.pop(key).close()
                if rule is None:
                    await self._forget(key)
                elif not rule.enabled:
                    await self._tools.jobs.cancel_folder(key)
                    await self._tools.database.run(rows.doubt_waiting, key)
            for key in [key for key in self._counts if key not in wanted]:
                await self._forget(key)
            for key, rule in wanted.items():
                if key in self._folders:
                    self._folders[key].adapt(rule)
                elif rule.enabled:
                    self._folders[key] = Folder(rule, self._tools)
                self._changed(key)

    # News

    async def _listen(self) -> None:
        async with self._tools.hub.subscribe() as events:
            async for event in events:
                if event.kind == "settings":
                    await self._guarded(self._apply())
                elif event.kind == RESYNC:
                    await self._guarded(self._apply())
                    for folder in self._folders.values():
                        folder.recheck(_RESYNC_SECONDS)
                elif event.kind == "job" and event.facts.get("state") in _ENDED_WITHOUT_COPY:
                    self._ended.add(str(event.facts["job"]))
                    self._news.set()

    async def _tell(self) -> None:
        """Take in how jobs ended, and tell what changed, a few times a second at most."""
        while True:
            await self._news.wait()
            self._news.clear()
            ended, self._ended = self._ended, set()
            for job in ended:
                await self._guarded(self._take_end(job))
            dirty, self._dirty = self._dirty, set()
            for folder in dirty:
                await self._guarded(self._count(folder))
            await asyncio.sleep(_TELL_SECONDS)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except PhotoveilError as error:
            log.warning("watching folders met a problem: %s", error.code)
        except Exception as error:  # the guard: changes of the settings must still be heard
            log.error("watching folders met %s", type(error).__name__)  # noqa: TRY400 - names stay out of the log
            log.debug("trace", exc_info=error)

    async def _take_end(self, job: str) -> None:
        row = await self._tools.jobs.row(job)
        folder = self._folders.get(row.folder or "") if row is not None else None
        if row is None or folder is None or not row.source.is_relative_to(folder.rule.path):
            return
        state, reason = _outcome(row)
        await folder.ended(str(row.source.relative_to(folder.rule.path)), row.original, state, reason)
        self._changed(folder.id)

    async def _count(self, folder: str) -> None:
        if self._tools.store.current.folder(folder) is not None:
            self._counts[folder] = await self._tools.database.run(rows.counts, folder)
        self._tools.hub.publish("folders", folder=folder)

    def _changed(self, folder: str) -> None:
        self._dirty.add(folder)
        self._news.set()


def _watched_otherwise(old: FolderRule, new: FolderRule) -> bool:
    return (old.recursive, old.polling) != (new.recursive, new.polling)


def _outcome(row: JobRow) -> tuple[FileState, str | None]:
    """What a job that ended without a copy means for its file."""
    match row.state:
        case State.FAILED:
            return FileState.FAILED, (row.error or {}).get("reason")
        case State.UNCHANGED if row.why == OWN_COPY:
            return FileState.OWN, None
        case State.UNCHANGED:
            return FileState.UNCHANGED, row.reason
        case State.CANCELLED if row.reason == CANCELLED:
            return FileState.CANCELLED, row.reason
    return FileState.WAITING, None  # the file changed or moved: look at it again


def _output(rule: FolderRule) -> str:
    if rule.output == "mirror" and rule.mirror is not None:
        return str(rule.mirror)
    return str(rule.path if rule.output == "in-place" else rule.path / OUTPUT_FOLDER)
