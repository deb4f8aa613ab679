"""``photoveil settings``."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from photoveil.cli.choices import settings_file
from photoveil.cli.daemon import if_running
from photoveil.cli.output import Exit, note, printable, say, say_json
from photoveil.errors import PhotoveilError
from photoveil.settings import KNOBS, describe
from photoveil.settings.knobs import suggestion


class UnknownSettingError(PhotoveilError):
    """A name that nobody knows."""

    code = "unknown_setting"


def list_settings(arguments: argparse.Namespace) -> int:
    """List every setting."""
    found, file, unknown = _described(arguments.profile)
    if arguments.json:
        say_json(found)
        return Exit.OK
    group = ""
    for setting in found:
        if setting["group"] != group:
            group = setting["group"]
            say(f"{group}:")
        _say_setting(setting)
    say(f"\nin {file}")
    for name in unknown:
        note(f"Nobody knows the setting “{printable(name)}” in that file; it is ignored.")
    return Exit.OK


def get(arguments: argparse.Namespace) -> int:
    """Print the value of one."""
    _known(arguments.name)
    found = next(one for one in _described(arguments.profile)[0] if one["name"] == arguments.name)
    if arguments.json:
        say_json(found)
    else:
        say(_shown(found["value"]))
    return Exit.OK


def change(arguments: argparse.Namespace) -> int:
    """Change one."""
    _known(arguments.name)
    return _changed(arguments, KNOBS[arguments.name].understood(arguments.value))


def unset(arguments: argparse.Namespace) -> int:
    """Return one to its default."""
    _known(arguments.name)
    return _changed(arguments, None)


def _changed(arguments: argparse.Namespace, value: object) -> int:
    name, client = arguments.name, if_running(arguments.profile)
    if client is not None:
        client.call("settings/change", changes={name: value})
    else:
        settings_file(arguments.profile).change({name: value})
    knob = KNOBS[name]
    now = knob.default if value is None else value
    say(f"{name} is {_shown(now)}" + (", its default." if value is None else "."))
    if not knob.live and client is not None:
        note("This takes effect when the daemon starts again (`photoveil stop`, `photoveil run`).")
    return Exit.OK


def _described(profile: str) -> tuple[list[dict[str, Any]], str, list[str]]:
    client = if_running(profile)
    if client is not None:
        told = client.call("settings")
        return told["settings"], told["file"], told["unknown"]
    file = settings_file(profile)
    chosen, unknown = file.read()
    return describe(chosen), str(file.path), unknown


def _known(name: str) -> None:
    if name not in KNOBS:
        raise UnknownSettingError(
            "There is no such setting", f"Nobody knows “{printable(name)}”.", suggestion(name, KNOBS)
        )


def _say_setting(setting: dict[str, Any]) -> None:
    chosen = "" if setting["value"] == setting["default"] else f"  (default: {_shown(setting['default'])})"
    unit = f" {setting['unit']}" if "unit" in setting else ""
    say(f"  {setting['name']} = {_shown(setting['value'])}{unit}{chosen}")
    for line in textwrap.wrap(setting["help"], 96):
        say(f"      {line}")
    for word, meaning in setting.get("meanings", {}).items():
        say(textwrap.fill(f"{word}: {meaning}", 96, initial_indent=" " * 8, subsequent_indent=" " * 10))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return printable(str(value))
