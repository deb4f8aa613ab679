"""Walking through a folder, batch by batch, however large it is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from photoveil.watching import names
from photoveil.watching.looking import Stamp

BATCH = 500


@dataclass
class Walk:
    """One walk through ``root``, or through the part of it below ``start``; links are never followed.

    Attributes:
        folders: how many were met.
        unreadable: those that could not be read, up to a few, and how many in all.
    """

    root: Path
    recursive: bool = True
    start: str = ""
    own: Sequence[Path] = ()
    folders: int = 0
    unreadable: list[str] = field(default_factory=list)
    unreadable_count: int = 0

    def batches(self) -> Iterator[list[tuple[str, Stamp]]]:
        """The files below, a few hundred at a time, relative to the root."""
        batch: list[tuple[str, Stamp]] = []
        waiting = [self.start]
        while waiting:
            folder = waiting.pop()
            for entry in self._entries(folder):
                relative = os.path.join(folder, entry.name)  # noqa: PTH118 - text, thousands of times
                found = self._stamp(entry, relative)
                if found is None:
                    continue
                if found.is_folder:
                    if self.recursive and not self._closed(entry):
                        waiting.append(relative)
                elif found.is_file:
                    batch.append((relative, found))
                    if len(batch) == BATCH:
                        yield batch
                        batch = []
        yield batch

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """What is in a folder, that may be ours to look at; one entry at a time, for folders without end."""
        self.folders += 1
        try:
            with os.scandir(self.root / folder) as entries:
                for entry in entries:
                    if not names.passed_over(entry.name):
                        yield entry
        except (FileNotFoundError, NotADirectoryError):
            return  # it went away meanwhile
        except OSError:
            self._note(folder or ".")

    def _closed(self, entry: os.DirEntry[str]) -> bool:
        return names.is_output(entry.name) or any(Path(entry.path) == own for own in self.own)

    def _stamp(self, entry: os.DirEntry[str], relative: str) -> Stamp | None:
        try:
            return Stamp.of(entry.stat(follow_symlinks=False))
        except FileNotFoundError:
            return None
        except OSError:
            self._note(relative)
            return None

    def _note(self, relative: str) -> None:
        self.unreadable_count += 1
        if len(self.unreadable) < 10:
            self.unreadable.append(relative)
