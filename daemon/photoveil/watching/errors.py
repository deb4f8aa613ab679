"""What can go wrong between a watched folder and its copies, in words for the user."""

from __future__ import annotations

import errno
from pathlib import Path

from photoveil.errors import PhotoveilError
from photoveil.worker.tasks import SourceChanged

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}


class FolderMissing(PhotoveilError):  # noqa: N818 - named after the folder's state
    """A watched folder is not there or cannot be read."""

    code = "folder_missing"

    @classmethod
    def of(cls, folder: Path, error: OSError) -> FolderMissing:
        """The notice for a folder that answered with ``error``."""
        if error.errno in (errno.EACCES, errno.EPERM):
            return cls(
                "A watched folder cannot be read",
                f"The system denies access to {shown(folder)}.",
                "Give your user the right to read it (on macOS under Privacy & Security, Files and Folders).",
            )
        return cls(
            "A watched folder is not there",
            f"{shown(folder)} was moved, renamed or is on a drive that is not connected.",
            "Connect the drive or put the folder back: watching goes on by itself. Or stop watching it.",
        )


class PartlyUnreadable(PhotoveilError):  # noqa: N818 - named after the folder's state
    """Parts of a watched folder cannot be read; the rest goes on."""

    code = "folder_unreadable"

    @classmethod
    def of(cls, folder: Path, first: str, count: int) -> PartlyUnreadable:
        """The notice for ``count`` folders and files, the first of them named."""
        others = f" and {count - 1} more" if count > 1 else ""
        return cls(
            "A part of a watched folder cannot be read",
            f"In {shown(folder)} this cannot be read: {shown(Path(first))}{others}. The rest is watched.",
            "Give your user the right to read it, or take it out of the folder.",
        )


class InotifyLimit(PhotoveilError):  # noqa: N818 - named after the limit
    """The system watches as many folders, or for as many programs, as it may."""

    code = "inotify_limit"

    @classmethod
    def of(cls, name: str, present: int, needed: int) -> InotifyLimit:
        """The notice naming the limit, its value and the one that would do."""
        return cls(
            "Changes in watched folders are noticed later than they could be",
            f"The system's limit fs.inotify.{name} is {present:,} and used up; {needed:,} would be enough. Until then "
            "folders are looked through again and again, which takes more power.",
            f"Run: sudo sysctl fs.inotify.{name}={needed}  To keep it over a restart of the computer: "
            f"echo fs.inotify.{name}={needed} | sudo tee /etc/sysctl.d/60-photoveil.conf",
        )


class FolderForgotten(PhotoveilError):  # noqa: N818 - named after what happened
    """A job is finished for a folder that is watched no more."""

    code = "folder_forgotten"

    @classmethod
    def of(cls) -> FolderForgotten:
        """The reason of a job that came too late."""
        return cls(
            "The copy was not written",
            "Its folder is not watched any more.",
            "Add the folder again if you want copies of its photos.",
        )


class HardLinked(PhotoveilError):  # noqa: N818 - named after the file
    """A photo that has several names cannot be replaced in place."""

    code = "hard_linked"

    @classmethod
    def of(cls, links: int) -> HardLinked:
        """The refusal for a file with so many names."""
        return cls(
            "The photo was not replaced",
            f"The file has {links} names (hard links); replacing one would leave the unprotected photo at the others.",
            "Make separate copies of the file, or let copies of this folder go to “Protected” beside it.",
        )


class TargetError(PhotoveilError):
    """A copy cannot be written where it belongs. The ``OSError`` behind it tells the queue whether to try again."""

    code = "target"

    @classmethod
    def of(cls, folder: Path, error: OSError) -> TargetError:
        """The error for a folder that answered with ``error``."""
        place = shown(folder)
        if error.errno in _FULL:
            return cls(
                "There is no space left for protected copies",
                f"The drive with {place} is full, or your share of its space is used up.",
                "Make some space there; it is tried again by itself, and whenever you ask for it.",
            )
        if error.errno in _REFUSED:
            return cls(
                "Protected copies cannot be written",
                f"{place} does not let this user write ({error.strerror}).",
                "Change its rights, or choose another place for the copies in the folder's settings.",
            )
        return cls(
            "The place for protected copies cannot be reached",
            f"Writing to {place} failed ({error.strerror or type(error).__name__}).",
            "Connect its drive or make the folder again; it is tried again by itself a few times.",
        )


class ChosenAnew(SourceChanged):
    """What is to be hidden on the photo was chosen anew while its copy was made."""

    code = "chosen_anew"

    @classmethod
    def of(cls) -> ChosenAnew:
        """The error for a copy that must not be put in place any more."""
        return cls(
            "The copy was not put in place",
            "Meanwhile you have chosen anew what is to be hidden on this photo.",
            "Another copy is made as you have chosen.",
        )


def shown(path: Path) -> str:
    """A path as it can be printed, whatever bytes are in it."""
    return str(path).encode("utf-8", "replace").decode().replace("\n", "?")
