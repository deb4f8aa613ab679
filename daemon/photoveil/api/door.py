"""The door: connections that have not shown who they are may be few, and may not take long.

A request that is signed makes its connection known; until then there are seconds, counted anew after each answer, and
when too many strangers stand at the door, the one that came first has to leave. So neither slow nor many strangers
keep the owner out.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

PATIENCE = 10.0
MAX_STRANGERS = 256
MAX_CONNECTIONS = 512
KEEP_ALIVE = 30.0


class Connection(web.RequestHandler):
    """One connection.

    Attributes:
        gone: set when the other side has left.
    """

    def __init__(self, door: Door, **settings: Any) -> None:
        super().__init__(door, **settings)
        self.gone = asyncio.Event()
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Come in, as a stranger."""
        super().connection_made(transport)
        self._door.came(self)

    def connection_lost(self, error: BaseException | None) -> None:
        """Leave."""
        self.gone.set()
        self._door.left(self)
        super().connection_lost(error)

    def abort(self) -> None:
        """End the connection at once, whatever is still to be sent."""
        if self.transport is not None:
            self.transport.abort()


class Door(web.Server):
    """Makes a `Connection` of everyone who knocks."""

    def __init__(self, handler: Any, *, request_factory: Any, **settings: Any) -> None:
        super().__init__(handler, request_factory=request_factory, **settings)
        self._settings = settings
        self._patience = PATIENCE
        self._strangers: dict[Connection, asyncio.TimerHandle] = {}

    def __call__(self) -> Connection:
        """A connection that is about to be made; asyncio calls this."""
        return Connection(self, loop=self._loop, **self._settings)

    def came(self, connection: Connection) -> None:
        """Somebody is here; if that makes too many, the first stranger has to leave."""
        self._wait_for(connection, self._patience)
        crowded = len(self._strangers) > MAX_STRANGERS or len(self._connections) > MAX_CONNECTIONS
        if crowded and self._strangers:
            next(iter(self._strangers)).abort()

    def known(self, connection: Connection) -> None:
        """It has sent a signed request: it may take its time."""
        timer = self._strangers.pop(connection, None)
        if timer is not None:
            timer.cancel()

    def answered(self, connection: Connection) -> None:
        """It got its answer and is a stranger again until the next signed request."""
        patience = self._patience if connection in self._strangers else KEEP_ALIVE
        self.known(connection)
        if not connection.gone.is_set():
            self._wait_for(connection, patience)

    def left(self, connection: Connection) -> None:
        """It has gone."""
        self.known(connection)

    def _wait_for(self, connection: Connection, patience: float) -> None:
        self._strangers[connection] = self._loop.call_later(patience, connection.abort)


def gone(request: web.BaseRequest) -> asyncio.Event:
    """What is set when whoever sent the request has left."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        raise TypeError("the request did not come through the door")
    return connection.gone
