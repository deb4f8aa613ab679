"""The command for whole photo libraries."""

from __future__ import annotations

from photoveil.cli.grammar import Commands, Parser, add, whole


def add_archive(commands: Commands[Parser]) -> None:
    """``archive``."""
    command = add(
        commands,
        "archive",
        "archive",
        "archive",
        "write protected copies of a whole photo library; run it again to go on, or to add what is new",
        json=True,
        examples=(
            "  photoveil archive ~/Pictures /media/disk/Protected --persona anna\n"
            "  photoveil archive ~/Pictures /media/disk/Protected --dry-run\n"
            "  photoveil archive /srv/photos /srv/protected --ray auto\n"
            "\nIN is only read. OUT gets the same tree; nothing there is overwritten but Photoveil's own copies.\n"
            "Ctrl-C finishes the photos in hand; whatever ends it, the same command goes on where it was.\n"
            "exits with 0 if every photo that can be protected has its copy, with 1 if some have not: they are listed\n"
            "with the reason, and tried again next time.\n"
        ),
    )
    command.add_argument("source", metavar="IN", help="the library: a folder with photos, at any depth")
    command.add_argument("output", metavar="OUT", help="folder for the protected copies, outside of IN")
    command.add_argument("--persona", metavar="NAME", help="whose photos these are")
    command.add_argument("--strength", metavar="S", help="subtle, balanced, strong or film")
    command.add_argument("--method", metavar="M", help="how to protect (default: antithetical)")
    command.add_argument("--model-set", metavar="SET", help="the encoders to protect against")
    command.add_argument("--metadata", metavar="POLICY", help="strip-location, strip-all or keep")
    command.add_argument(
        "--processes",
        type=whole(1, 4096, "the number of processes"),
        metavar="N",
        help="work with so many (default: one for each GPU, or as many as cores and memory allow)",
    )
    command.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="work on a Ray cluster: “auto” or HOST:PORT for the one this machine belongs to, “local” for its own",
    )
    command.add_argument(
        "--dry-run", action="store_true", help="only tell what there is to do; nothing is written"
    )
    command.add_argument(
        "--reports", metavar="FILE", help="also write every copy's report into this new file, one JSON a line"
    )
