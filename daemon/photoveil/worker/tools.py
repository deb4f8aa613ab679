"""What the child does with a single photo beside protecting it: sealing, unsealing, and telling what it gives away.

Foreign bytes are decoded here and nowhere else in the daemon, so no key that opens more than one photo comes here: to
seal, the parent sends a content key it has wrapped for the recipients; to unseal, it is asked for the content key by
the frame that the mark carries, once per photo. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from photoveil.paths import models_dir
from photoveil.photos import AnimatedPhoto, Encoded, MetadataPolicy, Photo, UnsupportedPhoto, decode, encode
from photoveil.photos.formats import Format
from photoveil.worker.frames import Header
from photoveil.worker.outlet import Order

if TYPE_CHECKING:
    from photoveil.seal import Box
    from photoveil.seal.wraps import Content

Made = tuple[bytes, dict[str, Any]]
"""A file, perhaps empty, and what there is to say about it."""

_CLEAN_QUALITY = 95
"""Of a clean photo that is written in a format that loses: what the platform left of it is not to lose much more."""


def do(order: Order) -> None:
    """Answer one question.

    The header's ``tool`` is one of "seal", "unseal" and "exposure", its ``options`` are that tool's; the answer is the
    event "tool" with ``facts`` and, where one was made, the picture file.
    """
    tool, options = _TOOLS[order.header["tool"]], order.header["options"]
    order.outlet.progress("decode", 0.0)
    photo = _still(order.payload, options["name"])
    data, facts = tool(photo, order, options)
    order.outlet.answer("tool", data, facts=facts)


def _still(payload: bytes, name: str) -> Photo:
    try:
        return decode(payload, name=name)
    except AnimatedPhoto as animation:
        raise UnsupportedPhoto.of(animation.reason, "Choose a still photo.") from animation


def _seal(photo: Photo, _order: Order, options: Header) -> Made:
    from photoveil.seal import Mark, Position, Size, Tone, residual
    from photoveil.seal.sealing import seal_wrapped
    from photoveil.seal.wraps import Content, Wrapped

    wanted = options["mark"]
    mark = Mark(
        wanted["text"],
        position=Position(wanted["position"]),
        tiling=wanted["tiling"],
        size=Size(wanted["size"]),
        tone=Tone(wanted["tone"]),
    )
    content = Content.heard(bytes.fromhex(options["content"]))
    wrapped = Wrapped(content, bytes.fromhex(options["slots"]))
    # Inks and palettes would not keep the mark as it is.
    fragile = photo.source.inks is not None or photo.format is Format.GIF
    kind = Format.PNG if fragile else photo.format
    exact = kind is Format.PNG and photo.source.deep is None
    sealed = seal_wrapped(photo.pixels, mark, wrapped, exact=exact)
    made = encode(photo, sealed.pixels, metadata=MetadataPolicy(options["metadata"]), format=kind)
    data = residual.put(made.data, sealed.residual) if exact else made.data
    _check_opens(data, content)
    facts = _facts(photo, made, len(data))
    return data, facts | {"boxes": _boxes(sealed.boxes), "fill_db": round(sealed.fill_db, 1)}


def _check_opens(data: bytes, content: Content) -> None:
    """No copy is given away that its owner cannot open."""
    from photoveil.seal import SealError
    from photoveil.seal.unsealing import unseal_with

    try:
        unseal_with(decode(data).pixels, lambda _frame: ("", content), thorough=False)
    except SealError as error:
        raise SealError(
            "The photo could not be sealed",
            "The mark could not be taken off the finished copy again, so it is not handed out.",
            "Choose another position or a larger mark.",
        ) from error


def _unseal(photo: Photo, order: Order, options: Header) -> Made:
    from photoveil.seal import residual
    from photoveil.seal.unsealing import unseal_with

    def opened(frame: bytes) -> tuple[str, Content]:
        return _content(order.outlet.ask(frame=frame.hex()))

    rest = residual.found(order.payload)
    clean = unseal_with(photo.pixels, opened, rest=rest, thorough=options["thorough"])
    made = encode(photo, clean.pixels, metadata=MetadataPolicy.KEEP, quality=_CLEAN_QUALITY)
    facts = _facts(photo, made, len(made.data))
    return made.data, facts | {
        "key": clean.key,
        "boxes": _boxes(clean.boxes),
        "state": str(clean.state),
        "quality_db": None if clean.exact else clean.quality_db,
        "tampered": _boxes(clean.tampered),
        "sealed_width": clean.size[0],
        "sealed_height": clean.size[1],
    }


def _content(reply: Header) -> tuple[str, Content]:
    """The name of the key that opens a photo and the photo's secret, as the parent says."""
    from photoveil.seal import WrongKeyError
    from photoveil.seal.wraps import Content

    if "content" not in reply:
        raise WrongKeyError.of(int(reply.get("tried", 0)))
    return str(reply["key"]), Content.heard(bytes.fromhex(reply["content"]))


def _exposure(photo: Photo, _order: Order, _options: Header) -> Made:
    from photoveil.audit.exposure import expose
    from photoveil.fitting.machine import STARTER
    from photoveil.protection import catalogue

    # Other model sets come without words.
    (found,) = expose([photo.pixels], catalogue.model_set(STARTER, models_dir()))
    return b"", found.as_dict()


_TOOLS: dict[str, Callable[[Photo, Order, Header], Made]] = {
    "seal": _seal,
    "unseal": _unseal,
    "exposure": _exposure,
}


def _facts(photo: Photo, made: Encoded, size: int) -> dict[str, Any]:
    return {
        "name": made.name,
        "type": made.format.mime,
        "format": str(made.format),
        "bytes": size,
        "width": photo.width,
        "height": photo.height,
        "notes": list(made.notes),
    }


def _boxes(boxes: Sequence[Box]) -> list[list[int]]:
    """Left, top, width and height of each."""
    return [[box.x, box.y, box.width, box.height] for box in boxes]
