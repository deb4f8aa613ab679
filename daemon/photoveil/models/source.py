"""Where weights are fetched from, and how patiently."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from photoveil.models.errors import ModelsError

HUB = "https://huggingface.co"


@dataclass(frozen=True)
class Patience:
    """How a download deals with a hub that does not answer well.

    Attributes:
        tries: so often in a row without a single new byte, then it is told.
        wait: seconds before the second try; twice as long before each further one.
        longest: what a wait never exceeds, whatever the hub asks for.
        timeout: seconds without an answer or a byte that count as no answer.
    """

    tries: int = 5
    wait: float = 1.0
    longest: float = 60.0
    timeout: float = 30.0


@dataclass(frozen=True)
class Source:
    """A hub, or a mirror that speaks its protocol.

    Attributes:
        endpoint: its address; None for the usual hub.
        offline: contact nobody; what is not on disk stays missing.
        token: sent along where the hub wants one. None is ever taken from elsewhere on this computer.
    """

    endpoint: str | None = None
    offline: bool = False
    token: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The endpoint without a trailing slash; raises ModelsError where it is unusable."""
        address = (self.endpoint or HUB).strip().rstrip("/")
        if not _usable(address):
            raise ModelsError(
                "This address cannot be a mirror",
                f"“{address[:200]}” is not an https:// address; plain http:// is for this computer alone.",
                f"Give an address like {HUB}, or copy the files here and use `photoveil models add`.",
            )
        return address


def _usable(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.query or parts.fragment or parts.username or parts.password:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_here(host))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
