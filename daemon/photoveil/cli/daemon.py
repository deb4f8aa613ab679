"""``photoveil run``, ``status`` and ``stop``."""

from __future__ import annotations

import argparse
import time
from typing import Any

from photoveil.api.client import DaemonClient
from photoveil.api.runtime import AlreadyRunningError, InstanceLock, NotRunningError, Runtime
from photoveil.cli.output import Exit, note, say, say_json
from photoveil.paths import Paths

_STOP_SECONDS = 15.0


def run(arguments: argparse.Namespace) -> int:
    """Run the daemon until it is stopped."""
    from photoveil import app, settings  # aiohttp: slow

    paths = Paths.of(arguments.profile)
    paths.prepare()
    settings.write_template(paths.settings_file)
    chosen, unknown = settings.load(paths.settings_file)
    for name in unknown:
        note(f"{paths.settings_file}: nobody knows the setting “{name}”; it is ignored.")
    note(f"Photoveil is running; the log is {paths.log_file}. Ctrl-C ends it.")
    app.run(paths, chosen, port=arguments.port)
    return Exit.OK


def status(arguments: argparse.Namespace) -> int:
    """Tell whether the daemon runs and what it does."""
    try:
        runtime, client = connect(arguments.profile)
        told = client.call("status")
    except NotRunningError:
        if not arguments.json:
            raise
        say_json({"running": False})
        return Exit.NOT_RUNNING
    settings = str(Paths.of(arguments.profile).settings_file)
    told = {"running": True, "pid": runtime.pid, "port": runtime.port, "settings": settings, **told}
    if arguments.json:
        say_json(told)
    else:
        _say_status(told)
    return Exit.OK


def stop(arguments: argparse.Namespace) -> int:
    """End the daemon and wait until it has."""
    _runtime, client = connect(arguments.profile)
    client.call("stop")
    lock = InstanceLock(Paths.of(arguments.profile).lock_file)
    end = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < end:
        try:
            lock.acquire()  # the daemon lets it go last of all
        except AlreadyRunningError:
            time.sleep(0.05)
        else:
            lock.release()
            say("Photoveil has stopped.")
            return Exit.OK
    note("Photoveil was asked to stop but has not ended yet.")
    return Exit.FAILED


def connect(profile: str) -> tuple[Runtime, DaemonClient]:
    """The running daemon of a profile, proven; raises NotRunningError."""
    runtime = Runtime.read(Paths.of(profile).runtime_file)
    client = DaemonClient.local(runtime)
    client.open()
    return runtime, client


def _say_status(told: dict[str, Any]) -> None:
    jobs = told["jobs"]
    say(f"Photoveil {told['version']} is running (process {told['pid']}, port {told['port']}).")
    say(f"  model set  {told['model_set']}" + (f" on {told['device']}" if told["device"] else ""))
    say(f"  worker     {told['worker']}")
    say(f"  photos     {jobs['running']} in work, {jobs['queued']} waiting")
    where = (
        "the system keyring" if told["secrets"] == "keyring" else "a file of yours (no keyring was usable)"
    )
    say(f"  keys       in {where}")
    say(f"  settings   in {told['settings']}")
