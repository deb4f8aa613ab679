"""The verbs for single photos beside protecting them: seals and their keys, and what a photo gives away."""

from __future__ import annotations

from photoveil.api import shapes
from photoveil.api.schema import array, count, maybe, number, one_of, record, switch, text
from photoveil.api.verb import BYTES, MAX_PHOTO, Access, Verb

POSITIONS = (
    *("auto", "centre", "top", "bottom", "left", "right"),
    *("top-left", "top-right", "bottom-left", "bottom-right"),
)
SIZES = ("small", "medium", "large")
TONES = ("dark", "light")
STATES = ("exact", "lossless", "recompressed", "resized", "cropped")
MOST_RECIPIENTS = 5
_MOST_KEY_TEXT = 4096

KEY_NAME = text("the name of a seal key", low=1, high=64)
_KEY = record(
    {
        "name": shapes.WORDS,
        "created": shapes.WORDS,
        "revoked": switch(),
        "shared": switch(),
        "mine": switch(),
    }
)
_KEYS = record({"keys": array(_KEY)})
_ONE_KEY = record({"name": KEY_NAME})
_BOXES = array(array(count(), most=4))
_FILE = {
    "name": text(high=2000),
    "type": shapes.WORDS,
    "format": shapes.WORDS,
    "bytes": count(),
    "width": count(),
    "height": count(),
    "notes": array(shapes.WORDS),
    "boxes": _BOXES,
}
SEALED = record({**_FILE, "fill_db": number(), "keys": array(shapes.WORDS)})
"""What is told of a sealed photo, before its bytes."""
UNSEALED = record(
    {
        **_FILE,
        "key": shapes.WORDS,
        "state": one_of(*STATES),
        "quality_db": maybe(number()),
        "tampered": _BOXES,
        "sealed_width": count(),
        "sealed_height": count(),
    }
)
"""What is told of a photo whose mark was taken off, before its bytes."""

_SHARE = number(0, 1)
_READING = record(
    {"kind": shapes.WORDS, "says": shapes.WORDS, "sure": _SHARE, "rank": _SHARE, "shows": switch()}
)
EXPOSURE = record({"model_set": shapes.WORDS, "encoders": array(shapes.WORDS), "readings": array(_READING)})

TOOL_VERBS = (
    Verb("seal/keys", Access.OWNER, "Every seal key at hand; none is shown.", answer=_KEYS),
    Verb("seal/keys/create", Access.OWNER, "Make a seal key.", record({"name": KEY_NAME}), _KEYS),
    Verb(
        "seal/keys/share",
        Access.OWNER,
        "A key as its holder gives it to others: whoever has this opens all photos sealed for it.",
        _ONE_KEY,
        record({"name": shapes.WORDS, "code": shapes.WORDS, "file": shapes.WORDS}),
    ),
    Verb(
        "seal/keys/import",
        Access.OWNER,
        "Keep a key that someone shared.",
        record({"text": text("a key's code or file", low=1, high=_MOST_KEY_TEXT)}, name=KEY_NAME),
        _KEYS,
    ),
    Verb(
        "seal/keys/revoke",
        Access.OWNER,
        "Seal no more photos for a key; it opens older ones.",
        _ONE_KEY,
        _KEYS,
    ),
    Verb(
        "tools/seal",
        Access.OWNER,
        "Put a mark on a photo that its owner, and the recipients, can take off.",
        record(
            {"name": text(high=1000), "text": text(high=100)},
            position=one_of(*POSITIONS),
            tiling=switch(),
            size=one_of(*SIZES),
            tone=one_of(*TONES),
            recipients=array(KEY_NAME, most=MOST_RECIPIENTS, unique=True),
        ),
        None,
        content_type=BYTES,
        answers=BYTES,
        limit=MAX_PHOTO,
    ),
    Verb(
        "tools/unseal",
        Access.CLIENT,
        "Take the mark off a photo, with whichever key at hand opens it.",
        record({"name": text(high=1000)}, thorough=switch()),
        None,
        content_type=BYTES,
        answers=BYTES,
        limit=MAX_PHOTO,
    ),
    Verb(
        "tools/exposure",
        Access.OWNER,
        "What the encoders of `starter` read from a photo, in the seven kinds of private facts.",
        record({"name": text(high=1000)}),
        EXPOSURE,
        content_type=BYTES,
        limit=MAX_PHOTO,
    ),
)
