"""The first run: whether its page was opened, and gone through."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from photoveil.hub import Hub
from photoveil.keys import write_private

log = logging.getLogger(__name__)


@dataclass
class Welcome:
    """Kept in a small file. Used in the loop's thread only.

    Attributes:
        opened: when the page was opened by itself; that is done once.
        done: when the user had gone through it, or did not want to.
    """

    file: Path
    hub: Hub
    opened: str | None = None
    done: str | None = None

    @classmethod
    def read(cls, file: Path, hub: Hub, *, in_use: bool) -> Welcome:
        """What is written down; a profile that was in use before there was such a page needs none."""
        found = cls(file, hub)
        try:
            told = json.loads(file.read_text("utf-8"))
            for name in ("opened", "done"):
                if isinstance(told.get(name), str):
                    setattr(found, name, told[name])
        except (OSError, ValueError, AttributeError):
            found.done = _now() if in_use else None
        return found

    def note_opened(self) -> None:
        """The page has opened by itself."""
        self.opened = _now()
        self._write()

    def finish(self) -> None:
        """The user has gone through it, or does not want to."""
        if self.done is None:
            self.done = _now()
            self._write()
            self.hub.publish("settings")

    def _write(self) -> None:
        try:
            write_private(self.file, json.dumps({"opened": self.opened, "done": self.done}))
        except OSError as error:  # it is offered once more, no harm done
            log.warning("what became of the first run could not be written down: %s", type(error).__name__)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
