"""What runs in the processes of a local archive run: one engine each, photo after photo."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import traceback
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from photoveil.archive.batch import BatchConfig, ProtectBatch, ReadPhotos, rows
from photoveil.archive.tutor import Tutor
from photoveil.errors import PhotoveilError

LEARN, FINISH, PREPARE, PHOTO = "learn", "finish", "prepare", "photo"
"""What a process is told: a photo to learn from, the end of learning, its configuration, a photo to protect."""

DONE, BACK, REFUSED = "done", "back", "refused"
"""What it answers: a result, a photo given back untouched, or that it cannot work at all."""


class Desk:
    """Answers one message after the other."""

    def __init__(self, root: str, stopping: ctypes.c_byte) -> None:
        self._read = ReadPhotos(root)
        self._stopping = stopping
        self._tutor: Tutor | None = None
        self._protect: ProtectBatch | None = None

    def answer(self, message: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Do what one message says; None where nobody waits for an answer."""
        match message:
            case (str(kind), BatchConfig() as config, str(personas)) if kind == LEARN:
                self._tutor = Tutor(config, Path(personas))
                return DONE, self._tutor.settled
            case (str(kind), str(key), bytes(path)) if kind == LEARN:
                return DONE, self._learn(key, path)
            case (str(kind),) if kind == FINISH and self._tutor is not None:
                answer = self._tutor.finish()
                self._tutor = None
                return DONE, *answer
            case (str(kind), BatchConfig() as config) if kind == PREPARE:
                self._protect = ProtectBatch(config)
                return None
            case (str(kind), str(key), bytes(path)) if kind == PHOTO and self._protect is not None:
                if self._stopping.value:
                    return BACK, key
                return DONE, rows(self._protect(self._read({"key": [key], "path": [path]})))[0]
        raise ValueError(f"unknown message {message[:1]}")

    def _learn(self, key: str, path: bytes) -> bool:
        """Whether the persona is settled after this photo."""
        assert self._tutor is not None  # noqa: S101 - the first message made it
        row = rows(self._read({"key": [key], "path": [path]}))[0]
        if not row["error"]:
            self._tutor.learn(row["name"], row["data"])
        return self._tutor.settled


def main(pipe: Connection, root: str, stopping: ctypes.c_byte) -> None:
    """Answer messages until the pipe or the parent ends."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    threading.Thread(target=_leave_with_parent, name="parent", daemon=True).start()
    desk = Desk(root, stopping)
    with contextlib.suppress(EOFError, OSError):
        while True:
            answer = _guarded(desk, pipe.recv())
            if answer is not None:
                pipe.send(answer)


def _guarded(desk: Desk, message: tuple[Any, ...]) -> tuple[Any, ...] | None:
    try:
        return desk.answer(message)
    except PhotoveilError as error:
        return REFUSED, error.as_dict()
    except Exception as error:  # noqa: BLE001 - told to the parent, which ends the run
        traceback.print_tb(error.__traceback__)  # not the message, which may hold a photo's name
        print(type(error).__name__, file=sys.stderr, flush=True)  # noqa: T201 - this process's only log
        return REFUSED, {
            "title": "The archive cannot be made",
            "reason": f"Something went wrong that nobody foresaw ({type(error).__name__}).",
            "remedy": "Run the same command again; if it happens again, please report it with the lines above.",
        }


def _leave_with_parent() -> None:
    """However the parent ends, nobody is left to write results: end at once."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
