"""Starts an installed Photoveil on Windows and macOS; has it set up before, in a window, where that is not done.

    start.py [open | run --login | repair | any other command of photoveil]

``repair`` makes the environment anew from nothing, then opens Photoveil.

It runs on the bare Python that the installer brought. ``PHOTOVEIL_LAUNCHER`` names the program that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from layout import BrokenInstallationError, Layout

_NO_WINDOW = 0x08000000
# So long a start that fails is waited for, to be able to say why it did.
_FAILS_WITHIN = 8.0
_REPAIR = "start “Photoveil.exe repair”." if os.name == "nt" else "see “Repair” in the user guide."
_TRANSLOCATED = ("/AppTranslocation/", "/Volumes/")


def main(arguments: Sequence[str]) -> int:
    """Start it; answers 0 where it runs, or was told not to show anything."""
    wishes = [word for word in arguments if not word.startswith("-psn_")] or ["open"]
    at_login = "--login" in wishes
    root = Path(__file__).resolve().parents[1]
    if not at_login and any(part in f"{root}/" for part in _TRANSLOCATED):
        return _explain(
            "Please move Photoveil first", "Drag it into the Applications folder and open it there."
        )
    try:
        layout = Layout.of(root)
    except BrokenInstallationError as error:
        return 1 if at_login else _explain("Photoveil is damaged", f"{error}\n\nPlease install it again.")
    repair = wishes == ["repair"]
    if (repair or not layout.ready) and (at_login or not _set_up(layout, ["--again"] if repair else [])):
        return 0  # it goes on when the user opens it
    environ = {**os.environ, "PHOTOVEIL_EXTENSION": str(layout.extension)}
    # UTF-8 for what it writes into a file or pipe: Windows' own encodings lack letters, and names of people have them.
    command = [
        str(layout.python),
        "-I",
        "-X",
        "utf8",
        "-m",
        "photoveil.cli",
        *(["open"] if repair else wishes),
    ]
    if at_login and os.name != "nt":
        os.execve(command[0], command, environ)  # noqa: S606 - launchd keeps an eye on this very process
    return _start(command, environ, layout.environment / "last-start.txt", at_login)


def _set_up(layout: Layout, options: Sequence[str]) -> bool:
    from setup_window import SetupWindow  # Tk

    layout.environment.mkdir(parents=True, exist_ok=True)
    if not SetupWindow([*layout.setup_command(), *options]).show() or not layout.ready:
        return False
    layout.lay_out_extension()
    layout.remove_older_pythons()
    return True


def _start(command: Sequence[str], environ: dict[str, str], said: Path, at_login: bool) -> int:
    """Leave it running; where it breaks at once, say so. What it can explain, it shows itself."""
    with said.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=os.name != "nt",
            creationflags=_NO_WINDOW if os.name == "nt" else 0,
        )
    end = time.monotonic() + _FAILS_WITHIN
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    if not process.returncode:
        return 0
    words = said.read_text(encoding="utf-8", errors="replace").strip()[-1500:]
    return (
        1
        if at_login
        else _explain("Photoveil could not start", words or f"It ended with {process.returncode}.")
    )


def _explain(title: str, text: str) -> int:
    from setup_window import tell

    tell(title, text)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
