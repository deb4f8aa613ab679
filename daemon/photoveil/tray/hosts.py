"""Whether somebody shows tray icons here, and which of pystray's backends gets one there."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from photoveil.tray import system_gi

log = logging.getLogger(__name__)

BACKEND_VARIABLE = "PYSTRAY_BACKEND"
_WATCHER = "org.kde.StatusNotifierWatcher"
_BUS_MILLISECONDS = 2000


@dataclass(frozen=True)
class Hosts:
    """Who would show an icon: a panel on D-Bus (StatusNotifier), or one on X11 (XEMBED)."""

    notifier: bool
    xembed: bool

    def __bool__(self) -> bool:
        return self.notifier or self.xembed


def possible() -> bool:
    """Whether there can be a tray at all: on Linux only where there is a screen."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def present() -> Hosts:
    """Who shows icons at this moment; Windows and macOS always do."""
    if not sys.platform.startswith("linux"):
        return Hosts(notifier=True, xembed=False)
    return Hosts(notifier=_notifier_host(), xembed=_xembed_host())


def backend(hosts: Hosts) -> ModuleType | None:
    """pystray, with the best backend that works here; None where none does."""
    for name in candidates(hosts):
        found = _imported(name)
        if found is not None:
            log.info("tray icon by %s", name or "the system")
            return found
    return None


def candidates(hosts: Hosts) -> list[str]:
    """Names of backends to try in turn; an empty name is pystray's own choice."""
    if not sys.platform.startswith("linux"):
        return [""]
    wanted = os.environ.get(BACKEND_VARIABLE)
    if wanted:
        return [wanted]
    names = []
    # Both speak to the notification service at their start and fail without a session bus.
    if _bus() is not None:
        names.append("appindicator")
        if hosts.xembed:
            names.append("gtk")
    if hosts.xembed:
        names.append("xorg")
    return names


def _imported(name: str) -> ModuleType | None:
    before = os.environ.get(BACKEND_VARIABLE)
    if name:
        os.environ[BACKEND_VARIABLE] = name
    try:
        return importlib.import_module("pystray")
    except Exception as error:  # noqa: BLE001  # ImportError, ValueError and Xlib's own: each backend has its way to fail
        log.info("no tray icon by %s: %s", name or "the system", error)
        for module in [module for module in sys.modules if module.split(".")[0] == "pystray"]:
            del sys.modules[module]
        return None
    finally:
        if name and before is None:
            del os.environ[BACKEND_VARIABLE]


def _bus() -> Any:
    """The session bus, or None."""
    # Asking for a bus where there is none could start one that nobody ends.
    folder = os.environ.get("XDG_RUNTIME_DIR", "/nonexistent")
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS") and not Path(folder, "bus").is_socket():
        return None
    if not system_gi.load():
        return None
    gio: Any = importlib.import_module("gi.repository.Gio")
    try:
        return gio.bus_get_sync(gio.BusType.SESSION, None)
    except _glib().Error:
        return None


def _glib() -> Any:
    return importlib.import_module("gi.repository.GLib")


def _notifier_host() -> bool:
    """Whether a panel is there, and not only the service that icons register with."""
    bus = _bus()
    if bus is None:
        return False
    gio: Any = importlib.import_module("gi.repository.Gio")
    try:
        told = bus.call_sync(
            _WATCHER,
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            _glib().Variant("(ss)", (_WATCHER, "IsStatusNotifierHostRegistered")),
            None,
            gio.DBusCallFlags.NO_AUTO_START,
            _BUS_MILLISECONDS,
            None,
        )
    except _glib().Error:
        return False
    return bool(told.unpack()[0])


def _xembed_host() -> bool:
    if not os.environ.get("DISPLAY"):
        return False
    display_module: Any = importlib.import_module("Xlib.display")
    try:
        display = display_module.Display()
    except Exception:  # noqa: BLE001  # Xlib has its own errors, and leaks those of sockets and files
        return False
    with contextlib.closing(display):
        selection = display.intern_atom(f"_NET_SYSTEM_TRAY_S{display.get_default_screen()}")
        return bool(display.get_selection_owner(selection) != 0)
