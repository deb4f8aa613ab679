"""``photoveil updates``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from typing import Any

from photoveil.cli.choices import settings_file
from photoveil.cli.daemon import if_running
from photoveil.cli.output import Exit, moment, note, say, say_json
from photoveil.paths import Paths


def updates(arguments: argparse.Namespace) -> int:
    """Tell what is known, after asking where that is wanted."""
    client = if_running(arguments.profile)
    verb = "updates/check" if arguments.check else "updates"
    told = _without_daemon(arguments) if client is None else client.call(verb)
    if arguments.json:
        say_json(told)
    elif told["newer"]:
        say(
            f"Version {told['newer']['version']} is there (this is {told['version']}): {told['newer']['url']}"
        )
    elif told["checked"] and not told["error"]:
        say(f"This is {told['version']}; nothing newer was known on {moment(told['checked'])}.")
    else:
        say(f"This is {told['version']}. Whether there is something newer is not known.")
    if told["error"]:
        note("{title}: {reason} {remedy}".format(**told["error"]))
    elif not told["wanted"] and not arguments.check:
        note("Photoveil does not look for new versions; the setting update_check has it do so.")
    return Exit.FAILED if arguments.check and told["error"] else Exit.OK


def _without_daemon(arguments: argparse.Namespace) -> dict[str, Any]:
    from photoveil.hub import Hub  # late, with the settings behind it
    from photoveil.updates import UpdateError, Updates

    chosen, _ = settings_file(arguments.profile).read()
    known = Updates(Paths.of(arguments.profile).updates_file, lambda: chosen, Hub())
    if arguments.check:
        with contextlib.suppress(UpdateError):  # told below
            asyncio.run(known.check())
    return known.told()
