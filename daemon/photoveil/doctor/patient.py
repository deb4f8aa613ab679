"""Whom the doctor examines: one profile on this computer. What several checks ask for is found out once."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from photoveil.doctor import remedies
from photoveil.doctor.model import NotNow

if TYPE_CHECKING:
    import sqlite3

    from photoveil.doctor.heartbeat import Heartbeat
    from photoveil.paths import Paths
    from photoveil.settings import FolderRule, Settings


class Patient:
    """A profile.

    Args:
        profile: its name.
        root: where the computer's ``/proc``, ``/sys`` and ``/dev`` lie.

    Everything here is asked for by checks, which deal with its failing: a part that cannot be had because something
    else is wrong raises NotNow.
    """

    def __init__(self, profile: str = "default", root: Path = Path("/")) -> None:
        self.profile = profile
        self.root = root

    @cached_property
    def paths(self) -> Paths:
        """Where everything is."""
        from photoveil.paths import Paths

        return Paths.of(self.profile)

    def command(self, *words: object) -> str:
        """A command of ours as the user of this profile types it, in backquotes."""
        return remedies.photoveil(self.profile, *words)

    @cached_property
    def models(self) -> Path:
        """Where model sets lie."""
        from photoveil.paths import models_dir

        return models_dir()

    @cached_property
    def settings(self) -> Settings:
        """What the user chose."""
        from photoveil.settings import SettingsError, SettingsFile

        try:
            return SettingsFile(self.paths.settings_file, self.own).read()[0]
        except SettingsError as error:
            raise NotNow("the settings cannot be read") from error

    @property
    def own(self) -> tuple[Path, ...]:
        """Photoveil's own folders."""
        paths = self.paths
        return (paths.config, paths.state, paths.cache, paths.logs)

    @property
    def folders(self) -> tuple[FolderRule, ...]:
        """The watched folders that are switched on."""
        return tuple(rule for rule in self.settings.folders if rule.enabled)

    @cached_property
    def heartbeat(self) -> Heartbeat:
        """Whether the daemon lives, and what it says."""
        from photoveil.doctor import heartbeat

        try:
            return heartbeat.feel(self.paths)
        except OSError as error:  # its files belong to somebody else, which another check tells
            raise NotNow("Photoveil's own files cannot be read") from error

    @property
    def overview(self) -> dict[str, Any]:
        """What the running daemon tells of itself."""
        told = self.heartbeat.overview
        if told is None:
            raise NotNow("the daemon is not running")
        return told

    @contextlib.contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        """The ledger, for reading; NotNow where it cannot be read."""
        import sqlite3

        file = self.paths.ledger_file
        if not file.exists():
            raise NotNow("there is no ledger yet")
        try:
            with contextlib.closing(open_ledger(file)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise NotNow("the ledger cannot be read") from error


def is_folder(place: Path) -> bool:
    """Whether there is a folder that this user may look at; False, too, where its drive does not answer."""
    try:
        return place.is_dir()
    except OSError:
        return False


def open_ledger(file: Path) -> sqlite3.Connection:
    """A connection that can change nothing."""
    import sqlite3

    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=5.0)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether it tells that the database is damaged, and not that it cannot be opened, read or written just now."""
    import sqlite3

    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    kind = code & 0xFF  # what is above tells of details
    if kind == sqlite3.SQLITE_IOERR:
        return code in (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
    return kind not in {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
