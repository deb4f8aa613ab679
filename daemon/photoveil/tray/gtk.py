"""The menu and the picture of pystray's GTK backends, without what these leak.

pystray builds a new menu for every change. AppIndicator never gives the old one back: some 50 KB each time, and a menu
that is open loses its entries. Here one menu is kept and only what is different in it is changed, so that it can be
open meanwhile. Pictures are written once each, not for every change.
"""

from __future__ import annotations

import importlib
import signal
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from photoveil.tray.menu import SEPARATOR, Item


def is_gtk(icon: Any) -> bool:
    """Whether the icon is shown by GTK."""
    return any(kind.__module__ == "pystray._util.gtk" for kind in type(icon).__mro__)


class GtkMenu:
    """A menu that follows a list of entries. Belongs to GTK's thread, but for `put`.

    Args:
        icon: pystray's, not yet running; it shows this menu from now on.
        chosen: is told which entry was clicked.
    """

    def __init__(self, icon: Any, chosen: Callable[[Item], None]) -> None:
        self._gtk: Any = importlib.import_module("gi.repository.Gtk")
        self._glib: Any = importlib.import_module("gi.repository.GLib")
        self._chosen = chosen
        self._items: dict[Any, Item] = {}
        self._lock = threading.Lock()
        self._wanted: tuple[Item, ...] | None = None
        self._changing = False
        self._root = self._gtk.Menu.new()
        icon._menu_handle = self._root
        icon._update_menu = lambda: None  # pystray's own menu has no more than what a plain click does

    def put(self, entries: Sequence[Item]) -> None:
        """Show these entries; from any thread. Only the newest of those put in quick succession are shown."""
        with self._lock:
            pending, self._wanted = self._wanted, tuple(entries)
        if pending is None:
            self._glib.idle_add(self._put)

    def _put(self) -> bool:
        with self._lock:
            entries, self._wanted = self._wanted, None
        self._changing = True
        try:
            self._follow(self._root, entries or ())
        finally:
            self._changing = False
        return False

    def _follow(self, shell: Any, entries: tuple[Item, ...]) -> None:
        widgets = shell.get_children()
        for widget in widgets[len(entries) :]:
            self._drop(widget)
        for place, entry in enumerate(entries):
            widget = widgets[place] if place < len(widgets) else None
            if widget is not None and _kind(self._items[widget]) != _kind(entry):
                self._drop(widget)
                widget = None
            if widget is None:
                widget = self._made(entry)
                shell.insert(widget, place)
                widget.show()
            elif self._items[widget] != entry:
                self._change(widget, self._items[widget], entry)
            self._items[widget] = entry

    def _made(self, entry: Item) -> Any:
        if entry == SEPARATOR:
            return self._gtk.SeparatorMenuItem.new()
        if entry.checked is None:
            widget = self._gtk.MenuItem.new_with_label(entry.text)
        else:
            widget = self._gtk.CheckMenuItem.new_with_label(entry.text)
            widget.set_draw_as_radio(True)
        if entry.children:
            widget.set_submenu(self._gtk.Menu.new())
        else:
            widget.connect("activate", self._clicked)
        self._change(widget, None, entry)
        return widget

    def _change(self, widget: Any, before: Item | None, entry: Item) -> None:
        if before is not None and before.text != entry.text:
            widget.set_label(entry.text)
        if entry.default and (before is None or before.text != entry.text):
            widget.get_child().set_markup(f"<b>{self._glib.markup_escape_text(entry.text)}</b>")
        widget.set_sensitive(entry.enabled)
        if entry.checked is not None:
            widget.set_active(entry.checked)
        if entry.children:
            self._follow(widget.get_submenu(), entry.children)

    def _drop(self, widget: Any) -> None:
        submenu = widget.get_submenu()
        for child in submenu.get_children() if submenu is not None else ():
            self._drop(child)
        self._items.pop(widget, None)
        widget.destroy()

    def _clicked(self, widget: Any) -> None:
        if self._changing:
            return
        entry = self._items[widget]
        if entry.checked is not None:
            # GTK has ticked it; whether it is so, the next state tells.
            self._changing = True
            widget.set_active(entry.checked)
            self._changing = False
        self._chosen(entry)


class Pictures:
    """The icon's pictures as files, each written once.

    Args:
        icon: pystray's, not yet running.
    """

    def __init__(self, icon: Any) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="photoveil-tray-")
        self._icon = icon
        self._files: list[tuple[Any, str]] = []
        icon._update_fs_icon = self._show
        icon._remove_fs_icon = lambda: None

    def close(self) -> None:
        """Remove them."""
        self._folder.cleanup()

    def _show(self) -> None:
        self._icon._icon_path = self._file(self._icon.icon)
        self._icon._icon_valid = True

    def _file(self, picture: Any) -> str:
        # Each look is drawn once and kept, so that the same look is the same object.
        for known, name in self._files:
            if known is picture:
                return name
        file = Path(self._folder.name, f"{len(self._files)}.png")
        picture.save(file, "PNG")
        self._files.append((picture, str(file)))
        return str(file)


def _kind(entry: Item) -> tuple[bool, bool, bool]:
    return entry == SEPARATOR, entry.checked is not None, bool(entry.children)


def keep_signals() -> None:
    """The backend lets Ctrl-C kill the process as it starts; put back what was there, as the loop's first deed."""
    glib: Any = importlib.import_module("gi.repository.GLib")
    before = signal.getsignal(signal.SIGINT)

    def put_back() -> bool:
        signal.signal(signal.SIGINT, before)
        return False

    glib.idle_add(put_back)
