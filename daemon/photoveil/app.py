"""Where the rooms meet: the daemon of one profile, from its start to its end."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from photoveil.api import proofs
from photoveil.api.guard import ADDRESS, Guard
from photoveil.api.pairing import Pairing
from photoveil.api.runtime import InstanceLock, Runtime
from photoveil.api.server import Server, bind
from photoveil.api.services import LocalClient, Services
from photoveil.api.sessions import Sessions
from photoveil.api.sign_in import SignIn
from photoveil.assistant.choices import Choices, ChoicesUnreadableError
from photoveil.errors import PhotoveilError
from photoveil.fitting.desk import CALM_SECONDS, ModelDesk
from photoveil.fitting.download import COMMAND as FETCH_COMMAND
from photoveil.fitting.download import Downloads
from photoveil.fitting.wishes import Wishes
from photoveil.hub import RESYNC, Hub
from photoveil.keys import KeyStore
from photoveil.ledger.clients import Clients
from photoveil.ledger.database import Database
from photoveil.ledger.history import History
from photoveil.ledger.jobs import Jobs
from photoveil.ledger.pause import Pause
from photoveil.ledger.photos import ProtectedPhotos
from photoveil.ledger.previews import PreviewShelf
from photoveil.ledger.vault import Vault
from photoveil.logs import set_level
from photoveil.notices import Notices
from photoveil.paths import Paths, models_dir
from photoveil.policy import Policy
from photoveil.settings import DEFAULT_PORT, SettingsStore
from photoveil.updates import Updates
from photoveil.watching.watching import Watching
from photoveil.welcome import Welcome
from photoveil.worker.parent import Worker
from photoveil.worker.pipe import COMMAND
from photoveil.worker.tasks import Assisting

log = logging.getLogger(__name__)

_HOUSEKEEPING_SECONDS = 6 * 3600.0


@dataclass(frozen=True)
class _Ground:
    """What everything else stands on."""

    hub: Hub
    notices: Notices
    store: SettingsStore
    database: Database
    keys: KeyStore
    own: tuple[Path, ...]


@dataclass(frozen=True)
class _Rooms:
    """Where photos are kept and worked on."""

    photos: ProtectedPhotos
    previews: PreviewShelf
    pause: Pause
    vault: Vault
    worker: Worker
    models: ModelDesk
    jobs: Jobs
    watching: Watching
    choices: Choices


class Daemon:
    """Everything that runs for one profile; ``async with`` starts and ends it.

    Args:
        paths: the profile's folders.
        port: instead of the setting; 0 takes any free one.
        worker_command: what to start as the worker; tests put something else here.
        fetch_command: the same for what fetches model sets.
        calm: seconds of rest before the machine is measured.
        stopping: set when somebody wants the daemon to end.
        clock: seconds, for pairing, sessions and the limits of requests; tests put their own here.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        port: int | None = None,
        worker_command: Sequence[str] = COMMAND,
        fetch_command: Sequence[str] = FETCH_COMMAND,
        calm: float = CALM_SECONDS,
        stopping: asyncio.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = paths
        self._port = port
        self._worker_command = worker_command
        self._fetch_command = fetch_command
        self._calm = calm
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
        ground = await self._lay_ground(stack)
        rooms = await self._build(stack, ground)
        await rooms.jobs.start()  # before the door opens: it sweeps the spool, where uploads arrive
        stack.push_async_callback(rooms.jobs.close)
        # Browsers are answered while folders are still looked through.
        await self._open_door(stack, ground, rooms)
        rooms.vault.start()
        rooms.models.start()
        stack.push_async_callback(rooms.models.close)
        await rooms.watching.start()
        stack.push_async_callback(rooms.watching.close)
        updates = self.services.updates.follow()
        for chore in (ground.store.watch(), self._adapt(ground, rooms), self._keep_house(), updates):
            task = asyncio.create_task(chore)
            stack.push_async_callback(_end, task)

    async def _lay_ground(self, stack: AsyncExitStack) -> _Ground:
        paths = self._paths
        paths.prepare()
        lock = InstanceLock(paths.lock_file)
        lock.acquire()
        stack.callback(lock.release)
        hub = Hub()
        notices = Notices(hub)
        own = (paths.config, paths.state, paths.cache, paths.logs)
        store = SettingsStore(paths.settings_file, hub, notices, own)
        set_level(store.current.log_level)
        database = await Database.open(paths.ledger_file)
        stack.push_async_callback(database.close)
        keys = KeyStore(service=f"photoveil/{paths.profile}", file=paths.secrets_file)
        stack.push_async_callback(keys.close)
        return _Ground(hub, notices, store, database, keys, own)

    async def _build(self, stack: AsyncExitStack, ground: _Ground) -> _Rooms:
        paths, hub, notices, store, database = (
            self._paths,
            ground.hub,
            ground.notices,
            ground.store,
            ground.database,
        )
        photos = ProtectedPhotos(database, paths.delivered, store.current.cache_mb << 20)
        await photos.tidy()
        pause = Pause(database, hub)
        await pause.load()
        stack.callback(pause.close)
        vault = Vault(database, paths.vault, ground.keys, lambda: store.current.vault_mb << 20, hub, notices)
        stack.push_async_callback(vault.close)
        worker = Worker(
            personas=paths.personas,
            idle_seconds=store.current.worker_idle_seconds,
            log_file=str(paths.log_file),
            command=self._worker_command,
            hub=hub,
            wanted_device=store.current.device,
            assisting=Assisting.chosen(store.current, paths),
            unlearnable_model=store.current.unlearnable_model,
        )
        stack.push_async_callback(worker.close)
        policy = Policy(store, pause)
        previews = PreviewShelf(paths.previews, lambda: store.current.previews)
        jobs = Jobs(
            photos,
            worker.protect,
            paths.spool,
            hub=hub,
            notices=notices,
            teach=worker.teach,
            together=lambda: worker.batch,
            previews=previews,
        )
        models = self._desk(ground, worker, lambda: _rests(jobs, policy))
        loop = asyncio.get_running_loop()

        def heard(whole: bool) -> None:
            loop.call_soon_threadsafe(_heed_choices, notices, watching, whole)

        choices = Choices(paths.assistant_choices, heard)
        watching = Watching(
            database=database,
            jobs=jobs,
            photos=photos,
            store=store,
            vault=vault,
            hub=hub,
            notices=notices,
            model_set=lambda: models.in_force,
            choices=choices,
            own=ground.own,
        )
        choices.read()  # so that the user hears at once of what cannot be read
        jobs.gate = policy.gate
        jobs.place = watching.place
        return _Rooms(photos, previews, pause, vault, worker, models, jobs, watching, choices)

    def _desk(self, ground: _Ground, worker: Worker, resting: Callable[[], bool]) -> ModelDesk:
        paths, store, folder = self._paths, ground.store, models_dir()
        wishes = Wishes.read(paths.wishes_file)
        command = self._fetch_command
        return ModelDesk(
            folder=folder,
            file=paths.machine_file,
            wishes=wishes,
            settings=lambda: store.current,
            worker=worker,
            downloads=Downloads(
                folder, wishes, lambda: store.current, ground.hub, ground.notices, command=command
            ),
            resting=resting,
            hub=ground.hub,
            notices=ground.notices,
            calm=self._calm,
        )

    async def _open_door(self, stack: AsyncExitStack, ground: _Ground, rooms: _Rooms) -> None:
        listener = bind(self._chosen_port(ground.store))
        stack.callback(listener.close)
        port = int(listener.getsockname()[1])
        local = LocalClient(secrets.token_hex(8), proofs.nonce())
        sign_in = SignIn(f"http://{ADDRESS}:{port}", lambda client: services.dismiss(client), self._clock)
        clients = Clients(ground.database)
        history = History(rooms.photos, rooms.jobs, rooms.previews, ground.hub)
        in_use = (
            ground.store.current.folders or await clients.all() or (await history.counts())["protected_total"]
        )
        self.services = services = Services(
            store=ground.store,
            port=port,
            profile=self._paths.profile,
            personas=self._paths.personas,
            seal_keys=self._paths.seal_keys,
            regions=rooms.choices,
            previews=rooms.previews,
            local=local,
            photos=rooms.photos,
            clients=clients,
            jobs=rooms.jobs,
            history=history,
            pause=rooms.pause,
            vault=rooms.vault,
            watching=rooms.watching,
            worker=rooms.worker,
            models=rooms.models,
            keys=ground.keys,
            sessions=Sessions(self._clock),
            pairing=Pairing(self._clock),
            sign_in=sign_in,
            hub=ground.hub,
            notices=ground.notices,
            welcome=Welcome.read(self._paths.welcome_file, ground.hub, in_use=bool(in_use)),
            updates=Updates(self._paths.updates_file, lambda: ground.store.current, ground.hub),
            stopping=self._stopping,
        )
        guard = Guard(
            port=port,
            sessions=services.sessions,
            pairing=services.pairing,
            local_client=local.id,
            sign_in=sign_in,
            pages=services.pages,
            clock=self._clock,
        )
        server = Server(services, guard, services.pages, listener)
        await server.start()
        stack.push_async_callback(server.close)
        stack.push_async_callback(_calm, services)
        Runtime(os.getpid(), port, 1, local.id, proofs.b64(local.key)).write(self._paths.runtime_file)
        stack.callback(self._paths.runtime_file.unlink, missing_ok=True)
        log.info("answering on port %d", port)

    def _chosen_port(self, store: SettingsStore) -> int | None:
        # The default setting means "the five ports where browsers look"; anything else is meant exactly.
        chosen = store.current.port
        return self._port if self._port is not None or chosen == DEFAULT_PORT else chosen

    async def _adapt(self, ground: _Ground, rooms: _Rooms) -> None:
        """What nobody else follows of the settings while they change."""
        async with ground.hub.subscribe() as events:
            async for event in events:
                if event.kind in ("settings", RESYNC):
                    settings = ground.store.current
                    rooms.photos.limit = settings.cache_mb << 20
                    rooms.worker.idle_seconds = settings.worker_idle_seconds
                    rooms.worker.wanted_device = settings.device
                    rooms.worker.assisting = Assisting.chosen(settings, self._paths)
                    rooms.worker.unlearnable_model = settings.unlearnable_model
                    set_level(settings.log_level)
                    if not settings.previews:
                        await asyncio.to_thread(rooms.previews.clear)

    async def _keep_house(self) -> None:
        """Forget what the user does not want remembered for longer."""
        while True:
            try:
                await self.services.keys.rung()
                await self.services.history.clear(self.services.settings.history_days)
            except PhotoveilError as error:  # as while the disk is full: the next time it goes on
                log.warning("the house could not be kept: %s", error.code)
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)


def _rests(jobs: Jobs, policy: Policy) -> bool:
    """Whether no photo is in work or about to be, and the machine has time to spare."""
    queue = jobs.queue()
    return not queue["running"] and queue["queued"] <= queue["waiting"] and policy.gate() in (None, "paused")


def _heed_choices(notices: Notices, watching: Watching, whole: bool) -> None:
    """What the user has chosen to hide on photos cannot be read, or can again."""
    if whole:
        notices.clear(ChoicesUnreadableError.code)
        watching.reconsider()
    else:
        notices.set(ChoicesUnreadableError.code, ChoicesUnreadableError())


async def _calm(services: Services) -> None:
    """Nobody shall wait for an answer that will not come."""
    for task in services.background:
        task.cancel()
    await asyncio.gather(*services.background, return_exceptions=True)
    await services.jobs.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
