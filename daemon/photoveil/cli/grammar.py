"""What all commands' descriptions have in common. Loads nothing but argparse."""

from __future__ import annotations

import argparse
from collections.abc import Callable

Commands = argparse._SubParsersAction  # argparse has no public name for it
Parser = argparse.ArgumentParser


def add(
    commands: Commands[Parser],
    name: str,
    module: str,
    function: str,
    summary: str,
    *,
    examples: str = "",
    json: bool = False,
) -> Parser:
    """A command that is done by ``photoveil.cli.MODULE.FUNCTION``."""
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


def group(
    commands: Commands[Parser], name: str, summary: str, description: str = "", examples: str = ""
) -> Commands[Parser]:
    """A command that has commands of its own."""
    command = commands.add_parser(
        name,
        help=summary,
        description=description or summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}" if examples else None,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return command.add_subparsers(title="commands", metavar="COMMAND", required=True)


def whole(low: int, high: int, what: str) -> Callable[[str], int]:
    """An argument's type: a whole number within bounds."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{what} is a number from {low} to {high}")
        return int(text)

    return parse


def endpoint(command: Parser) -> None:
    """The options that name a model behind an address, for commands that ask one."""
    command.add_argument(
        "--endpoint",
        metavar="URL",
        help="ask the model at this OpenAI-compatible address (Ollama, llama.cpp, vLLM, LM Studio)",
    )
    command.add_argument("--model", metavar="NAME", help="what that server calls the model")
    command.add_argument(
        "--remote", action="store_true", help="yes, send photos to this address beyond this computer"
    )
