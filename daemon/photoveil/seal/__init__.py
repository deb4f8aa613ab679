"""A visible mark that whoever has a key can take off: ``seal`` and ``unseal``.

After the idea of AMIF (arXiv 2603.24296): what everyone sees carries the owner's mark, and authorised viewers get the
clean picture from the same file. Only the abstract of that paper is known, so how it is done here is our own. The photo
alone travels, since platforms drop metadata: under its letters, the mark *is* the photo, disguised by a key, and
carries all that is needed to turn it back.

Knows no network, no torch and no daemon. Importing this package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photoveil.seal.errors import NotSealedError, SealError, TamperedError, WrongKeyError
    from photoveil.seal.keys import KeyRing
    from photoveil.seal.model import Box, Mark, Position, Sealed, SealKey, Size, State, Tone, Unsealed
    from photoveil.seal.sealing import seal
    from photoveil.seal.unsealing import unseal

_HOMES = {
    "NotSealedError": "errors",
    "SealError": "errors",
    "TamperedError": "errors",
    "WrongKeyError": "errors",
    "KeyRing": "keys",
    "Box": "model",
    "Mark": "model",
    "Position": "model",
    "SealKey": "model",
    "Sealed": "model",
    "Size": "model",
    "State": "model",
    "Tone": "model",
    "Unsealed": "model",
    "seal": "sealing",
    "unseal": "unsealing",
}

__all__ = [
    "Box",
    "KeyRing",
    "Mark",
    "NotSealedError",
    "Position",
    "SealError",
    "SealKey",
    "Sealed",
    "Size",
    "State",
    "TamperedError",
    "Tone",
    "Unsealed",
    "WrongKeyError",
    "seal",
    "unseal",
]


def __getattr__(name: str) -> Any:
    """Import the heavy modules on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
