"""``photoveil autostart``."""

from __future__ import annotations

import argparse
import shlex

from photoveil import autostart as at_login
from photoveil.autostart import State
from photoveil.cli.output import Exit, note, printable, say, say_json
from photoveil.paths import Paths

_WORDS = {
    State.ON: "Photoveil starts when you log in.",
    State.OFF: "Photoveil does not start when you log in. `photoveil autostart on` changes that.",
    State.BROKEN: "Photoveil should start when you log in, but cannot.",
}


def autostart(arguments: argparse.Namespace) -> int:
    """Switch it, or tell how it is."""
    profile = Paths.of(arguments.profile).profile  # a name that could be anything else is refused
    wishes = {"on": at_login.switch_on, "off": at_login.switch_off, "status": at_login.status}
    found = wishes[arguments.wish](profile)
    if arguments.json:
        say_json(found.as_dict())
    else:
        say(_WORDS[found.state])
        if found.command and found.state is not State.OFF:
            say(f"  {printable(shlex.join(found.command))}")
            say(f"  in {printable(found.where)}{', for all users' if found.by_package else ''}")
        if found.problem:
            note(f"  {printable(found.problem)}\n  Run `photoveil autostart on` to mend it.")
    wanted = State.OFF if arguments.wish == "off" else State.ON
    return Exit.OK if found.state is wanted else Exit.FAILED
