"""The commands that tell what models know: ``audit`` and ``exposure``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from photoveil.audit.facts import TOPICS
from photoveil.audit.manipulations import TITLES, Manipulation
from photoveil.cli.grammar import Commands, Parser, add, endpoint, whole

_PROMPTS = ("P0", "P1", "P2", "P3", "P4")


def add_audit(commands: Commands[Parser]) -> None:
    """``audit``."""
    command = add(
        commands,
        "audit",
        "audit",
        "audit",
        "ask a vision-language model about photos and tell which facts about you it gives away",
        json=True,
        examples=(
            "  photoveil audit --example > facts.toml\n"
            "  photoveil audit portraits/ --facts facts.toml --endpoint http://127.0.0.1:11434/v1 --model llava \\\n"
            "      -o my-audit --dry-run\n"
            "  photoveil audit portraits/ --facts facts.toml --local ~/models/llava-1.5-7b-hf -o my-audit\n"
            "\nGive photos that do not show the facts. The model sees each as it is, before other backgrounds, with\n"
            "blurred faces and as its protected copy, and a blank card as a control; it is asked in five phrasings.\n"
            "Answers are noted in the folder as they come: after an interruption the same command goes on, and\n"
            "nothing is asked twice. Photos leave this computer only if the address is in the setting\n"
            "remote_endpoint and --remote is given. A server's key is read from PHOTOVEIL_ENDPOINT_KEY.\n"
        ),
    )
    command.add_argument("photos", nargs="*", metavar="PHOTO", help="a photo, or a folder with photos")
    command.add_argument("--facts", metavar="FILE", help="what to look for (TOML; see --example)")
    command.add_argument("--example", action="store_true", help="print a facts file to begin with")
    command.add_argument("-o", "--output", metavar="DIR", help="folder for answers and report")
    _add_model(command)
    command.add_argument(
        "--only",
        type=_some([what.value for what in Manipulation], "a manipulation"),
        default=[what.value for what in Manipulation],
        metavar="LIST",
        help="of " + ", ".join(f"{what} ({TITLES[what]})" for what in Manipulation) + "; default: all",
    )
    command.add_argument(
        "--prompts",
        type=_some(_PROMPTS, "a prompt"),
        default=list(_PROMPTS),
        metavar="LIST",
        help="such as P0,P4",
    )
    command.add_argument(
        "--kinds",
        type=_some(TOPICS, "a kind"),
        default=list(TOPICS),
        metavar="LIST",
        help=f"ask only about these: {', '.join(TOPICS)}",
    )
    command.add_argument(
        "--face",
        metavar="BOX",
        help="where the face is on photos on which none is found: LEFT,TOP,RIGHT,BOTTOM in per cent",
    )
    command.add_argument("--dry-run", action="store_true", help="only count the questions; nobody is asked")
    _add_protection(command)


def add_exposure(commands: Commands[Parser]) -> None:
    """``exposure``."""
    command = add(
        commands,
        "exposure",
        "exposure",
        "exposure",
        "tell what encoders read off a photo in seven kinds of private facts, before and after protection",
        json=True,
        examples=(
            "  photoveil exposure portrait.jpg\n"
            "  photoveil exposure portrait.jpg --protected protected/portrait.jpg --json\n"
            "\nNo model is asked and nothing leaves this computer. Only the model set “starter” brings the words for\n"
            "it; it has only ever seen drawn people, so take what it says of real photos as a demonstration.\n"
        ),
    )
    command.add_argument("file", metavar="FILE", help="a photo")
    command.add_argument(
        "--protected", metavar="COPY", help="its protected copy (default: one is made and thrown away)"
    )
    command.add_argument("--persona", metavar="NAME", help="whose photo it is")
    command.add_argument("--strength", metavar="S", help="of the copy: subtle, balanced, strong or film")
    command.add_argument("--only-before", action="store_true", help="make no protected copy")


def _add_model(command: Parser) -> None:
    endpoint(command)
    command.add_argument(
        "--local",
        metavar="FOLDER",
        help="instead: a transformers model in this folder (needs the extra real-vlm)",
    )
    command.add_argument(
        "--timeout",
        type=whole(1, 3600, "a timeout"),
        default=120,
        metavar="S",
        help="seconds to wait for an answer (default: %(default)s)",
    )
    command.add_argument(
        "--at-once",
        type=whole(1, 32, "the number of questions at once"),
        default=1,
        metavar="N",
        help="ask so many questions side by side (default: %(default)s)",
    )


def _add_protection(command: Parser) -> None:
    command.add_argument(
        "--protected",
        metavar="DIR",
        help="the protected copies, under the photos' names (default: made by Photoveil and kept with the report)",
    )
    command.add_argument("--persona", metavar="NAME", help="whose photos these are, for the protected copies")
    command.add_argument("--strength", metavar="S", help="of the protected copies")
    command.add_argument("--model-set", metavar="SET", help="the encoders to protect against")


def _some(known: Sequence[str], what: str) -> Callable[[str], list[str]]:
    """An argument's type: some of these words, with commas between."""

    def parse(text: str) -> list[str]:
        found = [part.strip() for part in text.split(",") if part.strip()]
        strange = next((part for part in found if part not in known), None)
        if strange is not None or not found:
            raise argparse.ArgumentTypeError(f"{what} is one of: {', '.join(known)}")
        return found

    return parse
