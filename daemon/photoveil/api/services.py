"""What the verbs work with."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from photoveil.api.pairing import Pairing
from photoveil.api.sessions import Sessions
from photoveil.keys import KeyStore
from photoveil.ledger.clients import Clients
from photoveil.ledger.jobs import Jobs
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.settings import Settings
from photoveil.worker.parent import Worker


@dataclass(frozen=True)
class LocalClient:
    """The command line of the same user; its key lives as long as the daemon."""

    id: str
    key: bytes


@dataclass
class Services:
    """One daemon's parts, as the API sees them."""

    settings: Settings
    port: int
    personas: Path
    local: LocalClient
    photos: ProtectedPhotos
    clients: Clients
    jobs: Jobs
    worker: Worker
    keys: KeyStore
    sessions: Sessions
    pairing: Pairing
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    uploads: Counter[str] = field(default_factory=Counter)
    background: set[asyncio.Task[None]] = field(default_factory=set)
    _keys: dict[str, bytes] = field(default_factory=dict)

    async def known(self, client: str) -> tuple[str | None, bytes] | None:
        """The origin and key K of a client, or None where nobody knows it."""
        if client == self.local.id:
            return None, self.local.key
        found = await self.clients.find(client)
        if found is None:
            return None
        key = self._keys.get(client) or await self.keys.get(client)
        if key is None:
            return None
        self._keys[client] = key
        return found.origin, key

    async def forget(self, client: str) -> bool:
        """Revoke a client: its row, key and sessions."""
        known = await self.clients.remove(client)
        self._keys.pop(client, None)
        self.sessions.close(client)
        await self.keys.delete(client)
        return known
