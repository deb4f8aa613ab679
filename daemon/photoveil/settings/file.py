"""The settings file on disk: read, and changed by one process at a time without losing what was typed into it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from photoveil.settings import editing
from photoveil.settings.knobs import KNOBS, suggestion
from photoveil.settings.model import FolderRule, PersonaCard, Settings, SettingsError, SiteProfile
from photoveil.settings.reading import Parsed, cannot_be_used, parse
from photoveil.settings.tables import (
    PERSONAS,
    SITES,
    Complaint,
    check_folders,
    folder_rule,
    host_name,
    persona_card,
    persona_name,
    raw,
    site_profile,
)
from photoveil.settings.template import TEMPLATE

T = TypeVar("T")
Stamp = tuple[int, int, int] | None
_PATIENCE_SECONDS = 10.0
_POLL_SECONDS = 0.02
_ATTEMPTS = 20


def load(path: Path, own: Sequence[Path] = ()) -> tuple[Settings, list[str]]:
    """Read the settings, defaults where the file says nothing, and the names of settings nobody knows."""
    return SettingsFile(path, own).read()


def write_template(path: Path) -> None:
    """Write the commented defaults where the user has no settings yet."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(TEMPLATE)


class SettingsFile:
    """The settings of a profile where they are kept; every change reads, changes and writes under one lock.

    For the command line while no daemon runs; in the daemon ``SettingsStore`` stands before it.

    Args:
        path: the file; if it is a link, the file it leads to is written and the link stays.
        own: Photoveil's own folders.
    """

    def __init__(self, path: Path, own: Sequence[Path] = ()) -> None:
        self.path = path
        self._own = tuple(own)

    def stamp(self) -> Stamp:
        """What tells that the file has changed; None while there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def read(self) -> tuple[Settings, list[str]]:
        """The settings and the names that nobody knows; raises SettingsError."""
        parsed = self._parse(self._content() or b"")
        return parsed.settings, parsed.unknown

    def change(self, values: Mapping[str, Any]) -> tuple[None, Settings]:
        """Change simple settings, all or none; None returns one to its default. Raises SettingsError."""
        for name, value in values.items():
            _check(name, value)

        def edit(content: bytes, parsed: Parsed) -> tuple[None, bytes]:
            for name, value in values.items():
                if value is None or getattr(parsed.settings, name) != value:
                    content = editing.simple(content, name, value)
            return None, content

        return self._edit(edit)

    def put_folder(self, rule: FolderRule) -> tuple[FolderRule, Settings]:
        """Watch a folder, or replace its rule; answers the rule as kept. Raises SettingsError."""
        with _refused("This folder cannot be watched"):
            rule, _ = folder_rule(vars(rule))
            if rule.path.exists() and not rule.path.is_dir():
                raise Complaint(f"{rule.path} is a file.", "Choose the folder it is in.")

        def edit(content: bytes, parsed: Parsed) -> tuple[FolderRule, bytes]:
            rules = parsed.settings.folders
            number = next((i for i, old in enumerate(rules) if old.path == rule.path), None)
            others = [old for i, old in enumerate(rules) if i != number]
            with _refused("This folder cannot be watched"):
                check_folders([*others, rule], self._own)
            changes = raw(rule, old=None if number is None else rules[number])
            return rule, editing.folder(content, number, changes)

        return self._edit(edit)

    def remove_folder(self, folder: str) -> tuple[None, Settings]:
        """Watch the folder with this id no more. Raises SettingsError where there is none."""

        def edit(content: bytes, parsed: Parsed) -> tuple[None, bytes]:
            for number, rule in enumerate(parsed.settings.folders):
                if rule.id == folder:
                    return None, editing.folder(content, number, None)
            raise SettingsError(
                "This folder is not watched",
                "No watched folder has this id.",
                "Look at the list of folders again.",
            )

        return self._edit(edit)

    def put_site(self, host: str, profile: SiteProfile) -> tuple[str, Settings]:
        """Say what is different on a site; answers the host as kept. Raises SettingsError."""
        with _refused("This site cannot be added"):
            host = host_name(host)
            profile, _ = site_profile(vars(profile))

        def edit(content: bytes, parsed: Parsed) -> tuple[str, bytes]:
            changes = raw(profile, old=parsed.settings.sites.get(host))
            return host, editing.named(content, SITES, parsed.hosts.get(host, host), changes)

        return self._edit(edit)

    def remove_site(self, host: str) -> tuple[None, Settings]:
        """Treat a site as any other. Raises SettingsError where it has no profile."""
        with _refused("This site cannot be removed"):
            host = host_name(host)

        def edit(content: bytes, parsed: Parsed) -> tuple[None, bytes]:
            if host not in parsed.hosts:
                raise SettingsError(
                    "This site has no profile",
                    f"Nothing is said of {host}.",
                    "Look at the list of sites again.",
                )
            return None, editing.named(content, SITES, parsed.hosts[host], None)

        return self._edit(edit)

    def put_persona(self, name: str, card: PersonaCard) -> tuple[None, Settings]:
        """Say how a persona is shown. Raises SettingsError."""
        with _refused("This persona cannot be changed"):
            persona_name(name)
            card, _ = persona_card(name, vars(card))

        def edit(content: bytes, parsed: Parsed) -> tuple[None, bytes]:
            changes = raw(card, old=parsed.settings.personas.get(name))
            return None, editing.named(content, PERSONAS, name, changes)

        return self._edit(edit)

    def remove_persona(self, name: str) -> tuple[None, Settings]:
        """Forget how a persona is shown. Raises SettingsError where there was no card."""

        def edit(content: bytes, parsed: Parsed) -> tuple[None, bytes]:
            if name not in parsed.settings.personas:
                raise SettingsError(
                    "This persona has no card",
                    "The settings say nothing of a persona with this name.",
                    "Look at the list of personas again.",
                )
            return None, editing.named(content, PERSONAS, name, None)

        return self._edit(edit)

    def _parse(self, content: bytes) -> Parsed:
        return parse(self.path, content, self._own)

    def _content(self) -> bytes | None:
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise cannot_be_used(
                self.path, f"The file cannot be read ({error.strerror}).", "Make it a file that you may read."
            ) from error

    def _edit(self, edit: Callable[[bytes, Parsed], tuple[T, bytes]]) -> tuple[T, Settings]:
        with self._locked():
            for _ in range(_ATTEMPTS):
                found = self._content()
                before = TEMPLATE.encode() if found is None else found
                parsed = self._parse(before)
                try:
                    answer, after = edit(before, parsed)
                except editing.UnusualError as error:
                    raise self._by_hand() from error
                if after == found:
                    return answer, parsed.settings
                settings = self._parse(after).settings
                # An editor takes no lock: what it wrote in the meantime is the file that the change is made to.
                if self._content() == found:
                    self._write(after)
                    return answer, settings
        raise self._busy()

    def _write(self, content: bytes) -> None:
        from photoveil.photos.writing import replace_atomically  # numpy and Pillow stand behind that door

        try:
            replace_atomically(Path(os.path.realpath(self.path)), content)
        except OSError as error:
            raise SettingsError(
                "The settings were not changed",
                f"{self.path} cannot be written ({error.strerror}).",
                "Make room on that drive, or give yourself the right to write there, and try again.",
            ) from error

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout  # only who changes something needs it

        lock = FileLock(
            self.path.with_name(f".{self.path.name}.lock"),
            timeout=_PATIENCE_SECONDS,
            poll_interval=_POLL_SECONDS,
            mode=0o600,
        )
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise self._busy() from error
        except OSError as error:
            raise SettingsError(
                "The settings were not changed",
                f"{self.path.parent} cannot be written to ({error.strerror}).",
                "Make room on that drive, or give yourself the right to write there, and try again.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _busy(self) -> SettingsError:
        return SettingsError(
            "The settings were not changed",
            f"Another program keeps changing {self.path}.",
            "Wait a moment and try again.",
        )

    def _by_hand(self) -> SettingsError:
        return SettingsError(
            "The settings were not changed",
            f"{self.path} is written in a way that Photoveil cannot change without losing something.",
            "Make this change in the file itself.",
        )


@contextlib.contextmanager
def _refused(title: str) -> Iterator[None]:
    try:
        yield
    except Complaint as complaint:
        raise SettingsError(
            title, complaint.reason, complaint.remedy or "Choose something else."
        ) from complaint


def _check(name: str, value: object) -> None:
    title = "This setting cannot be changed"
    if name not in KNOBS:
        raise SettingsError(title, f"Nobody knows the setting “{name}”.", suggestion(name, KNOBS))
    complaint = None if value is None else KNOBS[name].complaint(value)
    if complaint:
        raise SettingsError(title, f'"{name}" {complaint}.', "Choose another value.")
