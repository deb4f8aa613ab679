"""The real child's plumbing around a hub that obeys a script: one step a line in the file PHOTOVEIL_FAKE_FETCH.

``say DONE TOTAL`` tells progress, ``wait FILE`` waits for a file, ``install`` puts the set in place, ``fail CODE`` and
``crash`` end it badly, ``stumble`` raises what nobody foresaw, ``stubborn`` hears nothing. Without a script it ends
well.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from photoveil import models
from photoveil.errors import PhotoveilError
from photoveil.fitting import child
from tests.fitting.house import install


class FailureError(PhotoveilError):
    """What the script asks for."""


def pull(name: str, folder: Path, *, source: Any, progress: Any, cancelled: Callable[[], bool]) -> None:
    script = Path(os.environ.get("PHOTOVEIL_FAKE_FETCH", ""))
    sys.stdout.write("a stray line of a library\n")
    for line in script.read_text().splitlines() if script.is_file() else ():
        word, *rest = line.split()
        _step(word, rest, name, folder, progress, cancelled)


def _step(word: str, rest: list[str], name: str, folder: Path, progress: Any, cancelled: Any) -> None:
    match word:
        case "say":
            progress(models.PullProgress(name, "one.safetensors", 0, 2, int(rest[0]), int(rest[1])))
        case "wait":
            while not Path(rest[0]).exists() and not cancelled():
                time.sleep(0.02)
        case "install":
            install(folder, name)
        case "fail":
            FailureError.code = rest[0]
            raise FailureError("It went wrong", "The script says so.", "Write another script.")
        case "stumble":
            raise ValueError("a secret")
        case "crash":
            os._exit(7)
        case "stubborn":
            time.sleep(600)


if __name__ == "__main__":
    models.pull = pull  # type: ignore[assignment]
    child.main()
