"""What is known to be personal in a profile: it never passes into a report, whatever else does."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path

from photoveil.doctor.model import NotNow
from photoveil.doctor.patient import Patient

_GENERAL = frozenset(
    (
        *("home", "users", "root", "media", "mnt", "run", "volumes", "tmp", "var", "opt", "private", "c"),
        *("pictures", "photos", "documents", "desktop", "downloads", "protected", "camera", "default"),
    )
)
"""Parts of paths that tell nothing about anybody."""
_TEXTS = re.compile(r"\"([^\"\n]+)\"|'([^'\n]+)'|^\s*\[+([^\]\n]+)", re.MULTILINE)
_TABLES = (
    ("clients", "name"),
    ("jobs", "persona"),
    ("protected", "persona"),
)


def known(patient: Patient) -> set[str]:
    """Names and paths of this user, this computer, and of what is in settings and ledger."""
    found: set[str] = set()
    for source in (_user, _computer, _from_settings, _from_ledger, _from_files, _from_seal_keys):
        with contextlib.suppress(Exception):  # what is broken tells nothing, and the other sources still do
            found.update(source(patient))
    return {text for text in found if text}


def _user(_patient: Patient) -> Iterator[str]:
    yield getpass.getuser()
    yield from _parts(Path.home())
    with contextlib.suppress(ImportError, KeyError):
        import pwd

        yield pwd.getpwuid(os.getuid()).pw_gecos


def _computer(_patient: Patient) -> Iterator[str]:
    yield socket.gethostname()


def _from_settings(patient: Patient) -> Iterator[str]:
    try:
        settings = patient.settings
    except NotNow:
        # A file that cannot be read as a whole: every text in it counts.
        raw = patient.paths.settings_file.read_text("utf-8", "replace")
        lines = "\n".join(line for line in raw.splitlines() if not line.lstrip().startswith("#"))
        for found in _TEXTS.finditer(lines):
            yield "".join(group or "" for group in found.groups())
        return
    yield settings.persona
    yield from settings.personas
    yield from settings.sites
    yield from (settings.remote_endpoint, settings.assistant_endpoint, settings.model_endpoint)
    yield settings.assistant_model
    if settings.unlearnable_model:
        yield from _parts(Path(settings.unlearnable_model))
    for site in settings.sites.values():
        yield site.persona or ""
    for rule in settings.folders:
        yield rule.persona or ""
        for path in (rule.path, rule.mirror):
            yield from _parts(path) if path else ()


def _from_ledger(patient: Patient) -> Iterator[str]:
    """Personas and browsers; names of photos never stand in a message without quotation marks or a path."""
    with patient.ledger() as ledger:
        for table, column in _TABLES:
            for row in ledger.execute(f"SELECT DISTINCT {column} FROM {table}"):  # noqa: S608 - names of our own
                yield str(row[0])


def _from_files(patient: Patient) -> Iterator[str]:
    """Personas that photos were learnt from."""
    for file in patient.paths.personas.glob("*.safetensors"):
        yield file.stem


def _from_seal_keys(patient: Patient) -> Iterator[str]:
    """Those who can open what this user seals."""
    for entry in json.loads(patient.paths.seal_keys.read_bytes())["keys"]:
        yield str(entry["name"])


def _parts(path: Path) -> Iterator[str]:
    for part in path.parts:
        if part.casefold() not in _GENERAL:
            yield part
