"""What there is in a library: every photo, and everything that is passed over and why."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from photoveil.archive.errors import changed, unreadable
from photoveil.archive.manifest import FAILED, WAITING, Manifest, Row
from photoveil.errors import PhotoveilError
from photoveil.photos import Limits, NotAPhoto, TooLarge, UnsupportedPhoto
from photoveil.photos.formats import sniff
from photoveil.watching.looking import Stamp, digest, opened
from photoveil.watching.names import is_output, is_raw, passed_over

_HEAD = 4096
_AT_ONCE = 500

Told = Callable[[int], None]
"""Called with the number of files looked at so far."""


@dataclass
class Passed:
    """What is passed over.

    Attributes:
        hidden: hidden files and folders, half-written files, and what other programs keep for themselves.
        links: never followed.
        raws: camera raw files, which Photoveil does not read.
        others: files that are no photos.
        copies: folders called “Protected”, which hold protected copies, and the output folder should it be met.
        unreadable: folders that cannot be read.
    """

    hidden: int = 0
    links: int = 0
    raws: int = 0
    others: int = 0
    copies: int = 0
    unreadable: list[tuple[str, PhotoveilError]] = field(default_factory=list)


@dataclass
class Survey:
    """A walk through the library at ``root``, kept in the manifest."""

    root: Path
    out: Path
    manifest: Manifest
    tell: Told = lambda _count: None
    passed: Passed = field(default_factory=Passed)

    def run(self) -> Passed:
        """Walk, and read what is not known yet."""
        for count, (relative, found) in enumerate(self._files(), 1):
            self._look(relative, found)
            if count % _AT_ONCE == 0:
                self.manifest.commit()
            self.tell(count)
        self.manifest.commit()
        return self.passed

    def _files(self) -> Iterator[tuple[str, Stamp]]:
        """All ordinary files, depth first, in the order of their names."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            folders = []
            for entry in self._entries(folder):
                relative = os.path.join(folder, entry.name)  # noqa: PTH118 - text, thousands of times
                found = self._stamp(entry, relative)
                if found is None:
                    continue
                if found.is_folder:
                    folders.append(relative)
                elif found.is_file:
                    yield relative, found
                else:
                    self.passed.others += 1
            waiting += reversed(folders)

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as entries:
                found = [entry for entry in entries if self._open(entry)]
        except OSError as error:
            self.passed.unreadable.append((folder or ".", unreadable(error)))
            return []
        return sorted(found, key=lambda entry: os.fsencode(entry.name))

    def _open(self, entry: os.DirEntry[str]) -> bool:
        """Whether an entry is ours to look at; counted where not."""
        if entry.is_symlink():
            self.passed.links += 1
        elif passed_over(entry.name):
            self.passed.hidden += 1
        elif entry.is_dir(follow_symlinks=False) and (is_output(entry.name) or self._is_out(entry)):
            self.passed.copies += 1
        else:
            return True
        return False

    def _is_out(self, entry: os.DirEntry[str]) -> bool:
        """Whether this is the output folder after all, by way of a mount."""
        try:
            return os.path.samestat(entry.stat(follow_symlinks=False), self.out.stat())
        except OSError:
            return False

    def _stamp(self, entry: os.DirEntry[str], relative: str) -> Stamp | None:
        try:
            return Stamp.of(entry.stat(follow_symlinks=False))
        except OSError as error:
            self.passed.unreadable.append((relative, unreadable(error)))
            return None

    def _look(self, relative: str, found: Stamp) -> None:
        path = os.fsencode(relative)
        known = self.manifest.row(path)
        if known and known.key and (known.size, known.mtime_ns) == (found.size, found.mtime_ns):
            self.manifest.note(known)
            return
        if is_raw(relative):
            self.passed.raws += 1
            return
        try:
            if not self._is_photo(relative):
                self.passed.others += 1
                return
            key = self._key(relative, found)
        except OSError as error:
            self._refuse(path, found, known, unreadable(error))
        except PhotoveilError as error:
            self._refuse(path, found, known, error)
        else:
            self.manifest.note(_row(path, found, known, key))

    def _is_photo(self, relative: str) -> bool:
        with opened(self.root / relative) as file:
            try:
                sniff(file.read(_HEAD))
            except (NotAPhoto, UnsupportedPhoto):
                return False
        return True

    def _key(self, relative: str, found: Stamp) -> str:
        if found.size > Limits().max_bytes:
            raise TooLarge.of_bytes(found.size, Limits().max_bytes)
        read = digest(self.root / relative)
        if read is None or read[1].size != found.size or read[1].mtime_ns != found.mtime_ns:
            raise changed()
        return read[0]

    def _refuse(self, path: bytes, found: Stamp, known: Row | None, error: PhotoveilError) -> None:
        row = _row(path, found, known, "")
        self.manifest.note(replace(row, state=FAILED, error=json.dumps(error.as_dict())))


def _row(path: bytes, found: Stamp, known: Row | None, key: str) -> Row:
    """The photo as it is now; its copy, where there is one, stays known: it is the one to replace."""
    if known is None:
        return Row(path, found.size, found.mtime_ns, key, WAITING)
    row = replace(known, size=found.size, mtime_ns=found.mtime_ns)
    return row if key and known.key == key else replace(row, key=key, state=WAITING, error="", mark="")
