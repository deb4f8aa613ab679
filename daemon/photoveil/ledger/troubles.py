"""What to make of an error that a job met: is the photo to blame, the moment, or the machine?"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from photoveil.errors import PhotoveilError
from photoveil.ledger.database import LedgerError
from photoveil.worker.tasks import SourceChanged, WorkerCrashed, WorkerGaveUp

_FULL = {errno.ENOSPC, errno.EDQUOT}
_AWAY = {
    *(errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ESTALE, errno.ENOTCONN),
    *(errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.EBUSY, errno.EAGAIN),
}
_REFUSED = {errno.EROFS, errno.EACCES, errno.EPERM}


class Verdict(StrEnum):
    """What becomes of the job."""

    FAIL = "fail"
    LATER = "later"
    CANCEL = "cancel"
    HOLD = "hold"
    """Neither photo nor place is to blame: wait without counting this as an attempt."""


@dataclass(frozen=True)
class Judgement:
    """The verdict, the error to show, and the key of the notice that tells of it.

    ``patient``: the photo is not to blame, so that it may be tried again without end.
    """

    verdict: Verdict
    error: PhotoveilError
    notice: str | None = None
    patient: bool = False


class TryLater(PhotoveilError):  # noqa: N818 - what to do about it
    """Raised by who puts copies in place: it may work later, as when a drive is away."""

    code = "try_later"


class SourceGone(SourceChanged):
    """The file to be protected is no longer there."""

    code = "source_gone"


class DiskFullError(PhotoveilError):
    """No space left."""

    code = "disk_full"


class FolderRefusedError(PhotoveilError):
    """A folder cannot be written to, or a file in it not read."""

    code = "folder_refused"


def judge(error: BaseException, folder: str | None = None) -> Judgement:
    """What to make of ``error``; ``folder`` is the watched folder concerned, if it is about one."""
    number = _number(error)
    if number in _FULL or _is_full(error):
        return Judgement(Verdict.LATER, _full(), "disk", patient=True)
    match error:
        case SourceChanged():
            return Judgement(Verdict.CANCEL, error)
        case WorkerGaveUp():
            return Judgement(Verdict.HOLD, error, "worker")
        case LedgerError():
            return Judgement(Verdict.LATER, error, "ledger", patient=True)
        case WorkerCrashed():
            return Judgement(Verdict.LATER, error)
        case TryLater():
            return Judgement(Verdict.LATER, error, patient=True)
    notice = f"folder/{folder}/copies" if folder else None
    told = error if isinstance(error, PhotoveilError) else None
    if isinstance(error, TimeoutError):
        return Judgement(Verdict.LATER, _slow(), notice, patient=True)
    if number in _AWAY:
        return Judgement(Verdict.LATER, told or _away(), notice, patient=True)
    if number in _REFUSED:
        return Judgement(Verdict.FAIL, told or _refused(), notice)
    return Judgement(Verdict.FAIL, told or _unforeseen(error))


def source_gone(name: str) -> SourceGone:
    """The error for a file of this name."""
    return SourceGone(
        "The photo was not protected",
        f"“{name}” was moved or deleted before its turn came.",
        "Nothing is lost by this; where it was moved to a watched folder, it is protected there.",
    )


def died() -> PhotoveilError:
    """The daemon died each time it worked on this photo."""
    return PhotoveilError(
        "The photo could not be protected",
        "Photoveil ended three times while it worked on this photo.",
        "Try again; if it happens again, the photo may be too large for this machine's memory.",
    )


def not_kept(name: str) -> PhotoveilError:
    """An upload's bytes are gone."""
    return PhotoveilError(
        "The photo could not be protected",
        f"The copy of “{name}” that was sent did not survive a restart of this computer.",
        "Send it again.",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _number(error: BaseException) -> int | None:
    for found in _chain(error):
        if isinstance(found, OSError) and found.errno is not None:
            return found.errno
    return None


def _is_full(error: BaseException) -> bool:
    return any(
        isinstance(found, sqlite3.Error) and getattr(found, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
        for found in _chain(error)
    )


def _full() -> PhotoveilError:
    return DiskFullError(
        "The disk is full",
        "There is no space left for protected photos.",
        "Make room; Photoveil goes on by itself, and no original is touched meanwhile.",
    )


def _slow() -> PhotoveilError:
    return TryLater(
        "The protected copy could not be put in place",
        "The folder did not answer in time.",
        "Check the drive or the network; it is tried again.",
    )


def _away() -> PhotoveilError:
    return TryLater(
        "The protected copy could not be put in place",
        "Its folder is not there at the moment.",
        "Connect the drive or create the folder again; it is tried again.",
    )


def _refused() -> PhotoveilError:
    return FolderRefusedError(
        "The photo could not be protected",
        "A folder or file may not be read or written by this user.",
        "Change the rights of the folder, or choose another place for the copies in the folder's settings.",
    )


def _unforeseen(error: BaseException) -> PhotoveilError:
    return PhotoveilError(
        "The photo could not be protected",
        f"Something went wrong that nobody foresaw ({type(error).__name__}).",
        "Try again; if it happens again, please report it together with the log.",
    )
