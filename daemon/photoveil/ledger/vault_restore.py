"""Putting an original back where it was, without taking anything from anybody."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from photoveil.ledger import vault_errors as errors
from photoveil.ledger.vault_files import Facts, Opened, hash_of
from photoveil.ledger.vault_key import VaultKey
from photoveil.photos.names import safe_name
from photoveil.photos.writing import PARTIAL_PREFIX, PARTIAL_SUFFIX, exchange, publish, sync_folder

_HOSTILE_NAME = {errno.EINVAL, errno.EILSEQ, errno.ENAMETOOLONG}
_LONGEST_NAME = 220
_LONGEST_STEM = 150


def place(path: Path | None, name: str, to: Path | None) -> Path:
    """Where an original is to go.

    Args:
        path: its old place.
        name: its name.
        to: a folder or a file instead. What does not exist yet is taken for a folder if it has no extension.
    """
    if to is None:
        if path is None:
            raise errors.no_place()
        return path
    if not to.is_absolute():
        raise errors.not_whole_path()
    if to.is_dir() or not (to.suffix or to.exists()):
        return to / safe_name(name)
    return to


def put_back(container: Path, key: VaultKey, wanted: Path, ours: set[str]) -> Path:
    """Decrypt ``container`` to ``wanted``, or beside what stands there, and answer where it is.

    Args:
        container: the original in the vault.
        key: of the vault.
        wanted: where it is to go; folders that have vanished are made again.
        ours: the SHA-256 of protected copies of this original, which it may replace.

    Raises:
        ContainerError: it does not open.
        VaultPlaceError: the folder does not take it.
    """
    with closing(Opened(container, key)) as opened:
        try:
            return _put(opened, wanted, ours)
        except OSError as error:
            raise errors.place_refused(wanted.parent, error) from error


def _put(opened: Opened, wanted: Path, ours: set[str]) -> Path:
    wanted.parent.mkdir(parents=True, exist_ok=True)
    part = _decrypted_beside(opened, wanted.parent)
    mine = part.stat().st_ino
    try:
        return _published(part, wanted, opened.facts.sha256, ours)
    except OSError as error:
        safe = safe_name(wanted.name)
        if error.errno not in _HOSTILE_NAME or safe == wanted.name:
            raise
        return _published(part, wanted.with_name(safe), opened.facts.sha256, ours)
    finally:
        with suppress(FileNotFoundError):
            if part.stat().st_ino == mine:  # never a file that was exchanged with it
                part.unlink()
        sync_folder(wanted.parent)


def _decrypted_beside(opened: Opened, folder: Path) -> Path:
    handle, name = tempfile.mkstemp(prefix=PARTIAL_PREFIX, suffix=PARTIAL_SUFFIX, dir=folder)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in opened:
                file.write(piece)
            file.flush()
            _dress(part, opened.facts)
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return part


def _dress(part: Path, facts: Facts) -> None:
    """Give the file the rights and the time the original had; a file system that cannot is no reason to fail."""
    with suppress(OSError):
        if facts.mode is not None:
            part.chmod(facts.mode & 0o777)
    with suppress(OSError, OverflowError):
        if facts.mtime_ns is not None:
            os.utime(part, ns=(facts.mtime_ns, facts.mtime_ns))


def _published(part: Path, wanted: Path, sha256: str, ours: set[str]) -> Path:
    """Give the finished file its name: free, or that of our own copy; else one beside."""
    if not os.path.lexists(wanted):
        with suppress(FileExistsError):
            publish(part, wanted)
            return wanted
    standing = _standing(wanted)
    if standing == sha256 or (standing in ours and _exchanged(part, wanted, ours)):
        return wanted
    return _beside(part, wanted, sha256)


def _standing(path: Path) -> str | None:
    """The SHA-256 of the regular file at ``path``; None for anything else."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        return hash_of(path)
    except OSError:
        return None


def _exchanged(part: Path, wanted: Path, ours: set[str]) -> bool:
    """Put ``part`` in place of our own copy; False if something else stands there after all."""
    try:
        exchange(part, wanted)
    except OSError:
        before = wanted.stat()
        if _standing(wanted) not in ours or _moved_on(before, wanted):
            return False
        part.replace(wanted)
        return True
    if _standing(part) in ours:
        part.unlink()
        return True
    exchange(part, wanted)  # somebody was quicker: give them their name back
    return False


def _moved_on(before: os.stat_result, path: Path) -> bool:
    after = path.stat()
    same = (before.st_ino, before.st_size, before.st_mtime_ns) == (
        after.st_ino,
        after.st_size,
        after.st_mtime_ns,
    )
    return not same


def _beside(part: Path, wanted: Path, sha256: str) -> Path:
    """``photo.jpg`` as ``photo (original).jpg``, or the next free number; the same bytes there already will do."""
    number = 1
    while True:
        path = wanted.with_name(_beside_name(wanted.name, number))
        if not os.path.lexists(path):
            with suppress(FileExistsError):
                publish(part, path)
                return path
        if _standing(path) == sha256:
            return path
        number += 1


def _beside_name(name: str, number: int) -> str:
    stem, dot, extension = name.rpartition(".")
    if not stem:
        stem, dot, extension = name, "", ""
    if len(os.fsencode(name)) > _LONGEST_NAME:
        stem = os.fsencode(stem)[:_LONGEST_STEM].decode(errors="ignore")
        extension = extension[:8]
    return f"{stem} (original{f' {number}' if number > 1 else ''}){dot}{extension}"
