"""Where copies belong in the output folder, and putting them there: whole or not at all, never over a stranger."""

from __future__ import annotations

import contextlib
import hashlib
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from photoveil.archive.errors import ArchiveError, ArchiveUsageError, unwritable
from photoveil.archive.manifest import DONE, PLACING, WAITING, Manifest, Row
from photoveil.photos import PARTIAL_SUFFIX, safe_name
from photoveil.photos.writing import publish, sync_folder
from photoveil.settings.places import place
from photoveil.watching.looking import Stamp, digest, stamp
from photoveil.watching.names import numbered

_MOST_NUMBERS = 10_000


def check_apart(source: Path, out: Path) -> None:
    """Make sure that neither folder lies in the other, by whatever names and mounts; raises ArchiveUsageError."""
    here, there = place(source), place(out)
    if there.within(here) or here.within(there):
        raise ArchiveUsageError(
            "The copies cannot go there",
            f"{out} and {source} are one folder, or one lies in the other.",
            "Choose an output folder outside the library.",
        )


def folded(target: str) -> str:
    """A path as file systems see it that know no case."""
    return unicodedata.normalize("NFC", target).casefold()


def wanted(row: Row, suffix: str = "") -> str:
    """Where a photo's copy belongs: the same tree and names, safe for any system, with slashes.

    Args:
        suffix: the copy's ending where its format is another one than the photo's.
    """
    *folders, name = Path(row.name).parts
    if suffix:
        name = (Path(name).stem or name) + suffix
    return "/".join((*(safe_name(part, fallback="folder") for part in folders), safe_name(name)))


class Placer:
    """Writes copies into the output folder and tells the manifest, before and after."""

    def __init__(self, out: Path, manifest: Manifest) -> None:
        self._out = out
        self._manifest = manifest
        self._checked: set[Path] = set()

    def intact(self, row: Row) -> bool:
        """Whether the copy that the row tells of is still there, as it was written."""
        if not row.target or not row.made:
            return False
        with contextlib.suppress(OSError):
            found = stamp(self._out / row.target)
            if found is None or not found.is_file:
                return False
            if (found.size, found.mtime_ns) == (row.made_size, row.made_mtime):
                return True
        return self._sha(row.target) == row.made

    def resumed(self, row: Row) -> Row:
        """A row whose copy was about to get its name when a run was killed: done, or still to do."""
        if row.target and self._sha(row.target) == row.made:
            return self._finished(row)
        return replace(row, state=WAITING, made=row.before, before="")

    def read(self, row: Row) -> bytes | None:
        """The copy that the row tells of; None where it is not as it was written."""
        try:
            data = (self._out / (row.target or "")).read_bytes()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == row.made else None

    def put(self, row: Row, data: bytes, *, mark: str, suffix: str = "", maker: str = "") -> Row:
        """Write a photo's copy and keep the row; a kill at any moment leaves the whole copy or none.

        Raises:
            ArchiveError: it cannot be written; `OutputFullError` where nothing can any more.
        """
        made = hashlib.sha256(data).hexdigest()
        try:
            with self._part(data, row) as part:
                while True:
                    target, replaces = self._target(row, made, suffix)
                    row = replace(
                        row, state=PLACING, target=target, folded=folded(target), mark=mark, made=made,
                        before=row.made if row.made != made else row.before, error="", maker=maker,
                    )  # fmt: skip
                    self._manifest.keep(row)
                    if self._placed(part, self._out / target, replaces=replaces):
                        break
        except OSError as error:
            raise unwritable(error) from error
        row = self._finished(row)
        self._manifest.keep(row)
        return row

    def _placed(self, part: Path, path: Path, *, replaces: bool) -> bool:
        """Give the finished copy its name; False where somebody else was quicker."""
        self._make_folder(path.parent)
        if replaces:
            part.replace(path)
        elif stamp(path) is None:
            try:
                publish(part, path)
            except FileExistsError:
                return False
        sync_folder(path.parent)
        return True

    def _target(self, row: Row, made: str, suffix: str) -> tuple[str, bool]:
        """The best place for a copy, and whether an older copy of ours is replaced there."""
        first = wanted(row, suffix)
        if row.target and PurePosixPath(row.target).suffix.lower() == PurePosixPath(first).suffix.lower():
            found = self._sha(row.target)
            if found in (None, made):
                return row.target, False
            if row.made and found == row.made:
                return row.target, True
        for number in range(1, _MOST_NUMBERS):
            target = str(PurePosixPath(first).with_name(numbered(PurePosixPath(first).name, number)))
            if self._manifest.holder(folded(target)) in (None, row.path) and self._sha(target) in (
                None,
                made,
            ):
                return target, False
        raise ArchiveError(
            "The protected copy cannot be written",
            f"{_MOST_NUMBERS} files have its name already.",
            "Move some of them elsewhere, then run the same command again.",
        )

    def _sha(self, target: str) -> str | None:
        """The SHA-256 of what is there; None where nothing is, and nothing's where it is no ordinary file."""
        path = self._out / target
        if not os.path.lexists(path):
            return None
        try:
            found = digest(path)
        except OSError:
            return ""
        return found[0] if found else ""

    def _finished(self, row: Row) -> Row:
        found = stamp(self._out / (row.target or ""))
        size, mtime = (found.size, found.mtime_ns) if found else (0, 0)
        return replace(row, state=DONE, made_size=size, made_mtime=mtime, before="")

    def _make_folder(self, folder: Path) -> None:
        """Make a folder of the tree; a link in its place is not followed: it may lead anywhere."""
        if folder in self._checked or folder == self._out:
            return
        self._make_folder(folder.parent)
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            sync_folder(folder.parent)
        if not Stamp.of(folder.lstat()).is_folder:
            raise ArchiveError(
                "The protected copy cannot be written",
                f"{folder.name} in the output folder is no folder of its own.",
                "Move it away, then run the same command again.",
            )
        self._checked.add(folder)

    @contextlib.contextmanager
    def _part(self, data: bytes, row: Row) -> Iterator[Path]:
        """The copy under no name yet, synced, with the photo's time; as readable for others as new files are."""
        part = self._manifest.parts / f"{hashlib.sha256(row.path).hexdigest()[:32]}{PARTIAL_SUFFIX}"
        part.unlink(missing_ok=True)
        try:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(part, flags, 0o666), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.utime(part, ns=(row.mtime_ns, row.mtime_ns))
            yield part
        finally:
            part.unlink(missing_ok=True)
