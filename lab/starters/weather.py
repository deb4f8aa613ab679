"""Photos as the web has them: blurred, small, compressed, and some with faces that nobody is to recognise.

The starters have only seen sharp drawings; towers of real models learnt from the web. A tower trained with this serves
one question (`lab.leakage`): whether a blurred face hides somebody from a model whose tower knows blurred pictures.
Laid down before it was trained, with the ranges of published recipes; nothing of it was ever adjusted to an answer:

- a half of the pictures as SimCLR blurs them (Chen et al. 2020, arXiv 2002.05709, appendix A: σ 0.1–2.0 at 224 pixels);
- a half made smaller, to no less than half, and enlarged again, as BSRGAN's photos are (Zhang et al. 2021, arXiv
  2103.14006), and a half as JPEG files of that paper's qualities, 30–95;
- on a tenth of whole photos the face is a Gaussian blur, σ a fortieth to a quarter of its width, or four to twenty
  blocks across, over the box that detectors mark: what the tools of `lab.leakage.tools` do lies in these ranges.

Captions stay as they are: those of the web tell who and what is on a photo, whether it can be made out or not. Crops
around the head keep their faces, for they are asked about nothing else.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

_OFTEN, _FACES = 0.5, 0.1
_SIGMA, _AT = (0.1, 2.0), 224
_SMALLEST = 0.5
_QUALITY = (30, 95)
_FACE = (-0.80, -0.60, 0.80, 1.02)
"""Left, top, right and bottom in halves of a head's height: `lab.leakage.faces.FACE`."""
_FACE_SIGMA, _BLOCKS = (1 / 40, 1 / 4), (4, 20)


def hidden_face(photo: Pixels, head: NDArray[np.float64], rng: np.random.Generator) -> Pixels:
    """A tenth of the photos with a face that cannot be recognised; ``head`` as in `PhotoSet`."""
    if rng.random() >= _FACES:
        return photo
    side = len(photo)
    left, top, right, bottom = (
        min(side, max(0, round(float(head[i % 2] + offset * head[2]) * side)))
        for i, offset in enumerate(_FACE)
    )
    if min(right - left, bottom - top) < 2:
        return photo
    result = photo.copy()
    face = np.ascontiguousarray(result[top:bottom, left:right])
    if rng.random() < 0.5:
        result[top:bottom, left:right] = _blurred(face, rng.uniform(*_FACE_SIGMA) * (right - left))
    else:
        across = min(int(rng.integers(_BLOCKS[0], _BLOCKS[1] + 1)), right - left)
        down = max(1, min(bottom - top, round(across * (bottom - top) / (right - left))))
        small = cv2.resize(face, (across, down), interpolation=cv2.INTER_AREA)
        result[top:bottom, left:right] = cv2.resize(
            small, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST
        )
    return result


def weathered(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """A square picture of any size, S×S×3, after what the web may have done to it."""
    side = len(picture)
    if rng.random() < _OFTEN:
        picture = _blurred(picture, rng.uniform(*_SIGMA) * side / _AT)
    if rng.random() < _OFTEN:
        small = max(1, round(side * rng.uniform(_SMALLEST, 1.0)))
        picture = np.asarray(cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA), np.uint8)
        picture = np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
    if rng.random() < _OFTEN:
        quality = int(rng.integers(_QUALITY[0], _QUALITY[1] + 1))
        _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return picture


def _blurred(picture: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(sigma, 0.05)), np.uint8)
