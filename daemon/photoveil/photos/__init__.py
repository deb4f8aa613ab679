"""What a photo file is: decoded, encoded, its metadata, and files written whole or not at all.

``inspect`` → ``decode`` → (the engine changes ``Photo.pixels``) → ``encode`` → ``write_new``.
Knows no network, no torch and no daemon.
"""

from __future__ import annotations

from photoveil.photos.decoding import decode, inspect
from photoveil.photos.encoding import encode
from photoveil.photos.errors import AnimatedPhoto, NotAPhoto, TooLarge, TruncatedPhoto, UnsupportedPhoto
from photoveil.photos.formats import Format
from photoveil.photos.model import Encoded, Info, Limits, MetadataPolicy, Photo, Pixels
from photoveil.photos.names import safe_name
from photoveil.photos.writing import PARTIAL_PREFIX, PARTIAL_SUFFIX, free_name, replace_atomically, write_new

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
