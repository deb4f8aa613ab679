"""What can be wrong with an archive run as a whole, and with single files in it."""

from __future__ import annotations

import errno

from photoveil.errors import PhotoveilError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors after which no photo can be written any more."""


class ArchiveError(PhotoveilError):
    """The run, or one of its files, cannot go on."""

    code = "archive"


class ArchiveUsageError(ArchiveError):
    """The run was asked for in a way that cannot be."""

    code = "usage"


class OutputFullError(ArchiveError):
    """The output's disk is full: the run ends, what is done stays done."""

    code = "archive_full"


class WorkersFailedError(ArchiveError):
    """The processes that compute cannot be kept alive."""

    code = "archive_workers"


def unreadable(error: OSError) -> ArchiveError:
    """A file or folder of the library that cannot be read."""
    return ArchiveError(
        "It cannot be read",
        f"{error.strerror or type(error).__name__}.",
        "Check the rights of the file and its folder, then run the same command again.",
    )


def unwritable(error: OSError) -> ArchiveError:
    """A protected copy that cannot be written."""
    reason = f"{error.strerror or type(error).__name__}."
    if error.errno in FULL:
        return OutputFullError(
            "The output folder's disk is full",
            reason,
            "Free some space and run the same command again: what is done stays done.",
        )
    return ArchiveError(
        "The protected copy cannot be written",
        reason,
        "Check the rights of the output folder, then run the same command again.",
    )


def changed() -> ArchiveError:
    """A photo that was changed, or went away, while the archive was made."""
    return ArchiveError(
        "The photo was changed meanwhile",
        "Its bytes are not those that were found when this run began.",
        "Run the same command again: it takes the new version.",
    )


def not_reached() -> ArchiveError:
    """A photo that nobody answered for."""
    return ArchiveError(
        "The photo was not reached",
        "The run ended before its turn came.",
        "Run the same command again: it goes on where it was.",
    )


def crashed(status: int | None) -> ArchiveError:
    """A photo on which a working process died twice."""
    return ArchiveError(
        "The photo could not be protected",
        f"The process that worked on it ended unexpectedly (status {status}), twice.",
        "Free some memory or use fewer --processes, then run the same command again.",
    )


def from_dict(told: dict[str, str]) -> PhotoveilError:
    """An error as another process told it."""
    return ArchiveError(told.get("title", ""), told.get("reason", ""), told.get("remedy", ""))
