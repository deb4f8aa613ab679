"""Where private things are on a photo: faces, codes that machines read, and boxes the user drew.

Faces are found by YuNet (Wu et al. 2023, OpenCV's own face detector) where its weights were put beside the model sets,
else by the frontal-face cascade of OpenCV (local binary patterns) that scikit-image brings along; OpenCV 5 itself has
cascades no more. The cascade misses faces from the side, in the dark, small or drawn: what is found is a proposal, and
the user adds boxes. QR codes and bar codes need no weights.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photoveil.assistant.kinds import KINDS
from photoveil.errors import PhotoveilError
from photoveil.models import faces

Pixels = NDArray[np.uint8]

_YUNET_SIDE = 640  # the network's own: not every engine of OpenCV takes another
_YUNET_LOOKS = (640, 320)
"""Long edges at which a photo is shown to YuNet, which knows faces of 10 to 300 pixels: some fill the photo."""

_CASCADE_SIDE = 360
_SURE = 0.7  # of YuNet's score
_NEIGHBOURS = 8  # of the cascade: with fewer it sees faces everywhere
_SMALLEST = 24  # side of the cascade's window
_HEAD = (0.15, 0.35, 0.15, 0.15)  # detectors box the face; hair and chin tell who it is, too
_BOX = re.compile(r"(?:(\w+):)?([\d.]+),([\d.]+),([\d.]+),([\d.]+)")


class RegionError(PhotoveilError):
    """A box that cannot be one, or weights of a detector that cannot be read."""

    code = "region"


@dataclass(frozen=True)
class Region:
    """A private part of a photo.

    Attributes:
        kind: one of `kinds.KINDS`.
        box: left, top, right, bottom in shares of the photo's width and height, 0…1.
        score: how sure the finder is, 0…1; 1 for the user's own.
    """

    kind: str
    box: tuple[float, float, float, float]
    score: float = 1.0

    def grown(self, margin: float) -> Region:
        """The region with ``margin`` times its width and height more, half of it on each side."""
        left, top, right, bottom = self.box
        x, y = (right - left) * margin / 2, (bottom - top) * margin / 2
        inside = np.clip((left - x, top - y, right + x, bottom + y), 0.0, 1.0).tolist()
        return Region(self.kind, (inside[0], inside[1], inside[2], inside[3]), self.score)

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """The box in whole pixels, at least two wide and high and inside of the photo."""
        left, top, right, bottom = self.box
        x0, x1 = _span(left, right, width)
        y0, y1 = _span(top, bottom, height)
        return x0, y0, x1, y1

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {"kind": self.kind, "box": [round(v, 4) for v in self.box], "score": round(self.score, 3)}


def _span(low: float, high: float, length: int) -> tuple[int, int]:
    start = min(max(0, round(low * length)), max(0, length - 2))
    return start, min(length, max(round(high * length), start + 2))


def parse_box(text: str) -> Region:
    """A region as users write it: ``[KIND:]LEFT,TOP,RIGHT,BOTTOM`` in per cent; raises RegionError."""
    found = _BOX.fullmatch(text.strip())
    try:
        values = [float(v) / 100 for v in found.groups()[1:]] if found else []
    except ValueError:  # two dots in a number
        values = []
    kind = (found[1] if found else None) or "chosen"
    if not values or kind not in KINDS or not _is_box(values):
        raise RegionError(
            "This is no box",
            f"“{text[:60]}” does not say where something is.",
            "Write LEFT,TOP,RIGHT,BOTTOM in per cent of the photo, such as 40,10,60,35; before it, if you like, "
            f"what it is and a colon ({', '.join(KINDS)}).",
        )
    return Region(kind, (values[0], values[1], values[2], values[3]))


def _is_box(values: Sequence[float]) -> bool:
    left, top, right, bottom = values
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1


def find(pixels: Pixels, models: Path | None = None) -> list[Region]:
    """What can be found on a photo, the largest first.

    Args:
        pixels: H×W×3 RGB or H×W grey.
        models: folder in which YuNet's weights may lie.

    Raises:
        RegionError: the weights there cannot be read.
    """
    colour = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    weights = models / faces.NAME if models else None
    heads = _by_yunet(colour, weights) if weights and weights.is_file() else _by_cascade(colour)
    return sorted([*heads, *_codes(colour)], key=_area, reverse=True)


def _area(region: Region) -> float:
    left, top, right, bottom = region.box
    return (right - left) * (bottom - top)


def _fitted(pixels: Pixels, side: int) -> Pixels:
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _head(left: float, top: float, wide: float, tall: float, shape: tuple[int, ...], score: float) -> Region:
    """A face's box in pixels as the region of the head."""
    height, width = shape[:2]
    more = [part * length for part, length in zip(_HEAD, (wide, tall, wide, tall), strict=True)]
    box = (left - more[0], top - more[1], left + wide + more[2], top + tall + more[3])
    shares = np.clip([b / length for b, length in zip(box, (width, height) * 2, strict=True)], 0, 1).tolist()
    return Region("face", (shares[0], shares[1], shares[2], shares[3]), score)


