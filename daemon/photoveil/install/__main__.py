"""``photoveil-setup``: sets up the environment that Photoveil runs in."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from photoveil.errors import PhotoveilError
from photoveil.install import machine
from photoveil.install.environment import Environment, own_wheel, release_of
from photoveil.install.errors import SetupError
from photoveil.install.machine import Build
from photoveil.install.progress import Json, Lines
from photoveil.install.setting_up import Wish, fetch_only, set_up

_AUTO = "auto"
_WHEELS_VARIABLE = "PHOTOVEIL_WHEELS"
_EPILOG = """\
exit codes: 0 done · 1 failed, or not set up (--check) · 130 interrupted; in every case the next run goes on from there

examples:
  photoveil-setup                       # look at this machine, fetch what it needs, set it up
  photoveil-setup --build cpu           # the small build of PyTorch, without a graphics card
  photoveil-setup --fetch /media/stick  # only fetch, for a machine without a network; there:
  photoveil-setup --wheels /media/stick
  sudo photoveil-setup --system         # once for all users of this machine
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Set up; answers the exit code."""
    wishes = grammar().parse_args(argv)
    tell = Json() if wishes.progress == "json" else Lines()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _act(wishes, tell)
    except PhotoveilError as error:
        tell.fail(error)
        return 1
    except KeyboardInterrupt:
        tell.fail(SetupError("Interrupted", "What was fetched so far is kept.", "Start it again to go on."))
        return 130


def _act(wishes: argparse.Namespace, tell: Json | Lines) -> int:
    wheel: Path | None = wishes.wheel or own_wheel()
    if wheel is None:
        raise SetupError(
            "Photoveil's own package is missing",
            "This was not started from a wheel, and --wheel names none.",
            "Name it with --wheel.",
        )
    if wishes.check:
        return _check(Environment(wishes.folder), release_of(wheel))
    wish = Wish(
        folder=wishes.folder,
        wheel=wheel,
        build=_build(wishes.build),
        wheels=wishes.wheels.absolute() if wishes.wheels else None,
        torch_index=wishes.torch_index,
        again=wishes.again,
    )
    if wishes.fetch is not None:
        fetch_only(wish, wishes.fetch.absolute(), tell)
    else:
        set_up(wish, tell)
    return 0


def _check(environment: Environment, release: str) -> int:
    record = environment.record()
    ready = environment.ready(release)
    sys.stdout.write(f"{'ready' if ready else 'not set up'}: {environment.folder}\n")
    for name, value in (asdict(record) if record else {}).items():
        sys.stdout.write(f"  {name}: {value}\n")
    choice = machine.choose(machine.look())
    sys.stdout.write(f"  best here: {choice.build}. {choice.why}\n")
    return 0 if ready else 1


def _build(name: str | None) -> Build | None:
    if name is None:
        return None
    return machine.choose(machine.look()).build if name == _AUTO else Build(name)


def grammar() -> argparse.ArgumentParser:
    """Every option; the manual page is written from it."""
    parser = argparse.ArgumentParser(
        prog="photoveil-setup",
        description="Sets up the environment that Photoveil runs in: Python packages and the build of PyTorch "
        "that this machine needs. Goes on where it was interrupted.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    builds = [_AUTO, *(build.value for build in Build)]
    parser.add_argument(
        "--build",
        choices=builds,
        help="the build of PyTorch (default: the one that is there, else the best for this machine)",
    )
    parser.add_argument("--check", action="store_true", help="only tell whether it is set up, and with what")
    parser.add_argument("--again", action="store_true", help="start from nothing")
    parser.add_argument(
        "--wheels",
        type=Path,
        default=os.environ.get(_WHEELS_VARIABLE),
        metavar="FOLDER",
        help="install from this folder, without a network (default: $PHOTOVEIL_WHEELS)",
    )
    parser.add_argument(
        "--fetch", type=Path, metavar="FOLDER", help="only fill this folder with what is needed"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=machine.home_folder(),
        help="where the environment lies (default: %(default)s)",
    )
    parser.add_argument(
        "--torch-index",
        default=machine.TORCH_INDEX,
        metavar="ADDRESS",
        help="a mirror of PyTorch's own index (default: %(default)s)",
    )
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help="Photoveil's own package (default: this one)"
    )
    parser.add_argument(
        "--progress", choices=("lines", "json"), default="lines", help="for people, or a JSON object a line"
    )
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
