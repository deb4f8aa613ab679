"""The set-up as a process whose progress can be followed, and which can be stopped with all that it started."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass

_NO_WINDOW = 0x08000000  # CREATE_NO_WINDOW: pip and its children share one console that nobody sees
_GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Event:
    """How far it is.

    Attributes:
        text: what is being done, in words.
        overall: 0 to 1, of everything.
        size: of what is being fetched, in words; may be empty.
    """

    text: str
    overall: float
    size: str = ""


@dataclass(frozen=True)
class Outcome:
    """How it ended; the texts are empty where it went well."""

    ready: bool
    title: str = ""
    reason: str = ""
    remedy: str = ""


class SetupRun:
    """One run of the set-up; made, it runs.

    Args:
        command: prints lines of JSON, as ``photoveil.install --progress json`` does.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._news: queue.SimpleQueue[Event | Outcome] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=os.name != "nt",
            creationflags=_NO_WINDOW if os.name == "nt" else 0,
        )
        self._reader = threading.Thread(target=self._read, name="set-up", daemon=True)
        self._reader.start()

    def news(self) -> list[Event | Outcome]:
        """What has happened since the last call; an `Outcome` is the last of all."""
        found = []
        while not self._news.empty():
            found.append(self._news.get())
        return found

    def stop(self) -> None:
        """End it, with what it started; what was fetched is kept."""
        if self._process.poll() is None:
            self._end()
        self._reader.join(_GRACE_SECONDS)

    def _end(self) -> None:
        if sys.platform == "win32":
            # Windows ends no children with their parent.
            tree = ["taskkill", "/PID", str(self._process.pid), "/T", "/F"]
            subprocess.run(tree, capture_output=True, check=False, creationflags=_NO_WINDOW)
            return
        os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _read(self) -> None:
        error: dict[str, object] = {}
        said = ""
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        with self._process.stdout as lines:
            for line in lines:
                told = _object(line)
                if told.get("step") == "error":
                    error = told
                elif "overall" in told:
                    self._news.put(_event(told))
                elif line.strip():
                    said = line.strip()
        code = self._process.wait()
        self._news.put(Outcome(ready=True) if code == 0 else _failure(error, said, code))


def _object(line: str) -> dict[str, object]:
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _event(told: dict[str, object]) -> Event:
    overall, done, total = (_number(told.get(name)) for name in ("overall", "done", "total"))
    size = f"{_megabytes(done)} of {_megabytes(total)}" if told.get("step") == "fetch" and total else ""
    return Event(str(told.get("text", "")), min(max(overall, 0.0), 1.0), size)


def _failure(error: dict[str, object], said: str, code: int) -> Outcome:
    if error:
        return Outcome(False, *(str(error.get(name, "")) for name in ("title", "reason", "remedy")))
    return Outcome(
        False,
        "Setting up ended early",
        said or f"It ended with {code} and said nothing.",
        "Try again: it goes on where it stopped.",
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _megabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
