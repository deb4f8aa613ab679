"""Whether the daemon of a profile lives: who holds its lock, and whether it answers."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from photoveil.api.client import DaemonClient, ImpostorError
from photoveil.api.runtime import InstanceLock, NotRunningError, Runtime
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths

_PATIENCE = 10.0
"""Seconds within which a daemon in good health has answered long ago."""

_STARTING = 5.0
"""Seconds within which one that has just been started answers; it has its lock before."""
_LOCKS = Path("/proc/locks")


class Pulse(StrEnum):
    """How it is."""

    BEATS = "beats"
    ABSENT = "absent"
    """It does not run, and left nothing behind."""
    GONE = "gone"
    """It does not run, but left its runtime file: it was ended by force."""
    SILENT = "silent"
    """It runs, and does not answer."""
    LOST = "lost"
    """It runs, and nobody can find it: its runtime file is gone or not its own."""


@dataclass(frozen=True)
class Heartbeat:
    """What was found out.

    Attributes:
        pid: of the daemon where one runs and it is known.
        overview: what it tells of itself, if it answers.
        stranger: another program answers where it should be.
    """

    pulse: Pulse
    pid: int | None = None
    port: int | None = None
    overview: dict[str, Any] | None = None
    stranger: bool = False


def feel(paths: Paths) -> Heartbeat:
    """Ask the system, then the daemon; whoever runs and does not answer at once may be just starting."""
    end = time.monotonic() + _STARTING
    while (found := _felt(paths)).pulse in (Pulse.SILENT, Pulse.LOST) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def _felt(paths: Paths) -> Heartbeat:
    held = InstanceLock(paths.lock_file).is_held()
    try:
        runtime = Runtime.read(paths.runtime_file)
    except NotRunningError:
        if held:
            return Heartbeat(Pulse.LOST, holder(paths.lock_file))
        return Heartbeat(Pulse.GONE if paths.runtime_file.exists() else Pulse.ABSENT)
    if not held:
        return Heartbeat(Pulse.GONE, port=runtime.port)
    try:
        client = DaemonClient.local(runtime)
        client.timeout = _PATIENCE
        overview = client.call("overview")
    except ImpostorError:
        return Heartbeat(Pulse.LOST, holder(paths.lock_file), runtime.port, stranger=True)
    except NotRunningError:
        return Heartbeat(Pulse.SILENT, holder(paths.lock_file) or _writer(runtime, paths), runtime.port)
    except (PhotoveilError, ValueError):
        return Heartbeat(Pulse.LOST, holder(paths.lock_file), runtime.port)
    return Heartbeat(Pulse.BEATS, runtime.pid, runtime.port, overview)


def holder(lock_file: Path) -> int | None:
    """The process that holds the lock, where the system tells (Linux)."""
    try:
        file = lock_file.stat()
        lines = _LOCKS.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        words = line.split()  # 1: FLOCK ADVISORY WRITE 4711 fd:01:1234 0 EOF
        of_kind = len(words) >= 6 and words[1:4:2] == ["FLOCK", "WRITE"] and words[4].isdecimal()
        # Files of other drives have that number, too, and the drives' own are not those that `stat` tells everywhere.
        if of_kind and words[5].rpartition(":")[2] == str(file.st_ino) and _has_open(int(words[4]), file):
            return int(words[4])
    return None


def _has_open(pid: int, file: os.stat_result) -> bool:
    """Whether a process has this file open; of other users' processes nobody tells."""
    with contextlib.suppress(OSError):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.path.samestat(entry.stat(), file):
                    return True
    return False


def _writer(runtime: Runtime, paths: Paths) -> int | None:
    """The process that wrote the runtime file, unless another one has its number by now."""
    try:
        import psutil
    except ImportError:
        return None
    try:
        began = psutil.Process(runtime.pid).create_time()
        return runtime.pid if began <= paths.runtime_file.stat().st_mtime else None
    except (OSError, ValueError, psutil.Error):
        return None
