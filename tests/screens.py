"""A screen of a test's own: an X server without a monitor, under a number that no other has anywhere on this machine.

The server itself would take the first number that is free in its own network. But its socket in the file system is
seen from all networks, and python-xlib looks there first: of two suites in networks of their own, both at screen 0,
one could see and click the other's windows.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

_TRIES = 3
_SECONDS = 100.0
_FIRST, _NUMBERS = 1000, 50_000


@contextlib.contextmanager
def screen(width: int, height: int, folder: Path, *options: str) -> Iterator[str]:
    """Start one of so many pixels and answer its name, such as ``:1234``; what servers complain about is in ``folder``.

    A server that ends before it is ready is followed by another, under another number; AssertionError after the third.
    """
    notes = [folder / f"xvfb-{number}.txt" for number in range(_TRIES)]
    for number, note in enumerate(notes):
        name = f":{_FIRST + (_TRIES * os.getpid() + number) % _NUMBERS}"
        with contextlib.ExitStack() as stack:
            if _ready(name, f"{width}x{height}x24", options, note, stack):
                yield name
                return
    raise AssertionError("no X server: " + "\n".join(note.read_text() for note in notes))


def _ready(name: str, size: str, options: tuple[str, ...], note: Path, stack: contextlib.ExitStack) -> bool:
    """Start a server, which ends with ``stack``; whether it takes connections."""
    ours, theirs = os.pipe()
    stack.callback(os.close, ours)
    said = stack.enter_context(note.open("w"))
    command = ["Xvfb", name, "-displayfd", str(theirs), "-screen", "0", size, "-nolisten", "tcp", *options]
    try:
        server = subprocess.Popen(command, pass_fds=[theirs], stdout=said, stderr=said)
    finally:
        os.close(theirs)
    stack.callback(server.wait)
    stack.callback(server.terminate)  # it takes its socket away
    return bool(select.select([ours], [], [], _SECONDS)[0] and os.read(ours, 16))
