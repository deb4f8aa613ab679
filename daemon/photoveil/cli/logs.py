"""``photoveil logs``."""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from photoveil.cli.inputs import FileError
from photoveil.cli.output import Exit, printable, say
from photoveil.logs import in_words
from photoveil.paths import Paths

_POLL_SECONDS = 0.25


def logs(arguments: argparse.Namespace) -> int:
    """Show the last lines of the log, and those to come."""
    path = Paths.of(arguments.profile).log_file
    show = _say_raw if arguments.json else _say_line
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            last = deque(file, arguments.lines)
            for line in _older(path, arguments.lines - len(last)):
                show(line)
            for line in last:
                show(line)
            if arguments.follow:
                for line in _added(path, file):
                    show(line)
    except FileNotFoundError as error:
        raise FileError(
            "There is no log yet",
            f"{path} is written when the daemon runs.",
            "Start it with `photoveil run`.",
        ) from error
    except OSError as error:
        raise FileError(
            "The log cannot be read", f"{error.strerror}: {path}.", "Check the rights of that file."
        ) from error
    return Exit.OK


def _older(path: Path, count: int) -> deque[str]:
    """What the log before this one ends with: it is put aside when it is full."""
    older = path.with_name(f"{path.name}.1")
    if count <= 0 or not older.exists():
        return deque()
    with older.open(encoding="utf-8", errors="replace") as file:
        return deque(file, count)


def _added(path: Path, file: IO[str]) -> Iterator[str]:
    """Lines as they are written, also after the log was put aside and begun anew."""
    with ExitStack() as stack:
        rest = ""
        while True:
            replaced = _was_replaced(path, file)  # asked first: nothing is written to it afterwards
            *whole, rest = (rest + file.read()).split("\n")
            yield from whole
            if replaced:
                stack.close()
                file = stack.enter_context(path.open(encoding="utf-8", errors="replace"))
            else:
                time.sleep(_POLL_SECONDS)


def _was_replaced(path: Path, file: IO[str]) -> bool:
    try:
        return not os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False  # about to be begun anew


def _say_line(line: str) -> None:
    for words in in_words(line.rstrip("\n")).splitlines():
        say(printable(words.replace("\t", " ")))


def _say_raw(line: str) -> None:
    say(printable(line.rstrip("\n").replace("\t", " ")))
