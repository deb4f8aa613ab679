"""The daemon's log: a rotating file of this user alone, one JSON object a line.

Photos' names, paths and secrets never get there. ``photoveil logs`` shows it in words.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
from datetime import UTC, datetime

from photoveil.paths import Paths


def start_log(paths: Paths) -> None:
    """Write the log to its file from now on."""
    os.umask(0o077)
    handler = logging.handlers.RotatingFileHandler(
        paths.log_file, maxBytes=1 << 20, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(_Lines())
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)


def set_level(level: str) -> None:
    """Say more (``debug``, with names of photos and folders) or the usual (``info``), of our own modules only."""
    logging.getLogger("photoveil").setLevel(logging.DEBUG if level == "debug" else logging.INFO)


def in_words(line: str) -> str:
    """A line of the log for people; one that is not ours stays as it is."""
    try:
        told = json.loads(line)
        words = f"{told['time'][:19].replace('T', ' ')} {told['level']} {told['room']}: {told['message']}"
    except (ValueError, KeyError, TypeError):
        return line
    return "\n".join([words, *told.get("trace", [])])


class _Lines(logging.Formatter):
    """Records as JSON: time (UTC), level, room (the module), message and, for what nobody foresaw, the trace."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "room": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info).splitlines()
        return json.dumps(told, ensure_ascii=False)
