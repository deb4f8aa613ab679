"""The child's questions and its answers on their way to the parent."""

from __future__ import annotations

import queue
import sys
import threading
import traceback
from dataclasses import dataclass
from typing import BinaryIO

from photoveil.errors import PhotoveilError
from photoveil.worker.frames import Header, write_frame


class Cancelled(Exception):  # noqa: N818 - not an error
    """The parent no longer wants the result."""


class Outlet:
    """Where the answer to one question goes, and whether it is still wanted.

    Args:
        stream: leads to the parent.
        number: the question's; every word about it carries it.

    Attributes:
        cancelled: set where the result is no longer wanted; whoever sets it also puts None into ``replies``.
        replies: what the parent says to ``ask``.
        answered: whether the last word was said.
        title: what did not happen where the work ends in an error that nobody foresaw.
    """

    def __init__(self, stream: BinaryIO, number: int = 0) -> None:
        self.cancelled = threading.Event()
        self.replies: queue.SimpleQueue[Header | None] = queue.SimpleQueue()
        self.answered = False
        self.title = "The photo could not be protected"
        self._stream = stream
        self._number = number

    def tell(self, event: str, payload: bytes = b"", **header: object) -> None:
        """Send one frame."""
        write_frame(self._stream, {"event": event, "id": self._number, **header}, payload)

    def progress(self, stage: str, fraction: float) -> None:
        """Report how far the work is; raises Cancelled where it is not wanted any more."""
        if self.cancelled.is_set():
            raise Cancelled
        self.tell("progress", stage=stage, fraction=round(fraction, 4))

    def ask(self, **header: object) -> Header:
        """Ask the parent something about this question; raises Cancelled where it is not wanted any more."""
        self.tell("ask", b"", **header)
        reply = self.replies.get()
        if reply is None:
            raise Cancelled
        return reply

    def answer(self, event: str, payload: bytes = b"", **header: object) -> None:
        """Send the last frame about this question."""
        self.answered = True
        self.tell(event, payload, **header)

    def fail(self, error: Exception) -> None:
        """Answer that it went wrong: told to the user, traced in the log if nobody foresaw it."""
        match error:
            case Cancelled():
                self.answer("cancelled")
            case PhotoveilError():
                self.answer("error", error=error.as_dict())
            case MemoryError():
                self.answer("error", error=_no_memory(self.title).as_dict())
            case _:
                _trace(error)
                self.answer("error", error=_unexpected(self.title, error).as_dict())


@dataclass(frozen=True, eq=False)
class Order:
    """One question of the parent and where its answer goes."""

    header: Header
    payload: bytes
    outlet: Outlet


def _trace(error: Exception) -> None:
    """Print where it happened but not the message, which may hold a photo's name."""
    traceback.print_tb(error.__traceback__)
    print(type(error).__name__, file=sys.stderr, flush=True)  # noqa: T201 - standard error is the parent's log


def _no_memory(title: str) -> PhotoveilError:
    return PhotoveilError(
        title,
        "There was not enough memory for it.",
        "Close other programs and try again, or take a smaller version of the photo.",
    )


def _unexpected(title: str, error: Exception) -> PhotoveilError:
    return PhotoveilError(
        title,
        f"Something went wrong that nobody foresaw ({type(error).__name__}).",
        "Try again; if it happens again, please report it together with the log.",
    )
