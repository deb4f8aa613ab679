"""The wire to a model's server. The only module here that loads aiohttp, so it is imported when something is sent.

Proxies of the environment are not used, redirects are not followed, cookies not kept, and ``localhost`` is this
computer whatever a hosts file or name server says.
"""

from __future__ import annotations

import asyncio
import random
import socket
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from photoveil.endpoint import errors
from photoveil.endpoint.address import Address

_MOST_BYTES = 1 << 20
_TRY_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
_OPTIONAL = ("temperature", "seed", "max_tokens")
"""What some servers do not take; one that complains of it is asked without."""


@dataclass(frozen=True)
class Patience:
    """How often a busy server is asked, and how long between: ``first`` seconds, then twice as long each time."""

    attempts: int = 4
    first: float = 0.5
    longest: float = 30.0

    def pause(self, attempt: int, wished: float | None = None) -> float:
        """Seconds to wait after the ``attempt``-th vain one, counted from 0; at least what the server wishes for."""
        backoff = self.first * 2.0**attempt * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, no secret
        return min(self.longest, max(backoff, wished or 0.0))


class _Here(AbstractResolver):
    """Finds this computer under every name."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        numbers = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
        return [
            ResolveResult(
                hostname=host, host=number, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST
            )
            for kind, number in numbers
            if family in (socket.AF_UNSPEC, kind)
        ]

    async def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True)
class Wire:
    """Where to, with which key, and how long to wait (seconds for one attempt)."""

    address: Address
    key: str
    timeout: float
    patience: Patience

    async def post(self, body: dict[str, Any]) -> bytes:
        """What the server answers to ``body``; raises EndpointError."""
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_Here() if self.address.local else None),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=self.timeout),
            headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            trust_env=False,
        ) as session:
            return await self._patiently(session, body)

    async def _patiently(self, session: aiohttp.ClientSession, body: dict[str, Any]) -> bytes:
        attempt = 0
        while True:
            last = attempt + 1 >= self.patience.attempts
            wished = None
            try:
                code, wished, data = await self._once(session, body)
            except errors.EndpointSilentError:
                if last:
                    raise
            else:
                if code == 200:
                    return data
                if unwanted := _unwanted(code, body, data):
                    body = {name: value for name, value in body.items() if name != unwanted}
                    continue
                if last or code not in _TRY_AGAIN:
                    raise errors.status(self.address.origin, code, _excerpt(data))
            await asyncio.sleep(self.patience.pause(attempt, wished))
            attempt += 1

    async def _once(
        self, session: aiohttp.ClientSession, body: dict[str, Any]
    ) -> tuple[int, float | None, bytes]:
        """Status, the wait that the server wishes for, and what it sent."""
        origin = self.address.origin
        try:
            async with session.post(self.address.chat, json=body, allow_redirects=False) as response:
                if 300 <= response.status < 400:
                    raise errors.led_elsewhere(origin)
                data = bytearray()
                async for part in response.content.iter_any():
                    data += part
                    if len(data) > _MOST_BYTES:
                        raise errors.unreadable(origin)
                return response.status, _wished(response.headers.get("Retry-After")), bytes(data)
        except TimeoutError as error:
            raise errors.too_slow(origin, self.timeout) from error
        except aiohttp.ClientError as error:
            raise errors.silent(origin, type(error).__name__) from error


def _unwanted(code: int, body: dict[str, Any], data: bytes) -> str | None:
    """Which optional field the server complains of."""
    if code not in (400, 422):
        return None
    complaint = data[:4096].decode("utf-8", errors="replace")
    return next((name for name in _OPTIONAL if name in body and name in complaint), None)


def _wished(header: str | None) -> float | None:
    return float(header) if header and header.isascii() and header.isdecimal() and len(header) < 7 else None


def _excerpt(data: bytes) -> str:
    """What the server said about its error, short and on one line."""
    text = data[:200].decode("utf-8", errors="replace")
    text = "".join(char if char.isprintable() else " " for char in text).strip()
    return f": {text}" if text else ""
