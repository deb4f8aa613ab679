"""What a photo file is: decoded, encoded, its metadata, and files written whole or not at all.

``inspect`` → ``decode`` → (the engine changes ``Photo.pixels``) → ``encode`` → ``write_new``.
Knows no network, no torch and no daemon.

Importing this package costs nothing: Pillow and numpy are loaded when something that needs them is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photoveil.photos.decoding import decode, inspect
    from photoveil.photos.encoding import encode
    from photoveil.photos.errors import AnimatedPhoto, NotAPhoto, TooLarge, TruncatedPhoto, UnsupportedPhoto
    from photoveil.photos.formats import Format
    from photoveil.photos.model import Encoded, Info, Limits, MetadataPolicy, Photo, Pixels
    from photoveil.photos.names import safe_name
    from photoveil.photos.writing import (
        PARTIAL_PREFIX,
        PARTIAL_SUFFIX,
        free_name,
        replace_atomically,
        write_new,
    )

__all__ = [
    "PARTIAL_PREFIX",
    "PARTIAL_SUFFIX",
    "AnimatedPhoto",
    "Encoded",
    "Format",
    "Info",
    "Limits",
    "MetadataPolicy",
    "NotAPhoto",
    "Photo",
    "Pixels",
    "TooLarge",
    "TruncatedPhoto",
    "UnsupportedPhoto",
    "decode",
    "encode",
    "free_name",
    "inspect",
    "replace_atomically",
    "safe_name",
    "write_new",
]

_HOMES = {
    "decode": "decoding",
    "inspect": "decoding",
    "encode": "encoding",
    "AnimatedPhoto": "errors",
    "NotAPhoto": "errors",
    "TooLarge": "errors",
    "TruncatedPhoto": "errors",
    "UnsupportedPhoto": "errors",
    "Format": "formats",
    "Encoded": "model",
    "Info": "model",
    "Limits": "model",
    "MetadataPolicy": "model",
    "Photo": "model",
    "Pixels": "model",
    "safe_name": "names",
    "PARTIAL_PREFIX": "writing",
    "PARTIAL_SUFFIX": "writing",
    "free_name": "writing",
    "replace_atomically": "writing",
    "write_new": "writing",
}


def __getattr__(name: str) -> Any:
    """Import the heavy modules on first use (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
