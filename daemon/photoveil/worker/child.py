"""The child: ``python -m photoveil.worker.child``. It alone decodes foreign bytes and loads torch.

It ends with its parent: when its standard input ends, and on Linux also by signal should the parent be killed while
the child computes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, BinaryIO

from photoveil.errors import PhotoveilError
from photoveil.worker.frames import FrameError, Header, read_frame
from photoveil.worker.outlet import Cancelled, Outlet

if TYPE_CHECKING:
    from photoveil.worker.studio import Studio

_PR_SET_PDEATHSIG = 1
Frame = tuple[Header, bytes]


def main() -> None:
    """Answer frames until the input ends."""
    die_with_parent()
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    source, sink = _claim_pipes()
    outlet = Outlet(sink)
    frames: queue.SimpleQueue[Frame] = queue.SimpleQueue()
    outlet.tell("hello", pid=os.getpid())
    threading.Thread(target=_read, args=(source, frames, outlet), name="reader", daemon=True).start()
    _work(frames, outlet)


def _claim_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take the two pipes away from everyone else, so that a stray ``print`` ends on standard error."""
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return source, sink


def die_with_parent() -> None:
    """On Linux, have the system end this process together with the one that started it."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _read(source: BinaryIO, frames: queue.SimpleQueue[Frame], outlet: Outlet) -> None:
    """Take frames off the pipe at once, so that the parent never waits for the work; leave when the pipe ends."""
    with contextlib.suppress(FrameError, OSError):
        while (frame := read_frame(source)) is not None:
            if frame[0].get("op") == "cancel":
                outlet.cancelled.set()
            else:
                # Cleared here rather than where work starts: a cancel that follows at once must not be lost.
                outlet.cancelled.clear()
                frames.put(frame)
    os._exit(0)


def _work(frames: queue.SimpleQueue[Frame], outlet: Outlet) -> None:
    studio = None
    while True:
        header, payload = frames.get()
        try:
            if studio is None:
                studio = _studio(outlet)
            studio.do(header, payload)
        except Cancelled:
            outlet.tell("cancelled")
        except PhotoveilError as error:
            outlet.tell("error", error=error.as_dict())
        except MemoryError:
            outlet.tell("error", error=_no_memory().as_dict())
        except Exception as error:  # noqa: BLE001 - the guard of all work: told to the user, traced in the log
            _trace(error)
            outlet.tell("error", error=_unexpected(error).as_dict())


def _studio(outlet: Outlet) -> Studio:
    """Load torch and what stands on it, which is slow, and nothing that is of no use here."""
    # Where transformers is installed, open_clip imports it for text towers that no model set has: most of a second.
    sys.modules.setdefault("transformers", None)  # type: ignore[arg-type]
    from photoveil.worker.studio import Studio

    return Studio(outlet)


def _trace(error: Exception) -> None:
    """Print where it happened but not the message, which may hold a photo's name."""
    traceback.print_tb(error.__traceback__)
    print(type(error).__name__, file=sys.stderr, flush=True)  # noqa: T201 - standard error is the parent's log


def _no_memory() -> PhotoveilError:
    return PhotoveilError(
        "The photo could not be protected",
        "There was not enough memory for it.",
        "Close other programs and try again, or protect a smaller version of the photo.",
    )


def _unexpected(error: Exception) -> PhotoveilError:
    return PhotoveilError(
        "The photo could not be protected",
        f"Something went wrong that nobody foresaw ({type(error).__name__}).",
        "Try again; if it happens again, please report it together with the log.",
    )


if __name__ == "__main__":
    main()
