"""Starting at login: written, read and taken away as each system wants it. Needs no daemon.

Linux: a desktop entry of XDG's autostart specification; a package may bring one for all users, which a user's own
overrules. Windows: a value of the user's ``Run`` key. macOS: a property list of launchd.
"""

from __future__ import annotations

import importlib
import os
import plistlib
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from xml.parsers.expat import ExpatError

from photoveil import desktop_entry, paths
from photoveil.errors import PhotoveilError

LAUNCHER_VARIABLE = "PHOTOVEIL_LAUNCHER"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED_KEY = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
"""Where Windows' task manager notes what the user switched off there."""
_GNOME = "X-GNOME-Autostart-enabled"
_CARRIED = (paths.HOME_VARIABLE, paths.MODELS_VARIABLE)
"""Where files lie apart from the usual places, a start at login must find them, too."""


class AutostartError(PhotoveilError):
    """Starting at login could not be switched."""

    code = "autostart"


class State(StrEnum):
    """Whether Photoveil starts at login; broken: it should, and cannot."""

    ON = "on"
    OFF = "off"
    BROKEN = "broken"


@dataclass(frozen=True)
class Status:
    """What was found.

    Attributes:
        where: the file or registry value that decides, or would.
        command: what is started, as far as it can be read.
        problem: why it is broken, as a sentence; else empty.
        by_package: whether a package put it there for all users of this computer.
    """

    state: State
    where: str
    command: tuple[str, ...] = ()
    problem: str = ""
    by_package: bool = False

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "state": str(self.state),
            "where": self.where,
            "command": list(self.command),
            "problem": self.problem,
            "by_package": self.by_package,
        }


class Way(Protocol):
    """How one system does it, for one profile."""

    def status(self) -> Status:
        """What is there; never raises."""

    def switch_on(self, command: Sequence[str]) -> None:
        """Have ``command`` started at login; OSError where that cannot be."""

    def switch_off(self) -> None:
        """Have nothing started; OSError where that cannot be."""


def status(profile: str = paths.DEFAULT_PROFILE) -> Status:
    """Whether a profile starts at login; never raises."""
    return way(profile).status()


def switch_on(profile: str = paths.DEFAULT_PROFILE) -> Status:
    """Start a profile at login; also mends what is broken.

    Raises:
        AutostartError: it could not be written down.
    """
    return _switched(profile, lambda chosen: chosen.switch_on(command(profile)))


def switch_off(profile: str = paths.DEFAULT_PROFILE) -> Status:
    """Start a profile at login no longer.

    Raises:
        AutostartError: it could not be written down.
    """
    return _switched(profile, lambda chosen: chosen.switch_off())


def command(profile: str = paths.DEFAULT_PROFILE) -> list[str]:
    """What starts a profile at login: the launcher of this installation, or Python itself."""
    own = [] if profile == paths.DEFAULT_PROFILE else ["--profile", profile]
    return [*launcher(), "run", "--login", *own]


def launcher() -> list[str]:
    """``photoveil`` as this installation is started: by the launcher its installer named, the script beside Python,
    or Python, without a console where Windows would open one."""
    named = os.environ.get(LAUNCHER_VARIABLE, "")
    if named and Path(named).is_absolute() and os.access(named, os.X_OK):
        return [named]
    python = Path(sys.executable)
    if sys.platform == "win32":
        installed, quiet = Path(sys.prefix).parent.parent / "Photoveil.exe", python.with_name("pythonw.exe")
        if installed.exists():
            return [str(installed)]
        return [str(quiet if quiet.exists() else python), "-m", "photoveil.cli"]
    script = python.with_name("photoveil")
    return [str(script)] if os.access(script, os.X_OK) else [str(python), "-m", "photoveil.cli"]


def way(profile: str) -> Way:
    """How it is done on this system."""
    if sys.platform == "win32":
        return RunValue(profile, importlib.import_module("winreg"))
    if sys.platform == "darwin":
        return LaunchAgent(profile)
    return DesktopEntry(profile)


def _switched(profile: str, switch: Callable[[Way], None]) -> Status:
    chosen = way(profile)
    try:
        switch(chosen)
    except OSError as error:
        where = chosen.status().where
        raise AutostartError(
            "Starting at login could not be changed",
            f"{where} cannot be written: {error.strerror or type(error).__name__}.",
            "Look at the rights of that place, or change it in your desktop's own settings of startup programs.",
        ) from error
    return chosen.status()


class DesktopEntry:
    """A file in the user's autostart folder, before those that packages install."""

    def __init__(self, profile: str) -> None:
        self._own = paths.autostart_entry(profile)
        self._machine = paths.machine_autostart_entries(profile)

    def status(self) -> Status:
        """The first file that is there decides."""
        for file in (self._own, *self._machine):
            if os.path.lexists(file):
                return replace(_read_entry(file), by_package=file != self._own)
        return Status(State.OFF, str(self._own))

    def switch_on(self, command: Sequence[str]) -> None:
        """Where a package starts it, taking away the user's own word against it is enough."""
        if self._machine_state() is State.ON:
            self._own.unlink(missing_ok=True)
        else:
            _put(self._own, desktop_entry.written(_entry(command)).encode("utf-8", "surrogateescape"))

    def switch_off(self) -> None:
        """Where a package starts it, the user's own file says no."""
        if any(os.path.lexists(file) for file in self._machine):
            _put(self._own, desktop_entry.written(_entry(()) | {"Hidden": "true"}).encode())
        else:
            self._own.unlink(missing_ok=True)

    def _machine_state(self) -> State | None:
        return next((_read_entry(file).state for file in self._machine if os.path.lexists(file)), None)


