"""How other threads and signal handlers wake the tray."""

from __future__ import annotations

import contextlib
import select
import socket


class Bell:
    """A bell that may be rung from anywhere, also from a signal's handler, where a lock might be held already."""

    def __init__(self) -> None:
        self._hears, self._rings = socket.socketpair()  # not a pipe: Windows waits for sockets only
        for end in (self._hears, self._rings):
            end.setblocking(False)

    def ring(self) -> None:
        """Wake whoever waits, or the next who will."""
        with contextlib.suppress(BlockingIOError):  # full: it has been rung and not been heard yet
            self._rings.send(b"!")

    def wait(self, seconds: float | None = None) -> None:
        """Until it rings, or for ``seconds``."""
        select.select([self._hears], [], [], seconds)
        self.hush()

    def hush(self) -> None:
        """Forget that it has rung."""
        with contextlib.suppress(BlockingIOError):
            while self._hears.recv(4096):
                pass

    def fileno(self) -> int:
        """For `select`."""
        return self._hears.fileno()

    def close(self) -> None:
        """Give back what it took."""
        self._hears.close()
        self._rings.close()
