"""Can browsers reach the daemon at one of the ports where they look?"""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator, Sequence

from photoveil.doctor import remedies
from photoveil.doctor.heartbeat import Pulse
from photoveil.doctor.model import Finding, Weight
from photoveil.doctor.patient import Patient

_HERE = "127.0.0.1"
_FALLBACKS = 5
"""As many ports as `photoveil.api.server.bind` tries, and browsers look at."""


def look(patient: Patient) -> Iterator[Finding]:
    """Where it runs, look at its port; where it does not, whether it could have one."""
    from photoveil.settings import DEFAULT_PORT

    usual = range(DEFAULT_PORT, DEFAULT_PORT + _FALLBACKS)
    beat, chosen = patient.heartbeat, patient.settings.port
    if beat.pulse is Pulse.BEATS:
        if beat.port not in usual:
            yield Finding(
                "port_unusual",
                "Browsers do not find Photoveil",
                f"It answers on port {beat.port}; the extension looks at {usual[0]} to {usual[-1]} only.",
                f"Run {patient.command('settings', 'unset', 'port')}, then {patient.command('stop')} and "
                f"{patient.command('run')}.",
                Weight.ADVICE,
            )
        return
    if beat.pulse in (Pulse.SILENT, Pulse.LOST):
        return  # the port is its own
    wanted = usual if chosen == DEFAULT_PORT else range(chosen, chosen + 1)
    if chosen and not any(_is_free(port) for port in wanted):
        yield _taken(wanted, patient.command("settings", "unset", "port"))


def _is_free(port: int) -> bool:
    """Whether the daemon could listen here; tried in its own way."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as trial:
        if sys.platform != "win32":
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((_HERE, port))
            trial.listen(1)
        except OSError:
            return False
    return True


def _taken(ports: Sequence[int], unset: str) -> Finding:
    name, pid = _holder(ports[-1])
    shown = f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
    end = f"End {name} (`{remedies.end_process(pid)}`)" if pid else f"End {name}"
    other = f", or run {unset}" if len(ports) == 1 else ""
    return Finding(
        "port_taken",
        "Another program has Photoveil's port",
        f"Taken: {shown}, by {name}. Without one Photoveil cannot start.",
        f"{end}{other}.",
    )


def _holder(port: int) -> tuple[str, int | None]:
    """Who listens there, as far as the system tells."""
    unknown = "the other program", None
    try:
        import psutil
    except ImportError:
        return unknown
    try:
        for connection in psutil.net_connections("tcp"):
            is_it = (
                connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN
            )
            if is_it and connection.pid:
                return f"“{psutil.Process(connection.pid).name()}”", connection.pid
    except (OSError, RuntimeError, psutil.Error):  # it has ended, or it is another user's
        return unknown
    return unknown
