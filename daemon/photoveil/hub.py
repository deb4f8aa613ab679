"""Live events inside the daemon: who changes something publishes it, who shows something subscribes."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

_LONGEST_BACKLOG = 256
RESYNC = "resync"
"""The kind of event that stands for those a slow subscriber missed: it must ask for everything anew."""


@dataclass(frozen=True)
class Event:
    """Something that changed."""

    kind: str
    facts: dict[str, Any] = field(default_factory=dict)


class Subscription:
    """One listener's events, in order; an async context manager and an async iterator."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self._closed = False

    async def __aenter__(self) -> Subscription:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()

    def close(self) -> None:
        """Hear no more; whoever iterates gets what is left and then the end."""
        self._closed = True
        self._hub.forget(self)
        self._news.set()

    def take(self, event: Event) -> None:
        """Put an event into the backlog; the hub calls this."""
        if len(self._events) >= _LONGEST_BACKLOG:
            self._events.clear()
            event = Event(RESYNC)
        self._events.append(event)
        self._news.set()


class Hub:
    """Hands every event to everyone who listens. Belongs to one event loop and is used in its thread only."""

    def __init__(self) -> None:
        self._listeners: dict[Subscription, None] = {}

    def publish(self, kind: str, /, **facts: object) -> None:
        """Tell everyone; never waits for anyone."""
        event = Event(kind, facts)
        for listener in list(self._listeners):
            listener.take(event)

    def subscribe(self) -> Subscription:
        """Listen from now on, until the subscription is closed."""
        listener = Subscription(self)
        self._listeners[listener] = None
        return listener

    def forget(self, listener: Subscription) -> None:
        """Tell this one no more; ``Subscription.close`` calls this."""
        self._listeners.pop(listener, None)
