"""Photos as files: sealed copies, and clean copies of sealed ones; the same by hand as in the worker's child."""

from __future__ import annotations

from dataclasses import dataclass

from photoveil.photos import Encoded, Format, MetadataPolicy, Photo, decode, encode
from photoveil.seal import residual
from photoveil.seal.errors import SealError
from photoveil.seal.model import Mark, Sealed, Unsealed
from photoveil.seal.sealing import seal_wrapped
from photoveil.seal.unsealing import Opener, unseal_with
from photoveil.seal.wraps import Content, Wrapped

_CLEAN_QUALITY = 95
"""Of a clean photo that is written in a format that loses: what the platform left of it is not to lose much more."""


@dataclass(frozen=True)
class SealedCopy:
    """A file with a mark that was taken off again before it was given away.

    Attributes:
        data: the file; ``encoded`` has what is to be said of it.
    """

    data: bytes
    encoded: Encoded
    sealed: Sealed


def sealed_copy(photo: Photo, mark: Mark, wrapped: Wrapped, metadata: MetadataPolicy) -> SealedCopy:
    """The photo with its mark, in its own format where that keeps the mark as it is, else as PNG.

    Raises:
        BadMarkError, TooSmallError: it cannot have this mark.
        SealError: the mark could not be taken off the finished file.
        UnsupportedPhoto: see `encode`.
    """
    # Inks and palettes would not keep the mark as it is.
    fragile = photo.source.inks is not None or photo.format is Format.GIF
    kind = Format.PNG if fragile else photo.format
    exact = kind is Format.PNG and photo.source.deep is None
    sealed = seal_wrapped(photo.pixels, mark, wrapped, exact=exact)
    encoded = encode(photo, sealed.pixels, metadata=metadata, format=kind)
    data = residual.put(encoded.data, sealed.residual) if exact else encoded.data
    _check_opens(data, wrapped.content)
    return SealedCopy(data, encoded, sealed)


def clean_copy(
    photo: Photo, data: bytes, opener: Opener, *, thorough: bool = True, format: Format | None = None
) -> tuple[Encoded, Unsealed]:
    """The photo without its mark, with all the notes that came with it.

    Args:
        photo: the sealed one, from ``data``.
        opener, thorough: see `unseal_with`.
        format: another than its own.

    Raises:
        SealError: see `unseal`.
        UnsupportedPhoto: see `encode`.
    """
    clean = unseal_with(photo.pixels, opener, rest=residual.found(data), thorough=thorough)
    encoded = encode(photo, clean.pixels, metadata=MetadataPolicy.KEEP, format=format, quality=_CLEAN_QUALITY)
    return encoded, clean


def _check_opens(data: bytes, content: Content) -> None:
    """No copy is given away that its owner cannot open."""
    try:
        unseal_with(decode(data).pixels, lambda _frame: ("", content), thorough=False)
    except SealError as error:
        raise SealError(
            "The photo could not be sealed",
            "The mark could not be taken off the finished copy again, so it is not handed out.",
            "Choose another position or a larger mark.",
        ) from error
