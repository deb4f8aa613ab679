"""What the user may choose, kept in a TOML file whose defaults are written as comments."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from photoveil.errors import PhotoveilError
from photoveil.paths import models_dir
from photoveil.protection import catalogue

DEFAULT_PORT = 47610
DEFAULT_METHOD = "antithetical"
METADATA_POLICIES = ("strip-location", "strip-all", "keep")
_PERSONA_LENGTH = 40

TEMPLATE = """\
# Settings of Photoveil. Every line is a default: remove the "#" in front of one to change it.

# Whose photos these are; each persona has its own anchor. Letters, digits, spaces, "-" and "_".
#persona = "me"

# How much may be changed: "subtle", "balanced", "strong", or "film", a look that is meant to be seen.
#strength = "balanced"

# The encoders that photos are protected against; `photoveil models list` shows them.
#model_set = "starter"

# What the protected copy keeps beside its pixels: "strip-location", "strip-all" or "keep".
#metadata = "strip-location"

# The first of the five ports tried on 127.0.0.1. Browsers only look at the default.
#port = 47610

# After how many idle seconds the process with the encoders leaves the memory.
#worker_idle_seconds = 300

# How many megabytes of protected copies are kept for the next upload of the same photo.
#cache_mb = 512
"""


class SettingsError(PhotoveilError):
    """A settings file that cannot be understood."""

    code = "settings"


@dataclass(frozen=True)
class Settings:
    """The settings of one profile, checked."""

    persona: str = "me"
    strength: str = "balanced"
    model_set: str = "starter"
    metadata: str = "strip-location"
    port: int = DEFAULT_PORT
    worker_idle_seconds: int = 300
    cache_mb: int = 512


_RANGES = {"port": (0, 65535), "worker_idle_seconds": (5, 86_400), "cache_mb": (1, 1_000_000)}


def load(path: Path) -> tuple[Settings, list[str]]:
    """Read the settings, defaults where the file says nothing, and the names of settings nobody knows."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _bad(
            path, f"{error}.", "Correct that line, or remove the file to return to the defaults."
        ) from error
    known = {field.name for field in fields(Settings)}
    chosen = {name: _checked(path, name, value) for name, value in table.items() if name in known}
    return Settings(**chosen), sorted(set(table) - known)


def write_template(path: Path) -> None:
    """Write the commented defaults where the user has no settings yet."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        return


def valid_persona(name: object) -> bool:
    """Whether ``name`` can be a persona: letters, digits, ``-``, ``_`` and spaces, because it names a file."""
    if not isinstance(name, str) or not 1 <= len(name) <= _PERSONA_LENGTH or name != name.strip():
        return False
    letters = all(char.isalnum() or char in " -_" for char in name)
    return letters and unicodedata.normalize("NFC", name) == name and not name.startswith("-")


def valid_choice(name: str, value: object) -> bool:
    """Whether ``value`` is one of the words that setting ``name`` knows."""
    return value in choices(name)


def choices(name: str) -> tuple[str, ...]:
    """The words that ``strength``, ``method``, ``model_set`` or ``metadata`` may be."""
    if name == "metadata":
        return METADATA_POLICIES
    if name == "model_set":
        return tuple(model_set.name for model_set in catalogue.model_sets(models_dir()))
    return tuple(catalogue.STRENGTHS if name == "strength" else catalogue.METHODS)


def _checked(path: Path, name: str, value: Any) -> Any:
    if name in _RANGES:
        low, high = _RANGES[name]
        if type(value) is not int or not low <= value <= high:
            raise _bad(path, f'"{name}" must be a whole number from {low} to {high}.', "Correct that line.")
    elif name == "persona":
        if not valid_persona(value):
            raise _bad(
                path,
                f'"persona" must have 1 to {_PERSONA_LENGTH} letters, digits, spaces, "-" or "_".',
                "Correct it.",
            )
    elif not valid_choice(name, value):
        raise _bad(path, f'"{name}" must be one of: {", ".join(choices(name))}.', "Correct that line.")
    return value


def _bad(path: Path, reason: str, remedy: str) -> SettingsError:
    return SettingsError(f"The settings in {path} cannot be used", reason, remedy)
