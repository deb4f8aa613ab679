"""Whether there is a newer version: asked only where the user wants it, about once a week, and only told.

The question is a plain GET of one address. It carries no cookie, no version and nothing else that tells one user from
another. Nothing is downloaded and nothing installed: the answer is a number and where to read about it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from photoveil import __version__
from photoveil.errors import PhotoveilError
from photoveil.hub import Hub
from photoveil.keys import write_private
from photoveil.settings import Settings

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger(__name__)

EVERY = timedelta(days=7)
AGAIN = timedelta(days=1)
"""After nobody answered."""
HEADERS = {"User-Agent": "Photoveil", "Accept": "application/json", "Accept-Encoding": "identity"}
"""All that the question says, beside the name of the host."""
MOST_BYTES = 64 << 10
_SECONDS = 20.0
_MOST_STEPS = 4
_LONGEST_ADDRESS = 300
_LOOK_SECONDS = 900.0
"""Between two looks whether it is time to ask; the first comes after one, when logging in is over."""
_VERSION = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})", re.ASCII)
_HERE = ("localhost", "127.0.0.1", "::1")


class UpdateError(PhotoveilError):
    """It could not be found out whether there is a newer version."""

    code = "updates"


@dataclass(frozen=True)
class Release:
    """A version, and the page about it."""

    version: str
    url: str

    @property
    def is_newer(self) -> bool:
        """Than the one that runs."""
        return _numbers(self.version) > _numbers(__version__)


class Updates:
    """What is known, kept in a small file. Used in the loop's thread only.

    Args:
        file: where it is kept.
        settings: whether and where the user wants to have it asked.
        pause: seconds between two looks whether it is time.
    """

    def __init__(
        self, file: Path, settings: Callable[[], Settings], hub: Hub, *, pause: float = _LOOK_SECONDS
    ) -> None:
        self._file = file
        self._settings = settings
        self._hub = hub
        self._pause = pause
        self._latest: Release | None = None
        self._checked: datetime | None = None
        self._tried: datetime | None = None
        self._error: UpdateError | None = None
        self._read()

    @property
    def newer(self) -> Release | None:
        """The newer version there is, as far as anybody knows."""
        return self._latest if self._latest is not None and self._latest.is_newer else None

    def told(self) -> dict[str, object]:
        """For the dashboard and the command line."""
        settings, newer = self._settings(), self.newer
        return {
            "wanted": settings.update_check,
            "url": settings.update_url,
            "version": __version__,
            "checked": self._checked.isoformat(timespec="seconds") if self._checked else None,
            "newer": None if newer is None else {"version": newer.version, "url": newer.url},
            "error": None if self._error is None else self._error.as_dict(),
        }

    async def follow(self) -> None:
        """Ask when it is time, until cancelled."""
        while True:
            # Not all computers that were switched on at nine shall ask at the same moment.
            await asyncio.sleep(self._pause * random.uniform(1, 2))  # noqa: S311 - no secret
            if self._is_due():
                try:
                    await self.check()
                except UpdateError as error:
                    log.info("newer versions: %s", error.reason)

    async def check(self) -> None:
        """Ask now.

        Raises:
            UpdateError: nobody answered, or nothing that could be understood; or the user wants no network.
        """
        settings = self._settings()
        try:
            _may_ask(settings)
            self._tried = datetime.now(UTC)
            self._latest, self._error = await ask(settings.update_url), None
            self._checked = self._tried
        except UpdateError as error:
            self._error = error
            raise
        finally:
            self._write()
            self._hub.publish("settings")

    def _is_due(self) -> bool:
        settings = self._settings()
        if not settings.update_check or settings.offline or not settings.update_url:
            return False
        now, pause = datetime.now(UTC), EVERY if self._tried == self._checked else AGAIN
        # A clock that was set back must not put it off for years.
        return self._tried is None or not now - pause < self._tried <= now

    def _read(self) -> None:
        try:
            told = json.loads(self._file.read_text("utf-8"))
            self._checked = _moment(told["checked"])
            self._tried = _moment(told.get("tried")) or self._checked
            self._latest = _release(told["latest"]) if told["latest"] else None
        except (OSError, ValueError, TypeError, LookupError, AttributeError, UpdateError):
            self._checked = self._tried = self._latest = None

    def _write(self) -> None:
        latest = self._latest
        told = {
            "checked": self._checked.isoformat() if self._checked else None,
            "tried": self._tried.isoformat() if self._tried else None,
            "latest": None if latest is None else {"version": latest.version, "url": latest.url},
        }
        try:
            write_private(self._file, json.dumps(told))
        except OSError as error:
            log.warning("what was heard of newer versions could not be kept: %s", type(error).__name__)


async def ask(address: str) -> Release:
    """The newest release, as the address tells it.

    Raises:
        UpdateError: nobody answered, or nothing that could be understood.
    """
    import aiohttp

    host = urlsplit(address).hostname or ""
    try:
        async with (
            asyncio.timeout(_SECONDS),
            aiohttp.ClientSession(headers=HEADERS, cookie_jar=aiohttp.DummyCookieJar()) as session,
        ):
            for _ in range(_MOST_STEPS):
                proxy = await asyncio.to_thread(_proxy, address)  # which may look names up
                answer = await session.get(address, allow_redirects=False, proxy=proxy)
                async with answer:
                    if answer.status in (301, 302, 303, 307, 308):
                        address = _led_to(urljoin(address, answer.headers.get("Location", "")), address, host)
                        continue
                    if answer.status != 200:
                        raise _silent(host, f"It answered with the status {answer.status}.")
                    return understood(await _body(answer.content), host)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise _silent(host, f"The connection failed ({type(error).__name__}).") from error
    raise _silent(host, "It sent from one address to the next without end.")


async def _body(content: aiohttp.StreamReader) -> bytes:
    """All of an answer, or so much that it is too much."""
    data = bytearray()
    async for part in content.iter_any():
        data += part
        if len(data) > MOST_BYTES:
            break
    return bytes(data)


def understood(data: bytes, host: str = "The server") -> Release:
    """A release from what a server sent: ``{"version", "url"}``, or what GitHub tells of a release.

    Raises:
        UpdateError: it is neither.
    """
    if len(data) > MOST_BYTES:
        raise _unclear(host)
    try:
        told = json.loads(data)
        if isinstance(told, dict) and "tag_name" in told:
            told = {"version": told["tag_name"], "url": told.get("html_url")}
    except (ValueError, RecursionError) as error:
        raise _unclear(host) from error
    return _release(told, host)


def _release(told: object, host: str = "The server") -> Release:
    version, url = (told.get("version"), told.get("url")) if isinstance(told, dict) else (None, None)
    if not isinstance(version, str) or not isinstance(url, str):
        raise _unclear(host)
    found = _VERSION.fullmatch(version)
    if found is None:
        raise _unclear(host)
    return Release(found[1], _allowed(url, host))


def _allowed(address: str, host: str) -> str:
    """An address that may be asked or shown: encrypted, unless it is on this computer."""
    try:
        parts = urlsplit(address)
        known = parts.hostname in _HERE
    except ValueError as error:
        raise _unclear(host) from error
    plain = address.isascii() and address.isprintable() and " " not in address
    if not plain or len(address) > _LONGEST_ADDRESS or not parts.hostname or parts.username:
        raise _unclear(host)
    if parts.scheme != "https" and not (parts.scheme == "http" and known):
        raise _unclear(host)
    return address


def _led_to(address: str, before: str, host: str) -> str:
    """Where a redirect leads; nobody elsewhere may have programs on this computer asked."""
    if urlsplit(_allowed(address, host)).hostname in _HERE and urlsplit(before).hostname not in _HERE:
        raise _unclear(host)
    return address


def _may_ask(settings: Settings) -> None:
    if settings.offline:
        raise UpdateError(
            "Nobody was asked for a newer version",
            "The setting “Stay offline” is on.",
            "Switch it off, or look at the project's page by yourself.",
        )
    if not settings.update_url:
        raise UpdateError(
            "Nobody was asked for a newer version",
            "No address is set where that could be found out.",
            "Put it into the setting “Where to ask for new versions”.",
        )


def _proxy(address: str) -> str | None:
    """The system's proxy, if it has one for this; taken by hand, as aiohttp would send what is in ``.netrc``, too."""
    parts = urlsplit(address)
    if parts.hostname in _HERE or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    found = urllib.request.getproxies().get(parts.scheme)
    return found if found and found.startswith("http://") else None


def _moment(told: object) -> datetime | None:
    return None if told is None else datetime.fromisoformat(str(told)).astimezone(UTC)


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    numbers = [int(part) for part in found[1].split(".")] if found else []
    return tuple([*numbers, 0, 0, 0, 0][:4])


def _silent(host: str, reason: str) -> UpdateError:
    return UpdateError(
        f"{host} could not be asked for a newer version",
        reason,
        "Try again later, or look at the project's page by yourself.",
    )


def _unclear(host: str) -> UpdateError:
    return UpdateError(
        f"{host} could not be asked for a newer version",
        "What it answered is no description of a release.",
        "Check the setting “Where to ask for new versions”.",
    )
