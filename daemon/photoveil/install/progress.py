"""How far the set-up is: one event, told as lines for people or as JSON for a window."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TextIO

from photoveil.errors import PhotoveilError


class Step(StrEnum):
    """What is being done, in its order."""

    LOOK = "look"
    PYTHON = "python"
    PLAN = "plan"
    FETCH = "fetch"
    INSTALL = "install"
    CHECK = "check"
    DONE = "done"


_SHARES: dict[Step, tuple[float, float]] = {
    Step.LOOK: (0.0, 0.01),
    Step.PYTHON: (0.01, 0.04),
    Step.PLAN: (0.04, 0.07),
    Step.FETCH: (0.07, 0.75),
    Step.INSTALL: (0.75, 0.96),
    Step.CHECK: (0.96, 1.0),
    Step.DONE: (1.0, 1.0),
}
"""From where to where each step takes the one bar; by the time it takes over a usual line."""


@dataclass(frozen=True)
class Progress:
    """One event.

    Attributes:
        step: what is being done.
        text: the same in words.
        done: so much of it, in bytes where it is a download or an installation.
        total: of so much; 0 where that is not known.
        overall: 0 to 1, of everything.
    """

    step: Step
    text: str
    done: int = 0
    total: int = 0

    @property
    def overall(self) -> float:
        """How far everything is, 0 to 1."""
        low, high = _SHARES[self.step]
        part = min(self.done, self.total) / self.total if self.total > 0 else 0.0
        return round(low + (high - low) * part, 4)


Tell = Callable[[Progress], None]


def megabytes(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e9:.1f} GB" if count >= 1_000_000_000 else f"{count / 1e6:.0f} MB"


class Json:
    """A line of JSON for each event, for a program that shows a window."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out

    def __call__(self, progress: Progress) -> None:
        """Tell one event."""
        self._write({**asdict(progress), "overall": progress.overall})

    def fail(self, error: PhotoveilError) -> None:
        """The last line, when it was an error."""
        self._write({"step": "error", **error.as_dict()})

    def _write(self, event: dict[str, object]) -> None:
        self._out.write(json.dumps(event, ensure_ascii=True) + "\n")
        self._out.flush()


class Lines:
    """Words for a terminal, with a bar where the terminal can redraw a line, and a line every few seconds elsewhere."""

    _QUIET_SECONDS = 10.0

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._live = out.isatty()
        self._text = ""
        self._told = 0.0

    def __call__(self, progress: Progress) -> None:
        """Tell one event, or leave it out."""
        fresh = progress.text != self._text
        if self._live:
            if fresh and self._text:
                self._out.write("\n")
            self._out.write("\r" + self._line(progress) + "\x1b[K")
        elif fresh or time.monotonic() - self._told > self._QUIET_SECONDS:
            self._out.write(self._line(progress) + "\n")
            self._told = time.monotonic()
        if progress.step is Step.DONE:
            self._out.write("\n" if self._live else "")
        self._text = progress.text
        self._out.flush()

    def fail(self, error: PhotoveilError) -> None:
        """The last lines, when it was an error."""
        lead = "\n" if self._live and self._text else ""
        self._out.write(f"{lead}{error.title}\n  {error.reason}\n  {error.remedy}\n")
        self._out.flush()

    def _line(self, progress: Progress) -> str:
        if not progress.total:
            return progress.text
        amount = f"{megabytes(progress.done)} of {megabytes(progress.total)}"
        if not self._live:
            return f"{progress.text} {amount}"
        room = max(10, min(30, shutil.get_terminal_size().columns - len(progress.text) - len(amount) - 4))
        full = round(room * min(progress.done, progress.total) / progress.total)
        return f"{progress.text} {'█' * full}{'░' * (room - full)} {amount}"
