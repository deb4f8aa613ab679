"""The engine: pixels in, protected pixels and a measured report out.

Importing this package costs nothing: torch is loaded when `Engine`, `Persona` or `Protected` is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photoveil.protection.engine import Engine, protect
    from photoveil.protection.jobs import Job, Protected
    from photoveil.protection.personas import Persona

__all__ = ["Engine", "Job", "Persona", "Protected", "protect"]

_HOMES = {
    "Engine": "engine",
    "protect": "engine",
    "Job": "jobs",
    "Protected": "jobs",
    "Persona": "personas",
}


def __getattr__(name: str) -> Any:
    """Import the heavy modules on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
