"""What the user may choose, as values: checked, complete and never changed in place."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from photoveil.errors import PhotoveilError
from photoveil.methods import ASSISTANT, KNEE
from photoveil.settings.assistants import is_assistant
from photoveil.settings.hosts import parents

DEFAULT_PORT = 47610
DEFAULT_METHOD = "antithetical"
METADATA_POLICIES = ("strip-location", "strip-all", "keep")
PERSONA_COLOURS = ("blue", "teal", "green", "yellow", "orange", "red", "pink", "violet")
OUTPUTS = ("beside", "mirror", "in-place")
POLLING = ("auto", "always")
AUTO_SET = "auto"
"""As the model set: the best one on this computer that is quick enough."""

Output = Literal["beside", "mirror", "in-place"]
Polling = Literal["auto", "always"]
Patience = Literal["wait", "work"]
LogLevel = Literal["info", "debug"]


class SettingsError(PhotoveilError):
    """Settings that cannot be understood, or a change that cannot be made."""

    code = "settings"


@dataclass(frozen=True)
class FolderRule:
    """A watched folder and what happens to the photos in it.

    Attributes:
        path: the folder; absolute, with links followed, once it is part of the settings.
        persona: whose photos these are; None for the general setting, as with the next two.
        output: where copies go: a folder ``Protected`` beside the photo, a tree like this one elsewhere, or the photo's
            own place, where the vault keeps the original.
        mirror: the root of that other tree.
        recursive: whether folders within are watched, too.
        keep_originals: whether the vault keeps the originals also where the copies go elsewhere.
        polling: "always" for drives that do not tell about changes; "auto" finds out.
    """

    path: Path
    persona: str | None = None
    strength: str | None = None
    method: str | None = None
    output: Output = "beside"
    mirror: Path | None = None
    recursive: bool = True
    enabled: bool = True
    keep_originals: bool = False
    polling: Polling = "auto"

    @property
    def id(self) -> str:
        """A short name of the folder for programs; the same as long as its path is."""
        return hashlib.sha256(str(self.path).encode("utf-8", "surrogateescape")).hexdigest()[:12]


@dataclass(frozen=True)
class SiteProfile:
    """What is different on one site; None for the general setting.

    ``slider`` is for the method of AI assistants what ``strength`` is for the others.
    """

    protect: bool = True
    persona: str | None = None
    strength: str | None = None
    method: str | None = None
    slider: int | None = None


@dataclass(frozen=True)
class PersonaCard:
    """How a persona is shown, and the strength for its photos if not the general one."""

    colour: str
    strength: str | None = None


@dataclass(frozen=True)
class Settings:
    """The settings of one profile, checked."""

    persona: str = "me"
    strength: str = "balanced"
    model_set: str = "auto"
    metadata: str = "strip-location"
    patience_seconds: int = 10
    device: str = "auto"
    model_endpoint: str = ""
    offline: bool = False
    update_check: bool = False
    update_url: str = ""
    remote_endpoint: str = ""
    assistant_slider: int = KNEE
    assistant_endpoint: str = ""
    assistant_model: str = ""
    unlearnable_model: str = ""
    on_battery: Patience = "wait"
    when_busy: Patience = "wait"
    rescan_minutes: int = 15
    notifications: bool = True
    previews: bool = True
    history_days: int = 90
    vault_mb: int = 4096
    cache_mb: int = 512
    worker_idle_seconds: int = 300
    port: int = DEFAULT_PORT
    log_level: LogLevel = "info"
    folders: tuple[FolderRule, ...] = ()
    sites: Mapping[str, SiteProfile] = field(default_factory=dict, hash=False)
    personas: Mapping[str, PersonaCard] = field(default_factory=dict, hash=False)

    def folder(self, wanted: str) -> FolderRule | None:
        """The rule of the watched folder with this id."""
        return next((rule for rule in self.folders if rule.id == wanted), None)

    def site(self, host: str) -> SiteProfile | None:
        """The profile of ``host``, else of the nearest domain above it; None where there is none.

        ``host`` is taken as it comes: with a port, in capitals or in a script of its own.
        """
        if not self.sites:
            return None
        return next((self.sites[name] for name in parents(host) if name in self.sites), None)

    def usual_method(self, host: str) -> str:
        """The method on a site whose profile names none; ``host`` is taken as it comes, empty for no site."""
        return ASSISTANT if is_assistant(host) else DEFAULT_METHOD

    def card(self, persona: str) -> PersonaCard:
        """How ``persona`` is shown: as chosen, else in a colour that stays the same for that name."""
        chosen = self.personas.get(persona)
        return chosen if chosen is not None else PersonaCard(default_colour(persona))


def default_colour(persona: str) -> str:
    """The colour of a persona for which the user chose none."""
    number = hashlib.sha256(persona.encode("utf-8", "surrogatepass")).digest()[0]
    return PERSONA_COLOURS[number % len(PERSONA_COLOURS)]
