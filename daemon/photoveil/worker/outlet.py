"""The child's answers on their way to the parent."""

from __future__ import annotations

import threading
from typing import BinaryIO

from photoveil.worker.frames import write_frame


class Cancelled(Exception):  # noqa: N818 - not an error
    """The parent no longer wants the result."""


class Outlet:
    """Where answers go, and whether the present work is still wanted."""

    def __init__(self, stream: BinaryIO) -> None:
        self.cancelled = threading.Event()
        self._stream = stream

    def tell(self, event: str, payload: bytes = b"", **header: object) -> None:
        """Send one frame."""
        write_frame(self._stream, {"event": event, **header}, payload)

    def progress(self, stage: str, fraction: float) -> None:
        """Report how far the work is; raises Cancelled where it is not wanted any more."""
        if self.cancelled.is_set():
            raise Cancelled
        self.tell("progress", stage=stage, fraction=round(fraction, 4))
