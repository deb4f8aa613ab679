"""Which addresses a photo may be sent to. Everything that is not plainly this computer counts as remote."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from photoveil.endpoint.errors import EndpointAddressError, not_an_address, not_encrypted, remote_refused

_LONGEST = 300
_CHAT = "/chat/completions"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_PATH = re.compile(r"(/[A-Za-z0-9._~%-]+)*/?")


@dataclass(frozen=True)
class Address:
    """An address taken apart and found sound; whatever is connected to is put together from these parts again.

    Attributes:
        host: a name or number, without brackets, in lower case.
        path: where the API begins, such as ``/v1``.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def local(self) -> bool:
        """Whether this is this computer: ``localhost`` or a loopback number; no name that may resolve to one."""
        if self.host == "localhost":
            return True
        try:
            number = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return number.is_loopback

    @property
    def origin(self) -> str:
        """Scheme, host and port, for people."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def base(self) -> str:
        """The whole address: two that mean the same place are equal here."""
        return self.origin + self.path

    @property
    def chat(self) -> str:
        """Where questions are posted."""
        return self.base + _CHAT


def parse(url: str) -> Address:
    """Take an address apart; raises EndpointAddressError.

    ``/v1`` is taken where the address has no path, and the path of the chat itself may be given as well.
    """
    if (
        not url
        or len(url) > _LONGEST
        or not url.isascii()
        or not url.isprintable()
        or set(url) & set(" \\@?#")
    ):
        raise not_an_address(
            "It is empty, too long, or has signs, a user name or a query that do not belong there"
        )
    try:
        found = urlsplit(url)
        host, port = (found.hostname or "").lower(), found.port
    except ValueError:
        raise not_an_address("Its host or port cannot be read") from None
    if found.scheme not in ("http", "https"):
        raise not_an_address("It does not begin with http:// or https://")
    if not (_HOST.fullmatch(host) or _is_number(host)) or port == 0:
        raise not_an_address("It has no host, or one that cannot be")
    path = found.path.removesuffix("/").removesuffix(_CHAT)
    if not _PATH.fullmatch(path) or ".." in path:
        raise not_an_address("Its path has signs that do not belong there")
    return Address(found.scheme, host, port or (443 if found.scheme == "https" else 80), path or "/v1")


def is_local(url: str) -> bool:
    """Whether ``url`` is this very computer; an address that cannot be read is not."""
    try:
        return parse(url).local
    except EndpointAddressError:
        return False


def check(address: Address, *, remote_allowed: bool) -> None:
    """Let a photo go to this address, or raise RemoteRefusedError: remote needs a yes, and encryption."""
    if address.local:
        return
    if not remote_allowed:
        raise remote_refused(address.origin)
    if address.scheme != "https":
        raise not_encrypted(address.origin)


def consented(url: str, setting: str, *, said_yes: bool, offline: bool) -> bool:
    """Whether the user agreed to send photos to ``url``: configured this very address, and said yes this time.

    Args:
        setting: the setting ``remote_endpoint``, empty where nothing is configured.
        said_yes: whether the command was given its ``--remote``.
        offline: the setting of that name, which stands above all of it.
    """
    return bool(setting) and said_yes and not offline and parse(setting).base == parse(url).base


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host
