"""The report for a bug tracker: a zip file that names no photos, people, folders or sites, and holds no keys."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from photoveil import __version__
from photoveil.doctor import facts, personal
from photoveil.doctor.examination import Result
from photoveil.doctor.logbook import last_lines
from photoveil.doctor.patient import Patient
from photoveil.doctor.redaction import Redactor
from photoveil.errors import PhotoveilError

_ABOUT = """\
A report of `photoveil doctor`, for a bug tracker. Please look into it before you send it; it is only text.

doctor.json    what was looked at, what was found, and the remedies
system.json    the system, Python, the packages, and what the encoders run on
settings.json  settings that are a number or a choice; of others only whether they are set; how many folders and sites
state.json     how many jobs, photos and browsers there are, and what the running daemon tells of itself
log.txt        the last lines of the daemon's log, without those of the level “debug”

Only words that Photoveil itself writes got into it, and small numbers; everything else became “…”. The folder of your
home became <home>. It holds no photos, no names of photos, people, folders or sites, no keys, no facts of an audit and
nothing that Photoveil knows about you. Nobody was contacted; nothing is sent unless you send it.
"""


class ReportError(PhotoveilError):
    """The report cannot be written where it was wished."""

    code = "report"


def place(wish: str) -> Path:
    """Where a report goes. Raises ReportError where something is already, or no folder."""
    path = Path(wish).expanduser().absolute()
    title = "The report was not written"
    if os.path.lexists(path):
        raise ReportError(title, f"{path} is there already.", "Choose another name for it.")
    if not path.parent.is_dir():
        raise ReportError(title, f"{path.parent} is no folder.", "Choose a folder that is there.")
    return path


def write(path: Path, patient: Patient, results: Sequence[Result]) -> Path:
    """Write the report; it appears whole or not at all, and replaces nothing.

    Raises:
        ReportError: it cannot be written there.
    """
    try:
        _write(path, packed(contents(patient, results, _redactor(patient))))
    except OSError as error:
        raise ReportError(
            "The report was not written",
            f"{path}: {error.strerror or type(error).__name__}.",
            "Choose another place for it, where there is room and you may write.",
        ) from error
    return path


def _redactor(patient: Patient) -> Redactor:
    return Redactor(personal.known(patient), Path.home())


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _publish(part, path)
    finally:
        part.unlink(missing_ok=True)


def contents(patient: Patient, results: Sequence[Result], redactor: Redactor) -> dict[str, str]:
    """The report's files by name."""
    made: dict[str, Callable[[], Any]] = {
        "doctor.json": lambda: redactor.value([result.as_dict() for result in results]),
        "system.json": lambda: facts.system(redactor),
        "settings.json": lambda: redactor.value(facts.settings(patient)),
        "state.json": lambda: redactor.value(facts.state(patient)),
        "log.txt": lambda: last_lines(patient.paths.log_file, redactor),
    }
    files = {"README.txt": f"Photoveil {__version__}, {datetime.now(UTC):%Y-%m-%d}\n\n{_ABOUT}"}
    for name, make in made.items():
        try:
            found = make()
        except Exception as error:  # noqa: BLE001 - a report is wanted most where something is broken
            found = {"could_not_be_made": type(error).__name__}
        files[name] = (
            found if isinstance(found, str) else json.dumps(found, indent=1, ensure_ascii=False) + "\n"
        )
    return files


def packed(files: dict[str, str]) -> bytes:
    """The zip file."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            bundle.writestr(f"photoveil-report/{name}", text)
    return buffer.getvalue()


def _publish(part: Path, path: Path) -> None:
    """Give the finished file its name, unless that is taken."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a drive without links
        if path.exists():
            raise FileExistsError(path) from None
        part.rename(path)
