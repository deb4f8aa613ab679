"""``photoveil sites``, and ``personas colour``."""

from __future__ import annotations

import argparse
from dataclasses import asdict, replace
from typing import Any

from photoveil.cli.choices import settings_file, wishes
from photoveil.cli.daemon import if_running
from photoveil.cli.inputs import UsageError, known_choice, persona_name
from photoveil.cli.output import Exit, printable, say, say_json
from photoveil.settings import PERSONA_COLOURS, SiteProfile, normal_host

_CHOICE = ("persona", "strength", "method")


def list_sites(arguments: argparse.Namespace) -> int:
    """List the sites that are treated differently."""
    found = _sites(arguments.profile)
    if arguments.json:
        say_json(found)
        return Exit.OK
    if not found:
        say("No site is treated differently. See `photoveil sites set --help`.")
    for host, profile in found.items():
        say(f"{printable(host)}  {_told(profile)}")
    return Exit.OK


def set_site(arguments: argparse.Namespace) -> int:
    """Treat a site differently."""
    asked: dict[str, Any] = wishes(arguments, "protect", *_CHOICE, "slider")
    if not asked:
        raise UsageError("Nothing to change", "No option was given.", "See `photoveil sites set --help`.")
    client = if_running(arguments.profile)
    if client is not None:
        found = client.call("sites/change", host=arguments.host, **asked)["sites"]
    else:
        file = settings_file(arguments.profile)
        known = file.read()[0].sites.get(normal_host(arguments.host) or "", SiteProfile())
        _host, chosen = file.put_site(arguments.host, replace(known, **asked))
        found = {host: asdict(profile) for host, profile in chosen.sites.items()}
    host = normal_host(arguments.host) or arguments.host
    if arguments.json:
        say_json({"host": host, **found[host]})
    else:
        say(f"{printable(host)}: {_told(found[host])}")
    return Exit.OK


def remove_site(arguments: argparse.Namespace) -> int:
    """Treat a site like any other."""
    client = if_running(arguments.profile)
    if client is not None:
        client.call("sites/remove", host=arguments.host)
    else:
        settings_file(arguments.profile).remove_site(arguments.host)
    say(f"{printable(arguments.host)} is treated like any other site.")
    return Exit.OK


def colour_persona(arguments: argparse.Namespace) -> int:
    """Choose how a persona is shown."""
    name = persona_name(arguments.name)
    if arguments.colour not in PERSONA_COLOURS:
        raise UsageError(
            "There is no such colour",
            f"“{printable(arguments.colour)}” is not known.",
            f"Use one of: {', '.join(PERSONA_COLOURS)}.",
        )
    asked: dict[str, Any] = wishes(arguments, "colour", "strength")
    if asked.get("strength") is not None:
        known_choice("strength", str(asked["strength"]))
    client = if_running(arguments.profile)
    if client is not None:
        client.call("personas/change", name=name, **asked)
    else:
        file = settings_file(arguments.profile)
        file.put_persona(name, replace(file.read()[0].card(name), **asked))
    say(f"“{name}” is shown in {arguments.colour}.")
    return Exit.OK


def _sites(profile: str) -> dict[str, dict[str, Any]]:
    client = if_running(profile)
    if client is not None:
        found: dict[str, dict[str, Any]] = client.call("sites")["sites"]
        return found
    chosen, _unknown = settings_file(profile).read()
    return {host: asdict(site) for host, site in chosen.sites.items()}


def _told(profile: dict[str, Any]) -> str:
    if not profile["protect"]:
        return "photos are left as they are"
    own = [f"{name} {printable(profile[name])}" for name in _CHOICE if profile[name]]
    own += [f"slider {profile['slider']}"] if profile.get("slider") is not None else []
    return "protected" + (f" with {', '.join(own)}" if own else " as everywhere")
