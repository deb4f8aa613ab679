"""``photoveil run``, ``open``, ``stop`` and ``dashboard``, and the way to the running daemon."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

from photoveil import screen, trouble
from photoveil.api.client import DaemonClient
from photoveil.api.runtime import AlreadyRunningError, InstanceLock, NotRunningError, Runtime, not_running
from photoveil.cli.inputs import FileError
from photoveil.cli.output import Exit, note, say
from photoveil.errors import PhotoveilError
from photoveil.paths import Paths

_START_SECONDS = 20.0
_STOP_SECONDS = 15.0


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    if not arguments.login:
        return _serve(arguments, "never")
    try:
        return _serve(arguments, "once")
    except AlreadyRunningError:
        note("Photoveil is running already.")
        return Exit.OK


def open_(arguments: argparse.Namespace) -> int:
    """What a click on the icon does: the dashboard opens, whether the daemon runs already or not."""
    try:
        if _open_running(arguments.profile):
            return Exit.OK
        if not screen.present():
            note("There is no screen here; `photoveil dashboard --print` tells the dashboard's address.")
        return _serve(arguments, "always")
    except AlreadyRunningError:  # somebody else was quicker; its daemon answers in a moment
        return _open_when_there(arguments.profile)
    except PhotoveilError as error:
        if not sys.stderr.isatty():  # nobody would see it
            screen.show(trouble.page(Paths.of(arguments.profile).trouble_page, error))
        raise


def _serve(arguments: argparse.Namespace, greeting: Literal["never", "once", "always"]) -> int:
    from photoveil import life, settings  # aiohttp: slow

    paths = Paths.of(arguments.profile)
    try:
        paths.prepare()
        settings.write_template(paths.settings_file)
        _, unknown = settings.load(paths.settings_file)
        for name in unknown:
            note(f"{paths.settings_file}: nobody knows the setting “{name}”; it is ignored.")
        note(f"Photoveil is running; the log is {paths.log_file}. Ctrl-C ends it.")
        life.run(paths, port=arguments.port, tray=not arguments.no_tray, greeting=greeting)
    except OSError as error:
        raise FileError(
            "Photoveil cannot run",
            f"{error.filename or 'A file that it needs'}: {error.strerror or type(error).__name__}.",
            "Make room on that drive, or give yourself the right to read and write there, and start it again.",
        ) from error
    return Exit.OK


def _open_when_there(profile: str) -> int:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if _open_running(profile):
            return Exit.OK
        time.sleep(0.1)
    raise not_running()


def _open_running(profile: str) -> bool:
    """Open the page of the running daemon in the user's browser; False where none answers."""
    client = if_running(profile)
    if client is None:
        return False
    welcome_done = client.call("overview")["welcome_done"]
    told = client.call("dashboard/link", place="" if welcome_done else "welcome")
    _show(told)
    return True


def _show(told: dict[str, Any]) -> bool:
    """Open what ``dashboard/link`` tells; where there is no browser, say it."""
    if screen.show(told["url"]):
        return True
    note(f"No browser could be started. Open this address within {told['seconds']} seconds; it works once:")
    say(told["url"])
    return False


def stop(arguments: argparse.Namespace) -> int:
    """End the daemon and wait until its process is gone: who asks may be about to remove its files."""
    runtime, client = connect(arguments.profile)
    ended = _ending(runtime.pid)
    client.call("stop")
    lock = InstanceLock(Paths.of(arguments.profile).lock_file)
    end = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < end:
        if not lock.is_held() and ended():
            say("Photoveil has stopped.")
            return Exit.OK
        time.sleep(0.05)
    note("Photoveil was asked to stop but has not ended yet.")
    return Exit.FAILED


def _ending(pid: int) -> Callable[[], bool]:
    """Whether the process that has this number now is gone; it takes half a second to put away its icon."""
    import psutil

    try:
        process = psutil.Process(pid)
    except psutil.Error:
        return lambda: True

    def ended() -> bool:
        try:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            return True

    return ended


def dashboard(arguments: argparse.Namespace) -> int:
    """Open the dashboard, signed in."""
    _runtime, client = connect(arguments.profile)
    told = client.call("dashboard/link")
    if arguments.print_only:
        say(told["url"])
        return Exit.OK
    if not _show(told):
        return Exit.FAILED
    say("The dashboard opens in your browser.")
    return Exit.OK


def if_running(profile: str) -> DaemonClient | None:
    """The running daemon of a profile, or None."""
    try:
        return connect(profile)[1]
    except NotRunningError:
        return None


def connect(profile: str) -> tuple[Runtime, DaemonClient]:
    """The running daemon of a profile, proven; raises NotRunningError."""
    runtime = Runtime.read(Paths.of(profile).runtime_file)
    client = DaemonClient.local(runtime)
    client.open()
    return runtime, client
