"""Watchdog's observer, on a short lead: what it tells are hints, and that it lives is checked."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

from photoveil.watching import names

_STORM = 4096
_TOLD: list[type[FileSystemEvent]] = [
    *(FileCreatedEvent, FileMovedEvent, FileDeletedEvent, FileClosedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent),
]
# Linux tells when a writer closes a file; elsewhere every change has to be heard.
EVENTS = _TOLD if sys.platform.startswith("linux") else [*_TOLD, FileModifiedEvent]


class Hints(FileSystemEventHandler):
    """What watchdog's threads heard about one folder, for the loop to fetch; bounded, however much happens.

    Args:
        root: the watched folder; what is told are paths below it.
        wake: called once, from another thread, when there is news.
    """

    def __init__(self, root: Path, wake: Callable[[], None]) -> None:
        self._root = str(root)
        self._prefix = os.path.join(self._root, "")  # noqa: PTH118 - text, thousands of times
        self._wake = wake
        self._lock = threading.Lock()
        self._paths: dict[str, bool] = {}
        self._storm = False

    def dispatch(self, event: FileSystemEvent) -> None:
        """Take an event in."""
        kind = event.event_type
        self._take(os.fsdecode(event.src_path), closed=kind == "closed")
        if event.dest_path:
            self._take(os.fsdecode(event.dest_path), closed=True)

    def fetch(self) -> tuple[dict[str, bool], bool]:
        """The paths since the last time, whether a writer closed each, and whether there was too much to tell."""
        with self._lock:
            paths, self._paths = self._paths, {}
            storm, self._storm = self._storm, False
        return paths, storm

    def _take(self, path: str, *, closed: bool) -> None:
        if not path.startswith(self._prefix):
            return
        relative = path[len(self._prefix) :]
        if not names.watched(relative) or names.is_output(relative.rpartition(os.sep)[2]):
            return
        with self._lock:
            news = not self._paths and not self._storm
            if len(self._paths) >= _STORM:
                self._paths.clear()
                self._storm = True
            if not self._storm:
                self._paths[relative] = closed or self._paths.get(relative, False)
        if news:
            self._wake()


class Observing:
    """The one observer and what it watches. Every method may wait for threads: not for the event loop."""

    def __init__(self) -> None:
        logging.getLogger("watchdog").setLevel(logging.CRITICAL)  # it would write paths into the log
        self._observer: BaseObserver | None = None
        self._watches: dict[str, ObservedWatch] = {}

    def watch(self, key: str, root: Path, hints: Hints, *, recursive: bool) -> None:
        """Hear about a folder from now on.

        Raises:
            OSError: the system does not let us.
        """
        self.unwatch(key)
        if self._observer is not None and not self._observer.is_alive():
            self.close()
        if self._observer is None:
            self._observer = Observer()
            self._observer.name = "watching"
            self._observer.start()
        self._watches[key] = self._observer.schedule(
            hints, str(root), recursive=recursive, event_filter=EVENTS
        )

    def unwatch(self, key: str) -> None:
        """Hear no more about a folder."""
        watch = self._watches.pop(key, None)
        if watch is not None and self._observer is not None and self._observer.is_alive():
            self._observer.unschedule(watch)

    def alive(self, key: str) -> bool:
        """Whether events of this folder still come; watchdog's threads may end without a word."""
        watch = self._watches.get(key)
        if watch is None or self._observer is None or not self._observer.is_alive():
            return False
        return any(
            emitter.watch == watch and emitter.is_alive() for emitter in self._observer.emitters.copy()
        )

    def close(self) -> None:
        """Hear nothing any more."""
        observer, self._observer = self._observer, None
        self._watches.clear()
        if observer is not None:
            observer.stop()
            observer.join()
