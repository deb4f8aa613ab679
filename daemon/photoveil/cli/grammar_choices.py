"""Commands about what the user chooses: settings, watched folders, sites."""

from __future__ import annotations

import argparse

from photoveil.cli.grammar import Commands, Parser, add, group

_FOLDERS = """\
Folders that Photoveil watches: every photo in them gets a protected copy.

A FOLDER is named by its path or by the id that `photoveil folders list` shows. “-” as persona, strength or method
means the general setting.
"""
_SITES = """\
Sites that are treated differently from others. A profile also holds for the sites below: that of example.org for
photos.example.org, too.
"""
_SETTINGS = """\
The settings of the profile. A change takes effect at once, also while the daemon runs; the file behind it keeps your
comments.
"""


def add_folders(commands: Commands[Parser]) -> None:
    """``folders``."""
    actions = group(
        commands,
        "folders",
        "the folders whose photos get protected copies",
        _FOLDERS,
        examples=(
            "  photoveil folders add ~/Pictures\n"
            "  photoveil folders add ~/Camera --persona anna --mirror-to ~/Shared\n"
            "  photoveil folders change ~/Pictures --strength strong --off\n"
        ),
    )
    add(actions, "list", "folders", "list_folders", "list the watched folders and how far each is", json=True)
    new = add(actions, "add", "folders", "add_folder", "watch a folder", json=True)
    new.add_argument("path", metavar="PATH", help="the folder")
    _add_rule(new)
    change = add(
        actions,
        "change",
        "folders",
        "change_folder",
        "treat a watched folder differently; what you do not name stays",
        json=True,
    )
    change.add_argument("folder", metavar="FOLDER", help="its path or id")
    _add_rule(change)
    _add_switch(change, "watch it, or leave it alone for a while")
    remove = add(actions, "remove", "folders", "remove_folder", "watch a folder no longer; its files stay")
    remove.add_argument("folder", metavar="FOLDER", help="its path or id")
    rescan = add(actions, "rescan", "folders", "rescan", "look through watched folders now")
    rescan.add_argument("folder", nargs="?", metavar="FOLDER", help="only this one: its path or id")


def add_sites(commands: Commands[Parser]) -> None:
    """``sites``."""
    actions = group(
        commands,
        "sites",
        "sites that are treated differently",
        _SITES,
        examples="  photoveil sites set example.org --off\n  photoveil sites set instagram.com --strength strong\n"
        "  photoveil sites set assistant.example.org --method assistant --slider 70\n",
    )
    add(actions, "list", "sites", "list_sites", "list the sites that are treated differently", json=True)
    change = add(
        actions, "set", "sites", "set_site", "treat a site differently; what you do not name stays", json=True
    )
    change.add_argument("host", metavar="HOST", help="the site's name, such as instagram.com")
    _add_switch(change, "protect photos there, or leave them as they are", name="protect")
    _add_choice(change)
    change.add_argument(
        "--slider",
        metavar="N",
        type=_place,
        help="for the method “assistant”: 0 (most useful) to 100 (most private)",
    )
    remove = add(actions, "remove", "sites", "remove_site", "treat a site like any other")
    remove.add_argument("host", metavar="HOST", help="the site's name")


def _place(text: str) -> int | str:
    """A number, or the sign for “as in general”."""
    return text if text == "-" else int(text)


def add_settings(commands: Commands[Parser]) -> None:
    """``settings``."""
    actions = group(
        commands,
        "settings",
        "what you have chosen, and what else there is to choose",
        _SETTINGS,
        examples=(
            "  photoveil settings list\n"
            "  photoveil settings set strength strong\n"
            "  photoveil settings unset strength\n"
        ),
    )
    add(actions, "list", "settings", "list_settings", "list every setting with its value", json=True)
    get = add(actions, "get", "settings", "get", "print the value of one setting", json=True)
    get.add_argument("name", metavar="NAME", help="the setting")
    change = add(actions, "set", "settings", "change", "change a setting")
    change.add_argument("name", metavar="NAME", help="the setting")
    change.add_argument("value", metavar="VALUE", help="on or off for a switch")
    unset = add(actions, "unset", "settings", "unset", "return a setting to its default")
    unset.add_argument("name", metavar="NAME", help="the setting")


def _add_choice(command: Parser) -> None:
    command.add_argument("--persona", metavar="NAME", help="whose photos these are")
    command.add_argument("--strength", metavar="S", help="subtle, balanced, strong or film")
    command.add_argument(
        "--method", metavar="M", help="antithetical (protect), assistant (hide private things) or unlearnable"
    )


def _add_rule(command: Parser) -> None:
    _add_choice(command)
    command.add_argument(
        "--output",
        choices=("beside", "mirror", "in-place"),
        metavar="RULE",
        help="where copies go: “beside” into a folder Protected next to the photo, “mirror” into a tree of their own, "
        "“in-place” instead of the photo, whose original the vault keeps",
    )
    command.add_argument(
        "--mirror-to", dest="mirror", metavar="DIR", help="the root of that tree of their own"
    )
    command.add_argument(
        "--recursive", action=argparse.BooleanOptionalAction, help="also folders within (usual), or not"
    )
    command.add_argument(
        "--keep-originals",
        action=argparse.BooleanOptionalAction,
        help="have the vault keep the originals also where copies go elsewhere, or not (usual)",
    )
    command.add_argument(
        "--polling",
        choices=("auto", "always"),
        metavar="P",
        help="“always” for network drives that do not tell about changes; “auto” finds out",
    )


def _add_switch(command: Parser, text: str, name: str = "enabled") -> None:
    both = command.add_mutually_exclusive_group()
    both.add_argument("--on", dest=name, action="store_const", const=True, help=text)
    both.add_argument("--off", dest=name, action="store_const", const=False, help=argparse.SUPPRESS)
