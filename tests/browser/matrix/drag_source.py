"""A small window that files can be dragged out of, as from a file manager: `drag_source.py X Y SIDE`.

Each line on standard input is a JSON list of file addresses: what is dragged from now on. It says "shown" when the
window is there, "ready" when it has heard a line, "end" when a drag is over. Needs a Python that knows GTK 3.
"""

import importlib
import json
import sys
from typing import Any


def say(word: str) -> None:
    """Tell whoever started this."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def main() -> None:
    """Show the window until standard input ends."""
    gi: Any = importlib.import_module("gi")
    for name in ("Gtk", "Gdk"):
        gi.require_version(name, "3.0")
    gdk: Any = importlib.import_module("gi.repository.Gdk")
    glib: Any = importlib.import_module("gi.repository.GLib")
    gtk: Any = importlib.import_module("gi.repository.Gtk")
    x, y, side = map(int, sys.argv[1:4])
    addresses: list[str] = []

    # A popup: there is no window manager to place it, and it stays above the browser.
    window = gtk.Window(type=gtk.WindowType.POPUP)
    window.set_default_size(side, side)
    window.move(x, y)
    surface = gtk.EventBox()
    window.add(surface)
    listed = gtk.TargetEntry.new("text/uri-list", 0, 0)
    surface.drag_source_set(gdk.ModifierType.BUTTON1_MASK, [listed], gdk.DragAction.COPY)

    def hear(*_: Any) -> bool:
        line = sys.stdin.readline()
        if not line:
            gtk.main_quit()
            return False
        addresses[:] = json.loads(line)
        say("ready")
        return True

    surface.connect("drag-data-get", lambda _widget, _context, data, *_: data.set_uris(addresses))
    surface.connect("drag-end", lambda *_: say("end"))
    glib.io_add_watch(sys.stdin.fileno(), glib.IO_IN, hear)
    window.show_all()
    say("shown")
    gtk.main()


if __name__ == "__main__":
    main()
