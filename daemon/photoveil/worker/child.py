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
from typing import TYPE_CHECKING, BinaryIO
from weakref import WeakValueDictionary

from photoveil.worker.frames import FrameError, Header, read_frame
from photoveil.worker.outlet import Order, Outlet

if TYPE_CHECKING:
    from photoveil.worker.studio import Studio

_PR_SET_PDEATHSIG = 1
Orders = queue.SimpleQueue[Order]


def main() -> None:
    """Answer frames until the input ends."""
    die_with_parent()
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    source, sink = _claim_pipes()
    orders: Orders = queue.SimpleQueue()
    Outlet(sink).tell("hello", pid=os.getpid())
    threading.Thread(target=_read, args=(source, sink, orders), name="reader", daemon=True).start()
    _work(orders)


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


def _read(source: BinaryIO, sink: BinaryIO, orders: Orders) -> None:
    """Take frames off the pipe at once, so that the parent never waits for the work; leave when the pipe ends."""
    # An order is known from here on rather than from where its work starts: a cancel that follows at once is not lost.
    open_ones: WeakValueDictionary[int, Outlet] = WeakValueDictionary()
    with contextlib.suppress(FrameError, OSError):
        while (frame := read_frame(source)) is not None:
            header, payload = frame
            number = int(header.get("id", 0))
            if header.get("op") in ("cancel", "reply"):
                if (outlet := open_ones.get(number)) is not None:
                    _pass_on(header, outlet)
                continue
            outlet = open_ones[number] = Outlet(sink, number)
            orders.put(Order(header, payload, outlet))
    os._exit(0)


def _pass_on(header: Header, outlet: Outlet) -> None:
    """Tell whoever works on a question what the parent said of it."""
    if header["op"] == "cancel":
        outlet.cancelled.set()
        outlet.replies.put(None)
    else:
        outlet.replies.put(header)


def _work(orders: Orders) -> None:
    studio = None
    while True:
        together = _next(orders)
        try:
            if studio is None:
                studio = _studio()
            studio.do(together)
        except Exception as error:  # noqa: BLE001 - the guard of all work
            for order in together:
                if not order.outlet.answered:
                    order.outlet.fail(error)


def _next(orders: Orders) -> list[Order]:
    """The next question; photos to protect are as many as come before the word to go."""
    found = [orders.get()]
    if found[0].header["op"] == "protect":
        while (order := orders.get()).header["op"] != "go":
            found.append(order)
    return found


def _studio() -> Studio:
    """Load torch and what stands on it, which is slow, and nothing that is of no use here."""
    # Where transformers is installed, open_clip imports it for text towers that no model set has: most of a second.
    sys.modules.setdefault("transformers", None)  # type: ignore[arg-type]
    from photoveil.worker.studio import Studio

    return Studio()


if __name__ == "__main__":
    main()
