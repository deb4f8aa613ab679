"""A panel and a notification service on D-Bus, for a desktop without X11's tray: prints what it is told.

It is a StatusNotifier host like that of KDE or of GNOME's extension, as far as an icon can tell: it lets icons
register, reads their menu over D-Bus and clicks on entries. Commands come in as lines: ``menu`` and ``click LABEL``.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

from photoveil.tray import system_gi

WATCHER = "org.kde.StatusNotifierWatcher"
NOTIFICATIONS = "org.freedesktop.Notifications"
INTERFACES = """
<node>
  <interface name="org.kde.StatusNotifierWatcher">
    <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
    <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
    <property name="ProtocolVersion" type="i" access="read"/>
  </interface>
  <interface name="org.freedesktop.Notifications">
    <method name="Notify">
      <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
      <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
      <arg type="a{sv}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
    </method>
    <method name="CloseNotification"><arg type="u" direction="in"/></method>
  </interface>
</node>
"""


def say(*words: object) -> None:
    sys.stdout.write("\t".join(str(word) for word in words) + "\n")
    sys.stdout.flush()


class Panel:
    def __init__(self) -> None:
        assert system_gi.load()
        self.gio: Any = importlib.import_module("gi.repository.Gio")
        self.glib: Any = importlib.import_module("gi.repository.GLib")
        self.bus = self.gio.bus_get_sync(self.gio.BusType.SESSION, None)
        self.item = ("", "")
        described = self.gio.DBusNodeInfo.new_for_xml(INTERFACES)
        for path, interface in zip(
            ("/StatusNotifierWatcher", "/org/freedesktop/Notifications"), described.interfaces, strict=True
        ):
            self.bus.register_object(path, interface, self.called, self.asked, None)
        for name in (WATCHER, NOTIFICATIONS):
            self.gio.bus_own_name_on_connection(self.bus, name, 0, lambda *_: say("named"), None)

    def called(
        self, _bus: Any, sender: str, _path: str, _interface: str, method: str, told: Any, call: Any
    ) -> None:
        values = told.unpack()
        if method == "RegisterStatusNotifierItem":
            known, self.item = self.item, (sender, values[0])
            if known != self.item:  # an icon may register more than once
                say("registered")
        if method == "Notify":
            say("notification", values[3], values[4])
            call.return_value(self.glib.Variant("(u)", (7,)))
            return
        call.return_value(None)

    def asked(self, _bus: Any, _sender: str, _path: str, _interface: str, name: str) -> Any:
        if name == "ProtocolVersion":
            return self.glib.Variant("i", 0)
        return self.glib.Variant("b", True)

    def ask(self, path: str, interface: str, method: str, told: Any) -> Any:
        answer = self.bus.call_sync(self.item[0], path, interface, method, told, None, 0, 100_000, None)
        return answer.unpack()

    def listen(self) -> None:
        for line in sys.stdin:
            command, _, label = line.strip().partition(" ")
            about = self.glib.Variant("(ss)", ("org.kde.StatusNotifierItem", "Menu"))
            path = self.ask(self.item[1], "org.freedesktop.DBus.Properties", "Get", about)[0]
            layout = self.glib.Variant("(iias)", (0, -1, []))
            entries = dict(labels(self.ask(path, "com.canonical.dbusmenu", "GetLayout", layout)[1]))
            if command == "menu":
                say("menu", *entries)
            else:
                event = self.glib.Variant("(isvu)", (entries[label], "clicked", self.glib.Variant("i", 0), 0))
                self.ask(path, "com.canonical.dbusmenu", "Event", event)
                say("clicked")

    def run(self) -> None:
        threading.Thread(target=self.listen, daemon=True).start()
        self.glib.MainLoop().run()


def labels(node: Any) -> list[tuple[str, int]]:
    number, properties, children = node
    own = [(properties["label"], number)] if properties.get("label") else []
    return own + [pair for child in children for pair in labels(child)]


if __name__ == "__main__":
    Panel().run()
