"""Opening a page in the user's browser."""

from __future__ import annotations

import os
import sys
import webbrowser


def show(address: str) -> bool:
    """Open ``address``; False where there is no browser, or no screen to show it on."""
    return present() and webbrowser.open(address)


def present() -> bool:
    """Whether a browser can show itself: on Linux only on a screen, unless the user named one (``BROWSER``).

    Without a screen, a browser of the terminal would take it over, and Photoveil with it.
    """
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
