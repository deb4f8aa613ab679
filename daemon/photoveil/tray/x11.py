"""pystray's X11 backend, on one thread.

Its own loop is told what to do from other threads through the X connection, and what those threads read from the
connection meanwhile does not wake it: now and then an icon does not change, or does not go. This loop does the same
work on the main thread alone. It also asks for clicks, which the backend handles but never asks for. And it asks for a
place in the panel once, and again only while there is none: one that has only just started may miss the request, one
that ends takes the place with it, and one that is asked twice at once, as the backend does, may lose the icon.
"""

from __future__ import annotations

import importlib
import select
import threading
import time
from collections.abc import Callable
from typing import Any

from photoveil.tray.bell import Bell

_DOCK_SECONDS = 1.0


class Window:
    """The icon's window, in a panel or on its way there.

    Args:
        icon: pystray's, not running.
    """

    def __init__(self, icon: Any) -> None:
        self._icon = icon
        self._display = icon._display
        self._x: Any = importlib.import_module("Xlib.X")
        self._asked = -_DOCK_SECONDS
        icon._thread = threading.current_thread()
        icon._assert_docked = lambda: None
        masks = self._x.ExposureMask | self._x.StructureNotifyMask | self._x.ButtonPressMask
        icon._window.change_attributes(event_mask=masks)
        icon.visible = True

    def docked(self) -> bool:
        """Whether it has its place in a panel; if not, the panel is asked for one."""
        if self._icon._window.query_tree().parent != self._display.screen().root:
            return True
        now = time.monotonic()
        if now >= self._asked + _DOCK_SECONDS:
            self._asked = now
            self._icon._dock_window()
        return False

    def handle(self) -> None:
        """Whatever has arrived."""
        while self._pending():
            event = self._display.next_event()
            if event.type == self._x.DestroyNotify:
                self._icon._systray_manager = None
            elif event.type in self._icon._message_handlers:
                self._icon._message_handlers[event.type](event)

    def wait(self, others: list[Bell], seconds: float | None) -> bool:
        """Until something arrives or one of ``others`` rings; True if it was one of them, or the time is up."""
        heard, _, _ = select.select([self._display, *others], [], [], seconds)
        return self._display not in heard

    def _pending(self) -> int:
        # Sending reads, too: what came meanwhile lies in the queue then, and would not wake `select`.
        self._display.flush()
        return int(self._display.pending_events())


def show(
    icon: Any,
    bell: Bell,
    pace: float,
    refresh: Callable[[], None],
    due: Callable[[], float | None],
    stopped: Callable[[], bool],
) -> None:
    """Show ``icon`` until ``stopped``; it is refreshed when the bell rings, at most every ``pace`` seconds."""
    window = Window(icon)
    rung, quiet_until = False, 0.0
    while not stopped():
        now = time.monotonic()
        if rung and now >= quiet_until:
            refresh()
            rung, quiet_until = False, now + pace
        seconds = max(0.0, quiet_until - now) if rung else due()
        if not window.docked():
            seconds = _DOCK_SECONDS if seconds is None else min(seconds, _DOCK_SECONDS)
        window.handle()
        if window.wait([] if rung else [bell], seconds):
            bell.hush()
            rung = True
    icon.visible = False
