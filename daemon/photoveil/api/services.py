"""What the verbs work with."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from photoveil.api.guard import RateLimit
from photoveil.api.pages import Pages
from photoveil.api.pairing import Pairing
from photoveil.api.sessions import Sessions
from photoveil.api.sign_in import SignIn
from photoveil.api.streams import Streams
from photoveil.assistant.choices import Choices
from photoveil.fitting.desk import ModelDesk
from photoveil.hub import Hub
from photoveil.keys import KeyStore
from photoveil.ledger.clients import Clients
from photoveil.ledger.history import History
from photoveil.ledger.jobs import Jobs
from photoveil.ledger.pause import Pause
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.ledger.previews import PreviewShelf
from photoveil.ledger.vault import Vault
from photoveil.notices import Notices
from photoveil.settings import FolderRule, Settings, SettingsStore
from photoveil.updates import Updates
from photoveil.welcome import Welcome
from photoveil.worker.parent import Worker


@dataclass(frozen=True)
class LocalClient:
    """The command line of the same user; its key lives as long as the daemon."""

    id: str
    key: bytes


class FolderState(Protocol):
    """How far a watched folder is."""

    @property
    def id(self) -> str:
        """The rule's id."""

    @property
    def rule(self) -> FolderRule:
        """How it is treated."""

    @property
    def mode(self) -> str:
        """How changes are noticed: events, polling, missing or off."""

    @property
    def waiting(self) -> int:
        """Photos that are queued."""

    @property
    def protected(self) -> int:
        """Photos that have their copy."""

    @property
    def failed(self) -> int:
        """Photos that could not be protected."""

    @property
    def unchanged(self) -> int:
        """Files that need no protection."""

    @property
    def last_scan(self) -> str | None:
        """When it was looked through last."""

    @property
    def problem(self) -> dict[str, Any] | None:
        """What is wrong with it, as title, reason and remedy."""

    @property
    def output(self) -> Path | str:
        """Where the copies go, for display."""


class Watching(Protocol):
    """The watched folders."""

    def states(self) -> Sequence[FolderState]:
        """Every folder."""

    async def rescan(self, folder: str | None = None) -> None:
        """Look through one folder or all."""

    async def chosen_anew(self, photo: str) -> None:
        """The user has chosen what to hide on a photo."""


@dataclass
class Services:
    """One daemon's parts, as the API sees them."""

    store: SettingsStore
    port: int
    profile: str
    personas: Path
    seal_keys: Path
    regions: Choices
    previews: PreviewShelf
    local: LocalClient
    photos: ProtectedPhotos
    clients: Clients
    jobs: Jobs
    history: History
    pause: Pause
    vault: Vault
    watching: Watching
    worker: Worker
    models: ModelDesk
    keys: KeyStore
    sessions: Sessions
    pairing: Pairing
    sign_in: SignIn
    hub: Hub
    notices: Notices
    welcome: Welcome
    updates: Updates
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    uploads: Counter[str] = field(default_factory=Counter)
    tools: Counter[str] = field(default_factory=Counter)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    _keys: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.streams = Streams(self.hub)
        self.openings = RateLimit(40, 160)
        self.pages = Pages()

    @property
    def settings(self) -> Settings:
        """What the user has chosen, at this moment."""
        return self.store.current

    def paused(self) -> dict[str, bool | str | None]:
        """Whether work in folders is held back, and until when."""
        paused, until = self.pause.state()
        return {"paused": paused, "until": until.isoformat() if until is not None else None}

    async def known(self, client: str) -> tuple[str | None, bytes] | None:
        """The origin and key K of a client, or None where nobody knows it."""
        if client == self.local.id:
            return None, self.local.key
        dashboard = self.sign_in.find(client)
        if dashboard is not None:
            return self.sign_in.origin, dashboard.key
        found = await self.clients.find(client)
        if found is None:
            return None
        key = self._keys.get(client) or await self.keys.get(client)
        if key is None:
            return None
        self._keys[client] = key
        return found.origin, key

    async def used(self, client: str) -> bool:
        """Note that a client has just come; False where it was revoked in this very moment."""
        if client == self.local.id:
            return True
        if self.sign_in.find(client) is not None:
            self.sign_in.used(client)
            return True
        return await self.clients.used(client)

    async def forget(self, client: str) -> bool:
        """Revoke a client: its row, key, sessions and streams; False where nobody knew it."""
        known = self.sign_in.close(client)
        if not known:
            known = await self.clients.remove(client)
            self._keys.pop(client, None)
            self.sessions.close(client)
            self.streams.end(client)
            await self.keys.delete(client)
        if known:
            self.hub.publish("clients")
        return known

    def dismiss(self, client: str) -> None:
        """A dashboard's time is over: its sessions and streams end."""
        self.sessions.close(client)
        self.streams.end(client)
