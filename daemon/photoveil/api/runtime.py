"""How the command line finds the running daemon, and how a second daemon finds out that it is one too many."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from photoveil.errors import PhotoveilError
from photoveil.keys import write_private

_TRIES = 20
_PAUSE = 0.025
"""Seconds between two tries at the lock: who only asks after it has it for no longer than a moment."""
_TAKEN = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
"""What systems answer where somebody else has a lock."""


class AlreadyRunningError(PhotoveilError):
    """A daemon of this profile runs already."""

    code = "already_running"


class NotRunningError(PhotoveilError):
    """There is no daemon to talk to."""

    code = "not_running"


@dataclass(frozen=True)
class Runtime:
    """What the daemon tells the same user's programs; ``key`` is base64url."""

    pid: int
    port: int
    api: int
    client: str
    key: str

    def write(self, file: Path) -> None:
        """Publish, readable by this user alone."""
        write_private(file, json.dumps(asdict(self)))

    @classmethod
    def read(cls, file: Path) -> Runtime:
        """What was published last."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise not_running() from error


def not_running() -> NotRunningError:
    """The error for a daemon that is not there."""
    return NotRunningError(
        "Photoveil is not running", "No daemon of this profile answers.", "Start it with `photoveil run`."
    )


class InstanceLock:
    """Held by the one daemon of a profile; the system releases it when the process ends, however it ends."""

    def __init__(self, file: Path) -> None:
        self._path = file
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRunningError: somebody has it, and not just to ask.
            OSError: the drive knows no locks.
        """
        file = self._path.open("ab")
        try:
            for _ in range(_TRIES):
                if _tried(file):
                    self._file = file
                    return
                time.sleep(_PAUSE)
            raise AlreadyRunningError(
                "Photoveil is running already",
                "Another daemon holds this profile.",
                "Use that one (`photoveil status`), stop it (`photoveil stop`), or choose another --profile.",
            )
        finally:
            if self._file is not file:
                file.close()

    def is_held(self) -> bool:
        """Whether somebody has the lock; asking keeps nobody from taking it for longer than a moment.

        Raises:
            OSError: the file cannot be read, or the drive knows no locks.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return False
        with file:
            return not _tried(file, shared=True)

    def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _tried(file: IO[bytes], *, shared: bool = False) -> bool:
    """Whether the file is locked by us now, until it is closed."""
    try:
        _lock(file, shared=shared)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise
        return False
    return True


def _lock(file: IO[bytes], *, shared: bool) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # it knows no shared ones
    else:
        import fcntl

        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    os.set_inheritable(file.fileno(), False)
