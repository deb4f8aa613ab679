"""Does the daemon run, and does it answer?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from photoveil.api.runtime import AlreadyRunningError, InstanceLock
from photoveil.doctor import remedies
from photoveil.doctor.heartbeat import Pulse
from photoveil.doctor.model import Finding
from photoveil.doctor.patient import Patient
from photoveil.paths import Paths


def look(patient: Patient) -> Iterator[Finding]:
    """Feel its pulse."""
    beat, start = patient.heartbeat, patient.command("run")
    match beat.pulse:
        case Pulse.ABSENT:
            yield Finding(
                "daemon_absent",
                "Photoveil is not running",
                "Uploads are not protected, and folders are not watched.",
                f"Start it: {start}, or from the menu of your desktop.",
            )
        case Pulse.GONE:
            yield Finding(
                "daemon_gone",
                "Photoveil ended unexpectedly",
                "It does not run and never said goodbye: the computer went off, or something ended it by force.",
                f"Start it again: {start}. It takes up the photos it was at.",
                mend=partial(_forget, patient.paths),
            )
        case Pulse.SILENT:
            yield Finding(
                "daemon_silent",
                "Photoveil does not answer",
                f"It runs{_process(beat.pid)}, but gave no answer within seconds.",
                f"End it with {_end(beat.pid)} (no photo is lost by that), then start it: {start}.",
            )
        case Pulse.LOST:
            other = (
                f"another program answers on port {beat.port}"
                if beat.stranger
                else "its runtime file is gone"
            )
            yield Finding(
                "daemon_lost",
                "Photoveil runs where nobody finds it",
                f"It runs{_process(beat.pid)}, but {other} or damaged: commands and new pairings fail.",
                f"End it with {_end(beat.pid)} (no photo is lost by that), then start it: {start}.",
            )


def _process(pid: int | None) -> str:
    return f" (process {pid})" if pid else ""


def _end(pid: int | None) -> str:
    return f"`{remedies.end_process(pid, hard=True)}`" if pid else "your system's task manager"


def _forget(paths: Paths) -> str:
    # Other checks may have taken minutes since the look: nobody starts while the lock is ours.
    lock = InstanceLock(paths.lock_file)
    try:
        lock.acquire()
    except AlreadyRunningError:
        return "It runs again: somebody has started it meanwhile."
    try:
        paths.runtime_file.unlink(missing_ok=True)
    finally:
        lock.release()
    return "What it left behind is cleared away; it still has to be started."
