"""The ``photoveil`` command. Importing it, ``--help`` and ``--version`` load neither torch nor aiohttp."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from photoveil import __version__
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
  PHOTOVEIL_MODELS  look for model sets in this folder instead of the package

examples:
  photoveil protect holiday/*.jpg -o protected/
  photoveil run
  photoveil pair
"""


_PERSONAS = """\
The people whose photos belong together, and what is known of them.

Photoveil moves every photo of a persona away from where eight clean photos of it lie. It learns them from the first
photos you protect, or from those you give to `learn`; then the persona is settled, and photos protected months apart
shift the same way.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; answers the exit code."""
    arguments = parser().parse_args(argv)
    command = import_module(f"photoveil.cli.{arguments.module}")
    try:
        return int(getattr(command, arguments.function)(arguments))
    except PhotoveilError as error:
        show_error(error, as_json=getattr(arguments, "json", False))
        return Exit.NOT_RUNNING if error.code == "not_running" else Exit.FAILED
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
    _add_protect(commands)
    _add_run(commands)
    _add(commands, "status", "daemon", "status", "tell whether the daemon runs and what it does", json=True)
    _add(commands, "stop", "daemon", "stop", "end the daemon")
    _add_pair(commands)
    _add_clients(commands)
    _add_models(commands)
    _add_personas(commands)
    return top


Commands = argparse._SubParsersAction  # argparse has no public name for it


def _add(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    module: str,
    function: str,
    summary: str,
    *,
    examples: str = "",
    json: bool = False,
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(module=module, function=function)
    command.add_argument(
        "--profile",
        default="default",
        metavar="P",
        help="use other settings, state and port (default: %(default)s)",
    )
    if json:
        command.add_argument("--json", action="store_true", help="print JSON for programs")
    return command


def _add_protect(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands,
        "protect",
        "protect",
        "protect",
        "write protected copies of photos; originals are never touched and nothing is overwritten",
        json=True,
        examples=(
            "  photoveil protect portrait.jpg -o protected/\n"
            "  photoveil protect *.jpg -o protected/ --persona anna --strength strong\n"
            "  photoveil protect portrait.jpg -o . --compare difference.png --json > report.json\n"
            "\nwith --json: the report of one FILE as an object, those of several as an array; an entry\n"
            "that failed has “error”, one that is passed on unchanged has “unchanged”.\n"
        ),
    )
    command.add_argument("files", nargs="+", metavar="FILE", help="a photo")
    command.add_argument(
        "-o", "--output", required=True, metavar="DIR", help="folder for the protected copies"
    )
    command.add_argument("--persona", metavar="NAME", help="whose photos these are")
    command.add_argument("--strength", metavar="S", help="subtle, balanced or strong")
    command.add_argument("--method", metavar="M", help="how to protect (default: antithetical)")
    command.add_argument("--model-set", metavar="SET", help="the encoders to protect against")
    command.add_argument("--metadata", metavar="POLICY", help="strip-location, strip-all or keep")
    command.add_argument(
        "--compare", metavar="PNG", help="also write a picture: before, after, difference ×10"
    )


def _add_run(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands,
        "run",
        "daemon",
        "run",
        "run the daemon in the foreground; browsers talk to it",
        examples="  photoveil run\n  photoveil run --profile test --port 0\n",
    )
    command.add_argument(
        "--port", type=_port, metavar="N", help="listen here instead of 47610 to 47614 (0: any)"
    )


def _add_pair(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands, "pair", "pairing", "pair", "connect a browser: shows a code to type into the extension"
    )
    command.add_argument(
        "--yes", action="store_true", help="accept the browser that knows the code without asking"
    )


def _add_clients(commands: Commands[argparse.ArgumentParser]) -> None:
    command = _add(
        commands, "clients", "pairing", "clients", "list the connected browsers, or disconnect one", json=True
    )
    command.add_argument("--revoke", metavar="ID", help="disconnect the browser with this id")


def _add_models(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("models", help="the encoders that photos are protected against")
    actions = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(
        actions,
        "list",
        "models",
        "list_models",
        "list the model sets and whether they are installed",
        json=True,
    )


def _add_personas(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser(
        "personas",
        help="the people whose photos belong together, and what is known of them",
        description=_PERSONAS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = command.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add(
        actions,
        "list",
        "personas",
        "list_personas",
        "list the personas and how well each is known",
        json=True,
    )
    _add_learn(actions)
    forget = _add(
        actions, "forget", "personas", "forget", "delete what was learnt of a persona, after asking"
    )
    forget.add_argument("name", metavar="NAME", help="the persona")
    forget.add_argument("--yes", action="store_true", help="do not ask")


def _add_learn(actions: Commands[argparse.ArgumentParser]) -> None:
    learn = _add(
        actions,
        "learn",
        "personas",
        "learn",
        "teach a persona from a few unprotected photos; they are only read, and none is kept",
        json=True,
        examples=(
            "  photoveil personas learn anna holiday/ portrait.jpg\n"
            "  photoveil personas learn anna new/*.jpg --again\n"
            "\nexits with 0 if at least one of the photos is part of what is known of the persona now. With --json:\n"
            "an object whose “files” tell the outcome of each: learnt, known, own-copy, not-needed or failed.\n"
        ),
    )
    learn.add_argument("name", metavar="NAME", help="the persona")
    learn.add_argument(
        "photos", nargs="+", metavar="PHOTO", help="an unprotected photo, or a folder with photos"
    )
    learn.add_argument("--model-set", metavar="SET", help="the encoders to learn with")
    learn.add_argument(
        "--again",
        action="store_true",
        help="start anew, also where the persona is settled: later photos then shift in another direction",
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
