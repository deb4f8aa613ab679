"""Every verb of the protocol: who may use it and what it takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

JSON = "application/json"
BYTES = "application/octet-stream"
MAX_PHOTO = 100 << 20


class Access(StrEnum):
    """Who may use a verb."""

    PAIRING = "pairing"
    OPENING = "opening"
    CLIENT = "client"
    LOCAL = "local"


@dataclass(frozen=True)
class Verb:
    """One verb; ``limit`` is the longest body it takes."""

    name: str
    access: Access = Access.CLIENT
    content_type: str = JSON
    limit: int = 64 << 10

    @property
    def signed(self) -> bool:
        """Whether requests carry a session's signature."""
        return self.access in (Access.CLIENT, Access.LOCAL)


_ALL = (
    Verb("pair/begin", Access.PAIRING, limit=4096),
    Verb("pair/finish", Access.PAIRING, limit=4096),
    Verb("session", Access.OPENING, limit=4096),
    Verb("status"),
    Verb("lookup"),
    Verb("prewarm"),
    Verb("protect", content_type=BYTES, limit=MAX_PHOTO),
    Verb("job"),
    Verb("result"),
    Verb("cancel"),
    Verb("pairing/start", Access.LOCAL),
    Verb("pairing/state", Access.LOCAL),
    Verb("pairing/confirm", Access.LOCAL),
    Verb("personas", Access.LOCAL),
    Verb("clients", Access.LOCAL),
    Verb("clients/revoke", Access.LOCAL),
    Verb("stop", Access.LOCAL),
)
VERBS = {f"/v1/{verb.name}": verb for verb in _ALL}
"""By the exact path of their URL."""
