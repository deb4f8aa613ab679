"""Watched folders with everything real around them but the encoders: SQLite, inotify, settings, queue and vault."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import itertools
import os
import struct
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from watchdog.events import FileSystemEvent

from photoveil.assistant.choices import Choices
from photoveil.hub import Hub
from photoveil.keys import KeyStore
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import JobRow, Jobs
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.ledger.rows import COLUMNS, row_of
from photoveil.ledger.vault import Vault
from photoveil.methods import CHOICE
from photoveil.notices import Notices
from photoveil.photos import AnimatedPhoto
from photoveil.settings import FolderRule, SettingsStore
from photoveil.watching import FolderState, Watching
from photoveil.watching import rows as files
from photoveil.watching.observing import Hints
from photoveil.watching.rows import FileRow
from photoveil.worker.tasks import (
    NOTHING_PRIVATE,
    Delivered,
    Outcome,
    Previews,
    SourceChanged,
    Task,
    Unchanged,
)

MARK = b"protected by test"
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - fresh folders are made in it


def jpeg(seed: int | str, size: int = 600) -> bytes:
    """A whole JPEG as far as anybody looks who does not decode it; unlike any other."""
    body = hashlib.shake_128(str(seed).encode()).digest(size).replace(b"\xff", b"\xfe")
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 16) + bytes(14) + b"\xff\xda\0\x02" + body + b"\xff\xd9"


def gif(seed: int) -> bytes:
    """Stands for an animation."""
    return b"GIF89a" + str(seed).encode() + b"\0;"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def copy_of(data: bytes, strength: str = "balanced", chosen: str = "") -> bytes:
    """What the protector of these tests makes of a photo; ``chosen``: how its task names what is to be hidden."""
    return data + MARK + strength.encode() + chosen.encode()


def aged(path: Path, seconds: float = 3600.0) -> Path:
    """Give a file an older time."""
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


class House:
    """The rooms, and short words for what tests do with them."""

    def __init__(self, root: Path, database: Database) -> None:
        self.root = root
        self.database = database
        self.tree = root / "photos"
        for folder in (self.tree, root / "spool", root / "kept", root / "vault"):
            folder.mkdir(exist_ok=True)
        self.calls: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        self.fail: Callable[[Path, bytes], None] = lambda _path, _data: None
        self.go = asyncio.Event()
        self.go.set()
        self.suffix = ""
        self.finds_nothing = False
        self.hub = Hub()
        self.notices = Notices(self.hub)
        self.photos = ProtectedPhotos(database, root / "kept", 1 << 30)
        self.store = SettingsStore(root / "settings.toml", self.hub, self.notices)
        self.keys = KeyStore(service="photoveil/test", file=root / "secrets.json", timeout=60)
        self.vault_limit = 1 << 30
        self.vault = Vault(
            database, root / "vault", self.keys, lambda: self.vault_limit, self.hub, self.notices
        )
        self.jobs = Jobs(self.photos, self.protect, root / "spool", hub=self.hub, notices=self.notices)
        self.choices = Choices(root / "regions.jsonl")
        self.watching = Watching(
            database=database,
            jobs=self.jobs,
            photos=self.photos,
            store=self.store,
            vault=self.vault,
            hub=self.hub,
            notices=self.notices,
            model_set=lambda: "starter",
            choices=self.choices,
            own=[root / "vault"],
        )
        self.jobs.place = self.watching.place
        self._marks = itertools.count()

    async def protect(
        self,
        photo: Path,
        name: str,
        task: Task,
        *,
        part: Path,
        progress: Callable[[str, float], None],
        original: str,
        previews: Previews | None,
    ) -> Outcome:
        await self.go.wait()
        data = await asyncio.to_thread(photo.read_bytes)
        if sha(data) != original:
            raise SourceChanged.of()
        self.calls[str(photo)] += 1
        self.made[original] += 1
        self.fail(photo, data)
        if data.startswith(b"GIF"):
            return Unchanged(AnimatedPhoto.of("GIF", 2).reason)
        if self.finds_nothing and not task.metadata.startswith(CHOICE):
            return Unchanged(NOTHING_PRIVATE)
        chosen = task.metadata if task.metadata.startswith(CHOICE) else ""
        copy = copy_of(data, task.strength, chosen)
        await asyncio.to_thread(part.write_bytes, copy)
        suffix = self.suffix if photo.suffix != self.suffix else ""
        return Delivered(sha(copy), len(copy), "jpeg", "image/jpeg", suffix, 1, 1, {})

    # Folders

    async def watch(self, path: Path | None = None, **options: Any) -> FolderRule:
        """Watch a folder and wait until it was looked through."""
        rule = await self.store.put_folder(FolderRule(path or self.tree, **options))
        if rule.enabled:
            await self.until(lambda: self.state(rule).last_scan is not None)
        return rule

    def state(self, rule: FolderRule) -> FolderState:
        return next(state for state in self.watching.states() if state.id == rule.id)

    def told(self) -> dict[str, str]:
        return {notice.key: notice.code for notice in self.notices.all()}

    async def until(self, condition: Callable[[], object], seconds: float = 200.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - of anything
                await asyncio.sleep(0.02)

    async def rows(self, rule: FolderRule) -> dict[str, FileRow]:
        found = await self.database.run(files.page, rule.id, None, 100_000)
        return {row.path: row for row in found}

    async def state_of(self, rule: FolderRule, path: str, state: str, seconds: float = 200.0) -> FileRow:
        """Wait until a file is in this state."""
        async with asyncio.timeout(seconds):
            while True:
                row = await self.database.run(files.find, rule.id, path)
                if row is not None and row.state == state and not row.missing:
                    return row
                await asyncio.sleep(0.02)

    async def all_jobs(self) -> list[JobRow]:
        return await self.database.run(
            lambda connection: [
                row_of(values)
                for values in connection.execute(f"SELECT {COLUMNS} FROM jobs ORDER BY seq")  # noqa: S608
            ]
        )

    async def calm(self, rule: FolderRule, seconds: float = 200.0) -> None:
        """Wait until all that happened was heard, and nothing is pending, waiting or running for a moment."""
        quiet = 0
        async with asyncio.timeout(seconds):
            await self._heard(rule)
            while quiet < 7:
                state, jobs = self.state(rule), self.jobs.counts()
                told = not (self.watching._news.is_set() or self.watching._dirty)
                busy = state.waiting or jobs["queued"] or jobs["running"] or not told
                quiet = 0 if busy else quiet + 1
                await asyncio.sleep(0.1)

    async def _heard(self, rule: FolderRule) -> None:
        """Wait until the system has told of a file made just now: all that happened before was told, too."""
        folder = self.watching._folders.get(rule.id)
        mark = rule.path / f".heard {next(self._marks)}"
        if folder is None or folder.mode != "events":
            return
        hints, heard = folder._hints, threading.Event()

        def dispatch(event: FileSystemEvent) -> None:
            Hints.dispatch(hints, event)
            if os.fsdecode(event.src_path) == str(mark):
                heard.set()

        hints.dispatch = dispatch  # type: ignore[method-assign]
        try:
            with contextlib.suppress(OSError):  # the folder may be gone, or full
                while not heard.is_set() and folder.mode == "events":
                    mark.write_bytes(b"")  # again and again: a folder that came back is watched anew
                    await asyncio.sleep(0.05)
        finally:
            del hints.dispatch
            with contextlib.suppress(OSError):
                mark.unlink()


@asynccontextmanager
async def house(root: Path) -> AsyncIterator[House]:
    """Everything started; what it wrote is found again by the next house in the same folder."""
    database = await Database.open(root / "ledger")
    built = House(root, database)
    built.vault.start()
    await built.jobs.start()
    await built.watching.start()
    try:
        yield built
    finally:
        built.go.set()
        await built.watching.close()
        await built.jobs.close()
        await built.vault.close()
        await database.close()
