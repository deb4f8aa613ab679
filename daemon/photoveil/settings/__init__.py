"""What the user may choose, kept in a TOML file whose defaults are written as comments.

``load`` reads it, ``SettingsFile`` changes it, and ``SettingsStore`` does both for the running daemon.
"""

from __future__ import annotations

from photoveil.settings.describing import describe
from photoveil.settings.file import SettingsFile, load, write_template
from photoveil.settings.hosts import normal_host
from photoveil.settings.knobs import KNOBS, Knob, choices, valid_choice
from photoveil.settings.model import (
    DEFAULT_METHOD,
    DEFAULT_PORT,
    METADATA_POLICIES,
    PERSONA_COLOURS,
    FolderRule,
    PersonaCard,
    Settings,
    SettingsError,
    SiteProfile,
    default_colour,
)
from photoveil.settings.store import SettingsStore
from photoveil.settings.template import TEMPLATE
from photoveil.settings.texts import valid_persona

__all__ = [
    "DEFAULT_METHOD",
    "DEFAULT_PORT",
    "KNOBS",
    "METADATA_POLICIES",
    "PERSONA_COLOURS",
    "TEMPLATE",
    "FolderRule",
    "Knob",
    "PersonaCard",
    "Settings",
    "SettingsError",
    "SettingsFile",
    "SettingsStore",
    "SiteProfile",
    "choices",
    "default_colour",
    "describe",
    "load",
    "normal_host",
    "valid_choice",
    "valid_persona",
    "write_template",
]
