"""Files that appear whole or not at all, and never in place of another."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import sys
import tempfile
from pathlib import Path

from photoveil.photos.names import numbered, safe_name

PARTIAL_PREFIX = ".photoveil-"
PARTIAL_SUFFIX = ".part"

_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
_RENAME_EXCHANGE = 2
_RENAME_EXCL = 4
_UNSUPPORTED = {
    errno.EPERM,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.ENOTSUP,
    errno.EINVAL,
    errno.EMLINK,
    errno.EXDEV,
    errno.EACCES,
}


def free_name(folder: Path, name: str) -> Path:
    """A path in ``folder`` that is not taken: ``photo.jpg``, else ``photo (2).jpg`` and so on.

    A hint only: another program may take it the next moment; ``write_new`` copes with that.
    """
    safe = safe_name(name)
    candidate, number = folder / safe, 1
    while os.path.lexists(candidate):
        number += 1
        candidate = folder / numbered(safe, number)
    return candidate


def write_new(path: Path, data: bytes) -> Path:
    """Write a file that must not replace another and return where it is.

    If ``path`` is taken, also by a writer that was quicker, the next free name is used. Killed at any
    moment, this leaves either the whole file or nothing but a hidden ``.photoveil-….part``.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    temporary = _written_beside(path, data, private=False)
    try:
        while True:
            try:
                publish(temporary, path)
            except FileExistsError:
                path = free_name(path.parent, path.name)
            else:
                break
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return path


def replace_atomically(path: Path, data: bytes) -> None:
    """Write a state file, readable by its owner alone; readers see the old or the new one, whole.

    Raises:
        OSError: the folder cannot be written to, or the disk is full.
    """
    temporary = _written_beside(path, data, private=True)
    try:
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def _written_beside(path: Path, data: bytes, *, private: bool) -> Path:
    handle, name = tempfile.mkstemp(prefix=PARTIAL_PREFIX, suffix=PARTIAL_SUFFIX, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if not private and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), 0o666 & ~_umask())
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


@functools.cache
def _umask() -> int:
    # There is no way to ask without setting; the strictest value does no harm for that moment.
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def publish(temporary: Path, path: Path) -> None:
    """Give the finished file its name unless that is taken.

    Raises:
        FileExistsError: the name is taken.
    """
    for rung in (_by_link, _by_rename):
        try:
            rung(temporary, path)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        else:
            return
    _by_reservation(temporary, path)


def _by_link(temporary: Path, path: Path) -> None:
    path.hardlink_to(temporary)


def _by_rename(temporary: Path, path: Path) -> None:
    """Rename without replacing: for file systems without hard links (FAT, some network drives)."""
    if sys.platform == "win32":
        temporary.rename(path)  # Windows never replaces here
        return
    library = ctypes.CDLL(None, use_errno=True)
    old, new = os.fsencode(temporary), os.fsencode(path)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_NOREPLACE)
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(old, new, _RENAME_EXCL)
    else:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(path))


def _by_reservation(temporary: Path, path: Path) -> None:
    """Take the name with an empty file, then replace that: the last rung, where a kill may leave it empty."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        temporary.replace(path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def exchange(one: Path, other: Path) -> None:
    """Let two files change names in one step, where the system can (Linux): nothing is gone before it was looked at.

    Raises:
        OSError: it cannot.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    old, new = os.fsencode(one), os.fsencode(other)
    if library.renameat2(_AT_FDCWD, old, _AT_FDCWD, new, _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(other))


def sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where folders can be synced."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
