"""``photoveil history``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from photoveil.api.client import DaemonClient
from photoveil.cli.daemon import connect
from photoveil.cli.output import Exit, moment, printable, say, say_json

_PAGE = 200


def history(arguments: argparse.Namespace) -> int:
    """List what was done, newest first."""
    _runtime, client = connect(arguments.profile)
    jobs = list(_jobs(client, arguments.limit, arguments.state))
    if arguments.json:
        say_json(jobs)
        return Exit.OK
    if not jobs:
        say("No photo of this kind." if arguments.state else "No photo was protected yet.")
    for job in jobs:
        _say_job(job)
    return Exit.OK


def _jobs(client: DaemonClient, limit: int, states: list[str] | None) -> Iterator[dict[str, Any]]:
    wishes: dict[str, Any] = {"states": sorted(set(states))} if states else {}
    while limit > 0:
        page = client.call("history", limit=min(limit, _PAGE), **wishes)
        yield from page["jobs"]
        limit -= len(page["jobs"])
        if not page["more"]:
            return
        wishes["before"] = page["jobs"][-1]["job"]


def _say_job(job: dict[str, Any]) -> None:
    when = moment(job["finished"] or job["created"])
    say(f"{when}  {job['state']:<9}  {printable(job['name'])}")
    told = job.get("error")
    if told:
        say(f"    {printable(told['title'])}: {printable(told['reason'])} {printable(told['remedy'])}")
    elif job.get("reason"):
        say(f"    {printable(job['reason'])}")
    elif job.get("placed"):
        say(f"    → {printable(job['placed'])}")
