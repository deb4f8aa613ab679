"""What the user chooses is changed by the running daemon, or, where none runs, in the settings file itself."""

from __future__ import annotations

import argparse

from photoveil.cli.inputs import known_choice
from photoveil.cli.output import note
from photoveil.fitting import machine
from photoveil.paths import Paths, models_dir
from photoveil.protection import catalogue
from photoveil.settings import Settings, SettingsFile
from photoveil.settings.model import AUTO_SET

GENERAL = "-"
"""Typed for “no choice of its own”: the general setting holds."""


def settings_file(profile: str) -> SettingsFile:
    """The settings of a profile whose daemon does not run."""
    paths = Paths.of(profile)
    paths.prepare()
    return SettingsFile(paths.settings_file, (paths.config, paths.state, paths.cache, paths.logs))


def wishes(arguments: argparse.Namespace, *names: str) -> dict[str, object]:
    """What was asked for: of these options those that were given."""
    given = {name: getattr(arguments, name) for name in names}
    return {name: None if value == GENERAL else value for name, value in given.items() if value is not None}


def model_set(paths: Paths, chosen: Settings, asked: str | None) -> str:
    """The model set to work with: exactly the one that was asked for, else what the settings come to on this machine.

    Raises:
        UsageError: nobody knows the one that was asked for.
    """
    wanted = known_choice("model_set", asked or chosen.model_set)
    if asked and wanted != AUTO_SET:
        return wanted
    held = machine.read(paths.machine_file)
    sets = catalogue.model_sets(models_dir())
    current = held if held is not None and held.holds(chosen.device) else None
    found = machine.choose(wanted, sets, current, chosen.patience_seconds)
    if wanted not in (AUTO_SET, found):
        note(f"“{wanted}” is not here yet (`photoveil models pull {wanted}`); “{found}” serves until then.")
    return found


def note_starter(name: str) -> None:
    """Say what the starters are for, where they were used."""
    if name == machine.STARTER:
        note(
            "Made with the model set “starter”: for trying, not for trusting. "
            "`photoveil models list` shows better ones."
        )
