"""What the user chooses is changed by the running daemon, or, where none runs, in the settings file itself."""

from __future__ import annotations

import argparse

from photoveil.paths import Paths
from photoveil.settings import SettingsFile

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
