"""The first run, starting at login, and newer versions."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import platformdirs

from photoveil import autostart as at_login
from photoveil import extension
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import Services
from photoveil.updates import UpdateError

_IN_PICTURES = ("Camera", "Camera Roll", "Photos", "Screenshots")
"""Folders within the pictures that phones and cameras are copied to."""
_AT_HOME = ("DCIM", "Camera Uploads")


async def welcome(services: Services, caller: Caller, body: Body) -> Body:
    """``welcome``: all that the first-run page needs."""
    here = await asyncio.to_thread(extension.found)
    return {
        "done": services.welcome.done is not None,
        "folders": await asyncio.to_thread(_folders),
        "extension": {
            "chromium": None if here.chromium is None else str(here.chromium),
            "firefox": None if here.firefox is None else str(here.firefox),
            "provided": list(here.provided),
        },
        "autostart": await autostart(services, caller, body),
        "updates": services.updates.told(),
    }


async def done(services: Services, _caller: Caller, _body: Body) -> Body:
    """``welcome/done``: it is not offered again."""
    services.welcome.finish()
    return {}


async def autostart(services: Services, _caller: Caller, _body: Body) -> Body:
    """``autostart``: of this daemon's profile."""
    return (await asyncio.to_thread(at_login.status, services.profile)).as_dict()


async def change_autostart(services: Services, _caller: Caller, body: Body) -> Body:
    """``autostart/change``: on also mends what is broken."""
    switch = at_login.switch_on if body["on"] else at_login.switch_off
    return (await asyncio.to_thread(switch, services.profile)).as_dict()


async def updates(services: Services, _caller: Caller, _body: Body) -> Body:
    """``updates``: what is known."""
    return services.updates.told()


async def check_updates(services: Services, _caller: Caller, _body: Body) -> Body:
    """``updates/check``: what went wrong is part of the answer, as it is of ``updates``."""
    with contextlib.suppress(UpdateError):
        await services.updates.check()
    return services.updates.told()


def _folders() -> list[str]:
    """Folders that are there and that people keep photos in, the narrower ones first."""
    pictures, home = platformdirs.user_pictures_path(), Path.home()
    likely = [*(pictures / name for name in _IN_PICTURES), *(home / name for name in _AT_HOME), pictures]
    found: dict[Path, None] = {}
    for folder in likely:
        try:
            if folder.is_dir() and folder != home:  # without a folder of pictures, XDG names the home itself
                found[folder.resolve()] = None
        except OSError:
            continue
    return [str(folder) for folder in found]
