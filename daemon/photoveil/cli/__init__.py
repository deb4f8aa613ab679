"""The ``photoveil`` command. Importing it, ``--help`` and ``--version`` load neither torch nor aiohttp."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from photoveil import __version__
from photoveil.cli import (
    grammar_archive,
    grammar_assist,
    grammar_audit,
    grammar_choices,
    grammar_daemon,
    grammar_doctor,
    grammar_models,
    grammar_photos,
    grammar_seal,
)
from photoveil.cli.output import Exit, show_error
from photoveil.errors import PhotoveilError

_EPILOG = """\
exit codes:
  0  done
  1  something failed, or at least one photo was not protected
  2  the command was not understood
  3  the daemon is not running
  4  pairing was refused or ran out of time
  130  interrupted

environment:
  PHOTOVEIL_HOME    keep settings, state, cache and logs of all profiles in this folder
  PHOTOVEIL_MODELS  keep fetched model sets in this folder, and look for further ones there
  PHOTOVEIL_HUB_TOKEN  what `photoveil models pull` shows to a mirror that asks for a token

examples:
  photoveil protect holiday/*.jpg -o protected/
  photoveil open
  photoveil pair
  photoveil folders add ~/Pictures
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; answers the exit code."""
    _have_streams()
    arguments = parser().parse_args(argv)
    command = import_module(f"photoveil.cli.{arguments.module}")
    try:
        return int(getattr(command, arguments.function)(arguments))
    except PhotoveilError as error:
        show_error(error, as_json=getattr(arguments, "json", False))
        return _exit_code(error)
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader of our output left early, as `head` does
        sys.stderr.close()
        return Exit.OK


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(
        prog="photoveil",
        description="Protects photos before they leave this computer: a model trained on them learns little about you.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"photoveil {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    grammar_photos.add_protect(commands)
    grammar_archive.add_archive(commands)
    grammar_daemon.add_commands(commands)
    grammar_doctor.add_doctor(commands)
    grammar_choices.add_folders(commands)
    grammar_photos.add_history(commands)
    grammar_photos.add_restore(commands)
    grammar_photos.add_vault(commands)
    grammar_photos.add_personas(commands)
    grammar_choices.add_sites(commands)
    grammar_choices.add_settings(commands)
    grammar_models.add_models(commands)
    grammar_assist.add_assist(commands)
    grammar_seal.add_seal(commands)
    grammar_audit.add_audit(commands)
    grammar_audit.add_exposure(commands)
    return top


def _have_streams() -> None:
    """Windows starts programs without a console with no standard streams at all: what is said there goes nowhere."""
    if sys.stdout is None or sys.stderr is None:
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the program lives
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere


def _exit_code(error: PhotoveilError) -> Exit:
    return {"not_running": Exit.NOT_RUNNING, "usage": Exit.USAGE}.get(error.as_dict()["code"], Exit.FAILED)
