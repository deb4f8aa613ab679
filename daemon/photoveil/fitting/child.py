"""The process that fetches or checks a model set for the daemon: ``python -m photoveil.fitting.child``.

One JSON line in says what to do, JSON lines out tell how it goes. It stops when its input ends, and may be killed at
any moment. A process of its own keeps the daemon small and makes giving up a matter of a moment, whatever the network
does.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from photoveil.errors import PhotoveilError
from photoveil.worker.child import die_with_parent

_GRACE = 2.0
_TELL_SECONDS = 0.5
Tell = Callable[[dict[str, Any]], None]


def main() -> None:
    """Do what the one line says."""
    die_with_parent()
    outlet = _claim_output()

    def tell(message: dict[str, Any]) -> None:
        outlet.write(json.dumps(message) + "\n")
        outlet.flush()

    question = json.loads(sys.stdin.readline())
    given_up = threading.Event()
    threading.Thread(target=_watch, args=(given_up,), daemon=True).start()
    try:
        tell({"done": _do(question, tell, given_up.is_set)})
    except PhotoveilError as error:
        tell({"error": error.as_dict()})
    except Exception as error:  # noqa: BLE001 - the guard of all work: told to the user, traced in the log
        traceback.print_tb(error.__traceback__)
        tell({"error": _unexpected(error).as_dict()})
    # A library's thread may still wait for a dead connection; nothing is lost by not waiting for it.
    os._exit(0)


def _do(question: dict[str, Any], tell: Tell, given_up: Callable[[], bool]) -> list[dict[str, Any]]:
    from photoveil import models

    name, folder = question["model_set"], Path(question["folder"])
    if question["op"] == "verify":
        seen = _Seen(name, question["bytes"], _Pace(tell))
        return [finding.as_dict() for finding in models.verify(name, folder, seen=seen)]
    source = models.Source(endpoint=question["endpoint"] or None, offline=question["offline"])
    models.pull(name, folder, source=source, progress=_Pace(tell), cancelled=given_up)
    return []


class _Pace:
    """Tells progress twice a second at most, and always the last of a file."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._next = 0.0
        self._files = -1

    def __call__(self, progress: Any) -> None:
        now = time.monotonic()
        if now < self._next and progress.files_done == self._files:
            return
        self._next, self._files = now + _TELL_SECONDS, progress.files_done
        self._tell({"progress": asdict(progress)})


class _Seen:
    """Counts what is read while a set is checked."""

    def __init__(self, model_set: str, total: int, pace: _Pace) -> None:
        self._model_set, self._total, self._pace = model_set, total, pace
        self._done = 0

    def __call__(self, count: int) -> None:
        from photoveil.models import PullProgress

        self._done += count
        self._pace(PullProgress(self._model_set, "", 0, 0, min(self._done, self._total), self._total))


def _claim_output() -> TextIO:
    """Take standard output away from everyone else, so that a stray ``print`` ends on standard error."""
    outlet = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return outlet


def _watch(given_up: threading.Event) -> None:
    """Leave when the input ends: at once where that is noticed, else after a moment."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdin.read()
    given_up.set()
    time.sleep(_GRACE)
    os._exit(0)


def _unexpected(error: Exception) -> PhotoveilError:
    return PhotoveilError(
        "The model set could not be fetched",
        f"Something went wrong that nobody foresaw ({type(error).__name__}).",
        "Try again; if it happens again, please report it together with the log.",
    )


if __name__ == "__main__":
    main()
