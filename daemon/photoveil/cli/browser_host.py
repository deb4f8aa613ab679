"""``photoveil browser-host``: what a browser starts for the extension that a package brought along (native messaging).

The browser vouches for the extension: it starts the program of a file that root wrote, for the extension that the file
names. The program runs as the user and so can read what proves the user's own daemon. A code that goes this way needs
nobody to type it, and no other program that listens on the daemon's port can have sent it.

A message is its length as four bytes in the machine's order and that many bytes of JSON, each way.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from typing import Any, BinaryIO

from photoveil.cli.daemon import connect
from photoveil.cli.output import Exit
from photoveil.errors import PhotoveilError

_LENGTH = struct.Struct("=I")
_LONGEST = 4096
"""Bytes of a question; there is one, and it is short."""


def browser_host(arguments: argparse.Namespace) -> int:
    """One question, one answer: a pairing code, or the error's code."""
    question = _read(sys.stdin.buffer)
    _write(sys.stdout.buffer, _answer(question, arguments.profile))
    return Exit.OK


def _answer(question: object, profile: str) -> dict[str, str]:
    if question != {"ask": "code"}:
        return {"error": "bad_request"}
    try:
        _runtime, client = connect(profile)
        return {"code": str(client.call("pairing/start", shown=False)["code"])}
    except PhotoveilError as error:
        return {"error": error.as_dict()["code"]}


def _read(source: BinaryIO) -> Any:
    """The question; None where it is not a whole one."""
    head = source.read(_LENGTH.size)
    length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else 0
    if not 0 < length <= _LONGEST:
        return None
    try:
        return json.loads(source.read(length))
    except ValueError:
        return None


def _write(target: BinaryIO, answer: dict[str, str]) -> None:
    data = json.dumps(answer).encode()
    target.write(_LENGTH.pack(len(data)) + data)
    target.flush()
