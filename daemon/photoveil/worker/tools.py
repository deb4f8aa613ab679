"""What the child does with a single photo beside protecting it: sealing, unsealing, and telling what it gives away.

Foreign bytes are decoded here and nowhere else in the daemon, so no key that opens more than one photo comes here: to
seal, the parent sends a content key it has wrapped for the recipients; to unseal, it is asked for the content key by
the frame that the mark carries, once per photo. Nothing heavy is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from photoveil.paths import models_dir
from photoveil.photos import AnimatedPhoto, Encoded, MetadataPolicy, Photo, UnsupportedPhoto, decode
from photoveil.worker.frames import Header
from photoveil.worker.outlet import Order
from photoveil.worker.tasks import TITLES

if TYPE_CHECKING:
    from photoveil.seal import Box
    from photoveil.seal.wraps import Content

Made = tuple[bytes, dict[str, Any]]
"""A file, perhaps empty, and what there is to say about it."""


def do(order: Order) -> None:
    """Answer one question.

    The header's ``tool`` is one of "seal", "unseal" and "exposure", its ``options`` are that tool's; the answer is the
    event "tool" with ``facts`` and, where one was made, the picture file.
    """
    name, options = order.header["tool"], order.header["options"]
    order.outlet.title = TITLES[name]
    order.outlet.progress("decode", 0.0)
    photo = _still(order.payload, options["name"])
    data, facts = _TOOLS[name](photo, order, options)
    order.outlet.answer("tool", data, facts=facts)


def _still(payload: bytes, name: str) -> Photo:
    try:
        return decode(payload, name=name)
    except AnimatedPhoto as animation:
        raise UnsupportedPhoto.of(animation.reason, "Choose a still photo.") from animation


def _seal(photo: Photo, _order: Order, options: Header) -> Made:
    from photoveil.seal import Mark, Position, Size, Tone
    from photoveil.seal.copies import sealed_copy
    from photoveil.seal.wraps import Content, Wrapped

    wanted = options["mark"]
    mark = Mark(
        wanted["text"],
        position=Position(wanted["position"]),
        tiling=wanted["tiling"],
        size=Size(wanted["size"]),
        tone=Tone(wanted["tone"]),
    )
    wrapped = Wrapped(Content.heard(bytes.fromhex(options["content"])), bytes.fromhex(options["slots"]))
    copy = sealed_copy(photo, mark, wrapped, MetadataPolicy(options["metadata"]))
    facts = _facts(photo, copy.encoded, len(copy.data))
    return copy.data, facts | {"boxes": _boxes(copy.sealed.boxes), "fill_db": round(copy.sealed.fill_db, 1)}


def _unseal(photo: Photo, order: Order, options: Header) -> Made:
    from photoveil.seal.copies import clean_copy

    def opened(frame: bytes) -> tuple[str, Content]:
        return _content(order.outlet.ask(frame=frame.hex()))

    made, clean = clean_copy(photo, order.payload, opened, thorough=options["thorough"])
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
