"""What a report tells beside the findings: the system, the settings and the state, in numbers and choices."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from photoveil import __version__
from photoveil.doctor import hardware
from photoveil.doctor.model import NotNow
from photoveil.doctor.patient import Patient
from photoveil.doctor.redaction import Redactor

_SESSION = ("XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "LANG")
_OF_DAEMON = (
    "version",
    "state",
    "paused",
    "waiting_for",
    "queue",
    "counts",
    "worker",
    "device",
    "secrets",
    "model_set",
)


def system(redactor: Redactor) -> dict[str, Any]:
    """The computer and what is installed."""
    torch = hardware.torch()
    told = {
        "photoveil": __version__,
        "system": f"{platform.system()} {platform.release()}",
        "distribution": _distribution(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "virtual_environment": sys.prefix != sys.base_prefix,
        "processors": os.cpu_count(),
        "cards": sorted(hardware.cards()),
        "torch_build": str(torch.build) if torch else None,
        "session": {name: os.environ.get(name, "") for name in _SESSION},
        "packages": _packages(),
    }
    return {name: _fact(one, redactor) for name, one in told.items()}


def settings(patient: Patient) -> dict[str, Any]:
    """Numbers, switches and choices as they are; of texts only whether the user chose one."""
    from photoveil.settings import KNOBS, Settings

    chosen, usual = patient.settings, Settings()
    told: dict[str, Any] = {}
    for name, knob in KNOBS.items():
        value = getattr(chosen, name)
        is_open = knob.kind in ("switch", "integer") or (
            knob.kind == "choice" and knob.words and value in knob.words
        )
        told[name] = value if is_open else ("the default" if value == getattr(usual, name) else "set")
    outputs = [rule.output for rule in chosen.folders]
    told["folders"] = {output: outputs.count(output) for output in sorted(set(outputs))}
    told["folders_off"] = sum(not rule.enabled for rule in chosen.folders)
    told["sites"], told["personas"] = len(chosen.sites), len(chosen.personas)
    return told


def state(patient: Patient) -> dict[str, Any]:
    """Counts of the ledger, and what the daemon says."""
    told: dict[str, Any] = {"ledger": _ledger(patient)}
    try:
        overview = patient.overview
    except NotNow as reason:
        told["daemon"] = str(reason)
    else:
        told["daemon"] = {name: overview.get(name) for name in _OF_DAEMON}
    return told


def _ledger(patient: Patient) -> dict[str, Any] | str:
    counts = {
        "protected": "SELECT count(*) FROM protected",
        "clients": "SELECT count(*) FROM clients",
        "vault_files": "SELECT count(*) FROM vault_blobs",
        "vault_bytes": "SELECT coalesce(sum(stored), 0) FROM vault_blobs",
        "version": "PRAGMA user_version",
    }
    try:
        with patient.ledger() as ledger:
            told: dict[str, Any] = {
                name: ledger.execute(query).fetchone()[0] for name, query in counts.items()
            }
            told["jobs"] = dict(ledger.execute("SELECT state, count(*) FROM jobs GROUP BY state").fetchall())
            errors = (
                "SELECT json_extract(error, '$.code'), count(*) FROM jobs WHERE error IS NOT NULL GROUP BY 1"
            )
            told["errors"] = [list(row) for row in ledger.execute(errors)]
    except NotNow as reason:
        return str(reason)
    return told


def _packages() -> dict[str, str]:
    try:
        wanted = requires("photoveil") or []
    except PackageNotFoundError:
        return {}
    names = {_name(line) for line in wanted if "extra ==" not in line} | {"pillow-heif", "torchvision"}
    return {name: _version(name) for name in sorted(names)}


def _name(requirement: str) -> str:
    letters = [sign if sign.isalnum() or sign in "-_" else " " for sign in requirement]
    return "".join(letters).split(" ")[0]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return ""


def _fact(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, dict):
        return {name: _fact(one, redactor) for name, one in value.items()}
    if isinstance(value, list):
        return [_fact(one, redactor) for one in value]
    return redactor.fact(value) if isinstance(value, str) else value
