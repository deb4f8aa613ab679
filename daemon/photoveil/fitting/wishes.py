"""What the user wants of model sets, beside the settings: what is to be fetched, and what was declined."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from photoveil.keys import write_private


@dataclass
class Wishes:
    """Kept in a small file; every change is on disk before the call returns.

    Attributes:
        pull: the set that is to be fetched.
        declined: sets that were offered and not wanted.
    """

    file: Path
    pull: str | None = None
    declined: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, file: Path) -> Wishes:
        """What is written down; nothing where it cannot be read."""
        try:
            told = json.loads(file.read_text("utf-8"))
            pull, declined = told["pull"], told["declined"]
        except (OSError, ValueError, TypeError, KeyError):
            return cls(file)
        names = {name for name in declined if isinstance(name, str)} if isinstance(declined, list) else set()
        return cls(file, pull if isinstance(pull, str) else None, names)

    def want(self, model_set: str | None) -> None:
        """Have this set fetched, or none; one that is wanted is no longer declined."""
        self.pull = model_set
        self.declined.discard(model_set or "")
        self._write()

    def decline(self, model_set: str) -> None:
        """Do not offer this set again."""
        self.declined.add(model_set)
        self._write()

    def _write(self) -> None:
        told = asdict(self)
        write_private(self.file, json.dumps({"pull": told["pull"], "declined": sorted(self.declined)}))
