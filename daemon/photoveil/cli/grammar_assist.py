"""The command for photos that are sent to AI assistants."""

from __future__ import annotations

from photoveil.cli.grammar import Commands, Parser, add, endpoint, whole


def add_assist(commands: Commands[Parser]) -> None:
    """``assist``."""
    command = add(
        commands,
        "assist",
        "assist",
        "assist",
        "write copies of photos for AI assistants: private regions hidden, the question still answerable",
        json=True,
        examples=(
            "  photoveil assist desk.jpg -o out/ --prompt 'which plug is this?'\n"
            "  photoveil assist desk.jpg -o out/ --box face:40,10,60,35 --slider 80\n"
            "  photoveil assist *.jpg -o out/ --endpoint http://127.0.0.1:11434/v1 --model llava\n"
            "  photoveil assist desk.jpg -o out/ --front front/\n"
            "\nFaces, QR codes and bar codes are found; say where else private things are with --box. What you have\n"
            "remembered on the photo's page of the dashboard holds here, too, instead of what is found. Copies are\n"
            "tried out on image encoders on this computer, or on the model at --endpoint, which is shown a small\n"
            "copy of the original once: choose one that you run yourself. Beyond this computer photos are sent only\n"
            "if the address is in the setting remote_endpoint and --remote is given.\n"
        ),
    )
    command.add_argument("files", nargs="+", metavar="PHOTO", help="a photo")
    command.add_argument("-o", "--output", required=True, metavar="DIR", help="folder for the copies")
    command.add_argument(
        "--prompt",
        action="append",
        default=[],
        metavar="TEXT",
        help="what the assistant will be asked; may be repeated",
    )
    command.add_argument(
        "--slider",
        type=whole(0, 100, "the slider"),
        default=50,
        metavar="N",
        help="from 0 (as useful as can be) to 100 (as private as can be; default: %(default)s)",
    )
    _add_regions(command)
    endpoint(command)
    command.add_argument(
        "--queries",
        type=whole(1, 1000, "the number of queries"),
        metavar="N",
        help="try so many copies (default: 40 for each of the first ten photos, then 10)",
    )
    command.add_argument(
        "--front", metavar="DIR", help="also write what other places of the slider give, into this new folder"
    )
    command.add_argument("--model-set", metavar="SET", help="the encoders that judge")


def _add_regions(command: Parser) -> None:
    command.add_argument(
        "--box",
        action="append",
        default=[],
        metavar="BOX",
        help="something private: [KIND:]LEFT,TOP,RIGHT,BOTTOM in per cent; KIND is face, code or chosen",
    )
    command.add_argument(
        "--only-boxes",
        action="store_true",
        help="do not look for private things; what you chose on the photo's page is hidden nevertheless",
    )
