"""Where everything lives. The only module that knows; a profile moves all of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from photoveil.errors import PhotoveilError

HOME_VARIABLE = "PHOTOVEIL_HOME"
MODELS_VARIABLE = "PHOTOVEIL_MODELS"
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
    def personas(self) -> Path:
        """The anchors of each persona."""
        return self.state / "personas"

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
