"""Commands that remedies name, as they work on this computer."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photoveil.install.machine import Build

SETUP = "photoveil-setup"
"""What made the environment where Photoveil came as a package, and can make it again."""
EVERYBODYS = Path("/var/lib/photoveil/environment")
"""What ``photoveil-setup --system`` makes, for all users of a machine."""
LAUNCHER_VARIABLE = "PHOTOVEIL_LAUNCHER"
"""Names the program by which a package starts Photoveil."""


def reinstall(requirements: Iterable[str] = ("photoveil",)) -> str:
    """How to get these packages back as they should be: by what set up the environment, else by pip."""
    if again := _setup("--again", "repair"):
        return f"Run `{again}`."
    return f"Run `{pip('--force-reinstall', '--no-deps', *requirements)}`."


def add(requirement: str) -> str:
    """How to get a package that is not there."""
    return f"Run `{pip(requirement)}`."


def torch(build: Build) -> str:
    """How to get this build of PyTorch."""
    if other := _setup(f"--build={build}", "repair"):
        return f"Run `{other}`."
    from photoveil.install import machine

    index = machine.index(build, platform.system())
    options = ("--index-url", index) if index else ()
    return f"Run `{pip('--force-reinstall', *options, 'torch')}`."


def pip(*arguments: str) -> str:
    """A pip command for the very Python that runs this."""
    return command(sys.executable, "-m", "pip", "install", *arguments)


def command(*words: object) -> str:
    """A command as it is typed here."""
    texts = [str(word) for word in words]
    if sys.platform == "win32":
        import subprocess

        return subprocess.list2cmdline(texts)
    return shlex.join(texts)


def photoveil(profile: str, *words: object) -> str:
    """A command of ours for this profile, in backquotes."""
    option = () if profile == "default" else ("--profile", profile)
    return f"`{command('photoveil', *words, *option)}`"


def end_process(pid: int, *, hard: bool = False) -> str:
    """The command that ends a process."""
    if sys.platform == "win32":
        return f"taskkill /F /PID {pid}"
    return f"kill -9 {pid}" if hard else f"kill {pid}"


def as_root(text: str) -> str:
    """A command that only the administrator may use."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return text if is_root or sys.platform == "win32" else f"sudo {text}"


def _setup(option: str, elsewhere: str) -> str | None:
    """The command that sets up the environment; None where nothing of ours did.

    On Linux it is a program with options; the launchers of Windows and macOS have a word for it.
    """
    launcher = os.environ.get(LAUNCHER_VARIABLE)
    if not sys.platform.startswith("linux"):
        return command(launcher, elsewhere) if launcher else None
    # The record lies beside the environment that it is about.
    folder = Path(sys.prefix).parent
    if not folder.joinpath("environment.json").is_file() or not shutil.which(SETUP):
        return None
    return as_root(command(SETUP, "--system", option)) if folder == EVERYBODYS else command(SETUP, option)
