"""What every watched folder works with, and the words it shares with the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from photoveil.assistant.choices import Choices
from photoveil.hub import Hub
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import Jobs
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.ledger.vault import Vault
from photoveil.methods import strength_for
from photoveil.notices import Notices
from photoveil.settings import DEFAULT_METHOD, FolderRule, Settings, SettingsStore
from photoveil.watching.errors import InotifyLimit
from photoveil.watching.filesystems import limit_value, needed_value
from photoveil.watching.observing import Observing
from photoveil.worker.tasks import Task

Mode = Literal["events", "polling", "missing", "off"]
_AT_ONCE = 2


@dataclass
class Limits:
    """Which folders could not be watched because the system allows no more, for one notice about all of them."""

    notices: Notices
    _folders: dict[str, tuple[str, int]] = field(default_factory=dict)

    def reached(self, folder: str, limit: str, folders: int) -> None:
        """This folder, with so many folders in it, met this limit."""
        self._folders[folder] = (limit, folders)
        self._tell()

    def counted(self, folder: str, folders: int) -> None:
        """So many folders are in this folder, should it be one that met a limit."""
        if folder in self._folders:
            self.reached(folder, self._folders[folder][0], folders)

    def settled(self, folder: str) -> None:
        """This folder is watched, or no longer to be watched."""
        if self._folders.pop(folder, None) is not None:
            self._tell()

    def _tell(self) -> None:
        if not self._folders:
            self.notices.clear("inotify")
            return
        name = next(iter(self._folders.values()))[0]
        present = limit_value(name)
        needed = needed_value(name, present, sum(count for _, count in self._folders.values()))
        self.notices.set("inotify", InotifyLimit.of(name, present, needed))


@dataclass
class Tools:
    """The rooms next door, and what the folders share.

    Args:
        own: Photoveil's own folders, never looked into.
        changed: called when something worth showing changed in a folder.
        sweep: removes what a crash left half-written for a folder.
        model_set: tells the model set that is in force.
        choices: what the user has chosen to hide on photos for AI assistants.
    """

    database: Database
    jobs: Jobs
    photos: ProtectedPhotos
    store: SettingsStore
    vault: Vault
    hub: Hub
    notices: Notices
    own: Sequence[Path]
    changed: Callable[[str], None]
    sweep: Callable[[str], Awaitable[None]]
    limits: Limits
    model_set: Callable[[], str]
    choices: Choices
    observing: Observing = field(default_factory=Observing)
    observer_thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="observing")
    )
    reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))


def task_for(settings: Settings, rule: FolderRule, model_set: str) -> Task:
    """How the photos of a folder are protected now; what is chosen for one of them comes on top (`Task.about`)."""
    persona, method = rule.persona or settings.persona, rule.method or DEFAULT_METHOD
    strength = rule.strength or settings.card(persona).strength or settings.strength
    return Task(
        persona=persona,
        method=method,
        strength=strength_for(method, strength, settings.assistant_slider),
        model_set=model_set,
        metadata=settings.metadata,
    )
