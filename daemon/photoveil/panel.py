"""The daemon as the tray sees it: its state at hand at any moment, and what the user chose there done in the loop."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from photoveil import screen
from photoveil.api.dashboard_verbs import link_to
from photoveil.api.services import Services
from photoveil.errors import PhotoveilError
from photoveil.fitting.machine import STARTER
from photoveil.ledger.rows import JobRow, State
from photoveil.settings import choices
from photoveil.tray import TrayState
from photoveil.tray.state import StateName

log = logging.getLogger(__name__)

ALWAYS = "always"
"""With the action “greet”: open something in any case, as the user has just started Photoveil."""
_RECENT = 8
_PAUSE_BETWEEN = 0.5
"""Seconds between two looks at the state: a flood of photos must not keep the tray busy."""
_OUTCOMES = {
    State.DONE: "protected",
    State.UNCHANGED: "passed on unchanged",
    State.FAILED: "not protected",
    State.CANCELLED: "cancelled",
}


class Panel:
    """The tray's port (`photoveil.tray.Port`).

    Args:
        services: the daemon's parts; touched in the loop's thread only.
        loop: where they live.
    """

    def __init__(self, services: Services, loop: asyncio.AbstractEventLoop) -> None:
        self._services = services
        self._loop = loop
        self._state = TrayState()
        self._changed: Callable[[], None] = lambda: None
        self._finished = 0
        self._dirty = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def state(self) -> TrayState:
        """What is to be shown now."""
        return self._state

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever the state may have changed."""
        self._changed = changed

    def do(self, action: str, argument: str = "") -> None:
        """Start what the user chose; it happens in the loop."""
        self._loop.call_soon_threadsafe(self._start, action, argument)

    async def follow(self) -> None:
        """Keep the state true, until cancelled."""
        async with self._services.hub.subscribe() as events, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repaint())
            async for event in events:
                self._finished += event.kind == "job" and State(event.facts["state"]).final
                self._dirty.set()

    async def _repaint(self) -> None:
        while True:
            self._dirty.clear()
            try:
                await self._look()
            except PhotoveilError as error:  # the ledger is away for now: the icon shows what it last knew
                log.info("the tray could not be told: %s", error.code)
            await asyncio.sleep(_PAUSE_BETWEEN)
            await self._dirty.wait()

    async def _look(self) -> None:
        services, settings = self._services, self._services.settings
        left = sum(services.jobs.counts().values())
        self._finished = self._finished if left else 0
        paused, until = services.pause.state()
        notices = services.notices.all()
        recent = await services.history.page(limit=_RECENT, states=tuple(_OUTCOMES))
        counts = await services.history.counts()
        new = TrayState(
            state=_state_name(bool(notices), paused, left),
            done=self._finished,
            total=self._finished + left if left else 0,
            paused_until=until.isoformat() if until else None,
            strength=settings.strength,
            strengths=choices("strength"),
            persona=settings.persona,
            personas=_personas(services),
            folders=tuple((f.id, f.rule.path.name, f.mode) for f in services.watching.states()),
            recent=tuple(map(_told, recent)),
            notices=tuple(notice.title for notice in notices),
            clients=len(await services.clients.all()),
            protected_total=counts["protected_total"],
            notifications=settings.notifications,
            welcome=services.welcome.done is None,
            update=newer.version if (newer := services.updates.newer) else "",
            **_models(services),
        )
        if new != self._state:
            self._state = new
            self._changed()

    def _start(self, action: str, argument: str) -> None:
        task = asyncio.ensure_future(self._do(action, argument))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, action: str, argument: str) -> None:
        deed = self._deeds(argument).get(action)
        if deed is None:
            log.warning("the tray asked for something unknown")
            return
        try:
            await deed()
        except PhotoveilError as error:
            self._services.notices.set("tray", error)

    def _deeds(self, argument: str) -> dict[str, Callable[[], Awaitable[Any]]]:
        services = self._services
        return {
            "pause": lambda: services.pause.pause(int(argument) if argument else None),
            "resume": services.pause.resume,
            "strength": lambda: services.store.change(strength=argument),
            "persona": lambda: services.store.change(persona=argument),
            "folder": lambda: self._open_folder(argument),
            "folders": lambda: self._open("folders"),
            "photo": lambda: self._open(f"photo/{argument}"),
            "pair": lambda: self._open("browsers"),
            "models": lambda: self._open("models"),
            "dashboard": lambda: self._open(""),
            "welcome": lambda: self._open("welcome"),
            "update": lambda: self._open(""),
            "greet": lambda: self._greet(argument == ALWAYS),
            "notice": lambda: self._open(""),
            "quit": self._quit,
        }

    def _open(self, place: str) -> Coroutine[Any, Any, bool]:
        return asyncio.to_thread(screen.show, link_to(self._services, place))

    async def _greet(self, always: bool) -> None:
        """Open the first-run page while it has not been gone through, but by itself only once; else the dashboard."""
        welcome = self._services.welcome
        is_first = welcome.done is None and (always or welcome.opened is None)
        if not (is_first or always):
            return
        if not await self._open("welcome" if is_first else ""):
            log.info("no browser could be opened; `photoveil dashboard` does it later")
        elif is_first and welcome.opened is None:
            welcome.note_opened()

    async def _open_folder(self, folder: str) -> None:
        for state in self._services.watching.states():
            if state.id == folder:
                await asyncio.to_thread(_show_folder, state.rule.path)

    async def _quit(self) -> None:
        self._services.stopping.set()


def _state_name(attention: bool, paused: bool, left: int) -> StateName:
    if attention:
        return "attention"
    if paused:
        return "paused"
    return "working" if left else "idle"


def _told(row: JobRow) -> tuple[str, str, str]:
    return row.job, row.name, _OUTCOMES[row.state]


def _models(services: Services) -> dict[str, Any]:
    """What the tray says of model sets."""
    name, current = services.models.in_force, services.models.downloads.current
    told: dict[str, Any] = {"model_set": f"{name} (for trying only)" if name == STARTER else name}
    if current is None or current.kind != "pull" or current.state == "failed":
        return told
    share = current.share
    return told | {"fetching": current.model_set, "fetched": None if share is None else int(share * 100)}


def _personas(services: Services) -> tuple[str, ...]:
    settings = services.settings
    return tuple(sorted({settings.persona, *settings.personas}))


def _show_folder(path: Path) -> None:
    """Open the folder in the desktop's file manager."""
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606 - a folder of the user's own settings
    else:
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        subprocess.run([opener, str(path)], check=False, capture_output=True)
