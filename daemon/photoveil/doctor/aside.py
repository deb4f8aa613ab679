"""Putting a file out of the way without losing it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path


def put(file: Path) -> Path:
    """Give a file another name beside its own, which tells when; answers that name."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    number, kept = 1, file.with_name(f"{file.name}.aside-{stamp}")
    while kept.exists():
        number += 1
        kept = file.with_name(f"{file.name}.aside-{stamp}-{number}")
    file.rename(kept)
    return kept
