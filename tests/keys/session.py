"""A D-Bus session of our own, with a real GNOME Keyring in it, and with services and sockets that never answer.

Nothing of the session of the person who runs the tests is touched.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from jeepney import DBusAddress, message_bus, new_method_call  # type: ignore[import-untyped]
from jeepney.io.blocking import Proxy, open_dbus_connection  # type: ignore[import-untyped]
from secretstorage import get_collection_by_alias
from secretstorage.util import format_secret, open_session

ROOT = Path(__file__).parents[2]
PASSWORD = b"correct horse"
PATIENCE = 60.0
"""How long somebody who answers may take, on a machine however busy."""
TIMEOUT = 1.0
"""How long is waited for somebody who never answers."""

_BUS = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

_SILENT = """
import sys, time
from jeepney import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection  # type: ignore[import-untyped]
connection = open_dbus_connection()
Proxy(message_bus, connection).RequestName("org.freedesktop.secrets")
print("here", flush=True)
time.sleep(600)
"""


@dataclass
class Told:
    """What the visitor said."""

    answer: str | None
    seconds: float
    lag: float


class Visitor:
    """The other end of ``visitor.py``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, wish: str) -> str | None:
        """The answer; it must come before whoever never answers is gone, and the loop must have stayed free."""
        told = self.told(wish)
        assert told.seconds < PATIENCE + 30, told
        assert told.lag < 0.5, told
        return told.answer

    def wait(self, seconds: float) -> None:
        """Wait so long for the keyring from now on."""
        self.told(f"wait {seconds}")

    def told(self, wish: str) -> Told:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{wish}\n")
        self._process.stdin.flush()
        return Told(**json.loads(self._process.stdout.readline()))

    def eventually(self, wish: str, answer: str) -> None:
        """Ask until the answer is this one."""
        end = time.monotonic() + 2 * PATIENCE
        while (last := self.ask(wish)) != answer:
            assert time.monotonic() < end, (wish, last)
            time.sleep(0.05)


class Session:
    """A home, and whatever of a desktop a test starts in it."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self._stack = stack
        self._socket = home / "bus"
        self.address: str | None = f"unix:path={self._socket}"

    @property
    def secrets(self) -> Path:
        return self.home / "secrets.json"

    def environment(self) -> dict[str, str]:
        own = {"PYTHON_KEYRING_BACKEND", "DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS"}
        kept = {name: value for name, value in os.environ.items() if name not in own}
        places = {
            "HOME": self.home,
            "XDG_DATA_HOME": self.home / "data",
            "XDG_CONFIG_HOME": self.home / "config",
            "XDG_RUNTIME_DIR": self.home,
            "PYTHONPATH": os.pathsep.join((str(ROOT / "daemon"), str(ROOT))),
        }
        bus = {"DBUS_SESSION_BUS_ADDRESS": self.address} if self.address else {}
        return kept | bus | {name: str(place) for name, place in places.items()}

    @property
    def noted(self) -> Path:
        """What the programs of the session complain about."""
        return self.home / "noted.txt"

    def start(self, *command: str, given: bytes | None = None) -> subprocess.Popen[bytes]:
        with self.noted.open("a") as noted:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=noted,
                env=self.environment(),
            )
        self._stack.callback(end, process)
        assert process.stdin
        process.stdin.write(given or b"")
        process.stdin.close()
        return process

    def bus(self) -> None:
        """Start a bus that starts no service by itself."""
        config = self.home / "bus.conf"
        config.write_text(_BUS.format(socket=self._socket))
        self.start("dbus-daemon", "--nofork", f"--config-file={config}")
        self._wait_for(self._listened_to, "no bus")

    def keyring(self, *, unlocked: bool) -> subprocess.Popen[bytes]:
        """Start GNOME Keyring; its login keyring is made when it is first unlocked."""
        unlock = ("--unlock",) if unlocked else ()
        process = self.start(
            *("gnome-keyring-daemon", "--foreground", "--components=secrets", *unlock),
            given=PASSWORD if unlocked else None,
        )
        self._wait_for(self.answers, "no keyring")
        return process

    def _listened_to(self) -> bool:
        with socket.socket(socket.AF_UNIX) as anybody:
            return anybody.connect_ex(str(self._socket)) == 0

    def _wait_for(self, true: Callable[[], bool], otherwise: str) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"{otherwise}: {self.noted.read_text()}"
            time.sleep(0.02)

    def answers(self) -> bool:
        """Whether somebody on the bus answers for secrets."""
        with open_dbus_connection(self.address or "") as connection:
            return bool(Proxy(message_bus, connection).NameHasOwner("org.freedesktop.secrets")[0])

    def unlock(self) -> None:
        """Unlock the login keyring, as its dialog does."""
        with open_dbus_connection(self.address or "") as connection:
            login = get_collection_by_alias(connection, "default").collection_path
            secret = format_secret(open_session(connection), PASSWORD, "text/plain")
            service = DBusAddress(
                "/org/freedesktop/secrets",
                "org.freedesktop.secrets",
                "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface",
            )
            call = new_method_call(service, "UnlockWithMasterPassword", "o(oayays)", (login, secret))
            assert not connection.send_and_get_reply(call).body

    def silent_service(self) -> None:
        """Start a keyring service that takes every call and never answers one."""
        process = self.start(sys.executable, "-c", _SILENT)
        assert process.stdout
        assert process.stdout.readline() == b"here\n", self.noted.read_text()

    def silent_socket(self) -> None:
        """Open a bus that takes connections and never says a word."""
        listener = socket.socket(socket.AF_UNIX)
        self._stack.callback(listener.close)
        listener.bind(str(self._socket))
        listener.listen()

    def visitor(self, seconds: float = PATIENCE) -> Visitor:
        """Start a process that asks the ladder, which waits so long for the keyring."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.keys.visitor", str(self.secrets), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self.environment(),
            cwd=ROOT,
            text=True,
        )
        self._stack.callback(end, process)
        return Visitor(process)


def end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


@contextmanager
def session(home: Path) -> Iterator[Session]:
    """A session without anything in it yet."""
    with ExitStack() as stack:
        yield Session(home, stack)
