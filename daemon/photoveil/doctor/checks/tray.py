"""Is there a place for the icon, and can it be shown there?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from photoveil.doctor import probes
from photoveil.doctor.model import Finding, NotNow, Weight
from photoveil.doctor.patient import Patient

_SECONDS = 30.0
_WITHOUT = "Photoveil works without it; the dashboard (`photoveil dashboard`) has all that the icon has."
_GNOME = "Run `sudo apt install gnome-shell-extension-appindicator`, log out and in, and switch it on in “Extensions”."


def look(_patient: Patient) -> Iterator[Finding]:
    """Ask the desktop, in a process of its own."""
    if not sys.platform.startswith("linux"):
        return
    told = probes.ask("tray", seconds=_SECONDS)
    if told is None:
        raise NotNow("the desktop does not answer")
    if not told["possible"]:
        yield Finding(
            "tray_no_screen",
            "There is no desktop here",
            f"This is no session of a desktop, so there is no icon. {_WITHOUT}",
            "Nothing needs to be done; run `photoveil doctor` in your desktop to look for the icon.",
            Weight.NOTE,
        )
    elif not (told["notifier"] or told["xembed"]):
        yield Finding(
            "tray_no_host",
            "Your desktop shows no tray icons",
            f"No panel offers a place for them. {_WITHOUT}",
            _remedy(),
            Weight.ADVICE,
        )
    elif not told["icon"]:
        yield Finding(
            "tray_no_backend",
            "The tray icon cannot be shown",
            f"Your desktop has a place for it, but Python's way to the desktop is missing. {_WITHOUT}",
            "Run `sudo apt install python3-gi gir1.2-ayatanaappindicator3-0.1`, then restart Photoveil.",
            Weight.ADVICE,
        )


def _remedy() -> str:
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "").casefold()
    if "gnome" in desktop:
        return _GNOME
    return (
        "Add “System tray” or “Status notifier” to your panel; a desktop without a panel can run `trayer &`."
    )
