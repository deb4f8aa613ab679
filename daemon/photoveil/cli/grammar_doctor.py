"""The command that looks for what is wrong."""

from __future__ import annotations

from photoveil.cli.grammar import Commands, Parser, add


def add_doctor(commands: Commands[Parser]) -> None:
    """``doctor``."""
    command = add(
        commands,
        "doctor",
        "doctor",
        "doctor",
        "find out what keeps Photoveil from working, what to do about it, and mend what can be mended",
        json=True,
        examples=(
            "  photoveil doctor\n"
            "  photoveil doctor --fix\n"
            "  photoveil doctor --only settings --only ledger\n"
            "  photoveil doctor --report report.zip\n"
            "\nIt contacts nobody. The exit code is 1 while there is a problem; advice and notes leave it at 0.\n"
            "A report for a bug tracker names no photos, people, folders or sites and holds no keys; look into it\n"
            "before you send it.\n"
        ),
    )
    command.add_argument(
        "--fix",
        action="store_true",
        help="do what can be done without you; whatever is in the way is put aside, never deleted",
    )
    command.add_argument(
        "--report", metavar="FILE", help="also write a zip file for a bug report, with no names in it"
    )
    command.add_argument(
        "--only", action="append", default=[], metavar="CHECK", help="make this check alone; may be repeated"
    )
