"""Does Linux let the daemon hear of changes in all watched folders?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from photoveil.doctor import remedies
from photoveil.doctor.heartbeat import Pulse
from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient, is_folder

_MOST = 1_000_000
_SPACE = Path("/proc/sys/user")
"""Limits of this user namespace: lower than the system's inside some containers."""
_NAMES = {"max_user_watches": "max_inotify_watches", "max_user_instances": "max_inotify_instances"}


def look(patient: Patient) -> Iterator[Finding]:
    """Try, as the daemon does; where it does not run yet, count what it will need."""
    if not sys.platform.startswith("linux"):
        raise NotNow("this is about Linux")
    from photoveil.watching import filesystems

    # What is polled anyway needs no watches.
    roots = [rule.path for rule in patient.folders if rule.polling == "auto" and is_folder(rule.path)]
    limit = filesystems.exhausted_limit(roots[0] if roots else patient.paths.state.parent)
    folders = sum(_folders(root) for root in roots)
    if limit is None and patient.heartbeat.pulse is not Pulse.BEATS and folders > _value("max_user_watches"):
        limit = "max_user_watches"
    if limit is None:
        return
    name, present = _binding(limit)
    needed = filesystems.needed_value(limit, present, folders)
    change = remedies.as_root(f"sysctl -w {name}={needed}")
    keep = remedies.as_root("tee /etc/sysctl.d/60-photoveil.conf")
    yield Finding(
        "inotify_limit",
        "Changes in watched folders are noticed later than they could be",
        f"The system's limit {name} is {present:,} and used up ({folders:,} folders are to be watched). Until it is "
        "raised folders are looked through again and again, which takes more power.",
        f"Run `{change}`; to keep it over a restart: `echo {name}={needed} | {keep}`.",
        Weight.PROBLEM if roots else Weight.ADVICE,
    )


def _binding(limit: str) -> tuple[str, int]:
    """The name and value of the limit that holds here: the system's, or the lower one of a container."""
    from photoveil.watching import filesystems

    system, own = filesystems.limit_value(limit), _value(limit)
    return (f"user.{_NAMES[limit]}", own) if own < system else (f"fs.inotify.{limit}", system)


def _value(limit: str) -> int:
    from photoveil.watching import filesystems

    system = filesystems.limit_value(limit)
    try:
        return min(system, int((_SPACE / _NAMES[limit]).read_text()))
    except (OSError, ValueError):
        return system


def _folders(root: Path) -> int:
    count = 0
    for _ in os.walk(root):
        count += 1
        if count >= _MOST:
            break
    return count
