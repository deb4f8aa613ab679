"""Questions that are asked in a process of their own, because what answers may hang, crash or be broken.

``python -m photoveil.doctor.probes NAME [WORD…]`` prints one JSON object.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from photoveil.errors import PhotoveilError


class ProbeFailed(PhotoveilError):  # noqa: N818 - told to checks
    """The process ended without an answer; the reason has its last words."""

    code = "probe"


def ask(name: str, *words: str, seconds: float) -> dict[str, Any] | None:
    """The answer; None where none came in time. Raises ProbeFailed where the process broke."""
    command = [sys.executable, "-P", "-m", "photoveil.doctor.probes", name, *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise _failed(done)
    return told


def _failed(done: subprocess.CompletedProcess[bytes]) -> ProbeFailed:
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it said nothing"]
    how = f"signal {-done.returncode}" if done.returncode < 0 else f"status {done.returncode}"
    return ProbeFailed("A question was not answered", f"{last[0][:300]} ({how})", "See the reason.")


def keyring(service: str) -> dict[str, Any]:
    """``state``: usable, locked or absent."""
    import keyring as library

    from photoveil import system_keyring

    if library.get_keyring().priority < 1:  # null, fail and plain-text backends
        return {"state": "absent"}
    try:
        usable = system_keyring.usable(service, may_ask=False)
    except Exception as error:  # noqa: BLE001 - every backend has errors of its own
        return {"state": "absent", "error": type(error).__name__}
    return {"state": "usable" if usable else "locked"}


def tray() -> dict[str, Any]:
    """Who would show an icon, and whether one can be made for it."""
    from photoveil.tray import hosts, system_gi

    found = hosts.present()
    made = hosts.backend(found) if found else None
    return {
        "possible": hosts.possible(),
        "notifier": found.notifier,
        "xembed": found.xembed,
        "gi": system_gi.load(),
        "icon": made is not None,
    }


def device(wanted: str) -> dict[str, Any]:
    """What the encoders can run on, asked of PyTorch itself."""
    from photoveil.protection import devices

    choice = devices.choose(wanted)
    return {
        "available": list(devices.available()),
        "chosen": str(choice.device),
        "name": devices.describe(choice.device),
        "note": choice.note,
    }


def _main() -> None:
    name, *words = sys.argv[1:]
    known: dict[str, Callable[..., dict[str, Any]]] = {"keyring": keyring, "tray": tray, "device": device}
    told = known[name](*words)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    _main()
