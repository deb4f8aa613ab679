"""Names and paths as SQLite can hold them: on Linux a file name may be bytes that are no Unicode."""

from __future__ import annotations

import os
from pathlib import Path

NOWHERE = Path(os.devnull)
"""Stands for the file of a row that has none (any more)."""


def packed(text: str | Path) -> str | bytes:
    """What to store: the text itself, or bytes where it holds lone surrogates. The same text gives the same value."""
    plain = str(text)
    try:
        plain.encode()
    except UnicodeEncodeError:
        return plain.encode("utf-8", "surrogatepass")
    return plain


def unpacked(value: str | bytes) -> str:
    """The text that was stored; also by earlier versions of the vault, which kept the bytes of such a file name."""
    if isinstance(value, str):
        return value
    try:
        return value.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return os.fsdecode(value)


def packed_path(path: Path | None) -> str | bytes | None:
    """A path to store, which may be none."""
    return None if path is None else packed(path)


def unpacked_path(value: str | bytes | None) -> Path | None:
    """The path that was stored, if any."""
    return None if value is None else Path(unpacked(value))
