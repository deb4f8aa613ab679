"""The icon itself, by pystray: shown on the main thread, changed only when something changed."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from photoveil.errors import PhotoveilError
from photoveil.tray import gtk, hosts, icons, x11
from photoveil.tray.announcing import Announcer, Message
from photoveil.tray.bell import Bell
from photoveil.tray.menu import SEPARATOR, Item, menu, tooltip
from photoveil.tray.state import Port

log = logging.getLogger(__name__)

HOST_SECONDS = 10.0
_POLL_SECONDS = 0.25
_SECONDS_BETWEEN_CHANGES = 0.5


class Tray:
    """The tray icon of one daemon.

    Args:
        port: the daemon.
        wait: how many seconds a panel may take to appear after login.
        pace: seconds between two changes of the icon; more often is no use to an eye.
    """

    def __init__(
        self, port: Port, *, wait: float = HOST_SECONDS, pace: float = _SECONDS_BETWEEN_CHANGES
    ) -> None:
        self._port = port
        self._wait = wait
        self._pace = pace
        self._stopped = False
        self._bell = Bell()
        self._announcer = Announcer()
        self._icon: Any = None
        self._pystray: Any = None
        self._put: Callable[[Sequence[Item]], None] = self._put_native
        self._shown: tuple[object, object, object] = (None, None, None)

    def run(self) -> bool:
        """Show the icon until `stop`, on the main thread.

        Returns:
            False where there is no tray, or it went away: the caller has to wait for signals in another way.
        """
        pystray = self._find()
        if pystray is None:
            return False
        self._pystray = pystray
        state = self._port.state()
        self._icon = pystray.Icon(
            "photoveil", icons.draw(*icons.look(state)), tooltip(state), self._native(menu(state))
        )
        self._shown = (icons.look(state), tooltip(state), menu(state))
        self._announcer.news(state)
        self._port.subscribe(self._bell.ring)
        self._bell.ring()
        self._show()
        if not self._stopped:
            log.warning("the tray went away; going on without it")
            return False
        return True

    def stop(self) -> None:
        """End `run`, from any thread or from a signal's handler."""
        self._stopped = True
        self._bell.ring()

    def _find(self) -> ModuleType | None:
        """pystray as soon as there is somebody to show the icon."""
        if not hosts.possible():
            log.info("no screen, so no tray icon")
            return None
        end = time.monotonic() + self._wait
        while not (found := hosts.present()):
            if self._stopped or time.monotonic() >= end:
                log.info(
                    "nobody shows tray icons here; the dashboard and the command line do all the tray does"
                )
                return None
            self._bell.wait(_POLL_SECONDS)
        return hosts.backend(found)

    def _show(self) -> None:
        """Give the main thread to the icon."""
        try:
            if gtk.is_gtk(self._icon):
                self._show_by_gtk()
            elif self._icon.HAS_MENU:
                self._show_with_menu()
            else:
                log.info("this tray shows the icon without its menu; a click on it opens the dashboard")
                x11.show(
                    self._icon,
                    self._bell,
                    self._pace,
                    self._refresh,
                    self._announcer.due,
                    lambda: self._stopped,
                )
        except Exception as error:  # noqa: BLE001  # whatever a desktop's libraries raise, the daemon goes on
            if not self._stopped:
                log.warning("the tray icon ended with %s", type(error).__name__)

    def _show_by_gtk(self) -> None:
        kept, pictures = gtk.GtkMenu(self._icon, self._chosen), gtk.Pictures(self._icon)
        kept.put(menu(self._port.state()))
        self._put = kept.put
        gtk.keep_signals()
        try:
            self._show_with_menu()
        finally:
            pictures.close()

    def _show_with_menu(self) -> None:
        ready, ended = threading.Event(), threading.Event()
        threading.Thread(target=self._follow, args=(ready, ended), name="tray", daemon=True).start()
        try:
            self._icon.run(setup=lambda _icon: ready.set())
        finally:
            ended.set()
            self._bell.ring()
            if not ready.is_set():
                # Where pystray fails at its start, the thread it made for `setup` would wait and never end.
                self._icon._mark_ready()

    def _follow(self, ready: threading.Event, ended: threading.Event) -> None:
        """Keep the icon true; in a thread of its own."""
        ready.wait()
        _in_main_thread(self._appear)
        while not self._stopped and not ended.is_set():
            self._bell.wait(self._announcer.due())
            _in_main_thread(self._refresh)
            time.sleep(self._pace)
        _in_main_thread(self._icon.stop)

    def _appear(self) -> None:
        self._icon.visible = True

    def _refresh(self) -> None:
        """Show what is new and touch nothing else: every change costs the desktop, and some of them leak."""
        state, icon = self._port.state(), self._icon
        look, text, entries = fresh = (icons.look(state), tooltip(state), menu(state))
        before, self._shown = self._shown, fresh
        if look != before[0]:
            icon.icon = icons.draw(*look)
        if text != before[1]:
            icon.title = text
        if entries != before[2]:
            self._put(entries)
        message = self._announcer.news(state)
        if message is not None:
            self._notify(message)

    def _notify(self, message: Message) -> None:
        if self._icon.HAS_NOTIFICATION:
            self._icon.notify(message.text, message.title)

    def _put_native(self, entries: Sequence[Item]) -> None:
        self._icon.menu = self._native(entries)

    def _native(self, entries: Sequence[Item]) -> Any:
        return self._pystray.Menu(*(self._native_item(entry) for entry in entries))

    def _native_item(self, entry: Item) -> Any:
        if entry == SEPARATOR:
            return self._pystray.Menu.SEPARATOR
        checked = None if entry.checked is None else lambda _item: bool(entry.checked)
        return self._pystray.MenuItem(
            _escaped(entry.text),
            self._native(entry.children) if entry.children else lambda: self._chosen(entry),
            checked=checked,
            radio=entry.checked is not None,
            default=entry.default,
            enabled=entry.enabled,
        )

    def _chosen(self, entry: Item) -> None:
        self._announcer.looked()
        if not entry.action:
            return
        try:
            self._port.do(entry.action, entry.argument)
        except PhotoveilError as error:
            self._notify(Message(error.title, f"{error.reason} {error.remedy}"))
        self._bell.ring()


def _escaped(text: str) -> str:
    # Windows takes "&" for the mark of the letter to underline.
    return text.replace("&", "&&") if sys.platform == "win32" else text


def _in_main_thread(call: Any) -> None:
    """AppKit may be touched by the main thread alone; elsewhere pystray sees to it itself."""
    if sys.platform == "darwin":
        importlib.import_module("PyObjCTools.AppHelper").callAfter(call)
    else:
        call()