class RunValue:
    """A value of the user's ``Run`` key.

    Args:
        registry: the module ``winreg``.
    """

    def __init__(self, profile: str, registry: Any) -> None:
        self._name = "Photoveil" if profile == paths.DEFAULT_PROFILE else f"Photoveil {profile}"
        self._registry = registry

    def status(self) -> Status:
        """The value, unless the user switched it off in the task manager."""
        where = rf"HKEY_CURRENT_USER\{RUN_KEY}\{self._name}"
        line = self._value(RUN_KEY)
        if not isinstance(line, str) or not line.strip():
            return Status(State.OFF, where)
        told = _arguments(line)
        approved = self._value(APPROVED_KEY)
        if isinstance(approved, bytes) and approved[:1] and approved[0] % 2:
            return Status(State.OFF, where, told)
        return _checked(Status(State.ON, where, told), told[0])

    def switch_on(self, command: Sequence[str]) -> None:
        """The value; what the task manager noted against it goes."""
        with self._registry.CreateKey(self._registry.HKEY_CURRENT_USER, RUN_KEY) as key:
            self._registry.SetValueEx(
                key, self._name, 0, self._registry.REG_SZ, subprocess.list2cmdline(command)
            )
        self._delete(APPROVED_KEY)

    def switch_off(self) -> None:
        """Nothing of it stays."""
        self._delete(RUN_KEY)
        self._delete(APPROVED_KEY)

    def _value(self, key_path: str) -> object:
        try:
            with self._registry.OpenKey(self._registry.HKEY_CURRENT_USER, key_path) as key:
                value: object = self._registry.QueryValueEx(key, self._name)[0]
                return value
        except OSError:
            return None

    def _delete(self, key_path: str) -> None:
        registry = self._registry
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, key_path, 0, registry.KEY_SET_VALUE) as key:
                registry.DeleteValue(key, self._name)
        except FileNotFoundError:
            return


class LaunchAgent:
    """A property list in the user's ``Library/LaunchAgents``; launchd reads it at login."""

    def __init__(self, profile: str) -> None:
        self._file = paths.launch_agent(profile)

    def status(self) -> Status:
        """What the list says."""
        where = str(self._file)
        try:
            told = plistlib.loads(self._file.read_bytes())
            command = tuple(map(str, told["ProgramArguments"]))
            runs = told.get("RunAtLoad") is True and told.get("Disabled") is not True
            program = command[0]
        except FileNotFoundError:
            return Status(State.OFF, where)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ExpatError):
            return Status(State.BROKEN, where, problem="It cannot be read.")
        return (
            _checked(Status(State.ON, where, command), program) if runs else Status(State.OFF, where, command)
        )

    def switch_on(self, command: Sequence[str]) -> None:
        """The list; launchd reads it at the next login, and does not start what runs already."""
        agent: dict[str, object] = {
            "Label": self._file.stem,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "ProcessType": "Interactive",
            "LimitLoadToSessionType": "Aqua",
        }
        carried = _carried()
        _put(self._file, plistlib.dumps(agent | ({"EnvironmentVariables": carried} if carried else {})))

    def switch_off(self) -> None:
        """Without the list nothing is started; what runs goes on."""
        self._file.unlink(missing_ok=True)


def _entry(command: Sequence[str]) -> dict[str, str]:
    carried = [f"{name}={value}" for name, value in _carried().items()]
    whole = [*(["env", *carried] if carried else []), *command]
    runs = {"Exec": desktop_entry.quoted(whole), "TryExec": command[0]} if command else {}
    return {
        "Type": "Application",
        "Name": "Photoveil",
        "Comment": "Protects photos before they leave this computer",
        "Icon": "photoveil",
        **runs,
        "Terminal": "false",
        "NoDisplay": "true",
        _GNOME: "true" if command else "false",
    }


def _read_entry(file: Path) -> Status:
    where = str(file)
    try:
        told = desktop_entry.read(file.read_text("utf-8", "surrogateescape"))
        if told.get("Hidden") == "true" or told.get(_GNOME) == "false":
            return Status(State.OFF, where)
        command = tuple(desktop_entry.unquoted(told.get("Exec", "")))
    except (OSError, desktop_entry.EntryError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return Status(State.BROKEN, where, problem=f"It cannot be read: {reason}.")
    return _checked(Status(State.ON, where, command), desktop_entry.program(command))


def _checked(found: Status, program: str) -> Status:
    """Broken, where what should be started is not there."""
    if shutil.which(program):
        return found
    return replace(
        found, state=State.BROKEN, problem=f"{program} is not there any more, or cannot be started."
    )


def _carried() -> dict[str, str]:
    return {name: str(Path(os.environ[name]).absolute()) for name in _CARRIED if os.environ.get(name)}


def _arguments(line: str) -> tuple[str, ...]:
    """A command line of Windows; the inverse of ``list2cmdline`` for what stands in a ``Run`` value."""
    arguments, current, quoting = [], "", False
    for sign in line.strip() + " ":
        if sign == '"':
            quoting = not quoting
        elif sign == " " and not quoting:
            arguments += [current] if current else []
            current = ""
        else:
            current += sign
    return (*arguments, *([current.rstrip()] if current.strip() else []))


def _put(file: Path, data: bytes) -> None:
    """Write a file, whole or not at all; where it is a link, into what it leads to."""
    real = file.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    part = real.with_name(f".{real.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(data)
        part.replace(real)
    finally:
        part.unlink(missing_ok=True)
