"""What commands print: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import datetime
from enum import IntEnum
from typing import Any

from photoveil.errors import PhotoveilError
from photoveil.worker.tasks import overall


class Exit(IntEnum):
    """Exit codes, as ``photoveil --help`` tells them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_RUNNING = 3
    NOT_PAIRED = 4
    INTERRUPTED = 130


def say(text: str = "") -> None:
    """A result."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Something beside the result."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def say_json(value: Any) -> None:
    """A result for programs."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def show_error(error: PhotoveilError, *, as_json: bool = False, about: str = "") -> None:
    """Title, reason and remedy; as JSON on standard output where that was asked for."""
    if as_json:
        say_json({"error": error.as_dict()})
    prefix = f"{printable(about)}: " if about else ""
    note(f"{prefix}{printable(error.title)}.\n  {printable(error.reason)}\n  {printable(error.remedy)}")


def plural(count: int, thing: str) -> str:
    """``1 photo``, ``2 photos``."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def megabytes(count: int) -> str:
    """A size as people read it, in the units that ``vault_mb`` is counted in."""
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{count / 2**20:.1f} MB"


def moment(iso: str | None) -> str:
    """A time of the ledger, on this computer's clock."""
    if iso is None:
        return "never"
    try:
        return f"{datetime.fromisoformat(iso).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return printable(iso)


def printable(text: str) -> str:
    """Text that cannot play tricks on a terminal, whatever a file or browser is called."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


class ProgressBar:
    """Work on several files: a bar on a terminal, else one plain line when a file's work begins."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._terminal = sys.stderr.isatty()
        self._announced: set[str] = set()
        self._at: dict[int, float] = {}

    def show(self, index: int, name: str, stage: str, fraction: float) -> None:
        """The ``index``-th file (from 0) is at ``fraction`` of ``stage``; others may be under way beside it."""
        if not self._terminal:
            line = f"{index + 1}/{self._total} {printable(name)}"
            if line not in self._announced:
                note(line)
            self._announced.add(line)
            return
        self._at[index] = overall(stage, fraction) or 0.0
        first, last, count = min(self._at) + 1, max(self._at) + 1, len(self._at)
        filled = round(sum(self._at.values()) / count * 20)
        bar = "█" * filled + "░" * (20 - filled)
        where, what = (f"{first}", name) if count == 1 else (f"{first}–{last}", f"{count} photos")
        line = f"{where}/{self._total} {bar} {stage:<8} {printable(what)}"
        sys.stderr.write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        sys.stderr.flush()

    def finished(self, index: int) -> None:
        """The ``index``-th file is no longer under way."""
        self._at.pop(index, None)

    def clear(self) -> None:
        """Take the bar away before a line is printed."""
        if self._terminal:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