def _by_yunet(pixels: Pixels, weights: Path) -> list[Region]:
    found: list[Region] = []
    try:
        detector = _yunet(weights)
        for small in _looks(pixels):
            canvas = np.zeros((_YUNET_SIDE, _YUNET_SIDE, 3), np.uint8)
            canvas[: small.shape[0], : small.shape[1]] = small[..., ::-1]
            _, rows = detector.detect(canvas)
            for row in () if rows is None else rows.tolist():
                head = _head(row[0], row[1], row[2], row[3], small.shape, float(row[14]))
                if _is_box(head.box) and not any(_same(head, other) for other in found):
                    found.append(head)
    except (cv2.error, OSError) as error:
        raise _unreadable(weights) from error
    return found


def _looks(pixels: Pixels) -> list[Pixels]:
    """The photo at each of the sizes that YuNet is shown; one that is small already once."""
    sizes = {small.shape: small for small in (_fitted(pixels, side) for side in _YUNET_LOOKS)}
    return list(sizes.values())


def _yunet(weights: Path) -> Any:
    # Read here, as OpenCV opens no path with letters that the system's code page lacks.
    data = weights.read_bytes()
    if hashlib.sha256(data).hexdigest() != faces.SHA256:
        raise _unreadable(weights)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # it warns of a choice that is its own
    network, nothing = np.frombuffer(data, np.uint8), np.empty(0, np.uint8)
    return cv2.FaceDetectorYN.create("onnx", network, nothing, (_YUNET_SIDE, _YUNET_SIDE), _SURE)


def _unreadable(weights: Path) -> RegionError:
    return RegionError(
        "The face detector cannot be read",
        f"{weights} is not YuNet as OpenCV publishes it ({faces.NAME}).",
        "Remove the file, or fetch it anew: `photoveil models faces`. Without it faces are found less well.",
    )


@lru_cache(maxsize=1)
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())  # type: ignore[no-untyped-call]


def _by_cascade(pixels: Pixels) -> list[Region]:
    small = _fitted(pixels, _CASCADE_SIDE)
    height, width = small.shape[:2]
    if min(height, width) < _SMALLEST + 2:
        return []
    found = _cascade().detect_multi_scale(
        img=small,
        scale_factor=1.1,
        step_ratio=1,
        min_size=(_SMALLEST, _SMALLEST),
        max_size=(min(height, width),) * 2,
        min_neighbor_number=_NEIGHBOURS,
    )
    return [_head(f["c"], f["r"], f["width"], f["height"], small.shape, 0.5) for f in found]


def _codes(pixels: Pixels) -> list[Region]:
    """QR codes and bar codes."""
    height, width = pixels.shape[:2]
    code, bars = cv2.QRCodeDetector(), cv2.barcode.BarcodeDetector()
    found: list[Region] = []
    # Looking for many overlooks single codes, and looking for one sees one.
    for detect in (code.detectMulti, code.detect, bars.detectMulti):
        there, corners = detect(pixels)
        for four in corners.reshape(-1, 4, 2) if there else ():
            low, high = four.min(axis=0) / (width, height), four.max(axis=0) / (width, height)
            box = np.clip([*low, *high], 0, 1).tolist()
            region = Region("code", (box[0], box[1], box[2], box[3]), 0.9)
            if _is_box(box) and not any(_same(region, other) for other in found):
                found.append(region)
    return found


def _same(one: Region, other: Region) -> bool:
    """Whether two boxes share more than half of what they cover together: a child before its mother is another."""
    sides = [
        min(a, b) - max(c, d)
        for a, b, c, d in zip(one.box[2:], other.box[2:], one.box[:2], other.box[:2], strict=True)
    ]
    shared = sides[0] * sides[1] if min(sides) > 0 else 0.0
    return shared > 0.5 * (_area(one) + _area(other) - shared)
