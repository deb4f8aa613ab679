"""The daemon's process: the tray or a wait for signals on the main thread, the daemon in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Sequence
from typing import Literal

from photoveil.app import Daemon
from photoveil.logs import start_log
from photoveil.panel import ALWAYS, Panel
from photoveil.paths import Paths
from photoveil.tray import Tray
from photoveil.worker.pipe import COMMAND

Greeting = Literal["never", "once", "always"]


def run(
    paths: Paths,
    *,
    port: int | None = None,
    tray: bool = True,
    worker_command: Sequence[str] = COMMAND,
    greeting: Greeting = "never",
) -> None:
    """Run the daemon in the foreground until it is told to stop; raises what kept it from starting.

    Args:
        greeting: what to open in a browser when it has started: nothing, the first-run page if it never was, or that
            page or the dashboard in any case.
    """
    paths.prepare()
    start_log(paths)
    life = _Life(lambda stopping: Daemon(paths, port=port, worker_command=worker_command, stopping=stopping))
    panel = life.start()
    if greeting != "never":
        panel.do("greet", ALWAYS if greeting == "always" else "")
    icon = Tray(panel)
    life.when_ended(icon.stop)

    def stop(_number: int, _frame: object) -> None:
        life.stop()
        icon.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if tray:
        icon.run()
    life.join()


class _Life:
    """A daemon and its loop, in a thread, because desktops want the main thread for the tray."""

    def __init__(self, make: Callable[[asyncio.Event], Daemon]) -> None:
        self._make = make
        self._thread = threading.Thread(target=self._run, name="daemon")
        self._started = threading.Event()
        self._ended = threading.Event()
        self._when_ended: Callable[[], None] = lambda: None
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stopping: asyncio.Event
        self._panel: Panel

    def start(self) -> Panel:
        """Start it and wait until it answers; what it shows to the tray."""
        self._thread.start()
        self._started.wait()
        if self._error is not None:
            self.join()
        return self._panel

    def stop(self) -> None:
        """Have it end; from any thread or a signal's handler."""
        with contextlib.suppress(RuntimeError):  # it has ended
            self._loop.call_soon_threadsafe(self._stopping.set)

    def when_ended(self, call: Callable[[], None]) -> None:
        """Call this, in the daemon's thread, when it ends by itself; at once if it has."""
        self._when_ended = call
        if self._ended.is_set():
            call()

    def join(self) -> None:
        """Wait for its end; raises what ended it."""
        self._ended.wait()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            asyncio.run(self._live())
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self._error = error
        finally:
            self._ended.set()
            self._started.set()
            self._when_ended()

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        async with self._make(self._stopping) as daemon:
            self._panel = Panel(daemon.services, self._loop)
            following = asyncio.create_task(self._panel.follow())
            self._started.set()
            await self._stopping.wait()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
