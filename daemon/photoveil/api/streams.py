"""The live stream: what changes in the daemon, told to those who listen, as ``text/event-stream``.

A listener that reads too slowly is let go; nobody waits for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiohttp import web

from photoveil.api import errors
from photoveil.api.answers import NOTHING, Piecewise
from photoveil.hub import Event, Hub, Subscription

HEARTBEAT = 10.0
PATIENCE = 10.0
MAX_PER_CLIENT = 4
MAX_STREAMS = 32
_FOR_ALL = frozenset({"pause", "queue", "resync"})


@dataclass(eq=False)
class Stream:
    """One listener."""

    client: str
    owner: bool
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def hears(self, event: Event) -> bool:
        """Whether this event is for this listener: a browser hears of the queue and its own photos alone."""
        if self.owner or event.kind in _FOR_ALL:
            return True
        return event.kind == "job" and event.facts.get("client") == self.client


class Streams:
    """All listeners.

    Args:
        hub: where events come from.
        heartbeat: seconds of silence after which a comment is sent.
        patience: seconds that a listener may take to read what was sent.
    """

    def __init__(self, hub: Hub, *, heartbeat: float = HEARTBEAT, patience: float = PATIENCE) -> None:
        self._hub = hub
        self._heartbeat = heartbeat
        self._patience = patience
        self._open: list[Stream] = []

    def __len__(self) -> int:
        return len(self._open)

    async def serve(
        self, request: web.BaseRequest, client: str, *, owner: bool, gone: asyncio.Event
    ) -> web.StreamResponse:
        """Tell ``client`` what happens until it goes, is let go, or everything ends."""
        with self._place(client, owner) as stream:
            response = Piecewise(NOTHING, {"Content-Type": "text/event-stream; charset=utf-8"})
            await response.prepare(request)
            talk = asyncio.create_task(self._talk(response, stream))
            ends = [asyncio.create_task(event.wait()) for event in (gone, stream.ended)]
            try:
                await asyncio.wait((talk, *ends), return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (talk, *ends):
                    task.cancel()
                await asyncio.gather(talk, *ends, return_exceptions=True)
            await _finish(request, response, politely=stream.ended.is_set())
            return response

    def end(self, client: str | None = None) -> None:
        """Let a client's listeners go, or all."""
        for stream in self._open:
            if client is None or stream.client == client:
                stream.ended.set()

    @contextlib.contextmanager
    def _place(self, client: str, owner: bool) -> Iterator[Stream]:
        own = sum(stream.client == client for stream in self._open)
        if own >= MAX_PER_CLIENT or len(self._open) >= MAX_STREAMS:
            raise errors.too_many_streams(MAX_PER_CLIENT)
        stream = Stream(client, owner)
        self._open.append(stream)
        try:
            yield stream
        finally:
            self._open.remove(stream)

    async def _talk(self, response: web.StreamResponse, stream: Stream) -> None:
        """Send events and heartbeats; ends when the listener does not keep up."""
        with contextlib.suppress(StopAsyncIteration, TimeoutError, ConnectionError):
            async with self._hub.subscribe() as events:
                await self._send(response, b": listening\n\n")
                while True:
                    event = await self._next(events)
                    if event is None:
                        await self._send(response, b": still here\n\n")
                    elif stream.hears(event):
                        await self._send(response, _line(event))

    async def _next(self, events: Subscription) -> Event | None:
        """The next event, or None after a while without one; none is lost by giving up, as it stays where it is."""
        try:
            async with asyncio.timeout(self._heartbeat):
                return await anext(events)
        except TimeoutError:
            return None

    async def _send(self, response: web.StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(self._patience):
            await response.write(data)


def _line(event: Event) -> bytes:
    return f"event: {event.kind}\ndata: {json.dumps(event.facts, default=str)}\n\n".encode()


async def _finish(request: web.BaseRequest, response: web.StreamResponse, *, politely: bool) -> None:
    """End the answer; who was too slow will never want what is left."""
    response.force_close()
    with contextlib.suppress(TimeoutError, ConnectionError):
        if politely:
            async with asyncio.timeout(1.0):
                await response.write_eof()
                return
    if request.transport is not None:
        request.transport.abort()
