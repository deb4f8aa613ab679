"""Commands about photos, their originals and the people on them."""

from __future__ import annotations

import argparse

from photoveil.cli.grammar import Commands, Parser, add, group, whole

STATES = ("queued", "running", "done", "failed", "cancelled", "unchanged")
_PERSONAS = """\
The people whose photos belong together, and what is known of them.

Photoveil moves every photo of a persona away from where eight clean photos of it lie. It learns them from the first
photos you protect, or from those you give to `learn`; then the persona is settled, and photos protected months apart
shift the same way.
"""
_VAULT = """\
The vault keeps the originals of photos that were protected in place, encrypted, until you remove them.

`photoveil restore` brings them back.
"""


def add_protect(commands: Commands[Parser]) -> None:
    """``protect``."""
    command = add(
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
    command.add_argument(
        "--method",
        metavar="M",
        help="how to protect: antithetical (the default), assistant, or unlearnable, which needs a model of yours",
    )
    command.add_argument("--model-set", metavar="SET", help="the encoders to protect against")
    command.add_argument("--metadata", metavar="POLICY", help="strip-location, strip-all or keep")
    command.add_argument(
        "--compare", metavar="PNG", help="also write a picture: before, after, difference ×10"
    )


def add_history(commands: Commands[Parser]) -> None:
    """``history``."""
    command = add(
        commands,
        "history",
        "history",
        "history",
        "list what was done with which photo, newest first",
        json=True,
        examples="  photoveil history\n  photoveil history --state failed --limit 100\n",
    )
    command.add_argument(
        "--limit",
        type=whole(1, 1_000_000, "a limit"),
        default=20,
        metavar="N",
        help="at most so many (default: %(default)s)",
    )
    command.add_argument(
        "--state",
        action="append",
        choices=STATES,
        metavar="STATE",
        help=f"only these, may be repeated: {', '.join(STATES)}",
    )


def add_restore(commands: Commands[Parser]) -> None:
    """``restore``."""
    command = add(
        commands,
        "restore",
        "vault",
        "restore",
        "bring an original back from the vault; works without the daemon, too, and overwrites nothing",
        json=True,
        examples=(
            "  photoveil restore --list\n"
            "  photoveil restore beach.jpg\n"
            "  photoveil restore 3fK9 --to ~/Desktop\n"
            "\nwhere another file has taken the original's place, the original is written beside it.\n"
        ),
    )
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "item", nargs="?", metavar="ITEM", help="an original's id, the start of it, or its name"
    )
    what.add_argument("--list", action="store_true", help="list the originals instead")
    command.add_argument("--to", metavar="PATH", help="put it into this folder, or under this name")


def add_vault(commands: Commands[Parser]) -> None:
    """``vault``."""
    actions = group(commands, "vault", "the kept originals", _VAULT)
    listing = add(actions, "list", "vault", "list_items", "list the kept originals, newest first", json=True)
    listing.add_argument(
        "--limit",
        type=whole(1, 1_000_000, "a limit"),
        metavar="N",
        help="at most so many (default: all)",
    )
    add(
        actions,
        "verify",
        "vault",
        "verify",
        "decrypt every original and tell which do not open; exits with 1 if there is one",
        json=True,
    )
    add(
        actions,
        "export-key",
        "vault",
        "export_key",
        "print the vault's key, for a backup: who has it and the vault's folder has the originals",
        examples="  photoveil vault export-key > key.txt\n",
    )
    add(
        actions,
        "import-key",
        "vault",
        "import_key",
        "take a vault's key from a backup, typed or from standard input; the daemon must not run",
        examples="  photoveil vault import-key < key.txt\n",
    )
    remove = add(actions, "remove", "vault", "remove", "delete an original for good, after asking")
    remove.add_argument("item", metavar="ITEM", help="an original's id, the start of it, or its name")
    remove.add_argument("--yes", action="store_true", help="do not ask")


def add_personas(commands: Commands[Parser]) -> None:
    """``personas``."""
    actions = group(
        commands, "personas", "the people whose photos belong together, and what is known of them", _PERSONAS
    )
    add(
        actions,
        "list",
        "personas",
        "list_personas",
        "list the personas and how well each is known",
        json=True,
    )
    _add_learn(actions)
    colour = add(
        actions,
        "colour",
        "sites",
        "colour_persona",
        "choose the colour in which a persona is shown, and a strength for its photos",
        examples="  photoveil personas colour anna teal\n  photoveil personas colour anna teal --strength strong\n",
    )
    colour.add_argument("name", metavar="NAME", help="the persona")
    colour.add_argument(
        "colour", metavar="COLOUR", help="blue, teal, green, yellow, orange, red, pink or violet"
    )
    colour.add_argument("--strength", metavar="S", help="for this persona's photos; “-”: the general one")
    forget = add(actions, "forget", "personas", "forget", "delete what was learnt of a persona, after asking")
    forget.add_argument("name", metavar="NAME", help="the persona")
    forget.add_argument("--yes", action="store_true", help="do not ask")


def _add_learn(actions: Commands[argparse.ArgumentParser]) -> None:
    learn = add(
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
