"""How the command line finds the running daemon, and how a second daemon finds out that it is one too many."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from photoveil.errors import PhotoveilError
from photoveil.keys import write_private


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
        """Take the lock or raise AlreadyRunningError."""
        file = self._path.open("ab")
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise AlreadyRunningError(
                "Photoveil is running already",
                "Another daemon holds this profile.",
                "Use that one (`photoveil status`), stop it (`photoveil stop`), or choose another --profile.",
            ) from error
        self._file = file

    def release(self) -> None:
        """Let the next one in."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.set_inheritable(file.fileno(), False)
