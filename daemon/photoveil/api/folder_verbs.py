"""Watched folders: what is watched, how it is treated, and what could be."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from photoveil.api import errors
from photoveil.api.bodies import Body
from photoveil.api.guard import Caller
from photoveil.api.services import FolderState, Services
from photoveil.settings import FolderRule

SUGGESTIONS = 20
_LONGEST_NAME = 255
_LOOKED_AT = 5000
"""So many entries of a folder are looked at for suggestions."""
_FIELDS = (
    "persona",
    "strength",
    "method",
    "output",
    "mirror",
    "recursive",
    "enabled",
    "keep_originals",
    "polling",
)


async def folders(services: Services, _caller: Caller, _body: Body) -> Body:
    """``folders``: every watched folder."""
    states = {state.id: state for state in services.watching.states()}
    return {"folders": [_told(rule, states.get(rule.id)) for rule in services.settings.folders]}


async def add(services: Services, _caller: Caller, body: Body) -> Body:
    """``folders/add``: watch one more."""
    path = await asyncio.to_thread(_folder, body["path"])
    rule = FolderRule(path, **_wishes(body))
    if any(known.path == path for known in services.settings.folders):
        raise errors.watched_already()
    return {"folder": (await services.store.put_folder(rule)).id}


async def change(services: Services, _caller: Caller, body: Body) -> Body:
    """``folders/change``: what is not named stays."""
    rule = replace(_rule(services, body["folder"]), **_wishes(body))
    return {"folder": (await services.store.put_folder(rule)).id}


async def remove(services: Services, _caller: Caller, body: Body) -> Body:
    """``folders/remove``: its files stay."""
    await services.store.remove_folder(_rule(services, body["folder"]).id)
    return {}


async def rescan(services: Services, _caller: Caller, body: Body) -> Body:
    """``folders/rescan``: look through one or all."""
    folder = body.get("folder")
    if folder is not None:
        _rule(services, folder)
    await services.watching.rescan(folder)
    return {}


async def suggest(_services: Services, _caller: Caller, body: Body) -> Body:
    """``folders/suggest``: folders whose path begins as typed."""
    return {"folders": await asyncio.to_thread(_suggest, body["prefix"])}


def _rule(services: Services, folder: str) -> FolderRule:
    rule = services.settings.folder(folder)
    if rule is None:
        raise errors.unknown("folder", "watched folder", "Look at the list of folders again.")
    return rule


def _wishes(body: Body) -> dict[str, Any]:
    wishes = {name: body[name] for name in _FIELDS if name in body}
    if wishes.get("mirror") is not None:
        wishes["mirror"] = whole_path(wishes["mirror"])
    return wishes


def whole_path(typed: str) -> Path:
    """An absolute path; ``~`` is the user's own folder."""
    try:
        if any(len(part) > _LONGEST_NAME for part in os.fsencode(typed).split(b"/")):
            raise errors.bad_request("A name in that path is too long.")
        path = Path(typed).expanduser()
    except (UnicodeEncodeError, RuntimeError):
        raise errors.bad_request("That is no path of this computer.") from None
    if not path.is_absolute():
        raise errors.bad_request("A path must be whole, from the root of the disk on.")
    return path


def _folder(typed: str) -> Path:
    """A folder that is there, with links followed, as two names of one folder must not be watched twice."""
    try:
        path = whole_path(typed).resolve()
        if path.is_dir():
            return path
    except (OSError, RuntimeError):  # may not be looked at, or its links lead round in a circle
        pass
    raise errors.no_such_folder()


def _suggest(prefix: str) -> list[str]:
    try:
        typed = whole_path(prefix or "~")
        whole = prefix.endswith(("/", os.sep)) or prefix in ("", "~")
        parent, start = (typed, "") if whole else (typed.parent, typed.name)
        found = []
        with os.scandir(parent) as entries:
            for _, entry in zip(range(_LOOKED_AT), entries, strict=False):
                hidden = entry.name.startswith(".") and not start.startswith(".")
                if not hidden and entry.name.lower().startswith(start.lower()) and entry.is_dir():
                    found.append(str(parent / entry.name))
    except (errors.ApiError, OSError):
        return []
    return sorted(found)[:SUGGESTIONS]


def _told(rule: FolderRule, state: FolderState | None) -> Body:
    told: Body = {"folder": rule.id, "path": str(rule.path)}
    told |= {name: getattr(rule, name) for name in _FIELDS}
    told["mirror"] = None if rule.mirror is None else str(rule.mirror)
    return told | {
        "mode": "off" if state is None else str(state.mode),
        "waiting": 0 if state is None else state.waiting,
        "protected": 0 if state is None else state.protected,
        "failed": 0 if state is None else state.failed,
        "unchanged": 0 if state is None else state.unchanged,
        "last_scan": None if state is None else state.last_scan,
        "problem": None if state is None else state.problem,
        "copies": "" if state is None else str(state.output),
    }
