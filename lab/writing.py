"""Files of results, whole or not at all, and rows noted one by one."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def replace_file(file: Path, text: str) -> None:
    """Write a file so that whoever reads it finds the old text or the new, also after a power cut."""
    descriptor, draft = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        Path(draft).chmod(0o644)
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def note(file: Path, row: dict[str, Any]) -> None:
    """Add a row, on a line of its own also where a power cut tore the last one."""
    with file.open("a+b") as log:
        if log.tell():
            log.seek(-1, os.SEEK_END)
            if log.read(1) != b"\n":
                log.write(b"\n")
        log.write(json.dumps(row).encode() + b"\n")


def noted(file: Path) -> list[dict[str, Any]]:
    """The rows of a file, none where there is no file; torn ones are left out, so that they are measured again."""
    rows = []
    for line in file.read_bytes().split(b"\n") if file.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            continue
    return rows
