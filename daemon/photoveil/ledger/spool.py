"""The folder of photos on their way through the daemon."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from photoveil.ledger.photos import discard, sweep


class Spool:
    """Names files in the folder and knows which of them are in use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: set[str] = set()

    def new_part(self) -> Path:
        """A name that nobody uses."""
        name = f"{secrets.token_hex(16)}.part"
        self._parts.add(name)
        return self._folder / name

    def discard(self, file: Path) -> None:
        """Remove a file, if it is there."""
        discard(file)
        self._parts.discard(file.name)

    def sweep(self, wanted: Iterable[Path]) -> None:
        """Remove what the last run left, but for what is wanted or in use. Blocks."""
        sweep(self._folder, {file.name for file in wanted} | self._parts)
