"""The daemon's log: a rotating file of this user alone. Photos' names, paths and secrets never get there."""

from __future__ import annotations

import logging
import logging.handlers
import os
import time

from photoveil.paths import Paths


def start_log(paths: Paths) -> None:
    """Write the log to its file from now on."""
    os.umask(0o077)
    handler = logging.handlers.RotatingFileHandler(
        paths.log_file, maxBytes=1 << 20, backupCount=3, encoding="utf-8"
    )
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)


def set_level(level: str) -> None:
    """Say more (``debug``, with names of photos and folders) or the usual (``info``), of our own modules only."""
    logging.getLogger("photoveil").setLevel(logging.DEBUG if level == "debug" else logging.INFO)
