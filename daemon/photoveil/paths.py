"""Where everything lives. The only module that knows; a profile moves all of it."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from photoveil.errors import PhotoveilError

HOME_VARIABLE = "PHOTOVEIL_HOME"
MODELS_VARIABLE = "PHOTOVEIL_MODELS"
EXTENSION_VARIABLE = "PHOTOVEIL_EXTENSION"
AGENT = "app.photoveil.daemon"
"""What launchd calls the daemon on macOS."""
DEFAULT_PROFILE = "default"
_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_MODELS = "models"
"""The name of the folder of model sets, which lies beside those of the profiles."""


class BadProfileError(PhotoveilError):
    """A profile name that cannot be a folder."""

    code = "bad_profile"


@dataclass(frozen=True)
class Paths:
    """The folders of one profile: settings, state, cache and logs live apart.

    The runtime folder lies inside the state folder, not in ``XDG_RUNTIME_DIR``: a daemon started by the session and a
    command run from cron must find each other.
    """

    profile: str
    config: Path
    state: Path
    cache: Path
    logs: Path

    @classmethod
    def of(cls, profile: str = DEFAULT_PROFILE) -> Paths:
        """The folders of ``profile``; ``PHOTOVEIL_HOME`` puts all of them under one root."""
        if not _PROFILE.fullmatch(profile) or profile.lower() == _MODELS:
            raise BadProfileError(
                "This profile name cannot be used",
                "It may have 1 to 32 letters, digits, hyphens and underscores, must not start with a hyphen, and "
                f"“{_MODELS}” is taken.",
                "Choose another name for --profile.",
            )
        home = os.environ.get(HOME_VARIABLE)
        if home:
            root = Path(home).absolute() / profile
            return cls(profile, root / "config", root / "state", root / "cache", root / "logs")
        dirs = platformdirs.PlatformDirs("photoveil", appauthor=False)
        return cls(
            profile,
            dirs.user_config_path / profile,
            dirs.user_data_path / profile,
            dirs.user_cache_path / profile,
            dirs.user_log_path / profile,
        )

    @property
    def settings_file(self) -> Path:
        """What the user chose, in TOML."""
        return self.config / "settings.toml"

    @property
    def ledger_file(self) -> Path:
        """The SQLite database of protected photos and clients."""
        return self.state / "ledger.sqlite3"

    @property
    def secrets_file(self) -> Path:
        """The last rung of the ladder of secret stores."""
        return self.state / "secrets.json"

    @property
    def machine_file(self) -> Path:
        """How fast this machine was found to be."""
        return self.state / "machine.json"

    @property
    def wishes_file(self) -> Path:
        """Which model set is to be fetched, and which were declined."""
        return self.state / "models.json"

    @property
    def welcome_file(self) -> Path:
        """Whether the first-run page was opened, and gone through."""
        return self.state / "welcome.json"

    @property
    def updates_file(self) -> Path:
        """What was heard of newer versions."""
        return self.state / "updates.json"

    @property
    def trouble_page(self) -> Path:
        """Why Photoveil could not start, for who started it without a terminal."""
        return self.cache / "trouble.html"

    @property
    def personas(self) -> Path:
        """The anchors of each persona."""
        return self.state / "personas"

    @property
    def assistant_file(self) -> Path:
        """What photos for AI assistants taught, for the next ones: numbers alone."""
        return self.state / "assistant" / "history.jsonl"

    @property
    def assistant_choices(self) -> Path:
        """What the user has chosen to hide on photos for AI assistants: places and the photos' hashes."""
        return self.state / "assistant" / "regions.jsonl"

    @property
    def seal_keys(self) -> Path:
        """Names and dates of seal keys; their secrets lie in the key store."""
        return self.state / "seal-keys.json"

    @property
    def runtime_file(self) -> Path:
        """Port, process and local key of the running daemon."""
        return self.state / "run" / "runtime.json"

    @property
    def lock_file(self) -> Path:
        """Held by the one daemon of this profile."""
        return self.state / "run" / "daemon.lock"

    @property
    def spool(self) -> Path:
        """Photos on their way through the daemon; at every start it is swept of files that no job wants."""
        return self.cache / "spool"

    @property
    def delivered(self) -> Path:
        """Protected copies that can be delivered again without work."""
        return self.cache / "delivered"

    @property
    def previews(self) -> Path:
        """Small pictures of photos before and after, for the history."""
        return self.cache / "previews"

    @property
    def vault(self) -> Path:
        """Encrypted originals."""
        return self.state / "vault"

    @property
    def log_file(self) -> Path:
        """The daemon's log."""
        return self.logs / "daemon.log"

    def prepare(self) -> None:
        """Make every folder, readable by this user alone."""
        folders = (
            self.config,
            self.state,
            self.cache,
            self.logs,
            self.personas,
            self.runtime_file.parent,
            self.spool,
            self.delivered,
            self.previews,
            self.vault,
        )
        for folder in folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)


def models_dir() -> Path:
    """Where model sets are fetched to, one folder for all profiles: they are large and alike.

    ``PHOTOVEIL_MODELS`` puts it elsewhere, for sets copied from another computer. ``starter`` is in the package, unless
    this folder has one, too.
    """
    if named := os.environ.get(MODELS_VARIABLE):
        return Path(named).absolute()
    if home := os.environ.get(HOME_VARIABLE):
        return Path(home).absolute() / _MODELS
    return platformdirs.PlatformDirs("photoveil", appauthor=False).user_data_path / _MODELS


def extension_places() -> tuple[Path, ...]:
    """Where the browser extension may lie, best first: as installed, or in the source tree.

    ``PHOTOVEIL_EXTENSION`` goes before all others, for installations whose environment lies apart from their files.
    """
    named = os.environ.get(EXTENSION_VARIABLE)
    prefix, package = Path(sys.prefix), Path(__file__).parent
    usual = (prefix.parent / "extension", prefix / "share" / "photoveil" / "extension")
    return (*((Path(named).absolute(),) if named else ()), *usual, package.parents[1] / "extension")


def autostart_entry(profile: str) -> Path:
    """The desktop entry by which this user's Linux desktop starts a profile at login."""
    return _xdg("XDG_CONFIG_HOME", Path.home() / ".config") / "autostart" / _entry_name(profile)


def machine_autostart_entries(profile: str) -> tuple[Path, ...]:
    """The same, as packages put it there for all users; that of the user goes before, and the first before others."""
    told = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    folders = [Path(folder) for folder in told.split(os.pathsep) if folder.startswith("/")]
    return tuple(folder / "autostart" / _entry_name(profile) for folder in folders)


def launch_agent(profile: str) -> Path:
    """The property list by which launchd starts a profile at this user's login on macOS."""
    suffix = "" if profile == DEFAULT_PROFILE else f".{profile}"
    return Path.home() / "Library" / "LaunchAgents" / f"{AGENT}{suffix}.plist"


def _entry_name(profile: str) -> str:
    return "photoveil.desktop" if profile == DEFAULT_PROFILE else f"photoveil-{profile}.desktop"


def _xdg(variable: str, usual: Path) -> Path:
    # The specification has relative paths passed over.
    told = os.environ.get(variable, "")
    return Path(told) if told.startswith("/") else usual
