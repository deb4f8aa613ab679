"""``photoveil pair`` and ``clients``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from photoveil.api import proofs
from photoveil.api.client import DaemonClient
from photoveil.cli.daemon import connect
from photoveil.cli.output import Exit, note, printable, say, say_json

_OUTCOMES = {
    "paired": "Connected.",
    "refused": "The browser was refused; nothing was connected.",
    "expired": "No browser was connected: the time is up, or the code was wrong five times. Start again for a new one.",
}


def pair(arguments: argparse.Namespace) -> int:
    """Show a code, wait for a browser, ask whether it is the right one."""
    if not arguments.yes and not sys.stdin.isatty():
        note(
            "There is no terminal to ask on. Run this in a terminal, or use --yes to accept whoever knows the code."
        )
        return Exit.USAGE
    _runtime, client = connect(arguments.profile)
    started = client.call("pairing/start")
    say(
        f"Type this code into the extension within {started['seconds']} seconds:\n\n    {_grouped(started)}\n"
    )
    told = _wait(client, "waiting")
    if told["state"] == "confirm":
        client.call("pairing/confirm", accept=arguments.yes or _asked(told))
        told = client.call("pairing/state")
    note_or_say = say if told["state"] == "paired" else note
    note_or_say(_OUTCOMES.get(told["state"], _OUTCOMES["expired"]))
    if told["state"] == "paired" and client.call("status")["secrets"] == "file":
        note("No keyring was usable: the browser's key is kept in a file that only your user can read.")
    return Exit.OK if told["state"] == "paired" else Exit.NOT_PAIRED


def clients(arguments: argparse.Namespace) -> int:
    """List the connected browsers, or disconnect one."""
    _runtime, client = connect(arguments.profile)
    if arguments.revoke:
        client.call("clients/revoke", client=arguments.revoke)
        say("Disconnected.")
        return Exit.OK
    found = client.call("clients")["clients"]
    if arguments.json:
        say_json(found)
    elif not found:
        say("No browser is connected. Connect one with `photoveil pair`.")
    for entry in () if arguments.json else found:
        say(f"{entry['client']}  {printable(entry['name'])}  {printable(entry['origin'])}")
        say(f"  connected {entry['created']}, last used {entry['last_used'] or 'never'}")
    return Exit.OK


def _grouped(started: dict[str, Any]) -> str:
    return proofs.grouped(str(started["code"]))


def _wait(client: DaemonClient, state: str) -> dict[str, Any]:
    while True:
        told = client.call("pairing/state", wait_ms=20_000)
        if told["state"] != state:
            return told


def _asked(told: dict[str, Any]) -> bool:
    answer = input(f"Connect “{printable(told['name'])}” ({printable(told['origin'])})? [y/N] ")
    return answer.strip().lower() in ("y", "yes")
