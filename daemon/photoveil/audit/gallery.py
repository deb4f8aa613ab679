"""The pictures of an audit, made when they are wanted: files are decoded one at a time, faces looked for once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from photoveil.audit.errors import AuditError
from photoveil.audit.manipulations import NEED_A_FACE, TITLES, Manipulation
from photoveil.audit.pictures import Box, Shown, manipulated, picture_of, shown
from photoveil.photos import decode

_SAMPLE_SIDE = 300
FindFaces = Callable[[Image.Image], Sequence[Box]]
Protect = Callable[[Path], Awaitable[bytes]]
"""From a photo's file to the bytes of its protected copy."""


@dataclass(frozen=True)
class Piece:
    """A photo of the audit: its file, and where faces are."""

    file: Path
    faces: tuple[Box, ...]


def _read(file: Path) -> Image.Image:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise AuditError(
            "A photo of the audit cannot be read",
            f"{error.strerror}: {file.name}.",
            "Put it back, or leave it out, and run the same command again; what was answered is kept.",
        ) from error
    return _opened(data, file.name)


def looked_at(file: Path, find: FindFaces, own: Sequence[Box] = ()) -> Piece:
    """Open a photo and look for faces.

    Args:
        own: faces the user pointed at; they count where none is found.

    Raises:
        PhotoveilError: it is no photo, an animated one, or cannot be read.
    """
    found = tuple(find(_read(file)))
    return Piece(file, found or tuple(own))


def _opened(data: bytes, name: str) -> Image.Image:
    return picture_of(decode(data, name=name).pixels)


class Gallery:
    """Pictures by number and manipulation.

    Args:
        protect: makes or finds protected copies; asked only where they are wanted.
    """

    def __init__(self, pieces: Sequence[Piece], protect: Protect) -> None:
        self.pieces = tuple(pieces)
        self._protect = protect
        self._open: tuple[int, Image.Image] | None = None

    async def show(self, number: int, what: Manipulation) -> Shown:
        """What the model is shown of photo ``number``; −1 for the blank card. Raises PhotoveilError."""
        return await asyncio.to_thread(shown, await self._picture(number, what))

    async def samples(self, wanted: Sequence[Manipulation]) -> list[tuple[str, bytes]]:
        """Small pictures of the first photo with a face in every manipulation, with their captions."""
        with_face = (n for n, piece in enumerate(self.pieces) if piece.faces)
        number = next(with_face, 0)
        found = []
        for what in wanted:
            if what in NEED_A_FACE and not self.pieces[number].faces:
                continue
            picture = (await self._picture(number, what)).copy()
            picture.thumbnail((_SAMPLE_SIDE, _SAMPLE_SIDE), Image.Resampling.LANCZOS)
            found.append((TITLES[what], shown(picture).data))
        return found

    async def _picture(self, number: int, what: Manipulation) -> Image.Image:
        if what is Manipulation.BLANK:
            return manipulated(Image.new("RGB", (1, 1)), what, ())
        piece = self.pieces[number]
        if what is Manipulation.PROTECTED:
            return await asyncio.to_thread(_opened, await self._protect(piece.file), piece.file.name)
        if self._open is None or self._open[0] != number:
            self._open = number, await asyncio.to_thread(_read, piece.file)
        return await asyncio.to_thread(manipulated, self._open[1], what, piece.faces, number)
