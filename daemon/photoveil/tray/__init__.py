"""The icon in the system tray: a function of the daemon's state, on the main thread, and never needed.

`app.py` gives it a `Port`; what lies behind that is not known here. Nothing in this package loads torch or aiohttp, and
pystray, Pillow and the desktop's libraries are loaded only when there is a tray to show the icon in.
"""

from photoveil.tray.state import Port, TrayState
from photoveil.tray.tray import Tray

__all__ = ["Port", "Tray", "TrayState"]
