"""``photoveil status``, ``pause`` and ``resume``."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from photoveil.api.runtime import NotRunningError
from photoveil.cli.daemon import connect
from photoveil.cli.output import Exit, megabytes, plural, printable, say, say_json
from photoveil.paths import Paths

_STATES = {
    "idle": "ready",
    "working": "protecting photos",
    "paused": "paused",
    "attention": "needs your attention",
}
_WAITING = {
    "paused": "work in folders is paused",
    "battery": "work in folders waits until the computer is plugged in",
    "busy": "work in folders waits until the computer is less busy",
    "starting": "work in folders begins in a moment",
    "trouble": "work in folders is tried again in a moment, after some trouble",
}
_WORKER = {
    "absent": "not loaded; the next photo takes a little longer",
    "starting": "being loaded",
    "ready": "loaded",
    "busy": "at work",
}


def status(arguments: argparse.Namespace) -> int:
    """Tell what the daemon does."""
    try:
        runtime, client = connect(arguments.profile)
        told = client.call("overview")
    except NotRunningError:
        if not arguments.json:
            raise
        say_json({"running": False})
        return Exit.NOT_RUNNING
    settings = str(Paths.of(arguments.profile).settings_file)
    told = {"running": True, "pid": runtime.pid, "settings": settings, **told}
    if arguments.json:
        say_json(told)
    else:
        _say_status(told)
    return Exit.OK


def pause(arguments: argparse.Namespace) -> int:
    """Hold back work in folders."""
    _runtime, client = connect(arguments.profile)
    told = client.call("pause", minutes=arguments.minutes)
    if arguments.json:
        say_json(told)
    else:
        say(f"Work in folders is paused {_until(told['until'])}. What you upload is protected all the same.")
    return Exit.OK


def resume(arguments: argparse.Namespace) -> int:
    """Go on with it."""
    _runtime, client = connect(arguments.profile)
    told = client.call("resume")
    if arguments.json:
        say_json(told)
    else:
        say("Work in folders goes on.")
    return Exit.OK


def _say_status(told: dict[str, Any]) -> None:
    say(f"Photoveil {told['version']} is running (process {told['pid']}, port {told['port']}).")
    for name, text in _lines(told):
        say(f"  {name:<10} {text}")
    if told["notices"]:
        say("\nNeeds your attention:")
    for notice in told["notices"]:
        say(f"  {printable(notice['title'])}")
        say(f"    {printable(notice['reason'])}\n    {printable(notice['remedy'])}")


def _lines(told: dict[str, Any]) -> list[tuple[str, str]]:
    queue, counts, device = told["queue"], told["counts"], told["device"]
    lines = [("state", _STATES.get(told["state"], told["state"]) + _pause_of(told))]
    if queue["waiting"] and told["waiting_for"] not in (None, "paused"):
        lines.append(("waiting", _WAITING.get(told["waiting_for"], told["waiting_for"])))
    lines += [
        ("photos", f"{queue['running']} in work, {queue['queued']} waiting"),
        ("protected", _counted(counts)),
        ("persona", f"{printable(told['persona'])}, {told['strength']}"),
        ("model set", _models(told) + (f" on {device}" if device else "")),
        ("worker", f"{told['worker']} (the encoders are {_WORKER.get(told['worker'], told['worker'])})"),
        ("folders", f"{told['folders']} watched"),
        ("browsers", f"{told['clients']} connected"),
        ("vault", _vault(told["vault"])),
        ("keys", f"in {_where(told['secrets'])}"),
        ("settings", f"in {told['settings']}"),
    ]
    return lines


def _models(told: dict[str, Any]) -> str:
    current = told["models"]["download"]
    name: str = told["model_set"] + (
        " (for trying, not for trusting)" if told["model_set"] == "starter" else ""
    )
    if current is None or current["kind"] != "pull":
        return name
    if current["state"] == "running":
        share = (
            f" ({current['bytes_done'] * 100 // current['bytes_total']} %)" if current["bytes_total"] else ""
        )
        return f"{name}, while “{current['model_set']}” is being fetched{share}"
    return f"{name}; “{current['model_set']}” could not be fetched: {printable(current['error']['reason'])}"


def _pause_of(told: dict[str, Any]) -> str:
    if not told["paused"]:
        return ""
    until = _until(told["until"])
    return f" {until}" if told["state"] == "paused" else f"; work in folders is paused {until}"


def _counted(counts: dict[str, int]) -> str:
    failed = f", {counts['failed_today']} failed today" if counts["failed_today"] else ""
    return f"{plural(counts['protected_total'], 'photo')}, {counts['protected_today']} today{failed}"


def _vault(usage: dict[str, Any]) -> str:
    kept = plural(usage["items"], "original")
    full = f"{kept}, {megabytes(usage['bytes'])} of {megabytes(usage['limit'])}"
    return f"{full}; its key is in {_where(usage['key_rung'])}" if usage["key_rung"] else full


def _where(rung: str) -> str:
    return "the system keyring" if rung == "keyring" else "a file of yours (no keyring was usable)"


def _until(moment: str | None) -> str:
    if moment is None:
        return "until you resume"
    local = datetime.fromisoformat(moment).astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return f"until {local:%H:%M}" if today else f"until {local:%A %H:%M}"
