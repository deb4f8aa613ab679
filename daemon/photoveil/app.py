"""Where the rooms meet: the daemon of one profile, from its start to its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import secrets
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType

from photoveil.api import proofs
from photoveil.api.guard import Guard
from photoveil.api.pairing import Pairing
from photoveil.api.runtime import InstanceLock, Runtime
from photoveil.api.server import Server, bind
from photoveil.api.services import LocalClient, Services
from photoveil.api.sessions import Sessions
from photoveil.keys import KeyStore
from photoveil.ledger.clients import Clients
from photoveil.ledger.database import Database
from photoveil.ledger.jobs import Jobs
from photoveil.ledger.photos import ProtectedPhotos, empty
from photoveil.paths import Paths
from photoveil.settings import DEFAULT_PORT, Settings
from photoveil.worker.parent import Worker
from photoveil.worker.pipe import COMMAND

log = logging.getLogger(__name__)


class Daemon:
    """Everything that runs for one profile; ``async with`` starts and ends it.

    Args:
        paths: the profile's folders.
        settings: the user's choices.
        port: instead of the setting; 0 takes any free one.
        worker_command: what to start as the worker; tests put something else here.
        stopping: set when somebody wants the daemon to end.
        clock: seconds, for pairing and sessions; tests put their own here.
    """

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        *,
        port: int | None = None,
        worker_command: Sequence[str] = COMMAND,
        stopping: asyncio.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = paths
        self._settings = settings
        # The default setting means "the five ports where browsers look"; anything else is meant exactly.
        self._port = port if port is not None or settings.port == DEFAULT_PORT else settings.port
        self._worker_command = worker_command
        self._clock = clock
        self._stopping = stopping or asyncio.Event()
        self._stack = AsyncExitStack()
        self.services: Services

    async def __aenter__(self) -> Daemon:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        log.info("stopping")
        await self._stack.aclose()

    async def _start(self, stack: AsyncExitStack) -> None:
        """Start from the ground up; what is started last ends first."""
        self._paths.prepare()
        lock = InstanceLock(self._paths.lock_file)
        lock.acquire()
        stack.callback(lock.release)
        empty(self._paths.spool)
        database = await Database.open(self._paths.ledger_file)
        stack.push_async_callback(database.close)
        photos = ProtectedPhotos(database, self._paths.delivered, self._settings.cache_mb << 20)
        await photos.tidy()
        worker = Worker(
            personas=self._paths.personas,
            idle_seconds=self._settings.worker_idle_seconds,
            log_file=str(self._paths.log_file),
            command=self._worker_command,
        )
        stack.push_async_callback(worker.close)
        jobs = Jobs(photos, worker.protect, self._paths.spool)
        jobs.start()
        stack.push_async_callback(jobs.close)
        await self._open_door(stack, database, photos, worker, jobs)

    async def _open_door(
        self, stack: AsyncExitStack, database: Database, photos: ProtectedPhotos, worker: Worker, jobs: Jobs
    ) -> None:
        listener = bind(self._port)
        stack.callback(listener.close)
        port = int(listener.getsockname()[1])
        local = LocalClient(secrets.token_hex(8), proofs.nonce())
        keys = KeyStore(service=f"photoveil/{self._paths.profile}", file=self._paths.secrets_file)
        self.services = services = Services(
            settings=self._settings,
            port=port,
            personas=self._paths.personas,
            local=local,
            photos=photos,
            clients=Clients(database),
            jobs=jobs,
            worker=worker,
            keys=keys,
            sessions=Sessions(self._clock),
            pairing=Pairing(self._clock),
            stopping=self._stopping,
        )
        guard = Guard(port=port, sessions=services.sessions, pairing=services.pairing, local_client=local.id)
        server = Server(services, guard, listener)
        await server.start()
        stack.push_async_callback(server.close)
        stack.push_async_callback(_calm, services)
        Runtime(os.getpid(), port, 1, local.id, proofs.b64(local.key)).write(self._paths.runtime_file)
        stack.callback(self._paths.runtime_file.unlink, missing_ok=True)
        log.info("answering on port %d", port)


async def _calm(services: Services) -> None:
    """Nobody shall wait for an answer that will not come."""
    for task in services.background:
        task.cancel()
    await asyncio.gather(*services.background, return_exceptions=True)
    await services.jobs.close()


def run(paths: Paths, settings: Settings, *, port: int | None = None) -> None:
    """Run the daemon in the foreground until it is told to stop."""
    paths.prepare()
    start_log(paths)
    asyncio.run(_run(paths, settings, port))


async def _run(paths: Paths, settings: Settings, port: int | None) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with Daemon(paths, settings, port=port, stopping=stopping) as daemon:
        await daemon.services.keys.rung()
        await stopping.wait()


def start_log(paths: Paths) -> None:
    """Write the log to a rotating file of this user alone; photos' names, paths and secrets never get there."""
    os.umask(0o077)
    handler = logging.handlers.RotatingFileHandler(
        paths.log_file, maxBytes=1 << 20, backupCount=3, encoding="utf-8"
    )
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    logging.getLogger("aiohttp").setLevel(logging.WARNING)
