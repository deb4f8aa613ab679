"""The end of the daemon's log, redacted."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from photoveil.doctor.redaction import HIDDEN, Redactor

_LINES = 500
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(\+00:00|Z)?")
_LEVELS = ("INFO", "WARNING", "ERROR", "CRITICAL")
_ROOM = re.compile(r"(photoveil|aiohttp|asyncio)(\.[a-z_]{1,40}){0,6}")
_FRAME = re.compile(r'^\s*File "(?P<file>[^"]*)", line (?P<line>\d{1,6}), in (?P<place>[\w<>.]{1,80})$')
_EXCEPTION = re.compile(r"^(?P<name>[A-Za-z_][\w.]{0,120})(:|$)")
_MODULE = re.compile(r"(?:^|[/\\])(?P<tail>(?:photoveil|asyncio|aiohttp|sqlite3)[/\\][\w/\\]{1,120}\.py)$")


def last_lines(file: Path, redactor: Redactor, count: int = _LINES) -> str:
    """The last lines that were not meant for debugging: time, level, room, message, and where an error came from."""
    lines: deque[str] = deque(maxlen=count)
    for one in (file.with_name(f"{file.name}.1"), file):
        if one.exists():
            with one.open(encoding="utf-8", errors="replace") as opened:
                for line in opened:
                    lines.extend(_line(line, redactor))
    return "\n".join(lines) + "\n"


def _line(line: str, redactor: Redactor) -> Iterator[str]:
    """What of a line may be told; a line that is not ours may hold anything, so nothing of it."""
    try:
        told: dict[str, Any] = json.loads(line)
        moment, level, room, message = (str(told[name]) for name in ("time", "level", "room", "message"))
        trace = told.get("trace", [])
    except (ValueError, KeyError, TypeError):
        yield HIDDEN
        return
    if level not in _LEVELS:
        return
    moment = moment if _TIME.fullmatch(moment) else HIDDEN
    room = room if _ROOM.fullmatch(room) else HIDDEN
    yield f"{moment} {level} {room}: {redactor.text(message)}"
    for part in trace if isinstance(trace, list) else []:
        yield from _of_trace(str(part), redactor)


def _of_trace(part: str, redactor: Redactor) -> Iterator[str]:
    """A frame without the folder it lies in, or the kind of an exception without its words; lines of code are left."""
    if frame := _FRAME.match(part):
        module = _MODULE.search(frame["file"])
        where = module["tail"].replace("\\", "/") if module else HIDDEN
        yield f"    {where}:{frame['line']} in {redactor.text(frame['place'])}"
    elif exception := _EXCEPTION.match(part):
        yield f"    {redactor.text(exception['name'])}"
