"""The settings of the running daemon: read, changed and watched in one place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from photoveil.errors import PhotoveilError
from photoveil.settings.describing import describe
from photoveil.settings.file import SettingsFile, Stamp
from photoveil.settings.model import FolderRule, PersonaCard, Settings, SiteProfile

if TYPE_CHECKING:
    from photoveil.hub import Hub
    from photoveil.notices import Notices

log = logging.getLogger(__name__)
T = TypeVar("T")
_NOTICE = "settings"
_POLL_SECONDS = 2.0
_SETTLE_SECONDS = 0.2


class SettingsStore:
    """The one source of truth for tray, dashboard, command line and API; the file on disk is all there is behind it.

    Args:
        path: the settings file; a link to a file elsewhere stays one.
        hub: is told "settings" after every change, and "folders" and "personas" where these changed.
        notices: gets "settings" while the file cannot be used.
        own: Photoveil's own folders, which can be neither watched nor mirrored to.

    Raises:
        SettingsError: the file cannot be used; at the start there are no old settings to go on with.
    """

    def __init__(self, path: Path, hub: Hub, notices: Notices, own: Sequence[Path] = ()) -> None:
        self._file = SettingsFile(path, own)
        self._hub = hub
        self._notices = notices
        self._lock = asyncio.Lock()
        self._stamp: Stamp = self._file.stamp()
        self.current: Settings
        self.unknown: list[str]
        self.current, self.unknown = self._file.read()

    @property
    def path(self) -> Path:
        """The settings file."""
        return self._file.path

    async def change(self, /, **values: Any) -> Settings:
        """Change simple settings, all or none; None returns one to its default. Raises SettingsError."""
        await self._write(lambda: self._file.change(values))
        return self.current

    async def put_folder(self, rule: FolderRule) -> FolderRule:
        """Watch a folder, or replace the rule of that folder; answers the rule as kept. Raises SettingsError."""
        return await self._write(lambda: self._file.put_folder(rule))

    async def remove_folder(self, folder: str) -> None:
        """Watch the folder with this id no more. Raises SettingsError where there is none."""
        await self._write(lambda: self._file.remove_folder(folder))

    async def put_site(self, host: str, profile: SiteProfile) -> str:
        """Say what is different on a site; answers the host's name as kept. Raises SettingsError."""
        return await self._write(lambda: self._file.put_site(host, profile))

    async def remove_site(self, host: str) -> None:
        """Treat a site as any other. Raises SettingsError where it has no profile."""
        await self._write(lambda: self._file.remove_site(host))

    async def put_persona(self, name: str, card: PersonaCard) -> None:
        """Say how a persona is shown. Raises SettingsError."""
        await self._write(lambda: self._file.put_persona(name, card))

    async def remove_persona(self, name: str) -> None:
        """Forget how a persona is shown. Raises SettingsError where there was no card."""
        await self._write(lambda: self._file.remove_persona(name))

    async def reload(self) -> None:
        """Read the file again. One that cannot be used leaves the old settings in force and sets the notice."""
        async with self._lock:
            self._stamp = self._file.stamp()
            try:
                settings, self.unknown = await asyncio.to_thread(self._file.read)
            except PhotoveilError as error:
                log.warning("the settings file cannot be used; the old settings stay in force")
                self._notices.set(_NOTICE, error)
            else:
                self._take(settings)

    async def watch(self) -> None:
        """Read the file again whenever it was edited by hand; runs until cancelled."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            seen = self._file.stamp()
            if seen == self._stamp:
                continue
            await asyncio.sleep(_SETTLE_SECONDS)  # an editor may be in the middle of writing
            if self._file.stamp() == seen:
                await self.reload()

    def describe(self) -> list[dict[str, Any]]:
        """Every simple setting with its value, its limits and its help, for dashboard and command line."""
        return describe(self.current)

    async def _write(self, change: Callable[[], tuple[T, Settings]]) -> T:
        async with self._lock:
            answer, settings = await asyncio.to_thread(change)
            self._take(settings)
            # The stamp stays old: the next look at the file also finds what was typed into it meanwhile.
            return answer

    def _take(self, settings: Settings) -> None:
        before, self.current = self.current, settings
        self._notices.clear(_NOTICE)
        if settings == before:
            return
        self._hub.publish("settings")
        for folder in {rule.id for rule in {*before.folders} ^ {*settings.folders}}:
            self._hub.publish("folders", folder=folder)
        if before.personas != settings.personas:
            self._hub.publish("personas")
