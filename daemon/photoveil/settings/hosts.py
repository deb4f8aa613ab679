"""Names of sites, in the one form in which they are compared: lower case, without port, in ASCII."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterator

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_DOTS = re.compile(r"[.\u3002\uff0e\uff61]")
_MOST = 253


def normal_host(text: str) -> str | None:
    """``text`` as a host name; None if it is none.

    A whole address such as ``https://www.example.org:8080/photos`` is understood as its host, so that it can be
    copied from a browser.
    """
    host = text.strip()
    if "://" in host:
        host = host.partition("://")[2]
    host = re.split(r"[/?#\\]", host, maxsplit=1)[0].rpartition("@")[2]
    address = _address(host)
    if address:
        return address
    name, colon, port = host.partition(":")
    if colon and not (port.isascii() and port.isdecimal()):
        return None
    return _address(name) or _domain(name)


def parents(text: str) -> Iterator[str]:
    """The host, then each domain above it: ``a.b.org``, ``b.org``, ``org``. Nothing where it is no host."""
    host = normal_host(text)
    if host is None:
        return
    yield host
    if _address(host):
        return
    while "." in host:
        host = host.partition(".")[2]
        yield host


def _address(text: str) -> str | None:
    """An IP address in its shortest form; IPv6 with or without brackets, and with brackets also with a port."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](:\d{0,5})?", text)
    try:
        return str(ipaddress.ip_address(bracketed.group(1) if bracketed else text))
    except ValueError:
        return None


def _domain(text: str) -> str | None:
    name = text.removeprefix("*.").rstrip(".")
    labels = [_label(part) for part in _DOTS.split(name)]
    if (
        None in labels or (labels[-1] or "").isdecimal()
    ):  # a number at the end would be an address, and this is none
        return None
    host = ".".join(label for label in labels if label)
    return host if len(host) <= _MOST else None


def _label(text: str) -> str | None:
    """One part of a domain in the ASCII form that browsers use (UTS 46: unlike IDNA 2003, the German ß stays)."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    if not plain.isascii():
        try:
            plain = "xn--" + plain.encode("punycode").decode("ascii")
        except UnicodeError:
            return None
    return plain if _LABEL.fullmatch(plain) else None
