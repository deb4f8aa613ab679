"""Commands about seals: visible marks that key holders can take off."""

from __future__ import annotations

import argparse

from photoveil.cli.grammar import Commands, Parser, add, group

_KEYS = """\
Keys open sealed photos. Everything you seal opens with your own key, “me”; for others, make a key each and share it.

A key cannot be taken back from who has it: revoking it means that photos you seal from then on do not open with it.
"""
_POSITIONS = (
    "auto",
    "centre",
    "top",
    "bottom",
    "left",
    "right",
    "top-left",
    "top-right",
    "bottom-left",
    "bottom-right",
)


def add_seal(commands: Commands[Parser]) -> None:
    """``seal``, ``unseal`` and ``seal-keys``."""
    _add_seal(commands)
    _add_unseal(commands)
    _add_keys(commands)


def _add_seal(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "seal",
        "seal",
        "seal",
        "write copies with a visible mark that whoever has a key can take off again",
        json=True,
        examples=(
            "  photoveil seal beach.jpg -o sealed/ --text “© Anna Berg”\n"
            "  photoveil seal *.jpg -o sealed/ --text “© Anna” --for mum --for ben\n"
            "  photoveil seal poster.png -o . --logo logo.png --tiling\n"
            "\nto protect and seal, protect first: sealing leaves everything outside the mark as it is.\n"
        ),
    )
    command.add_argument("files", nargs="+", metavar="PHOTO", help="a photo")
    command.add_argument("-o", "--output", required=True, metavar="DIR", help="folder for the sealed copies")
    command.add_argument("--text", default="", metavar="TEXT", help="what the mark says")
    command.add_argument("--logo", metavar="FILE", help="a picture whose silhouette stands on the mark")
    command.add_argument(
        "--for",
        action="append",
        default=[],
        dest="recipients",
        metavar="NAME",
        help="whose key opens it beside yours; may be repeated, up to five times",
    )
    command.add_argument(
        "--position",
        choices=_POSITIONS,
        default="auto",
        metavar="P",
        help=f"{', '.join(_POSITIONS)} (default: auto, where a guess would be worst)",
    )
    command.add_argument(
        "--size",
        choices=("small", "medium", "large"),
        default="medium",
        metavar="S",
        help="small, medium (default) or large",
    )
    command.add_argument(
        "--tone",
        choices=("dark", "light"),
        default="dark",
        metavar="T",
        help="dark (default) or light",
    )
    command.add_argument("--tiling", action="store_true", help="several marks, staggered over the photo")


def _add_unseal(commands: Commands[Parser]) -> None:
    command = add(
        commands,
        "unseal",
        "seal",
        "unseal",
        "take the marks off sealed photos, as far as one of your keys opens them",
        json=True,
        examples="  photoveil unseal downloaded.jpg -o clean/\n  photoveil unseal *.jpg -o clean/ --png\n",
    )
    command.add_argument("files", nargs="+", metavar="PHOTO", help="a sealed photo")
    command.add_argument("-o", "--output", required=True, metavar="DIR", help="folder for the clean copies")
    command.add_argument("--png", action="store_true", help="write PNG files, which lose nothing more")


def _add_keys(commands: Commands[Parser]) -> None:
    actions = group(commands, "seal-keys", "the keys that open sealed photos", _KEYS)
    add(
        actions,
        "list",
        "seal",
        "list_keys",
        "list the keys; what is secret about them is not shown",
        json=True,
    )
    create = add(
        actions,
        "create",
        "seal",
        "create_key",
        "make a key for someone",
        json=True,
        examples="  photoveil seal-keys create mum\n  photoveil seal-keys share mum\n",
    )
    _name(create)
    share = add(
        actions,
        "share",
        "seal",
        "share_key",
        "show a key as a code to pass on, or write it into a file",
        examples="  photoveil seal-keys share mum\n  photoveil seal-keys share mum --file mum.key\n",
    )
    _name(share)
    share.add_argument("--file", metavar="FILE", help="write the key into this new file instead")
    take = add(
        actions,
        "import",
        "seal",
        "import_key",
        "add a key that someone shared with you: from a file, or a code that is typed or piped in",
        json=True,
        examples="  photoveil seal-keys import anna\n  photoveil seal-keys import anna anna.key\n",
    )
    _name(take, "what you call it, such as whose photos it opens")
    take.add_argument("file", nargs="?", metavar="FILE", help="the file; without it, the code is asked for")
    revoke = add(
        actions, "revoke", "seal", "revoke_key", "seal no new photos for a key; older ones stay open"
    )
    _name(revoke)
    forget = add(actions, "forget", "seal", "forget_key", "delete a key, after asking")
    _name(forget)
    forget.add_argument("--yes", action="store_true", help="do not ask")


def _name(command: argparse.ArgumentParser, what: str = "the key") -> None:
    command.add_argument("name", metavar="NAME", help=what)
