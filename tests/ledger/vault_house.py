"""A vault with everything real around it, in a folder of its own; it can be shut and opened again."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from photoveil.hub import Hub
from photoveil.keys import KeyStore
from photoveil.ledger.database import Database
from photoveil.ledger.vault import Vault
from photoveil.notices import Notices


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class House:
    """The parts, and short words for what tests do with them."""

    root: Path
    database: Database
    keys: KeyStore
    hub: Hub
    notices: Notices
    vault: Vault
    limit: list[int] = field(default_factory=lambda: [1 << 30])

    @property
    def folder(self) -> Path:
        return self.root / "vault"

    def photo(self, data: bytes, name: str = "photos/a.jpg") -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    async def keep(self, data: bytes, name: str = "photos/a.jpg", job: str | None = None) -> str:
        path = self.photo(data, name)
        return await self.vault.keep(path, sha(data), name=path.name, path=path, job=job)

    async def content(self, item: str) -> bytes:
        return b"".join([piece async for piece in await self.vault.open(item)])

    def containers(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if len(path.name) == 64)

    def told(self) -> dict[str, str]:
        return {notice.key: notice.code for notice in self.notices.all()}


@asynccontextmanager
async def house(root: Path) -> AsyncIterator[House]:
    database = await Database.open(root / "ledger")
    keys = KeyStore(service="photoveil/test", file=root / "secrets.json", timeout=60)
    hub = Hub()
    notices = Notices(hub)
    limit = [1 << 30]
    vault = Vault(database, root / "vault", keys, lambda: limit[0], hub, notices)
    try:
        yield House(root, database, keys, hub, notices, vault, limit)
    finally:
        await keys.close()
        await vault.close()
        await database.close()
